import { Label } from "@patternfly/react-core";
import type { HaStatus } from "@tandem/central-api/ha";

type State = HaStatus["ourState"] | HaStatus["peerState"];

const colours: Record<NonNullable<State>, "green" | "blue" | "grey" | "orange" | "red"> = {
  Master: "green",
  Slave: "blue",
  Standalone: "grey",
  Starting: "orange",
  Disabled: "grey",
  Unknown: "red",
};

/** A unit's state in its colour. The word says it too: colour alone is no information. */
export const StateLabel = ({ state }: { readonly state: State }) =>
  state === null ? "no peer configured" : <Label color={colours[state]}>{state}</Label>;
