import { Alert } from "@patternfly/react-core";
import type { PairingCheck } from "@tandem/loadmaster-api/pairing";

const variantOf = ({ ok }: PairingCheck) => (ok === null ? "info" : ok ? "success" : "danger");
/** What the icon says, for those who do not see it. */
const labelOf = ({ ok }: PairingCheck): string => (ok === null ? "Not checked" : ok ? "Well" : "Not well");

/** Every check in words, with what to do where it is not well. */
export const ChecksList = ({ checks }: { readonly checks: readonly PairingCheck[] }) =>
  checks.map((check) => (
    <Alert
      key={check.name}
      variant={variantOf(check)}
      isInline
      isPlain
      title={`${check.name}: ${check.found}`}
      variantLabel={labelOf(check)}
    >
      {check.remedy}
    </Alert>
  ));
