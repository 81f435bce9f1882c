import type { Tree } from "@tandem/central-api/tree";

/** What an action can be for: a device, or a pair, which is called at its shared address (SPEC CH19). */
export type Called = { readonly id: string; readonly name: string; readonly address: string };

/** Pairs first. */
export const calledIn = ({ haGroups, devices }: Pick<Tree, "haGroups" | "devices">): readonly Called[] => [
  ...haGroups.map(({ id, name, sharedAddress }) => ({
    id,
    name: `HA group ${name}`,
    address: sharedAddress,
  })),
  ...devices,
];
