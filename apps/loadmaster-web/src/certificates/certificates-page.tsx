import { Alert, Button, Card, CardBody, CardTitle, Content, Stack } from "@patternfly/react-core";
import type { CertificateView } from "@tandem/loadmaster-api/views";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { Problems } from "@tandem/web-components/form/problems";
import { Loaded } from "@tandem/web-components/page/loaded";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { RowTable } from "@tandem/web-components/page/row-table";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { keepFile } from "../api/keep-file.ts";
import { certificatesQuery } from "../api/queries.ts";
import { command } from "../api/transport.ts";
import { AddressHint } from "../live/address-hint.tsx";
import { useLive } from "../live/live.tsx";
import { readOnlyReason } from "../live/read-only.ts";
import { CertificateBackupCard } from "./certificate-backup-card.tsx";
import { CertificateForm } from "./certificate-form.tsx";
import { CipherSetsCard } from "./cipher-sets-card.tsx";
import { SecurityHeaderCard } from "./security-header-card.tsx";

/** Certificates of services with their keys, and those that complete their chains; both belong to the pair. */
export function CertificatesPage() {
  const { view } = useLive();
  const client = useQueryClient();
  return (
    <PageFrame
      title="Certificates"
      about="They are carried to the other unit of the pair. A private key that was given to the unit is never given out again, but in an encrypted backup."
    >
      <AddressHint />
      <KeptCard kind="cert" title="SSL Certificates" />
      <KeptCard kind="intermediate" title="Intermediate Certificates" />
      <CipherSetsCard reason={readOnlyReason(view, "shared")} />
      <SecurityHeaderCard />
      <CertificateBackupCard
        reason={readOnlyReason(view, "shared")}
        onRestored={() =>
          Promise.all(
            (["cert", "intermediate"] as const).map((kind) =>
              client.invalidateQueries({ queryKey: certificatesQuery(kind).queryKey }),
            ),
          )
        }
      />
    </PageFrame>
  );
}

export type Kind = "cert" | "intermediate";

const read = (kind: Kind, cert: string) =>
  kind === "cert" ? command("readcert", { cert }) : command("readintermediate", { cert });
const remove = (kind: Kind, cert: string) =>
  kind === "cert" ? command("delcert", { cert }) : command("delintermediate", { cert });

/** An upload of several certificates under one name is one row for each. */
const namesOf = (list: readonly CertificateView[]) => [...Map.groupBy(list, ({ name }) => name).entries()];

function KeptCard({ kind, title }: { readonly kind: Kind; readonly title: string }) {
  const { view } = useLive();
  const kept = useQuery(certificatesQuery(kind));
  const client = useQueryClient();
  const [isAdding, setAdding] = useState(false);
  const [removed, setRemoved] = useState<string | null>(null);
  const [outcome, setOutcome] = useState<string | null>(null);
  const saving = useMutation({
    mutationFn: async (name: string) => keepFile(`${name}.pem`, (await read(kind, name)).certificate),
  });
  const reason = readOnlyReason(view, "shared");
  const readAnew = () => client.invalidateQueries({ queryKey: certificatesQuery(kind).queryKey });
  return (
    <Card>
      <CardTitle component="h2">{title}</CardTitle>
      <CardBody>
        <Stack hasGutter>
          {reason !== null && <Content component="small">{reason}</Content>}
          <Problems error={saving.error} />
          {outcome !== null && <Alert variant="success" isInline isLiveRegion title={outcome} />}
          <Loaded query={kept}>
            {(list) => (
              <RowTable
                label={title}
                rows={namesOf(list)}
                none="There is none yet."
                nameOf={([name]) => name}
                columns={[
                  ["Name", ([name]) => name],
                  ["Keys", ([, rows]) => rows.map(({ type }) => type).join(", ")],
                ]}
                isReadOnly={reason !== null}
                acts={([name]) => [
                  { label: "Save", act: () => saving.mutate(name), reads: true },
                  {
                    label: "Delete",
                    act: () => setRemoved(name),
                    isDanger: true,
                  },
                ]}
              />
            )}
          </Loaded>
          <div>
            <Button variant="secondary" isDisabled={reason !== null} onClick={() => setAdding(true)}>
              {kind === "cert" ? "Import Certificate" : "Add Intermediate"}
            </Button>
          </div>
        </Stack>
        {isAdding && (
          <CertificateForm
            kind={kind}
            onAdded={async (message) => {
              setOutcome(message);
              await readAnew();
            }}
            onClose={() => setAdding(false)}
          />
        )}
        {removed !== null && (
          <FormDialogue
            title={`Delete ${removed}?`}
            action="Delete"
            size="small"
            isDanger
            description="On both units of the pair. It is refused while a service uses it."
            send={async () => {
              await remove(kind, removed);
              setOutcome(null);
              await readAnew();
            }}
            onClose={() => setRemoved(null)}
          />
        )}
      </CardBody>
    </Card>
  );
}
