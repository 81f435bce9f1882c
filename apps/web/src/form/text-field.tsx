import { FormGroup, FormHelperText, HelperText, HelperTextItem, TextInput } from "@patternfly/react-core";

type Props = {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly help?: string | undefined;
  /** What is wrong with the value and how to mend it; stands in place of the help. */
  readonly error?: string | undefined;
  readonly required?: boolean;
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
  type = "text",
}: Props) {
  const text = error ?? help;
  return (
    <FormGroup label={label} fieldId={id} isRequired={required}>
      <TextInput
        id={id}
        type={type}
        {...(type === "password" ? { autoComplete: "new-password" } : {})}
        value={value}
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
