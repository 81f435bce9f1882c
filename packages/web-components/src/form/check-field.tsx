import { Checkbox, FormGroup } from "@patternfly/react-core";
import { describedBy, FieldHelp, type FieldHelpProps } from "./field-help.tsx";

type Props = FieldHelpProps & {
  readonly id: string;
  readonly label: string;
  readonly isChecked: boolean;
  readonly onChange: (isChecked: boolean) => void;
  readonly isDisabled?: boolean;
};

/** A yes or no of a form; what is wrong with it stands beside it. */
export const CheckField = ({ id, label, isChecked, onChange, help, error, isDisabled = false }: Props) => (
  <FormGroup fieldId={id}>
    <Checkbox
      id={id}
      label={label}
      isChecked={isChecked}
      isDisabled={isDisabled}
      isValid={error === undefined}
      onChange={(_, next) => onChange(next)}
      aria-describedby={describedBy(id, { help, error })}
    />
    <FieldHelp id={id} help={help} error={error} />
  </FormGroup>
);
