import { Alert, Content } from "@patternfly/react-core";
import { CheckField } from "@tandem/web-components/form/check-field";
import { inGroups } from "./setup-draft.ts";

type Props = {
  readonly fingerprint: string;
  readonly isConfirmed: boolean;
  readonly onConfirm: (isConfirmed: boolean) => void;
};

/** The key that the other unit shows, before a password goes there. */
export const ConfirmKey = ({ fingerprint, isConfirmed, onConfirm }: Props) => (
  <>
    <Alert variant="info" isInline title="Is it the right unit?">
      Compare this with the fingerprint that the other unit shows at its console. Your password for it is sent
      only once you have said yes.
      <Content component="pre">{inGroups(fingerprint)}</Content>
    </Alert>
    <CheckField
      id="confirmed"
      label="I have compared it: this is the other unit's key"
      isChecked={isConfirmed}
      onChange={onConfirm}
    />
  </>
);
