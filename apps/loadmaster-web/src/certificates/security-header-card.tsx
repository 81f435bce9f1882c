import { Card, CardBody, CardTitle } from "@patternfly/react-core";
import { Loaded } from "@tandem/web-components/page/loaded";
import { useQuery } from "@tanstack/react-query";
import { systemQuery } from "../api/queries.ts";
import type { SettingField } from "../settings/field.ts";
import { SettingsForm } from "../settings/settings-form.tsx";

export const securityHeaderFields: readonly SettingField[] = [
  {
    name: "securityheaderage",
    label: "Strict-Transport-Security Age in Seconds",
    kind: "number",
    help: "How long clients are to come with TLS alone, once a service with Security Header Options has told them; a day to three years",
  },
];

/** What all services with security headers have in common. */
export function SecurityHeaderCard() {
  const system = useQuery(systemQuery);
  return (
    <Card>
      <CardTitle component="h2">Security Headers</CardTitle>
      <CardBody>
        <Loaded query={system}>
          {(values) => (
            <SettingsForm title="Security Headers" fields={securityHeaderFields} values={values} />
          )}
        </Loaded>
      </CardBody>
    </Card>
  );
}
