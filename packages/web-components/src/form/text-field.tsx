import { FormGroup, TextInput } from "@patternfly/react-core";
import { describedBy, FieldHelp, type FieldHelpProps } from "./field-help.tsx";

type Props = FieldHelpProps & {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly required?: boolean;
  /** Shown, and not to be changed here; the help says why. */
  readonly isReadOnly?: boolean;
  readonly type?: "text" | "number" | "password" | "time" | "datetime-local";
};

/** One line of a form; what is wrong with it stands beside it. */
export function TextField({
  id,
  label,
  value,
  onChange,
  help,
  error,
  required = false,
  isReadOnly = false,
  type = "text",
}: Props) {
  return (
    <FormGroup label={label} fieldId={id} isRequired={required}>
      <TextInput
        id={id}
        type={type}
        {...(type === "password" ? { autoComplete: "new-password" } : {})}
        {...(isReadOnly ? { readOnlyVariant: "default" } : {})}
        value={value}
        validated={error ? "error" : "default"}
        onChange={(_, next) => onChange(next)}
        aria-describedby={describedBy(id, { help, error })}
      />
      <FieldHelp id={id} help={help} error={error} />
    </FormGroup>
  );
}
