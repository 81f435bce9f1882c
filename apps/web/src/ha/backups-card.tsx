import { Button, Card, CardBody, CardTitle, Content, Flex } from "@patternfly/react-core";
import { useState } from "react";
import { DownloadBackup } from "./download-backup.tsx";
import { ReplaceByBackup } from "./replace-by-backup.tsx";

/** A backup that another unit can read, and the restoring of one (SPEC ML5). */
export function BackupsCard() {
  const [dialogue, setDialogue] = useState<"download" | "restore" | null>(null);
  const close = () => setDialogue(null);
  return (
    <Card>
      <CardTitle component="h2">Backup and restore</CardTitle>
      <CardBody>
        <Content component="p">
          A backup holds what the pair shares, with its passwords, under a pass phrase, and takes the place of
          the configuration of either unit or of a new one. Not in it: a unit's identity and HA settings, its
          licence and what it has licensed, users, what is not synchronised, statistics, logs and files.
        </Content>
        <Flex>
          <Button variant="secondary" onClick={() => setDialogue("download")}>
            Download a backup
          </Button>
          <Button variant="secondary" onClick={() => setDialogue("restore")}>
            Restore a backup
          </Button>
        </Flex>
        {dialogue === "download" && <DownloadBackup onClose={close} />}
        {dialogue === "restore" && <ReplaceByBackup onClose={close} />}
      </CardBody>
    </Card>
  );
}
