import { ActionGroup, Button, Card, CardBody, CardTitle, Content, Form } from "@patternfly/react-core";
import { Problems } from "@tandem/web-components/form/problems";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { pairingQuery } from "../api/queries.ts";
import { command } from "../api/transport.ts";
import { PartnerAccess } from "./partner-access.tsx";
import { OverwriteField, PlaceFields } from "./partner-fields.tsx";
import { SaveBackup } from "./save-backup.tsx";
import { access, replaceParameters } from "./setup-draft.ts";
import { usePartnerKey } from "./use-partner-key.ts";

/** A new unit in the place of a partner that is dead (SPEC LH10). */
export function ReplaceCard({ sharedAddress }: { readonly sharedAddress: string }) {
  const key = usePartnerKey({ shared: sharedAddress });
  const [backupDigest, setBackupDigest] = useState("");
  const client = useQueryClient();
  const replacing = useMutation({
    mutationFn: () => command("hareplace", { ...replaceParameters(key.draft), backupdigest: backupDigest }),
    onSuccess: (started) => client.setQueryData(pairingQuery.queryKey, started),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    replacing.mutate();
  };
  const { error } = replacing;
  return (
    <Card>
      <CardTitle component="h2">A new unit for a dead partner</CardTitle>
      <CardBody>
        <Content component="p">
          The new unit gets what the pair shares, and keeps its own name, password and keys. It is refused
          while the old partner is there; never plug that one in again as a member of this pair.
        </Content>
        <Form onSubmit={submit} aria-label="A new unit for a dead partner">
          <Problems error={error} fields={["partner", "overwrite", ...access]} />
          <PlaceFields draft={key.draft} error={error} onChange={key.change} />
          <PartnerAccess of={key} error={error} />
          {key.mayBegin && (
            <>
              <OverwriteField draft={key.draft} error={error} onChange={key.change} />
              <SaveBackup partner="" isSaved={backupDigest !== ""} onSaved={setBackupDigest} />
            </>
          )}
          <ActionGroup>
            <Button
              type="submit"
              isLoading={replacing.isPending}
              isDisabled={!key.mayBegin || backupDigest === "" || replacing.isPending}
            >
              Take it as the partner
            </Button>
          </ActionGroup>
        </Form>
      </CardBody>
    </Card>
  );
}
