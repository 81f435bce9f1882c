import { Button, Card, CardBody, CardTitle, Content, Flex } from "@patternfly/react-core";
import { Problems } from "@tandem/web-components/form/problems";
import { Loaded } from "@tandem/web-components/page/loaded";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { accessSettingsQuery } from "../api/queries.ts";
import { command } from "../api/transport.ts";
import { AddressHint } from "../live/address-hint.tsx";
import { useLive } from "../live/live.tsx";
import { readOnlyReason } from "../live/read-only.ts";
import { useLack } from "../session/use-lack.ts";
import { AccessListCard } from "./access-list-card.tsx";

/** Who may connect to any service; those of one service are on its page (SPEC LM1, LM3). */
export function AccessListsPage() {
  const { view } = useLive();
  const settings = useQuery(accessSettingsQuery);
  const client = useQueryClient();
  const lacks = useLack("aclcontrol");
  const reason = readOnlyReason(view, "shared") ?? lacks;
  const changing = useMutation({
    mutationFn: (change: { readonly enable: boolean } | { readonly drop: boolean }) =>
      command("aclcontrol", change),
    onSettled: () => client.invalidateQueries({ queryKey: accessSettingsQuery.queryKey }),
  });
  return (
    <PageFrame
      title="Packet Routing Filter"
      about="Who may connect to any virtual service. The smallest network that holds an address counts; where only some are allowed, all others are refused."
    >
      <AddressHint />
      <Card>
        <CardTitle component="h2">Access Lists</CardTitle>
        <CardBody>
          {reason !== null && <Content component="small">{reason}</Content>}
          <Problems error={changing.error} fields={[]} />
          <Loaded query={settings}>
            {({ isEnabled, isDrop }) => (
              <>
                <Content component="p">
                  {isEnabled
                    ? `The lists are in force, those of services too. Refused connections are ${isDrop ? "dropped" : "ended with an answer"}.`
                    : "No list is in force, those of services neither."}
                </Content>
                <Flex>
                  <Button
                    variant="secondary"
                    isDisabled={reason !== null}
                    onClick={() => changing.mutate({ enable: !isEnabled })}
                  >
                    {isEnabled ? "Disable" : "Enable"}
                  </Button>
                  <Button
                    variant="secondary"
                    isDisabled={reason !== null || !isEnabled}
                    onClick={() => changing.mutate({ drop: !isDrop })}
                  >
                    {isDrop ? "Answer refused connections" : "Drop refused connections"}
                  </Button>
                </Flex>
              </>
            )}
          </Loaded>
        </CardBody>
      </Card>
      <AccessListCard list="block" reason={reason} />
      <AccessListCard list="allow" reason={reason} />
    </PageFrame>
  );
}
