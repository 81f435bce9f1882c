import { FormHelperText, HelperText, HelperTextItem } from "@patternfly/react-core";

export type FieldHelpProps = {
  readonly help?: string | undefined;
  /** What is wrong with the value and how to mend it; stands in place of the help. */
  readonly error?: string | undefined;
};

/** What a field names in `aria-describedby`: the text under it, where there is one. */
export const describedBy = (id: string, { help, error }: FieldHelpProps): string | undefined =>
  (error ?? help) === undefined ? undefined : `${id}-help`;

/** What a field `id` is described by, under it (`aria-describedby` names `ID-help`); nothing where there is nothing to say. */
export function FieldHelp({ id, help, error }: FieldHelpProps & { readonly id: string }) {
  const text = error ?? help;
  if (text === undefined) return null;
  return (
    <FormHelperText>
      <HelperText id={`${id}-help`} isLiveRegion>
        <HelperTextItem variant={error ? "error" : "default"}>{text}</HelperTextItem>
      </HelperText>
    </FormHelperText>
  );
}
