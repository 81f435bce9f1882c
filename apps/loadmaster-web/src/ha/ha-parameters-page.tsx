import { Card, CardBody } from "@patternfly/react-core";
import { Loaded } from "@tandem/web-components/page/loaded";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { useQuery } from "@tanstack/react-query";
import { interfacesQuery, systemQuery } from "../api/queries.ts";
import { AddressHint } from "../live/address-hint.tsx";
import { ForceUpdateCard } from "./force-update.tsx";
import { HaForm } from "./ha-form.tsx";
import { SecretsCard } from "./secrets-card.tsx";

export function HaParametersPage() {
  const system = useQuery(systemQuery);
  const interfaces = useQuery(interfacesQuery);
  return (
    <PageFrame title="HA Parameters">
      <AddressHint />
      <Card>
        <CardBody>
          <Loaded query={system}>
            {(values) => (
              <Loaded query={interfaces}>{(list) => <HaForm values={values} interfaces={list} />}</Loaded>
            )}
          </Loaded>
        </CardBody>
      </Card>
      <SecretsCard />
      <ForceUpdateCard />
    </PageFrame>
  );
}
