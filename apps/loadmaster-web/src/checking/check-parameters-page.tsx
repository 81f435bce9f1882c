import { Card, CardBody, CardTitle, Content, Form } from "@patternfly/react-core";
import { adaptiveParameters } from "@tandem/loadmaster-api/adaptive-parameters";
import { globalCheckParameters } from "@tandem/loadmaster-api/check-parameters";
import type { Parameter } from "@tandem/loadmaster-api/parameters";
import { Problems } from "@tandem/web-components/form/problems";
import { Loaded } from "@tandem/web-components/page/loaded";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { errorOf } from "@tandem/web-components/values/refusal";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { adaptiveParametersQuery, checkParametersQuery } from "../api/queries.ts";
import { command, type Parameters, type SystemValues } from "../api/transport.ts";
import { AddressHint } from "../live/address-hint.tsx";
import { useLive } from "../live/live.tsx";
import { readOnlyReason } from "../live/read-only.ts";
import { DraftActions } from "../settings/draft-actions.tsx";
import { changesIn, type Draft, formValue, type SettingField } from "../settings/field.ts";
import { SettingInput } from "../settings/setting-input.tsx";

/** As LoadMaster's users know them. */
const labels = {
  RetryInterval: "Check Interval (sec)",
  Timeout: "Connect Timeout (sec)",
  RetryCount: "Retry Count",
  AdaptiveInterval: "Adaptive Interval (sec)",
  AdaptiveURL: "Adaptive URL",
  AdaptivePort: "Port",
  MinPercent: "Min. Control Variable Value (%)",
} as const;

const fieldOf = ({
  name,
  type,
  about,
}: Parameter & { readonly name: keyof typeof labels }): SettingField => ({
  name,
  label: labels[name],
  kind: type.kind === "integer" ? "number" : "text",
  help: about,
});

const serviceChecks = {
  title: "Service Check Parameters",
  fields: globalCheckParameters.map(fieldOf),
  query: checkParametersQuery,
  change: (values: Parameters) => command("modhealth", values),
} as const;

const adaptive = {
  title: "Adaptive Parameters",
  fields: adaptiveParameters.map(fieldOf),
  query: adaptiveParametersQuery,
  change: (values: Parameters) => command("modadaptive", values),
} as const;

type Group = typeof serviceChecks | typeof adaptive;

/** Of all services: checks of those that have no values of their own, and the schedule by load (SPEC LM1). */
export function CheckParametersPage() {
  const checks = useQuery(checkParametersQuery);
  const loads = useQuery(adaptiveParametersQuery);
  return (
    <PageFrame title="Check Parameters">
      <AddressHint />
      <Loaded query={checks}>{(values) => <ParametersCard group={serviceChecks} values={values} />}</Loaded>
      <Loaded query={loads}>{(values) => <ParametersCard group={adaptive} values={values} />}</Loaded>
    </PageFrame>
  );
}

function ParametersCard({
  group: { title, fields, query, change },
  values,
}: {
  readonly group: Group;
  readonly values: SystemValues;
}) {
  const { view } = useLive();
  const [draft, setDraft] = useState<Draft>({});
  const client = useQueryClient();
  const reason = readOnlyReason(view, "shared");
  const changes = changesIn(fields, draft, values);
  const changing = useMutation({
    mutationFn: () => change(Object.fromEntries(changes)),
    onSuccess: () => setDraft({}),
    onSettled: () => client.invalidateQueries({ queryKey: query.queryKey }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    changing.mutate();
  };
  return (
    <Card>
      <CardTitle component="h2">{title}</CardTitle>
      <CardBody>
        {reason !== null && <Content component="small">{reason}</Content>}
        <Form onSubmit={submit} aria-label={title}>
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
