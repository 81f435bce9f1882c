import { FormGroup, TextArea } from "@patternfly/react-core";
import { describedBy, FieldHelp, type FieldHelpProps } from "./field-help.tsx";

type Props = FieldHelpProps & {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
};

/** Several lines of a form; what is wrong with them stands beside them. */
export function TextAreaField({ id, label, value, onChange, help, error }: Props) {
  return (
    <FormGroup label={label} fieldId={id}>
      <TextArea
        id={id}
        value={value}
        resizeOrientation="vertical"
        validated={error ? "error" : "default"}
        onChange={(_, next) => onChange(next)}
        aria-describedby={describedBy(id, { help, error })}
      />
      <FieldHelp id={id} help={help} error={error} />
    </FormGroup>
  );
}
