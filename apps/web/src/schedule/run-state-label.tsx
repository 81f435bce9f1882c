import { Label } from "@patternfly/react-core";
import type { RunState } from "@tandem/central-api/schedule";

const colours: { readonly [state in RunState]: "blue" | "green" | "red" | "orange" | "grey" } = {
  claimed: "blue",
  started: "blue",
  proved: "green",
  failed: "red",
  unknown: "orange",
  skipped: "grey",
};

/** What each state means to who has to act on it. */
export const runStateWords: { readonly [state in RunState]: string } = {
  claimed: "not begun yet",
  started: "under way",
  proved: "it took effect",
  failed: "it did not take effect",
  unknown: "an operator has to look at the device",
  skipped: "its time had passed",
};

export const RunStateLabel = ({ state }: { readonly state: RunState }) => (
  <Label color={colours[state]} isCompact title={runStateWords[state]}>
    {state}
  </Label>
);
