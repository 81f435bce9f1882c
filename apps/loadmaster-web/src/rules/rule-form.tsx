import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { SelectField } from "@tandem/web-components/form/select-field";
import { TextField } from "@tandem/web-components/form/text-field";
import { errorOf } from "@tandem/web-components/values/refusal";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { rulesQuery, servicesQuery } from "../api/queries.ts";
import { command } from "../api/transport.ts";
import { type Draft, formValue } from "../settings/field.ts";
import { SettingInput } from "../settings/setting-input.tsx";
import { ruleFields, ruleTypeTitles, ruleValues, type TypedRule } from "./rule-fields.ts";

/** A new rule, or another version of one: the unit resets what is not said, so all of it is sent. */
export function RuleForm({
  changed,
  onClose,
}: {
  readonly changed: TypedRule | null;
  readonly onClose: () => void;
}) {
  const [name, setName] = useState(changed?.rule.Name ?? "");
  const [type, setType] = useState(String(changed?.type ?? 0));
  const [draft, setDraft] = useState<Draft>({});
  const client = useQueryClient();
  const values = ruleValues(changed?.rule ?? null);
  const fields = ruleFields(Number(type));
  const shownAs = (field: string): string => draft[field] ?? formValue(values, field);
  const send = async (): Promise<void> => {
    const parameters = Object.fromEntries(fields.map((field) => [field.name, shownAs(field.name)]));
    if (changed === null) await command("addrule", { name: name.trim(), type, ...parameters });
    else await command("modrule", { name, type, ...parameters });
    await client.invalidateQueries({ queryKey: rulesQuery.queryKey });
    await client.invalidateQueries({ queryKey: servicesQuery.queryKey });
  };
  return (
    <FormDialogue
      title={changed === null ? "Create a rule" : `Modify ${changed.rule.Name}`}
      action={changed === null ? "Create Rule" : "Modify"}
      isDisabled={name.trim() === ""}
      fields={["name", "type", ...fields.map((field) => field.name)]}
      send={send}
      onClose={onClose}
    >
      {(error) => (
        <>
          {changed === null && (
            <>
              <TextField
                id="rule-name"
                label="Rule Name"
                value={name}
                onChange={setName}
                required
                help="A letter or digit first, then letters, digits, dots, hyphens and underscores"
                error={errorOf(error, "name")}
              />
              <SelectField
                id="rule-type"
                label="Rule Type"
                value={type}
                options={ruleTypeTitles.map((title, index) => [String(index), title] as const)}
                onChange={setType}
                error={errorOf(error, "type")}
              />
            </>
          )}
          {fields.map((field) => (
            <SettingInput
              key={field.name}
              id={`rule-${field.name}`}
              field={field}
              value={shownAs(field.name)}
              reason={null}
              error={errorOf(error, field.name)}
              onChange={(next) => setDraft((now) => ({ ...now, [field.name]: next }))}
            />
          ))}
        </>
      )}
    </FormDialogue>
  );
}
