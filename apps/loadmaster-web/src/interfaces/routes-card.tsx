import { Button, Card, CardBody, CardTitle, Content, Stack } from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { TextField } from "@tandem/web-components/form/text-field";
import { Loaded } from "@tandem/web-components/page/loaded";
import { errorOf } from "@tandem/web-components/values/refusal";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { routesQuery } from "../api/queries.ts";
import { command } from "../api/transport.ts";
import { useLive } from "../live/live.tsx";
import { readOnlyReason } from "../live/read-only.ts";
import { useLack } from "../session/use-lack.ts";

/** Static routes of this unit; the default route is that of the machine. */
export function RoutesCard() {
  const { view } = useLive();
  const routes = useQuery(routesQuery);
  const client = useQueryClient();
  const [isAdding, setAdding] = useState(false);
  const [dest, setDest] = useState("");
  const [gateway, setGateway] = useState("");
  const [forgotten, setForgotten] = useState<string | null>(null);
  const lacks = useLack("addroute");
  const reason = readOnlyReason(view, "unit") ?? lacks;
  const done = () => client.invalidateQueries({ queryKey: routesQuery.queryKey });
  return (
    <Card>
      <CardTitle component="h2">Additional Routes</CardTitle>
      <CardBody>
        <Stack hasGutter>
          <Content component="p">
            {reason ??
              "Networks beyond a router of this unit's own networks. The default route is that of the machine."}
          </Content>
          <Loaded query={routes}>
            {(list) =>
              list.length === 0 ? (
                <Content component="p">There is no route.</Content>
              ) : (
                <Table aria-label="Routes" variant="compact">
                  <Thead>
                    <Tr>
                      <Th>Destination</Th>
                      <Th>Gateway</Th>
                      <Th screenReaderText="What can be done" />
                    </Tr>
                  </Thead>
                  <Tbody>
                    {list.map(({ Destination, Gateway }) => (
                      <Tr key={Destination}>
                        <Td dataLabel="Destination">{Destination}</Td>
                        <Td dataLabel="Gateway">{Gateway}</Td>
                        <Td isActionCell>
                          <Button
                            variant="link"
                            size="sm"
                            isDanger
                            isDisabled={reason !== null}
                            aria-label={`Remove ${Destination}`}
                            onClick={() => setForgotten(Destination)}
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
              Add a route
            </Button>
          </div>
        </Stack>
        {isAdding && (
          <FormDialogue
            title="Add a route"
            action="Add"
            fields={["dest", "gateway"]}
            isDisabled={dest === "" || gateway === ""}
            send={async () => {
              await command("addroute", { dest, gateway });
              setDest("");
              setGateway("");
              await done();
            }}
            onClose={() => setAdding(false)}
          >
            {(error) => (
              <>
                <TextField
                  id="dest"
                  label="Destination"
                  value={dest}
                  onChange={setDest}
                  required
                  help="An IPv4 network such as 10.9.0.0/16, or an address"
                  error={errorOf(error, "dest")}
                />
                <TextField
                  id="gateway"
                  label="Gateway"
                  value={gateway}
                  onChange={setGateway}
                  required
                  error={errorOf(error, "gateway")}
                />
              </>
            )}
          </FormDialogue>
        )}
        {forgotten !== null && (
          <FormDialogue
            title={`Remove the route to ${forgotten}?`}
            action="Remove"
            size="small"
            isDanger
            send={async () => {
              await command("delroute", { dest: forgotten });
              await done();
            }}
            onClose={() => setForgotten(null)}
          />
        )}
      </CardBody>
    </Card>
  );
}
