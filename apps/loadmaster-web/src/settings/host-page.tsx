import { Card, CardBody } from "@patternfly/react-core";
import { Loaded } from "@tandem/web-components/page/loaded";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { useQuery } from "@tanstack/react-query";
import { systemQuery } from "../api/queries.ts";
import { AddressHint } from "../live/address-hint.tsx";
import type { SettingField } from "./field.ts";
import { HostsCard } from "./hosts-card.tsx";
import { SettingsForm } from "./settings-form.tsx";

export const hostFields: readonly SettingField[] = [
  {
    name: "hostname",
    label: "Hostname",
    kind: "text",
    help: "This unit's own name; letters, digits and hyphens, parts separated by dots",
  },
];

export function HostPage() {
  const system = useQuery(systemQuery);
  return (
    <PageFrame title="Host Configuration">
      <AddressHint />
      <Card>
        <CardBody>
          <Loaded query={system}>
            {(values) => <SettingsForm title="Host Configuration" fields={hostFields} values={values} />}
          </Loaded>
        </CardBody>
      </Card>
      <HostsCard />
    </PageFrame>
  );
}
