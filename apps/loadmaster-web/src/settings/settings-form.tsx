import { Alert, Form } from "@patternfly/react-core";
import { Problems } from "@tandem/web-components/form/problems";
import { errorOf } from "@tandem/web-components/values/refusal";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { systemQuery } from "../api/queries.ts";
import type { SystemValues } from "../api/transport.ts";
import { useLive } from "../live/live.tsx";
import { readOnlyReason, scopeOf } from "../live/read-only.ts";
import { DraftActions } from "./draft-actions.tsx";
import { changesIn, type Draft, formValue, type SettingField } from "./field.ts";
import { sendSettings } from "./send-settings.ts";
import { SettingInput } from "./setting-input.tsx";

type Props = {
  readonly title: string;
  readonly fields: readonly SettingField[];
  readonly values: SystemValues;
  /** What must be known before a field gets this value; shown beneath it. */
  readonly warningOf?: (name: string, value: string) => string | null;
};

/** Parameters of the system; what may not be changed at this address is shown with the reason (SPEC LH6). */
export function SettingsForm({ title, fields, values, warningOf = () => null }: Props) {
  const { view } = useLive();
  const [draft, setDraft] = useState<Draft>({});
  const client = useQueryClient();
  const changes = changesIn(fields, draft, values);
  const applying = useMutation({
    mutationFn: () => sendSettings(changes, (name) => setDraft(({ [name]: _taken, ...rest }) => rest)),
    onSettled: () => client.invalidateQueries({ queryKey: systemQuery.queryKey }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    applying.mutate();
  };
  return (
    <Form onSubmit={submit} aria-label={title}>
      <Problems error={applying.error} fields={fields.map(({ name }) => name)} />
      {fields.map((field) => {
        const { name } = field;
        const value = draft[name] ?? formValue(values, name);
        const warning = warningOf(name, value);
        return (
          <div key={name}>
            <SettingInput
              field={field}
              value={value}
              reason={readOnlyReason(view, scopeOf(name))}
              error={errorOf(applying.error, name)}
              onChange={(next) => setDraft((now) => ({ ...now, [name]: next }))}
            />
            {warning !== null && <Alert variant="warning" isInline isLiveRegion title={warning} />}
          </div>
        );
      })}
      {applying.data?.map((warning) => (
        <Alert key={warning} variant="warning" isInline isLiveRegion title={warning} />
      ))}
      <DraftActions
        hasChanges={changes.length > 0}
        isPending={applying.isPending}
        isSuccess={applying.isSuccess}
        onDiscard={() => {
          applying.reset();
          setDraft({});
        }}
      />
    </Form>
  );
}
