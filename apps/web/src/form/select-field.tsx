import {
  FormGroup,
  FormHelperText,
  FormSelect,
  FormSelectOption,
  HelperText,
  HelperTextItem,
} from "@patternfly/react-core";

type Props<Value extends string> = {
  readonly id: string;
  readonly label: string;
  readonly value: Value;
  readonly options: readonly (readonly [value: Value, label: string])[];
  readonly onChange: (value: Value) => void;
  readonly help?: string | undefined;
  readonly error?: string | undefined;
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
  const text = error ?? help;
  return (
    <FormGroup label={label} fieldId={id}>
      <FormSelect
        id={id}
        value={value}
        isDisabled={isDisabled}
        validated={error ? "error" : "default"}
        onChange={(_, next) => onChange(next as Value)}
        aria-describedby={`${id}-help`}
      >
        {options.map(([option, text]) => (
          <FormSelectOption key={option} value={option} label={text} />
        ))}
      </FormSelect>
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
