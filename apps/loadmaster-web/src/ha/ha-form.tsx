import { ActionGroup, Alert, Button, Form } from "@patternfly/react-core";
import type { InterfaceView } from "@tandem/loadmaster-api/views";
import { CheckField } from "@tandem/web-components/form/check-field";
import { Problems } from "@tandem/web-components/form/problems";
import { SelectField } from "@tandem/web-components/form/select-field";
import { TextField } from "@tandem/web-components/form/text-field";
import { errorOf, isRefusal } from "@tandem/web-components/values/refusal";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { systemQuery } from "../api/queries.ts";
import { command, type SystemValues } from "../api/transport.ts";
import { UnitError } from "../api/unit-error.ts";
import { useLive } from "../live/live.tsx";
import { readOnlyReason } from "../live/read-only.ts";
import {
  changesIn,
  type Draft,
  formValue,
  type HaField,
  haFields,
  preferredWarning,
  scopeOf,
} from "./fields.ts";

/**
 * Sends each change by itself, as the API takes them, so that one that is refused keeps none of the others back. Answers
 * the warnings; throws what was refused, once all were sent.
 */
async function sendAll(
  changes: readonly (readonly [string, string])[],
  taken: (name: string) => void,
): Promise<readonly string[]> {
  const warnings: string[] = [];
  const refused: UnitError[] = [];
  for (const [param, value] of changes) {
    try {
      const { warning } = await command("set", { param, value });
      if (warning !== undefined) warnings.push(warning);
      taken(param);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      // What is refused as a whole, such as a change at the wrong address, belongs beside the field too.
      refused.push(
        new UnitError(
          error.status,
          error.errors.map((each) => ({ ...each, field: param })),
        ),
      );
    }
  }
  const [first] = refused;
  if (first !== undefined)
    throw new UnitError(
      first.status,
      refused.flatMap(({ errors }) => errors),
    );
  return warnings;
}

type Props = { readonly values: SystemValues; readonly interfaces: readonly InterfaceView[] };

/** The parameters of HA; what may not be changed at this address is shown with the reason (SPEC LH6). */
export function HaForm({ values, interfaces }: Props) {
  const { view } = useLive();
  const [draft, setDraft] = useState<Draft>({});
  const client = useQueryClient();
  const changes = changesIn(draft, values);
  const applying = useMutation({
    mutationFn: () => sendAll(changes, (name) => setDraft(({ [name]: _taken, ...rest }) => rest)),
    onSettled: () => client.invalidateQueries({ queryKey: systemQuery.queryKey }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    applying.mutate();
  };
  const preferred = draft.haprefered ?? formValue(values, "haprefered");
  return (
    <Form onSubmit={submit} aria-label="HA Parameters">
      <Problems error={applying.error} fields={haFields.map(({ name }) => name)} />
      {haFields.map((field) => {
        const { name } = field;
        const reason = readOnlyReason(view, scopeOf(name));
        return (
          <div key={name}>
            <OneField
              field={field}
              interfaces={interfaces}
              value={draft[name] ?? formValue(values, name)}
              reason={reason}
              error={errorOf(applying.error, name)}
              onChange={(value) => setDraft((now) => ({ ...now, [name]: value }))}
            />
            {name === "haprefered" && preferred !== "0" && (
              <Alert variant="warning" isInline isLiveRegion title={preferredWarning} />
            )}
          </div>
        );
      })}
      {applying.data?.map((warning) => (
        <Alert key={warning} variant="warning" isInline isLiveRegion title={warning} />
      ))}
      {applying.isSuccess && changes.length === 0 && (
        <Alert variant="success" isInline isPlain isLiveRegion title="The changes are made." />
      )}
      <ActionGroup>
        <Button
          type="submit"
          isLoading={applying.isPending}
          isDisabled={changes.length === 0 || applying.isPending}
        >
          Apply
        </Button>
        <Button
          variant="link"
          isDisabled={changes.length === 0 || applying.isPending}
          onClick={() => {
            applying.reset();
            setDraft({});
          }}
        >
          Discard changes
        </Button>
      </ActionGroup>
    </Form>
  );
}

type OneFieldProps = {
  readonly field: HaField;
  readonly interfaces: readonly InterfaceView[];
  readonly value: string;
  readonly reason: string | null;
  readonly error: string | undefined;
  readonly onChange: (value: string) => void;
};

function OneField({ field, interfaces, value, reason, error, onChange }: OneFieldProps) {
  const { name: id, label } = field;
  const shared = { id, label, error, help: reason ?? field.help };
  const isDisabled = reason !== null;
  switch (field.kind) {
    case "number":
      return (
        <TextField {...shared} type="number" value={value} isReadOnly={isDisabled} onChange={onChange} />
      );
    case "switch":
      return (
        <CheckField
          {...shared}
          isChecked={value === "1"}
          isDisabled={isDisabled}
          onChange={(next) => onChange(next ? "1" : "0")}
        />
      );
    case "choice":
    case "interface":
      return (
        <SelectField
          {...shared}
          value={value}
          isDisabled={isDisabled}
          options={
            field.kind === "choice"
              ? field.options
              : interfaces.map(({ Id, IPAddress }) => [String(Id), `Interface ${Id}: ${IPAddress}`] as const)
          }
          onChange={onChange}
        />
      );
  }
}
