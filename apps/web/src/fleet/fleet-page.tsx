import { EmptyState, EmptyStateBody, Label, PageSection, Title } from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import type { Device } from "@tandem/central-api/devices";
import type { Tree } from "@tandem/central-api/tree";
import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { treeQuery } from "../api/queries.ts";
import { moment } from "../form/moment.ts";

const colourOf = { up: "green", down: "red", unknown: "grey" } as const;

/** The networks whose devices a choice in the tree shows: the chosen one and those inside it. */
export function networksWithin(tree: Tree, chosen: string | undefined): ReadonlySet<string> {
  const within = new Set<string>();
  for (const { cidr, parent } of tree.networks)
    if (chosen === undefined || cidr === chosen || (parent !== null && within.has(parent))) within.add(cidr);
  return within;
}

export function FleetPage() {
  const { network } = useSearch({ from: "/" });
  const tree = useQuery(treeQuery);
  const within = tree.data && networksWithin(tree.data, network);
  const devices = tree.data?.devices.filter((device) =>
    device.network === null ? network === undefined : within?.has(device.network),
  );
  return (
    <>
      <PageSection>
        <Title headingLevel="h1">{network ?? "Networks and Devices"}</Title>
      </PageSection>
      <PageSection>
        {devices && devices.length > 0 && tree.data ? (
          <DeviceTable devices={devices} tree={tree.data} />
        ) : (
          <EmptyState headingLevel="h2" titleText={tree.isPending ? "Loading" : "No devices here yet"}>
            <EmptyStateBody>
              Add one with <code>tandem ctl devices add</code> or with the API.
            </EmptyStateBody>
          </EmptyState>
        )}
      </PageSection>
    </>
  );
}

function DeviceTable({ devices, tree }: { readonly devices: readonly Device[]; readonly tree: Tree }) {
  const groupOf = (id: string | null) => tree.haGroups.find((group) => group.id === id);
  return (
    <Table aria-label="Devices" variant="compact">
      <Thead>
        <Tr>
          <Th>Name</Th>
          <Th>Address</Th>
          <Th>Network</Th>
          <Th>HA group</Th>
          <Th>HA role</Th>
          <Th>Status</Th>
          <Th>Last seen</Th>
        </Tr>
      </Thead>
      <Tbody>
        {devices.map((device) => {
          const group = groupOf(device.haGroup);
          return (
            <Tr key={device.id}>
              <Td dataLabel="Name">
                <Link to="/devices/$device" params={{ device: device.id }}>
                  {device.name || device.address}
                </Link>
              </Td>
              <Td dataLabel="Address">{`${device.address}:${device.port}`}</Td>
              <Td dataLabel="Network">{device.network ?? "none"}</Td>
              <Td dataLabel="HA group">
                {group && (
                  <Link to="/ha-groups/$group" params={{ group: group.id }}>
                    {group.name}
                  </Link>
                )}
              </Td>
              <Td dataLabel="HA role">{device.status.haRole}</Td>
              <Td dataLabel="Status">
                <Label color={colourOf[device.status.state]}>{device.status.state}</Label>{" "}
                {device.status.error}
              </Td>
              <Td dataLabel="Last seen">{moment(device.status.lastSeen)}</Td>
            </Tr>
          );
        })}
      </Tbody>
    </Table>
  );
}
