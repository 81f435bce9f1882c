import { Card, CardBody } from "@patternfly/react-core";
import { Loaded } from "@tandem/web-components/page/loaded";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { useQuery } from "@tanstack/react-query";
import { interfacesQuery, systemQuery } from "../api/queries.ts";
import { AddressHint } from "../live/address-hint.tsx";
import { useLive } from "../live/live.tsx";
import { SettingsForm } from "../settings/settings-form.tsx";
import { haFields, warningOf } from "./fields.ts";
import { ForceUpdateCard } from "./force-update.tsx";
import { SecretsCard } from "./secrets-card.tsx";

export function HaParametersPage() {
  const { view } = useLive();
  const system = useQuery(systemQuery);
  const interfaces = useQuery(interfacesQuery);
  return (
    <PageFrame title="HA Parameters">
      <AddressHint />
      <Card>
        <CardBody>
          <Loaded query={system}>
            {(values) => (
              <Loaded query={interfaces}>
                {(list) => (
                  <SettingsForm
                    title="HA Parameters"
                    fields={haFields(list)}
                    values={values}
                    warningOf={(name, value) => warningOf(name, value, view?.setup === "pair")}
                  />
                )}
              </Loaded>
            )}
          </Loaded>
        </CardBody>
      </Card>
      <SecretsCard />
      <ForceUpdateCard />
    </PageFrame>
  );
}
