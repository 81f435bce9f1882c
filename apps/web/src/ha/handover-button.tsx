import { Alert, Button, Modal, ModalBody, ModalFooter, ModalHeader } from "@patternfly/react-core";
import type { HaStatus } from "@tandem/central-api/ha";
import { routes } from "@tandem/central-api/routes";
import { errorsElsewhere } from "@tandem/web-components/values/refusal";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { haQuery } from "../api/queries.ts";
import { call } from "../api/transport.ts";

/** Why the role cannot be moved now, or null when it can be asked for. */
export function handoverFault({ ourState, peerState, heartbeats, handover }: HaStatus): string | null {
  if (ourState !== "Master" && ourState !== "Slave") return `This unit is ${ourState}`;
  if (!heartbeats.flowing) return "Heartbeats do not flow";
  if (peerState !== "Master" && peerState !== "Slave") return `The other unit is ${peerState ?? "not there"}`;
  if (handover !== null && handover.phase !== "given-up") return "A handover is under way";
  return null;
}

/** Moves the role in order: no moment in which two act, nothing half done (SPEC CH11). */
export function HandoverButton({ status }: { readonly status: HaStatus }) {
  const [isAsking, setAsking] = useState(false);
  const client = useQueryClient();
  const handOver = useMutation({
    mutationFn: () => call(routes.handOver, {}),
    onSuccess: (answer) => {
      client.setQueryData(haQuery.queryKey, answer);
      setAsking(false);
    },
  });
  const fault = handoverFault(status);
  const isMaster = status.ourState === "Master";
  const title = isMaster ? "Hand over" : "Take over the role";
  const close = () => {
    handOver.reset();
    setAsking(false);
  };
  return (
    <>
      <Button
        variant="secondary"
        isAriaDisabled={fault !== null}
        title={fault ?? ""}
        onClick={() => fault === null && setAsking(true)}
      >
        {title}
      </Button>
      {isAsking && (
        <Modal isOpen variant="small" onClose={close} aria-label={title}>
          <ModalHeader title={`${title}: ${isMaster ? status.peerName : status.ourName} becomes Master`} />
          <ModalBody>
            {errorsElsewhere(handOver.error, []).map((problem) => (
              <Alert key={problem} variant="danger" isInline title={problem} />
            ))}
            Running actions are waited for, and both units must hold the same before the role moves. A
            Preferred Master takes it back after its hold-down.
          </ModalBody>
          <ModalFooter>
            <Button
              onClick={() => handOver.mutate()}
              isLoading={handOver.isPending}
              isDisabled={handOver.isPending}
            >
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
