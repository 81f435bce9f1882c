import { Alert } from "@patternfly/react-core";
import { errorsElsewhere } from "../values/refusal.ts";

type Props = {
  readonly error: unknown;
  /** Names that have a place of their own in the form: what is wrong with them stands there. */
  readonly fields?: readonly string[];
};

/** What is wrong and belongs beside no field, each with its remedy. */
export const Problems = ({ error, fields = [] }: Props) =>
  errorsElsewhere(error, fields).map((problem) => (
    <Alert key={problem} variant="danger" isInline isLiveRegion title={problem} />
  ));
