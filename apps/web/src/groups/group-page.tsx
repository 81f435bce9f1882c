import {
  Alert,
  Card,
  CardBody,
  CardTitle,
  Content,
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
  EmptyState,
  EmptyStateBody,
  Label,
} from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import type { Device } from "@tandem/central-api/devices";
import type { HaGroup } from "@tandem/central-api/ha-groups";
import type { Tree } from "@tandem/central-api/tree";
import { Loaded } from "@tandem/web-components/page/loaded";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { treeQuery } from "../api/queries.ts";
import { ServicesCard } from "../devices/services-card.tsx";
import { DrillsCard } from "../fleet/drills-card.tsx";
import { moment } from "../form/moment.ts";
import { RenameGroup } from "./rename-group.tsx";

/** A LoadMaster pair as one (SPEC CH19, LH13): its members, which is active, what is wrong, the services of both, drills. */
export function GroupPage() {
  const { group: id } = useParams({ from: "/ha-groups/$group" });
  const tree = useQuery(treeQuery);
  const group = tree.data?.haGroups.find((each) => each.id === id);
  return (
    <PageFrame
      title={group?.name ?? "HA group"}
      {...(group && { about: `Two LoadMasters that share ${group.sharedAddress}` })}
    >
      <Loaded query={tree}>
        {(known) =>
          group ? (
            <>
              <GroupWarnings group={group} />
              <GroupFacts group={group} tree={known} />
              <MembersCard group={group} tree={known} />
              <ServicesCard key={id} device={id} />
              <RoleChangesCard group={group} tree={known} />
              <DrillsCard key={`drills of ${id}`} group={group} />
            </>
          ) : (
            <EmptyState headingLevel="h2" titleText="There is no such HA group">
              <EmptyStateBody>
                Its units may have said that they are no pair any more.{" "}
                <Link to="/">Go to the networks and devices</Link>
              </EmptyStateBody>
            </EmptyState>
          )
        }
      </Loaded>
    </PageFrame>
  );
}

type Props = { readonly group: HaGroup; readonly tree: Tree };

const deviceOf = (tree: Tree, id: string): Device | undefined => tree.devices.find((each) => each.id === id);
const nameOf = (tree: Tree, id: string): string => {
  const device = deviceOf(tree, id);
  return device?.name || device?.address || id;
};

export const GroupWarnings = ({ group }: Pick<Props, "group">) =>
  group.warnings.map((warning) => <Alert key={warning} variant="warning" isInline title={warning} />);

const stateColours: { readonly [state in HaGroup["state"]]: "green" | "orange" | "red" | "grey" } = {
  ready: "green",
  degraded: "orange",
  "both active": "red",
  "no active member": "red",
  unknown: "grey",
};

export function GroupFacts({ group, tree }: Props) {
  const { active, activeSince, network, origin, sharedAddress, state } = group;
  const facts = {
    State: <Label color={stateColours[state]}>{state}</Label>,
    Active: active === null ? "none" : nameOf(tree, active),
    "Active since": active === null ? "" : moment(activeSince),
    "Shared address": sharedAddress,
    Network: network ?? "none",
    "Formed by": origin === "units" ? "what its units say of themselves" : "an operator",
  };
  return (
    <>
      <DescriptionList isCompact columnModifier={{ default: "1Col", md: "2Col", xl: "3Col" }}>
        {Object.entries(facts).map(([term, value]) => (
          <DescriptionListGroup key={term}>
            <DescriptionListTerm>{term}</DescriptionListTerm>
            <DescriptionListDescription>{value}</DescriptionListDescription>
          </DescriptionListGroup>
        ))}
      </DescriptionList>
      <div>
        <RenameGroup group={group} />
      </div>
    </>
  );
}

const deviceColours = { up: "green", down: "red", unknown: "grey" } as const;

export const MembersCard = ({ group, tree }: Props) => (
  <Card>
    <CardTitle component="h2">Members</CardTitle>
    <CardBody>
      <Table aria-label="Members" variant="compact">
        <Thead>
          <Tr>
            <Th>Unit</Th>
            <Th>Name</Th>
            <Th>Own address</Th>
            <Th>HA role</Th>
            <Th>Status</Th>
            <Th>Version</Th>
            <Th>Last seen</Th>
          </Tr>
        </Thead>
        <Tbody>
          {group.members.map((id, index) => {
            const device = deviceOf(tree, id);
            const { state = "unknown", haRole, version, lastSeen = null } = device?.status ?? {};
            return (
              <Tr key={id}>
                <Td dataLabel="Unit">{`HA${index + 1}`}</Td>
                <Td dataLabel="Name">
                  <Link to="/devices/$device" params={{ device: id }}>
                    {nameOf(tree, id)}
                  </Link>
                </Td>
                <Td dataLabel="Own address">{device && `${device.address}:${device.port}`}</Td>
                <Td dataLabel="HA role">
                  {haRole === "active" ? <Label color="green">active</Label> : haRole}
                </Td>
                <Td dataLabel="Status">
                  <Label color={deviceColours[state]}>{state}</Label>
                </Td>
                <Td dataLabel="Version">{version ?? "not known"}</Td>
                <Td dataLabel="Last seen">{moment(lastSeen)}</Td>
              </Tr>
            );
          })}
        </Tbody>
      </Table>
      <Content component="small">
        Services are those of both units and are changed below; what belongs to one unit is on its own page.
      </Content>
    </CardBody>
  </Card>
);

export const RoleChangesCard = ({ group, tree }: Props) => (
  <Card>
    <CardTitle component="h2">Changes of the active role</CardTitle>
    <CardBody>
      {group.roleChanges.length === 0 ? (
        <Content component="p">None since the group is known here.</Content>
      ) : (
        <Table aria-label="Changes of the active role" variant="compact">
          <Thead>
            <Tr>
              <Th width={30}>When</Th>
              <Th>From</Th>
              <Th>To</Th>
            </Tr>
          </Thead>
          <Tbody>
            {group.roleChanges.map(({ at, from, to }) => (
              <Tr key={`${at} ${from} ${to}`}>
                <Td dataLabel="When">{moment(at)}</Td>
                <Td dataLabel="From">{nameOf(tree, from)}</Td>
                <Td dataLabel="To">{nameOf(tree, to)}</Td>
              </Tr>
            ))}
          </Tbody>
        </Table>
      )}
    </CardBody>
  </Card>
);
