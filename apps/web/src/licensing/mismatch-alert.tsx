import { Alert } from "@patternfly/react-core";
import type { HaStatus } from "@tandem/central-api/ha";
import { Link } from "@tanstack/react-router";

/** Why a pair with metered licensing stands apart: what differs, both values, and what mends it (SPEC ML1). */
export function MismatchAlert({
  status,
}: {
  readonly status: Pick<HaStatus, "licensingMismatches" | "ourName" | "ourReason" | "peerName">;
}) {
  const { licensingMismatches: mismatches, ourName, ourReason, peerName } = status;
  if (mismatches.length === 0) return null;
  const words = mismatches.map(
    ({ field, ours, theirs }) => `${field} (${ourName}: ${ours}, ${peerName ?? "the other unit"}: ${theirs})`,
  );
  return (
    <Alert
      variant="danger"
      isInline
      title={`The pair stands apart, since these are not equal: ${words.join(", ")}`}
    >
      {ourReason}. <Link to="/settings/ha">HA Configuration</Link> shows both units.
    </Alert>
  );
}
