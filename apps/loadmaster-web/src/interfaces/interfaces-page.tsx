import { Button, Card, CardBody } from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import type { InterfaceView } from "@tandem/loadmaster-api/views";
import { Loaded } from "@tandem/web-components/page/loaded";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { interfacesQuery } from "../api/queries.ts";
import { AddressHint } from "../live/address-hint.tsx";
import { InterfaceForm } from "./interface-form.tsx";
import { RoutesCard } from "./routes-card.tsx";

/** The unit's interfaces with the addresses that HA needs (SPEC LH6, LH7). */
export function InterfacesPage() {
  const interfaces = useQuery(interfacesQuery);
  const [changed, setChanged] = useState<InterfaceView | null>(null);
  return (
    <PageFrame
      title="Interfaces"
      about="An interface's own address stands in the unit's configuration file. Here are the addresses of the pair on it, and whether the loss of its network counts in HA."
    >
      <AddressHint />
      <Card>
        <CardBody>
          <Loaded query={interfaces}>
            {(list) => (
              <Table aria-label="Interfaces" variant="compact">
                <Thead>
                  <Tr>
                    <Th>Interface</Th>
                    <Th>Own address</Th>
                    <Th modifier="wrap">Shared address</Th>
                    <Th modifier="wrap">Partner's address</Th>
                    <Th>HA check</Th>
                    <Th screenReaderText="What can be done" />
                  </Tr>
                </Thead>
                <Tbody>
                  {list.map((each) => (
                    <Tr key={each.Id}>
                      <Td dataLabel="Interface">
                        {each.DefaultInterface ? `${each.Id} (default)` : each.Id}
                      </Td>
                      <Td dataLabel="Own address">{both(each.IPAddress, each.IPv6Address)}</Td>
                      <Td dataLabel="Shared address">{both(each.SharedIPAddress, each.SharedIPv6Address)}</Td>
                      <Td dataLabel="Partner's address">{each.PartnerIPAddress ?? "none"}</Td>
                      <Td dataLabel="HA check">{checkInWords(each)}</Td>
                      <Td isActionCell>
                        <Button
                          variant="link"
                          size="sm"
                          aria-label={`Change interface ${each.Id}`}
                          onClick={() => setChanged(each)}
                        >
                          Change
                        </Button>
                      </Td>
                    </Tr>
                  ))}
                </Tbody>
              </Table>
            )}
          </Loaded>
        </CardBody>
      </Card>
      <RoutesCard />
      {changed !== null && <InterfaceForm shown={changed} onClose={() => setChanged(null)} />}
    </PageFrame>
  );
}

/** Addresses of IPv4 and IPv6 in one cell. */
const both = (...addresses: readonly (string | undefined)[]): string =>
  addresses.filter((each) => each !== undefined).join(", ") || "none";

const checkInWords = ({ HACheck, HAGateway }: InterfaceView): string =>
  HACheck ? (HAGateway === undefined ? "carrier" : `carrier and gateway ${HAGateway}`) : "none";
