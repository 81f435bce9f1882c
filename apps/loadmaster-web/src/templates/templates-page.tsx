import { Alert, Button, Card, CardBody, CardTitle, Content, FormGroup, Stack } from "@patternfly/react-core";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { Loaded } from "@tandem/web-components/page/loaded";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { RowTable } from "@tandem/web-components/page/row-table";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { templatesQuery } from "../api/queries.ts";
import { base64Of } from "../api/read-file.ts";
import { command } from "../api/transport.ts";
import { AddressHint } from "../live/address-hint.tsx";
import { useLive } from "../live/live.tsx";
import { readOnlyReason } from "../live/read-only.ts";

/** Templates that services are made of, when they are added (SPEC LM1, LM3). */
export function TemplatesPage() {
  const { view } = useLive();
  const templates = useQuery(templatesQuery);
  const client = useQueryClient();
  const [isAdding, setAdding] = useState(false);
  const [removed, setRemoved] = useState<string | null>(null);
  const [outcome, setOutcome] = useState<string | null>(null);
  const reason = readOnlyReason(view, "shared");
  const readAnew = () => client.invalidateQueries({ queryKey: templatesQuery.queryKey });
  return (
    <PageFrame
      title="Manage Templates"
      about="What a service is, without its address, real servers and certificates. A service's page saves one, and Add New makes services of them."
    >
      <AddressHint />
      {outcome !== null && <Alert variant="success" isInline title={outcome} />}
      <Card>
        <CardTitle component="h2">Templates</CardTitle>
        <CardBody>
          <Stack hasGutter>
            {reason !== null && <Content component="small">{reason}</Content>}
            <div>
              <Button isDisabled={reason !== null} onClick={() => setAdding(true)}>
                Import Templates
              </Button>
            </div>
            <Loaded query={templates}>
              {(list) => (
                <RowTable
                  label="Templates"
                  rows={list}
                  none="There is no template yet."
                  nameOf={({ name }) => name}
                  columns={[
                    ["Name", ({ name }) => name],
                    ["Comment", ({ comment }) => comment],
                  ]}
                  isReadOnly={reason !== null}
                  acts={({ name }) => [{ label: "Delete", act: () => setRemoved(name), isDanger: true }]}
                />
              )}
            </Loaded>
          </Stack>
        </CardBody>
      </Card>
      {isAdding && (
        <ImportTemplates
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
          description="Services that were made of it stay as they are."
          send={async () => {
            await command("deltemplate", { name: removed });
            setOutcome(null);
            await readAnew();
          }}
          onClose={() => setRemoved(null)}
        />
      )}
    </PageFrame>
  );
}

type ImportProps = { readonly onAdded: (message: string) => Promise<unknown>; readonly onClose: () => void };

function ImportTemplates({ onAdded, onClose }: ImportProps) {
  const [file, setFile] = useState<File | null>(null);
  return (
    <FormDialogue
      title="Import templates"
      action="Import"
      description="Those of the same names make way."
      isDisabled={file === null}
      send={async () => {
        if (file === null) return;
        const { message } = await command("uploadtemplate", { data: await base64Of(file) });
        await onAdded(message);
      }}
      onClose={onClose}
    >
      {() => (
        <FormGroup label="File" fieldId="template-file">
          <input
            id="template-file"
            type="file"
            accept=".tmpl"
            onChange={({ currentTarget: { files } }) => setFile(files?.[0] ?? null)}
          />
        </FormGroup>
      )}
    </FormDialogue>
  );
}
