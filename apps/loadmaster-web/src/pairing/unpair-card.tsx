import { ActionGroup, Button, Card, CardBody, CardTitle, Content, Form } from "@patternfly/react-core";
import { CheckField } from "@tandem/web-components/form/check-field";
import { Problems } from "@tandem/web-components/form/problems";
import { SelectField } from "@tandem/web-components/form/select-field";
import { TextField } from "@tandem/web-components/form/text-field";
import { errorOf } from "@tandem/web-components/values/refusal";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { pairingQuery } from "../api/queries.ts";
import { command } from "../api/transport.ts";
import { PartnerAccess } from "./partner-access.tsx";
import { SaveBackup } from "./save-backup.tsx";
import { access, accessParameters } from "./setup-draft.ts";
import { usePartnerKey } from "./use-partner-key.ts";

type Props = { readonly partner: string; readonly sharedAddress: string };

/** Single again: the other unit leaves, this one stays with the services (SPEC LH10). */
export function UnpairCard({ partner, sharedAddress }: Props) {
  const key = usePartnerKey({ partner, shared: sharedAddress });
  const [gone, setGone] = useState(false);
  const [leaver, setLeaver] = useState<"keep" | "empty">("keep");
  const [sharedaddress, setSharedaddress] = useState<"keep" | "drop">("keep");
  const [backupDigest, setBackupDigest] = useState("");
  const client = useQueryClient();
  const ending = useMutation({
    mutationFn: () =>
      command("haunpair", {
        ...(gone ? { gone } : { ...accessParameters(key.draft), leaver }),
        sharedaddress,
        backupdigest: backupDigest,
      }),
    onSuccess: (started) => client.setQueryData(pairingQuery.queryKey, started),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    ending.mutate();
  };
  const { error } = ending;
  const mayBegin = gone || key.mayBegin;
  return (
    <Card>
      <CardTitle component="h2">Single again</CardTitle>
      <CardBody>
        <Content component="p">
          The other unit, {partner}, leaves the pair; this one stays and goes on with every service. For the
          other one to stay, hand over first.
        </Content>
        <Form onSubmit={submit} aria-label="Single again">
          <Problems error={error} fields={["gone", "leaver", "sharedaddress", ...access]} />
          <CheckField
            id="gone"
            label="The other unit is dead for good and cannot be asked to leave"
            isChecked={gone}
            onChange={setGone}
            help="It is refused while anything is heard of that unit, since both would hold the addresses"
            error={errorOf(error, "gone")}
          />
          {!gone && (
            <>
              <TextField
                id="unpair-partnerport"
                label="Port of the other unit's pages and API"
                type="number"
                value={key.draft.partnerport}
                onChange={(partnerport) => key.change({ partnerport })}
                error={errorOf(error, "partnerport")}
              />
              <PartnerAccess of={key} error={error} />
              <SelectField
                id="leaver"
                label="On the unit that leaves, the services are"
                value={leaver}
                options={[
                  ["keep", "kept, switched off"],
                  ["empty", "removed; a backup stays on its disk"],
                ]}
                onChange={setLeaver}
                error={errorOf(error, "leaver")}
              />
            </>
          )}
          <SelectField
            id="sharedaddress"
            label="Shared addresses"
            value={sharedaddress}
            options={[
              ["keep", "this unit goes on holding them"],
              ["drop", "this unit lets go of those on which no service stands"],
            ]}
            onChange={setSharedaddress}
            help="They may be the gateway of servers, and where the API is called"
            error={errorOf(error, "sharedaddress")}
          />
          {mayBegin && (
            <SaveBackup
              partner={gone ? "" : partner}
              isSaved={backupDigest !== ""}
              onSaved={setBackupDigest}
            />
          )}
          <ActionGroup>
            <Button
              type="submit"
              variant="danger"
              isLoading={ending.isPending}
              isDisabled={!mayBegin || backupDigest === "" || ending.isPending}
            >
              End the pair
            </Button>
          </ActionGroup>
        </Form>
      </CardBody>
    </Card>
  );
}
