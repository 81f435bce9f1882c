import { Alert } from "@patternfly/react-core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { synchronisedQuery } from "../api/queries.ts";

/** At set-up: what will not be on both units unless it is switched on (SPEC CH4); nothing while every switch is. */
export function SwitchesHint() {
  const switches = useQuery(synchronisedQuery).data?.switches ?? [];
  const off = switches.filter(({ on, available }) => available && !on).map(({ title }) => title);
  if (off.length === 0) return null;
  return (
    <Alert variant="info" isInline isPlain title={`Each unit has its own: ${off.join("; ")}`}>
      <Link to="/settings/synchronisation">Decide what both units are to have</Link>
    </Alert>
  );
}
