import { Button, Card, CardBody, CardTitle, Content, Flex, Stack } from "@patternfly/react-core";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { Problems } from "@tandem/web-components/form/problems";
import { SelectField } from "@tandem/web-components/form/select-field";
import { Loaded } from "@tandem/web-components/page/loaded";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { keepFile } from "../api/keep-file.ts";
import { logFilesQuery, logLinesQuery } from "../api/queries.ts";
import { bytesOf } from "../api/read-file.ts";
import { command } from "../api/transport.ts";
import { useLack } from "../session/use-lack.ts";
import { Said } from "./said.tsx";

/** What this unit has logged, as it goes on. */
export function LogFilesPage() {
  const client = useQueryClient();
  const [file, setFile] = useState("messages");
  const [isClearing, setClearing] = useState(false);
  const lacks = useLack("logging.clearlogs");
  const files = useQuery(logFilesQuery);
  const lines = useQuery({ ...logLinesQuery(file), enabled: lacks === null });
  const saving = useMutation({
    mutationFn: () => command("logging.savelogs"),
    onSuccess: ({ filename, data }) => keepFile(filename, bytesOf(data)),
  });
  return (
    <PageFrame title="System Log Files">
      <Card>
        <CardTitle component="h2">What this unit has logged</CardTitle>
        <CardBody>
          <Stack hasGutter>
            {lacks !== null && <Content component="p">{lacks}</Content>}
            <Loaded query={files}>
              {(list) => (
                <SelectField
                  id="log-file"
                  label="File"
                  value={file}
                  options={list.map(({ Name, Size }) => [Name, `${Name}, ${Size} bytes`] as const)}
                  onChange={setFile}
                  help="The second one, where there is one, holds what is older"
                />
              )}
            </Loaded>
            {lacks === null && (
              <Loaded query={lines}>{(text) => <Said label="The last lines">{text}</Said>}</Loaded>
            )}
            <Problems error={saving.error} />
            <Flex>
              <Button
                variant="secondary"
                isDisabled={lacks !== null || saving.isPending}
                onClick={() => saving.mutate()}
              >
                Save all files
              </Button>
              <Button
                variant="secondary"
                isDanger
                isDisabled={lacks !== null}
                onClick={() => setClearing(true)}
              >
                Clear all files
              </Button>
            </Flex>
          </Stack>
          {isClearing && (
            <FormDialogue
              title="Clear the log files of this unit?"
              action="Clear"
              size="small"
              isDanger
              description="What they hold is lost; syslog hosts keep what they were sent."
              send={async () => {
                await command("logging.clearlogs");
                await client.invalidateQueries({ queryKey: logFilesQuery.queryKey });
              }}
              onClose={() => setClearing(false)}
            />
          )}
        </CardBody>
      </Card>
    </PageFrame>
  );
}
