import { FormGroup, FormHelperText, HelperText, HelperTextItem, TextArea } from "@patternfly/react-core";

type Props = {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly help?: string | undefined;
  readonly error?: string | undefined;
};

/** Several lines of a form; what is wrong with them stands beside them. */
export function TextAreaField({ id, label, value, onChange, help, error }: Props) {
  const text = error ?? help;
  return (
    <FormGroup label={label} fieldId={id}>
      <TextArea
        id={id}
        value={value}
        resizeOrientation="vertical"
        validated={error ? "error" : "default"}
        onChange={(_, next) => onChange(next)}
        aria-describedby={`${id}-help`}
      />
      {text !== undefined && (
        <FormHelperText>
          <HelperText id={`${id}-help`} isLiveRegion>
            <HelperTextItem variant={error ? "error" : "default"}>{text}</HelperTextItem>
          </HelperText>
        </FormHelperText>
      )}
    </FormGroup>
  );
}
