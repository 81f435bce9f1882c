import {
  Alert,
  Button,
  Content,
  FormGroup,
  Modal,
  ModalBody,
  ModalFooter,
  ModalHeader,
} from "@patternfly/react-core";
import { ApiError } from "@tandem/central-api/call";
import { type BackupUploaded, portableBackupMaxBytes, type Restored } from "@tandem/central-api/ha-backups";
import { routes } from "@tandem/central-api/routes";
import { FieldHelp } from "@tandem/web-components/form/field-help";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { Problems } from "@tandem/web-components/form/problems";
import { TextField } from "@tandem/web-components/form/text-field";
import { errorOf } from "@tandem/web-components/values/refusal";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { sessionQuery } from "../api/queries.ts";
import { call, rememberCsrf, upload } from "../api/transport.ts";
import { moment } from "../form/moment.ts";
import { RestoreDifferences } from "./restore-overwritten.tsx";

const as = "replace a unit";
const tooLarge = {
  code: "backup-too-large",
  field: "backup",
  message: `the file has more than ${portableBackupMaxBytes / 2 ** 20} MiB, which no backup has`,
  remedy: "choose the file that downloading a backup gave",
};

type Opened = {
  readonly backup: BackupUploaded;
  readonly passPhrase: string;
  readonly shown: Restored;
};
type Props = { readonly onClose: () => void };

/** A backup takes the place of this unit's configuration (SPEC ML5): opened, shown, and restored on a click. */
export function ReplaceByBackup({ onClose }: Props) {
  const [opened, setOpened] = useState<Opened | null>(null);
  return opened === null ? (
    <OpenBackup onOpened={setOpened} onClose={onClose} />
  ) : (
    <ConfirmReplacing opened={opened} onClose={onClose} />
  );
}

function OpenBackup({ onOpened, onClose }: Props & { readonly onOpened: (opened: Opened) => void }) {
  const [file, setFile] = useState<File | null>(null);
  const [uploaded, setUploaded] = useState<BackupUploaded | null>(null);
  const [passPhrase, setPassPhrase] = useState("");
  const ready = useRef<Opened | null>(null);
  const open = async (): Promise<void> => {
    if (file === null) return;
    if (file.size > portableBackupMaxBytes) throw new ApiError(413, [tooLarge]);
    // A pass phrase that was mistyped sends the file no second time.
    const backup = uploaded ?? (await upload(routes.uploadBackup, {}, file));
    setUploaded(backup);
    const body = { backup: backup.name, passPhrase, as, apply: false } as const;
    ready.current = { backup, passPhrase, shown: await call(routes.restoreOverwritten, { body }) };
  };
  return (
    <FormDialogue
      title="Restore a backup"
      action="Open"
      description="The backup is opened and compared with what is here; nothing is changed yet."
      isDisabled={file === null || passPhrase === ""}
      fields={["backup", "passPhrase"]}
      send={open}
      onClose={() => (ready.current === null ? onClose() : onOpened(ready.current))}
    >
      {(error) => (
        <>
          <FormGroup label="Backup file" fieldId="restore-file" isRequired>
            <input
              id="restore-file"
              type="file"
              accept=".backup,.json"
              aria-describedby="restore-file-help"
              onChange={({ currentTarget: { files } }) => {
                setFile(files?.[0] ?? null);
                setUploaded(null);
              }}
            />
            <FieldHelp
              id="restore-file"
              help="As it was downloaded from this unit or another"
              error={errorOf(error, "backup")}
            />
          </FormGroup>
          <TextField
            id="restore-pass-phrase"
            label="Pass phrase"
            type="password"
            required
            value={passPhrase}
            onChange={setPassPhrase}
            help="The one that it was downloaded with"
            error={errorOf(error, "passPhrase")}
          />
        </>
      )}
    </FormDialogue>
  );
}

/** Of which pair it is, as far as this unit knows. */
function pairOf({ ofThisPair }: BackupUploaded): string {
  if (ofThisPair === null) return "a unit outside a pair, or this unit belongs to none";
  return ofThisPair ? "this pair" : "another pair";
}

function ConfirmReplacing({ opened, onClose }: Props & { readonly opened: Opened }) {
  const { backup, passPhrase, shown } = opened;
  const client = useQueryClient();
  const replacing = useMutation({
    mutationFn: () =>
      call(routes.restoreOverwritten, { body: { backup: backup.name, passPhrase, as, apply: true } }),
  });
  const signInAgain = () => {
    rememberCsrf(null);
    void client.resetQueries({ queryKey: sessionQuery.queryKey });
  };
  const done = replacing.data;
  return (
    <Modal isOpen variant="large" aria-label="Restore a backup" {...(done === undefined ? { onClose } : {})}>
      <ModalHeader
        title="Restore a backup"
        description={`Written by ${backup.unitName} (${backup.unit}) at ${moment(backup.at)}; of ${pairOf(backup)}`}
      />
      <ModalBody>
        <Problems error={replacing.error} />
        {done === undefined ? (
          <>
            <Alert
              variant="warning"
              isInline
              title="The backup takes the place of this unit's configuration, which is saved first"
            >
              The unit stops and starts anew, and sessions on it end; if it is Master, the other unit takes
              the role. Its identity, HA settings and licences stay its own. Know that {shown.note}.
            </Alert>
            {shown.total === 0 ? (
              <Content component="p">Nothing differs: all of it is here.</Content>
            ) : (
              <RestoreDifferences differences={shown.differences} total={shown.total} />
            )}
          </>
        ) : (
          <Alert variant="success" isInline isLiveRegion title="The backup is restored; the unit starts anew">
            What was here before is kept as {done.savedAs}. Sign in again: HA Status then says of Disable,
            Preferred Master, IP Address and HA Key for the Other Peer whether they fit the other unit's, and
            how to mend what does not.
          </Alert>
        )}
      </ModalBody>
      <ModalFooter>
        {done === undefined ? (
          <>
            <Button
              variant="danger"
              isDisabled={replacing.isPending}
              isLoading={replacing.isPending}
              onClick={() => replacing.mutate()}
            >
              Replace this unit's configuration
            </Button>
            <Button variant="link" onClick={onClose}>
              Cancel
            </Button>
          </>
        ) : (
          <Button onClick={signInAgain}>Sign in again</Button>
        )}
      </ModalFooter>
    </Modal>
  );
}
