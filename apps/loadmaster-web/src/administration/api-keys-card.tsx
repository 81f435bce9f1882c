import {
  Alert,
  Button,
  Card,
  CardBody,
  CardTitle,
  ClipboardCopy,
  Content,
  Stack,
} from "@patternfly/react-core";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { Problems } from "@tandem/web-components/form/problems";
import { Loaded } from "@tandem/web-components/page/loaded";
import { RowTable } from "@tandem/web-components/page/row-table";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { apiKeysQuery } from "../api/queries.ts";
import { command } from "../api/transport.ts";
import { useLive } from "../live/live.tsx";
import { readOnlyReason } from "../live/read-only.ts";

/** Keys by which programs sign in on this unit. One is shown whole when it is made, and never again. */
export function ApiKeysCard() {
  const { view } = useLive();
  const keys = useQuery(apiKeysQuery);
  const client = useQueryClient();
  const [withdrawn, setWithdrawn] = useState<string | null>(null);
  const adding = useMutation({
    mutationFn: () => command("addapikey"),
    onSettled: () => client.invalidateQueries({ queryKey: apiKeysQuery.queryKey }),
  });
  const reason = readOnlyReason(view, "unit");
  return (
    <Card>
      <CardTitle component="h2">API keys</CardTitle>
      <CardBody>
        <Stack hasGutter>
          <Content component="p">
            {reason ??
              "Programs sign in with a key in place of user and password, and may do what the user may who made it. Keys belong to this unit alone; these are yours."}
          </Content>
          <Problems error={adding.error} />
          {adding.data !== undefined && (
            <Alert
              variant="success"
              isInline
              isLiveRegion
              title="The new key is shown this once: copy it now."
            >
              <ClipboardCopy isReadOnly hoverTip="Copy" clickTip="Copied" textAriaLabel="The new API key">
                {adding.data.apikey}
              </ClipboardCopy>
            </Alert>
          )}
          <Loaded query={keys}>
            {(list) => (
              <RowTable
                label="API keys"
                rows={list}
                none="There is no key."
                nameOf={(start) => start}
                columns={[["Begins with", (start) => start]]}
                isReadOnly={reason !== null}
                acts={(start) => [{ label: "Withdraw", act: () => setWithdrawn(start), isDanger: true }]}
              />
            )}
          </Loaded>
          <div>
            <Button
              variant="secondary"
              isDisabled={reason !== null || adding.isPending}
              isLoading={adding.isPending}
              onClick={() => adding.mutate()}
            >
              Make a key
            </Button>
          </div>
        </Stack>
        {withdrawn !== null && (
          <FormDialogue
            title={`Withdraw the key that begins with ${withdrawn}?`}
            action="Withdraw"
            size="small"
            isDanger
            description="Programs that use it are refused from then on."
            send={async () => {
              await command("delapikey", { key: withdrawn });
              await client.invalidateQueries({ queryKey: apiKeysQuery.queryKey });
            }}
            onClose={() => setWithdrawn(null)}
          />
        )}
      </CardBody>
    </Card>
  );
}
