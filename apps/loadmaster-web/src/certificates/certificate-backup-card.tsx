import {
  Alert,
  Button,
  Card,
  CardBody,
  CardTitle,
  Content,
  Flex,
  FormGroup,
  Stack,
} from "@patternfly/react-core";
import { CheckField } from "@tandem/web-components/form/check-field";
import { FieldHelp } from "@tandem/web-components/form/field-help";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { SelectField } from "@tandem/web-components/form/select-field";
import { TextField } from "@tandem/web-components/form/text-field";
import { errorOf } from "@tandem/web-components/values/refusal";
import { useState } from "react";
import { keepFile } from "../api/keep-file.ts";
import { base64Of, bytesOf } from "../api/read-file.ts";
import { command } from "../api/transport.ts";

type Props = {
  /** Why nothing can be changed here; null when it can. */
  readonly reason: string | null;
  readonly onRestored: () => Promise<unknown>;
};

/** All certificates with their keys as one encrypted file, and back. */
export function CertificateBackupCard({ reason, onRestored }: Props) {
  const [isOpen, setOpen] = useState<"backup" | "restore" | null>(null);
  const [outcome, setOutcome] = useState<string | null>(null);
  const close = () => setOpen(null);
  return (
    <Card>
      <CardTitle component="h2">Backup/Restore Certificates</CardTitle>
      <CardBody>
        <Stack hasGutter>
          <Content component="p">
            One encrypted file holds all certificates with their private keys, and the intermediates.
          </Content>
          {outcome !== null && <Alert variant="success" isInline isLiveRegion title={outcome} />}
          <Flex>
            <Button variant="secondary" onClick={() => setOpen("backup")}>
              Save all certificates
            </Button>
            <Button variant="secondary" isDisabled={reason !== null} onClick={() => setOpen("restore")}>
              Restore certificates
            </Button>
          </Flex>
        </Stack>
        {isOpen === "backup" && <SaveForm onSaved={setOutcome} onClose={close} />}
        {isOpen === "restore" && (
          <RestoreForm
            onRestored={async (message) => {
              setOutcome(message);
              await onRestored();
            }}
            onClose={close}
          />
        )}
      </CardBody>
    </Card>
  );
}

type SaveProps = { readonly onSaved: (message: string) => void; readonly onClose: () => void };

function SaveForm({ onSaved, onClose }: SaveProps) {
  const [password, setPassword] = useState("");
  return (
    <FormDialogue
      title="Save all certificates"
      action="Save"
      size="small"
      isDisabled={password === ""}
      fields={["password"]}
      send={async () => {
        const { filename, data } = await command("backupcert", { password });
        keepFile(filename, bytesOf(data));
        onSaved("The certificates are handed to your browser.");
      }}
      onClose={onClose}
    >
      {(error) => <PassPhrase value={password} onChange={setPassword} error={error} />}
    </FormDialogue>
  );
}

type RestoreProps = {
  readonly onRestored: (message: string) => Promise<unknown>;
  readonly onClose: () => void;
};

const kinds = [
  ["full", "All of them"],
  ["vs", "Certificates of services alone"],
  ["third", "Intermediate certificates alone"],
] as const;

function RestoreForm({ onRestored, onClose }: RestoreProps) {
  const [file, setFile] = useState<File | null>(null);
  const [password, setPassword] = useState("");
  const [type, setType] = useState("full");
  const [replace, setReplace] = useState(false);
  const send = async (): Promise<void> => {
    if (file === null) return;
    const data = await base64Of(file);
    await onRestored((await command("restorecert", { data, password, type, replace })).message);
  };
  return (
    <FormDialogue
      title="Restore certificates"
      action="Restore"
      isDisabled={file === null || password === ""}
      fields={["data", "password"]}
      send={send}
      onClose={onClose}
    >
      {(error) => (
        <>
          <FormGroup label="File" fieldId="certificates-file">
            <input
              id="certificates-file"
              type="file"
              onChange={({ currentTarget: { files } }) => setFile(files?.[0] ?? null)}
            />
            <FieldHelp id="certificates-file" error={errorOf(error, "data")} />
          </FormGroup>
          <PassPhrase value={password} onChange={setPassword} error={error} />
          <SelectField
            id="certificates-type"
            label="What is restored"
            value={type}
            onChange={setType}
            options={kinds}
          />
          <CheckField
            id="certificates-replace"
            label="Replace certificates of the same names"
            isChecked={replace}
            onChange={setReplace}
          />
        </>
      )}
    </FormDialogue>
  );
}

type PassPhraseProps = {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly error: unknown;
};

const PassPhrase = ({ value, onChange, error }: PassPhraseProps) => (
  <TextField
    id="certificates-password"
    label="Pass phrase"
    type="password"
    value={value}
    onChange={onChange}
    help="7 to 64 letters and digits"
    error={errorOf(error, "password")}
  />
);
