import { Alert, Button, Modal, ModalBody, ModalFooter, ModalHeader } from "@patternfly/react-core";
import type { HaStatus } from "@tandem/central-api/ha";
import { routes } from "@tandem/central-api/routes";
import { errorsElsewhere } from "@tandem/web-components/values/refusal";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { haQuery } from "../api/queries.ts";
import { call } from "../api/transport.ts";

/** A unit that stands alone beside its peer, and holds polling and schedules until it is told otherwise. */
export const holdsBack = ({ ourState, peerUnit, acting }: HaStatus): boolean =>
  ourState === "Standalone" && peerUnit !== null && !acting;

/** The operator's release of such a unit (SPEC CH18, ML1). */
export function ActButton({ status }: { readonly status: HaStatus }) {
  const [isAsking, setAsking] = useState(false);
  const client = useQueryClient();
  const act = useMutation({
    mutationFn: () => call(routes.actHa, {}),
    onSuccess: (answer) => {
      client.setQueryData(haQuery.queryKey, answer);
      setAsking(false);
    },
  });
  if (!holdsBack(status)) return null;
  const title = "Execute here";
  const close = () => {
    act.reset();
    setAsking(false);
  };
  return (
    <>
      <Button variant="secondary" onClick={() => setAsking(true)}>
        {title}
      </Button>
      {isAsking && (
        <Modal isOpen variant="small" onClose={close} aria-label={title}>
          <ModalHeader title={`${title}: ${status.ourName} polls and runs scheduled actions`} />
          <ModalBody>
            {errorsElsewhere(act.error, []).map((problem) => (
              <Alert key={problem} variant="danger" isInline title={problem} />
            ))}
            {status.ourReason}. See first that {status.peerName ?? "the other unit"} does not execute them: if
            both do, actions on devices that are not our LoadMasters may run twice.
          </ModalBody>
          <ModalFooter>
            <Button onClick={() => act.mutate()} isLoading={act.isPending} isDisabled={act.isPending}>
              {title}
            </Button>
            <Button variant="link" onClick={close}>
              Cancel
            </Button>
          </ModalFooter>
        </Modal>
      )}
    </>
  );
}
