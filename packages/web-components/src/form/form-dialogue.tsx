import { Button, Form, Modal, ModalBody, ModalFooter, ModalHeader } from "@patternfly/react-core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useId } from "react";
import { Problems } from "./problems.tsx";

type Props = {
  readonly title: string;
  /** What the button that sends says. */
  readonly action: string;
  readonly description?: ReactNode;
  readonly isDanger?: boolean;
  readonly isDisabled?: boolean;
  readonly size?: "small" | "medium" | "large";
  /** Fields that show what is wrong with them themselves. */
  readonly fields?: readonly string[];
  /** The dialogue closes when it resolves; while it rejects, what was typed stays. */
  readonly send: () => Promise<unknown>;
  readonly onClose: () => void;
  /** The fields, given what was wrong with them when they were sent. */
  readonly children?: (error: unknown) => ReactNode;
};

/** A form, or a question, in a dialogue of its own. */
export function FormDialogue({
  title,
  action,
  description,
  isDanger = false,
  isDisabled = false,
  size = "medium",
  fields = [],
  send,
  onClose,
  children,
}: Props) {
  const formId = useId();
  const sending = useMutation({ mutationFn: send, onSuccess: onClose });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    sending.mutate();
  };
  return (
    <Modal isOpen variant={size} onClose={onClose} aria-label={title}>
      <ModalHeader title={title} description={description} />
      <ModalBody>
        <Form id={formId} onSubmit={submit} aria-label={title}>
          <Problems error={sending.error} fields={fields} />
          {children?.(sending.error)}
        </Form>
      </ModalBody>
      <ModalFooter>
        <Button
          type="submit"
          form={formId}
          variant={isDanger ? "danger" : "primary"}
          isDisabled={isDisabled || sending.isPending}
          isLoading={sending.isPending}
        >
          {action}
        </Button>
        <Button variant="link" onClick={onClose}>
          Cancel
        </Button>
      </ModalFooter>
    </Modal>
  );
}
