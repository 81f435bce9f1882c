import { ActionGroup, Alert, Button } from "@patternfly/react-core";

type Props = {
  readonly hasChanges: boolean;
  readonly isPending: boolean;
  readonly isSuccess: boolean;
  /** Forgets what was typed, and what came of sending it. */
  readonly onDiscard: () => void;
};

/** The end of a form of settings: whether they were made, and what can be done with those that are not sent yet. */
export function DraftActions({ hasChanges, isPending, isSuccess, onDiscard }: Props) {
  const cannotSend = !hasChanges || isPending;
  return (
    <>
      {isSuccess && !hasChanges && (
        <Alert variant="success" isInline isPlain isLiveRegion title="The changes are made." />
      )}
      <ActionGroup>
        <Button type="submit" isLoading={isPending} isDisabled={cannotSend}>
          Apply
        </Button>
        <Button variant="link" isDisabled={cannotSend} onClick={onDiscard}>
          Discard changes
        </Button>
      </ActionGroup>
    </>
  );
}
