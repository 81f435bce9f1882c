import {
  Alert,
  Button,
  Form,
  Modal,
  ModalBody,
  ModalFooter,
  ModalHeader,
  Radio,
} from "@patternfly/react-core";
import type { HaStatus } from "@tandem/central-api/ha";
import { routes } from "@tandem/central-api/routes";
import { TextField } from "@tandem/web-components/form/text-field";
import { errorOf, errorsElsewhere } from "@tandem/web-components/values/refusal";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { haQuery } from "../api/queries.ts";
import { call } from "../api/transport.ts";

type Removes = "this unit" | "the other unit";
type Props = { readonly status: HaStatus; readonly onClose: () => void };

/** *Remove from pair* (SPEC CH24): nothing is chosen beforehand, because the wrong choice stops the unit that should go on. */
export function RemoveFromPair({ status, onClose }: Props) {
  const [removes, setRemoves] = useState<Removes | null>(null);
  const [notTold, setNotTold] = useState(false);
  const [confirm, setConfirm] = useState("");
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: (which: Removes) =>
      call(routes.removeHa, { body: { removes: which, ...(confirm !== "" && { confirm }) } }),
    onSuccess: ({ peerTold, ...answer }) => {
      client.setQueryData(haQuery.queryKey, answer);
      if (peerTold) onClose();
      else setNotTold(true);
    },
  });
  const unconfirmed = errorOf(remove.error, "confirm");
  const names: { readonly [which in Removes]: string } = {
    "this unit": status.ourName,
    "the other unit": status.peerName ?? "the other unit",
  };
  const choice = (which: Removes) => (
    <Radio
      key={which}
      id={`removes-${which}`}
      name="removes"
      label={`Remove ${which} (${names[which]})`}
      description={`${names[which]} keeps a copy and executes nothing; ${
        names[which === "this unit" ? "the other unit" : "this unit"]
      } keeps everything and goes on, Standalone.`}
      isChecked={removes === which}
      onChange={() => setRemoves(which)}
    />
  );
  return (
    <Modal isOpen variant="small" onClose={onClose} aria-label="Remove from pair">
      <ModalHeader title="Remove from pair" />
      <ModalBody>
        {notTold ? (
          <Alert variant="warning" isInline title="The other unit could not be told">
            If it still runs, remove it from the pair there as well, before it is used again.
          </Alert>
        ) : (
          <Form>
            {errorsElsewhere(remove.error, ["confirm"]).map((problem) => (
              <Alert key={problem} variant="danger" isInline title={problem} />
            ))}
            <Alert
              variant="warning"
              isInline
              title="This ends the pair; a new one needs a new exchange of keys"
            />
            {choice("this unit")}
            {choice("the other unit")}
            {unconfirmed !== undefined && removes === "the other unit" && (
              <TextField
                id="removes-confirm"
                label="Name of the other unit, which is off or will never serve again"
                value={confirm}
                error={unconfirmed}
                onChange={setConfirm}
              />
            )}
          </Form>
        )}
      </ModalBody>
      <ModalFooter>
        {!notTold && (
          <Button
            variant="danger"
            isDisabled={removes === null || remove.isPending}
            isLoading={remove.isPending}
            onClick={() => removes !== null && remove.mutate(removes)}
          >
            Remove
          </Button>
        )}
        <Button variant="link" onClick={onClose}>
          {notTold ? "Close" : "Cancel"}
        </Button>
      </ModalFooter>
    </Modal>
  );
}
