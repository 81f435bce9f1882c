/** Which settings may be changed at the address where the pages are (SPEC LH6). */
import type { HaView } from "@tandem/loadmaster-api/ha-view";
import { systemParameter } from "@tandem/loadmaster-api/system-parameters";

/** `shared`: the pair's. `unit`: this unit's own. */
export type Scope = "shared" | "unit";

/** Whose a parameter of the system is. */
export const scopeOf = (parameter: string): Scope =>
  systemParameter(parameter)?.scope === "unit" ? "unit" : "shared";

/** The unit's own address; the one that was asked when there is no other. */
export const ownAddress = (view: HaView): string =>
  view.squares?.find((each) => each.self)?.address || view.localAddress;

/** Why a setting of this scope cannot be changed here, in words; null when it can. */
export function readOnlyReason(view: HaView | null, scope: Scope): string | null {
  if (view === null) return "The unit's state is not known yet";
  if (view.setup !== "pair") return null;
  if (view.here !== "shared address")
    return scope === "unit"
      ? null
      : `Belongs to the pair: it is changed at the shared address ${view.sharedAddress ?? ""}`.trim();
  if (scope === "unit")
    return `Belongs to one unit: it is changed at the unit's own address, here ${ownAddress(view)}`;
  return view.hastatus === "Active" ? null : `This unit is ${view.hastatus}: it is changed on the active one`;
}

/** The pages at another address of the pair, on the port that these came from. */
export const pagesAt = (address: string): string =>
  `https://${address}${location.port === "" ? "" : `:${location.port}`}/`;
