import { Alert } from "@patternfly/react-core";
import { useLive } from "./live.tsx";

/** Says that what stands on the page may no longer be so. */
export function ConnectionLost() {
  const { connection } = useLive();
  if (connection !== "lost") return null;
  return (
    <Alert
      variant="danger"
      isInline
      isLiveRegion
      title="Connection lost: the unit does not answer. What you see is what was last heard; it is tried again."
    />
  );
}
