import { Alert, Button, Card, CardBody, CardTitle, Content, FormGroup, Stack } from "@patternfly/react-core";
import { restoreTypes } from "@tandem/loadmaster-api/keeping-parameters";
import { CheckField } from "@tandem/web-components/form/check-field";
import { FieldHelp } from "@tandem/web-components/form/field-help";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { TextField } from "@tandem/web-components/form/text-field";
import { errorOf } from "@tandem/web-components/values/refusal";
import { useState } from "react";
import { base64Of } from "../api/read-file.ts";
import { command } from "../api/transport.ts";
import { useLive } from "../live/live.tsx";
import { readOnlyReason } from "../live/read-only.ts";

export function RestoreCard() {
  const { view } = useLive();
  const [isAsking, setAsking] = useState(false);
  const [outcome, setOutcome] = useState<string | null>(null);
  return (
    <Card>
      <CardTitle component="h2">Restore a backup</CardTitle>
      <CardBody>
        <Stack hasGutter>
          <Content component="p">
            What is restored becomes what it was, and everything of its kind that was made since is gone; what
            there was before is kept on the unit's disk. Passwords, API keys and the unit's place in a pair
            are never restored.
          </Content>
          {outcome !== null && <Alert variant="success" isInline isLiveRegion title={outcome} />}
          <div>
            <Button variant="secondary" isDisabled={view === null} onClick={() => setAsking(true)}>
              Restore a backup
            </Button>
          </div>
        </Stack>
        {isAsking && <RestoreForm onRestored={setOutcome} onClose={() => setAsking(false)} />}
      </CardBody>
    </Card>
  );
}

type Props = {
  readonly onRestored: (message: string) => void;
  readonly onClose: () => void;
};

function RestoreForm({ onRestored, onClose }: Props) {
  const { view } = useLive();
  const [file, setFile] = useState<File | null>(null);
  const [password, setPassword] = useState("");
  const servicesElsewhere = readOnlyReason(view, "shared");
  const [services, setServices] = useState(servicesElsewhere === null);
  const [base, setBase] = useState(false);
  const type = (base ? restoreTypes.base : 0) + (services ? restoreTypes.services : 0);
  const send = async (): Promise<void> => {
    if (file === null) return;
    const data = await base64Of(file);
    const { message } = await command("restore", {
      data,
      type,
      ...(password === "" ? {} : { password }),
    });
    onRestored(message);
  };
  return (
    <FormDialogue
      title="Restore a backup"
      action="Restore"
      isDanger
      isDisabled={file === null || type === 0}
      fields={["data", "password"]}
      send={send}
      onClose={onClose}
    >
      {(error) => (
        <>
          <FormGroup label="File" fieldId="restore-file">
            <input
              id="restore-file"
              type="file"
              onChange={({ currentTarget: { files } }) => setFile(files?.[0] ?? null)}
            />
            <FieldHelp id="restore-file" error={errorOf(error, "data")} />
          </FormGroup>
          <TextField
            id="restore-password"
            label="Pass phrase"
            type="password"
            value={password}
            onChange={setPassword}
            help="Only if the backup is encrypted"
            error={errorOf(error, "password")}
          />
          <CheckField
            id="restore-services"
            label="Virtual services, with rules and certificates"
            isChecked={services}
            isDisabled={servicesElsewhere !== null}
            onChange={setServices}
            help={servicesElsewhere ?? "Services that do not stand in the backup are removed"}
          />
          <CheckField
            id="restore-base"
            label="Base configuration: host name, logging and HA parameters"
            isChecked={base}
            onChange={setBase}
          />
        </>
      )}
    </FormDialogue>
  );
}
