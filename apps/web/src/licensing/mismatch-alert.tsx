import { Alert } from "@patternfly/react-core";
import type { HaStatus } from "@tandem/central-api/ha";
import { Link } from "@tanstack/react-router";

/** Why a pair with metered licensing stands apart: what differs, both values, and what mends it (SPEC ML1). */
export function MismatchAlert({
  status,
}: {
  readonly status: Pick<HaStatus, "licensingMismatch" | "ourName" | "ourReason" | "peerName">;
}) {
  const { licensingMismatch: mismatch, ourName, ourReason, peerName } = status;
  if (mismatch === null) return null;
  const { field, ours, theirs } = mismatch;
  return (
    <Alert
      variant="danger"
      isInline
      title={`The pair stands apart: ${field} is ${ours} on ${ourName} and ${theirs} on ${peerName ?? "the other unit"}`}
    >
      {ourReason}. <Link to="/settings/ha">HA Configuration</Link> shows both units.
    </Alert>
  );
}
