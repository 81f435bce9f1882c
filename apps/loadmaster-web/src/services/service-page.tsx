import { Card, CardBody, CardTitle, Content, Form } from "@patternfly/react-core";
import type { VirtualServiceView } from "@tandem/loadmaster-api/views";
import { Problems } from "@tandem/web-components/form/problems";
import { Loaded } from "@tandem/web-components/page/loaded";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { errorOf } from "@tandem/web-components/values/refusal";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { AccessListCard } from "../access-lists/access-list-card.tsx";
import { serviceQuery, servicesQuery } from "../api/queries.ts";
import { command } from "../api/transport.ts";
import { AddressHint } from "../live/address-hint.tsx";
import { useLive } from "../live/live.tsx";
import { readOnlyReason } from "../live/read-only.ts";
import { ServiceRulesCard } from "../rules/service-rules-card.tsx";
import { DraftActions } from "../settings/draft-actions.tsx";
import { changesIn, type Draft, formValue, type SettingField } from "../settings/field.ts";
import { SettingInput } from "../settings/setting-input.tsx";
import { SaveTemplate } from "../templates/save-template.tsx";
import { ServersCard } from "./servers-card.tsx";
import { serviceFields, serviceValues } from "./service-fields.ts";
import { SubServicesCard } from "./sub-services-card.tsx";

/** Address and port first, under the names by which `modvs` changes them. */
const addressFields: readonly SettingField[] = [
  { name: "vsaddress", label: "Virtual Address", kind: "text", help: "IPv4 or IPv6" },
  { name: "vsport", label: "Port", kind: "text", help: "1 to 65535, or * for every port at layer 4" },
];

/** What clients meet before a SubVS is chosen is set at the service above it. */
const ofServiceAlone = new Set([
  "SSLAcceleration",
  "CertFile",
  "TLSType",
  "AllowHTTP2",
  "ForceL4",
  "VStype",
  "AddVia",
]);

function fieldsOf({ MasterVSID, Protocol }: VirtualServiceView): readonly SettingField[] {
  if (MasterVSID) return serviceFields.filter(({ name }) => !ofServiceAlone.has(name));
  // UDP is at layer 4, and nothing else.
  const own = Protocol === "udp" ? serviceFields.filter(({ name }) => name !== "ForceL4") : serviceFields;
  return [...addressFields, ...own];
}

/** One virtual service, whole (SPEC LM1). */
export function ServicePage({ index }: { readonly index: string }) {
  const { view } = useLive();
  const service = useQuery(serviceQuery(index));
  const reason = readOnlyReason(view, "shared");
  return (
    <PageFrame
      title={service.data?.MasterVSID ? `SubVS ${index}` : `Virtual service ${index}`}
      about={
        service.data?.MasterVSID ? (
          <a href={`#/services/${service.data.MasterVSID}`}>{`Virtual service ${service.data.MasterVSID}`}</a>
        ) : (
          <a href="#/services">All virtual services</a>
        )
      }
    >
      <AddressHint />
      <Loaded query={service}>
        {(shown) => (
          <>
            {(shown.SubVS ?? []).length === 0 && <ServersCard service={shown} reason={reason} />}
            {!shown.MasterVSID && shown.Layer !== 4 && <SubServicesCard service={shown} reason={reason} />}
            <ServiceRulesCard service={shown} reason={reason} />
            <SettingsCard service={shown} reason={reason} />
            {!shown.MasterVSID && <SaveTemplate service={shown} />}
            {!shown.MasterVSID && shown.Layer !== 4 && (
              <>
                <AccessListCard list="block" vs={shown.Index} reason={reason} />
                <AccessListCard list="allow" vs={shown.Index} reason={reason} />
              </>
            )}
          </>
        )}
      </Loaded>
    </PageFrame>
  );
}

type Props = { readonly service: VirtualServiceView; readonly reason: string | null };

function SettingsCard({ service, reason }: Props) {
  const [draft, setDraft] = useState<Draft>({});
  const client = useQueryClient();
  const fields = fieldsOf(service);
  const values = { ...serviceValues(service), vsaddress: service.VSAddress, vsport: service.VSPort };
  const changes = changesIn(fields, draft, values);
  const changing = useMutation({
    mutationFn: () => command("modvs", { vs: String(service.Index), ...Object.fromEntries(changes) }),
    onSuccess: () => setDraft({}),
    onSettled: () => client.invalidateQueries({ queryKey: servicesQuery.queryKey }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    changing.mutate();
  };
  return (
    <Card>
      <CardTitle component="h2">Properties</CardTitle>
      <CardBody>
        {reason !== null && <Content component="small">{reason}</Content>}
        <Form onSubmit={submit} aria-label="Properties">
          <Problems error={changing.error} fields={fields.map(({ name }) => name)} />
          {fields.map((field) => (
            <SettingInput
              key={field.name}
              field={field}
              value={draft[field.name] ?? formValue(values, field.name)}
              reason={reason}
              error={errorOf(changing.error, field.name)}
              onChange={(next) => setDraft((now) => ({ ...now, [field.name]: next }))}
            />
          ))}
          <DraftActions
            hasChanges={changes.length > 0}
            isPending={changing.isPending}
            isSuccess={changing.isSuccess}
            onDiscard={() => {
              changing.reset();
              setDraft({});
            }}
          />
        </Form>
      </CardBody>
    </Card>
  );
}
