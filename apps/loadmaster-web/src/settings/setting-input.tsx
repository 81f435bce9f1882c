import { CheckField } from "@tandem/web-components/form/check-field";
import { SelectField } from "@tandem/web-components/form/select-field";
import { TextField } from "@tandem/web-components/form/text-field";
import type { SettingField } from "./field.ts";

type Props = {
  /** Told apart from another form on the same page that has a field of this name. */
  readonly id?: string;
  readonly field: SettingField;
  readonly value: string;
  /** Why it is only shown here; null when it may be changed. */
  readonly reason: string | null;
  readonly error: string | undefined;
  readonly onChange: (value: string) => void;
};

/** One setting, as its kind wants it. */
export function SettingInput({ id, field, value, reason, error, onChange }: Props) {
  const { name, label } = field;
  const shared = { id: id ?? name, label, error, help: reason ?? field.help };
  const isDisabled = reason !== null;
  switch (field.kind) {
    case "number":
    case "text":
      return (
        <TextField {...shared} type={field.kind} value={value} isReadOnly={isDisabled} onChange={onChange} />
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
      return (
        <SelectField
          {...shared}
          value={value}
          isDisabled={isDisabled}
          options={field.options}
          onChange={onChange}
        />
      );
  }
}
