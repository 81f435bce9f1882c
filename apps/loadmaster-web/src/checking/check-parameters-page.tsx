import { Card, CardBody, CardTitle, Content, Form } from "@patternfly/react-core";
import { globalCheckParameters } from "@tandem/loadmaster-api/check-parameters";
import { Problems } from "@tandem/web-components/form/problems";
import { Loaded } from "@tandem/web-components/page/loaded";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { errorOf } from "@tandem/web-components/values/refusal";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { checkParametersQuery } from "../api/queries.ts";
import { type CheckParametersView, command } from "../api/transport.ts";
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
} as const;

const fields: readonly SettingField[] = globalCheckParameters.map(({ name, about }) => ({
  name,
  label: labels[name],
  kind: "number",
  help: about,
}));

/** Checks of all services that have no values of their own (SPEC LM1). */
export function CheckParametersPage() {
  const parameters = useQuery(checkParametersQuery);
  return (
    <PageFrame title="Check Parameters">
      <AddressHint />
      <Loaded query={parameters}>{(values) => <ServiceChecksCard values={values} />}</Loaded>
    </PageFrame>
  );
}

function ServiceChecksCard({ values }: { readonly values: CheckParametersView }) {
  const { view } = useLive();
  const [draft, setDraft] = useState<Draft>({});
  const client = useQueryClient();
  const reason = readOnlyReason(view, "shared");
  const changes = changesIn(fields, draft, values);
  const changing = useMutation({
    mutationFn: () => command("modhealth", Object.fromEntries(changes)),
    onSuccess: () => setDraft({}),
    onSettled: () => client.invalidateQueries({ queryKey: checkParametersQuery.queryKey }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    changing.mutate();
  };
  return (
    <Card>
      <CardTitle component="h2">Service Check Parameters</CardTitle>
      <CardBody>
        {reason !== null && <Content component="small">{reason}</Content>}
        <Form onSubmit={submit} aria-label="Service Check Parameters">
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
