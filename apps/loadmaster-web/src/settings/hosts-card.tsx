import { Button, Card, CardBody, CardTitle, Content, Stack } from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { TextField } from "@tandem/web-components/form/text-field";
import { Loaded } from "@tandem/web-components/page/loaded";
import { errorOf } from "@tandem/web-components/values/refusal";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { hostsQuery } from "../api/queries.ts";
import { command } from "../api/transport.ts";
import { useLive } from "../live/live.tsx";
import { readOnlyReason } from "../live/read-only.ts";
import { useLack } from "../session/use-lack.ts";

/** Names that this unit knows the addresses of by itself. */
export function HostsCard() {
  const { view } = useLive();
  const hosts = useQuery(hostsQuery);
  const client = useQueryClient();
  const [isAdding, setAdding] = useState(false);
  const [hostip, setHostip] = useState("");
  const [hostfqdn, setHostfqdn] = useState("");
  const [forgotten, setForgotten] = useState<string | null>(null);
  const lacks = useLack("addhostsentry");
  const reason = readOnlyReason(view, "unit") ?? lacks;
  const done = () => client.invalidateQueries({ queryKey: hostsQuery.queryKey });
  return (
    <Card>
      <CardTitle component="h2">Hosts for Local Resolution</CardTitle>
      <CardBody>
        <Stack hasGutter>
          <Content component="p">
            {reason ??
              "Syslog hosts, ping and traceroute go by these names; the machine's own files stay as they are."}
          </Content>
          <Loaded query={hosts}>
            {(list) =>
              list.length === 0 ? (
                <Content component="p">There is no entry.</Content>
              ) : (
                <Table aria-label="Hosts" variant="compact">
                  <Thead>
                    <Tr>
                      <Th>Address</Th>
                      <Th>Name</Th>
                      <Th screenReaderText="What can be done" />
                    </Tr>
                  </Thead>
                  <Tbody>
                    {list.map(({ HostIPAddress, HostFQDN }) => (
                      <Tr key={HostIPAddress}>
                        <Td dataLabel="Address">{HostIPAddress}</Td>
                        <Td dataLabel="Name">{HostFQDN}</Td>
                        <Td isActionCell>
                          <Button
                            variant="link"
                            size="sm"
                            isDanger
                            isDisabled={reason !== null}
                            aria-label={`Remove ${HostFQDN}`}
                            onClick={() => setForgotten(HostIPAddress)}
                          >
                            Remove
                          </Button>
                        </Td>
                      </Tr>
                    ))}
                  </Tbody>
                </Table>
              )
            }
          </Loaded>
          <div>
            <Button variant="secondary" isDisabled={reason !== null} onClick={() => setAdding(true)}>
              Add an entry
            </Button>
          </div>
        </Stack>
        {isAdding && (
          <FormDialogue
            title="Add an entry"
            action="Add"
            fields={["hostip", "hostfqdn"]}
            isDisabled={hostip === "" || hostfqdn === ""}
            send={async () => {
              await command("addhostsentry", { hostip, hostfqdn });
              setHostip("");
              setHostfqdn("");
              await done();
            }}
            onClose={() => setAdding(false)}
          >
            {(error) => (
              <>
                <TextField
                  id="hostip"
                  label="Address"
                  value={hostip}
                  onChange={setHostip}
                  required
                  help="IPv4 or IPv6"
                  error={errorOf(error, "hostip")}
                />
                <TextField
                  id="hostfqdn"
                  label="Name"
                  value={hostfqdn}
                  onChange={setHostfqdn}
                  required
                  error={errorOf(error, "hostfqdn")}
                />
              </>
            )}
          </FormDialogue>
        )}
        {forgotten !== null && (
          <FormDialogue
            title={`Remove the entry of ${forgotten}?`}
            action="Remove"
            size="small"
            isDanger
            send={async () => {
              await command("delhostsentry", { hostip: forgotten });
              await done();
            }}
            onClose={() => setForgotten(null)}
          />
        )}
      </CardBody>
    </Card>
  );
}
