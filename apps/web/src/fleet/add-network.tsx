import { Alert, Button, Form, Modal, ModalBody, ModalFooter, ModalHeader } from "@patternfly/react-core";
import { routes } from "@tandem/central-api/routes";
import { TextField } from "@tandem/web-components/form/text-field";
import { errorOf, errorsElsewhere } from "@tandem/web-components/values/refusal";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { treeQuery } from "../api/queries.ts";
import { call } from "../api/transport.ts";

const formId = "add-network";

export function AddNetwork({ onClose }: { readonly onClose: () => void }) {
  const [cidr, setCidr] = useState("");
  const [name, setName] = useState("");
  const client = useQueryClient();
  const add = useMutation({
    mutationFn: () => call(routes.addNetwork, { body: { cidr, ...(name ? { name } : {}) } }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: treeQuery.queryKey });
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <Modal isOpen variant="small" onClose={onClose} aria-label="Add network">
      <ModalHeader title="Add network" />
      <ModalBody>
        <Form id={formId} onSubmit={submit}>
          {errorsElsewhere(add.error, ["cidr", "name"]).map((problem) => (
            <Alert key={problem} variant="danger" isInline title={problem} />
          ))}
          <TextField
            id="network-cidr"
            label="Network"
            value={cidr}
            onChange={setCidr}
            help="In CIDR notation, for example 10.0.0.0/24"
            error={errorOf(add.error, "cidr")}
            required
          />
          <TextField
            id="network-name"
            label="Name"
            value={name}
            onChange={setName}
            error={errorOf(add.error, "name")}
          />
        </Form>
      </ModalBody>
      <ModalFooter>
        <Button type="submit" form={formId} isDisabled={!cidr || add.isPending} isLoading={add.isPending}>
          Add
        </Button>
        <Button variant="link" onClick={onClose}>
          Cancel
        </Button>
      </ModalFooter>
    </Modal>
  );
}
