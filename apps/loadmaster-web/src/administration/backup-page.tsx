import { Card, CardBody, Content, Stack } from "@patternfly/react-core";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { useState } from "react";
import { SaveBackup } from "../pairing/save-backup.tsx";
import { EncryptedBackupCard } from "./encrypted-backup-card.tsx";
import { RestoreCard } from "./restore-card.tsx";

export function BackupPage() {
  const [isSaved, setSaved] = useState(false);
  return (
    <PageFrame title="Backup/Restore">
      <Card>
        <CardBody>
          <Stack hasGutter>
            <Content component="p">
              The whole configuration of this unit as one file: what the pair shares, and what is this unit's
              own.
            </Content>
            <SaveBackup partner="" isSaved={isSaved} onSaved={() => setSaved(true)} />
          </Stack>
        </CardBody>
      </Card>
      <EncryptedBackupCard />
      <RestoreCard />
    </PageFrame>
  );
}
