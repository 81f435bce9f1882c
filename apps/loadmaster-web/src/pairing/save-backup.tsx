import { Alert, Button, Content } from "@patternfly/react-core";
import { certificateBackup } from "@tandem/loadmaster-api/pairing";
import { Problems } from "@tandem/web-components/form/problems";
import { useMutation } from "@tanstack/react-query";
import { keepFile } from "../api/keep-file.ts";
import { bytesOf } from "../api/read-file.ts";
import { command } from "../api/transport.ts";
import { pagesAt } from "../live/read-only.ts";

type Props = {
  /** Of the other unit; empty when there is none to save from. */
  readonly partner: string;
  readonly isSaved: boolean;
  readonly onSaved: (digest: string) => void;
};

/** Backups come first: the procedure begins with the digest of a backup of the present configuration (SPEC LH10). */
export function SaveBackup({ partner, isSaved, onSaved }: Props) {
  const saving = useMutation({
    mutationFn: () => command("backup"),
    onSuccess: (backup) => {
      keepFile(backup.filename, bytesOf(backup.data));
      onSaved(backup.digest);
    },
  });
  return (
    <>
      <Alert variant="warning" isInline title="Save a backup before anything is changed">
        Keep the file on another machine. It holds the whole configuration without its secrets. As to
        certificates: {certificateBackup}.
      </Alert>
      {partner !== "" && (
        <Content component="p">
          Each unit also keeps its configuration on its own disk when the procedure begins. If the other
          unit's is needed, save it on its own pages too: <a href={pagesAt(partner)}>{partner}</a>
        </Content>
      )}
      <Problems error={saving.error} />
      <div>
        <Button
          variant="secondary"
          isLoading={saving.isPending}
          isDisabled={saving.isPending}
          onClick={() => saving.mutate()}
        >
          Save the backup of this unit
        </Button>
      </div>
      {isSaved && (
        <Alert
          variant="success"
          isInline
          isPlain
          isLiveRegion
          title="The backup is handed to your browser."
        />
      )}
    </>
  );
}
