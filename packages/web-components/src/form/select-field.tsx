import { FormGroup, FormSelect, FormSelectOption } from "@patternfly/react-core";
import { describedBy, FieldHelp, type FieldHelpProps } from "./field-help.tsx";

type Props<Value extends string> = FieldHelpProps & {
  readonly id: string;
  readonly label: string;
  readonly value: Value;
  readonly options: readonly (readonly [value: Value, label: string])[];
  readonly onChange: (value: Value) => void;
  readonly isDisabled?: boolean;
};

/** A choice among few in a form; what is wrong with it stands beside it. */
export function SelectField<Value extends string>({
  id,
  label,
  value,
  options,
  onChange,
  help,
  error,
  isDisabled = false,
}: Props<Value>) {
  return (
    <FormGroup label={label} fieldId={id}>
      <FormSelect
        id={id}
        value={value}
        isDisabled={isDisabled}
        validated={error ? "error" : "default"}
        onChange={(_, next) => onChange(next as Value)}
        aria-describedby={describedBy(id, { help, error })}
      >
        {options.map(([option, text]) => (
          <FormSelectOption key={option} value={option} label={text} />
        ))}
      </FormSelect>
      <FieldHelp id={id} help={help} error={error} />
    </FormGroup>
  );
}
