import {
  Alert,
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
  EmptyState,
  EmptyStateBody,
} from "@patternfly/react-core";
import type { Device } from "@tandem/central-api/devices";
import type { Tree } from "@tandem/central-api/tree";
import { Loaded } from "@tandem/web-components/page/loaded";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { treeQuery } from "../api/queries.ts";
import { moment } from "../form/moment.ts";
import { isPaired, PairNotice } from "../ha/pair-notice.tsx";
import { ServicesCard } from "./services-card.tsx";

/** A device of the tree, with its virtual services. */
export function DevicePage() {
  const { device: id } = useParams({ from: "/devices/$device" });
  const tree = useQuery(treeQuery);
  const device = tree.data?.devices.find((each) => each.id === id);
  const group = tree.data?.haGroups.find(({ members }) => members.includes(id));
  return (
    <PageFrame title={device ? device.name || device.address : "Device"}>
      <Loaded query={tree}>
        {(known) =>
          device ? (
            <>
              <DeviceFacts device={device} tree={known} />
              <PairNotice
                text={(status) =>
                  isPaired(status)
                    ? "A device's services may be changed on either unit at all times; the device decides whether a change is based on what it has."
                    : "What is changed here is kept on this unit alone."
                }
              />
              {group === undefined && <ServicesCard key={id} device={id} />}
            </>
          ) : (
            <EmptyState headingLevel="h2" titleText="There is no such device">
              <EmptyStateBody>
                It may have been removed. <Link to="/">Go to the networks and devices</Link>
              </EmptyStateBody>
            </EmptyState>
          )
        }
      </Loaded>
    </PageFrame>
  );
}

function DeviceFacts({ device, tree }: { readonly device: Device; readonly tree: Tree }) {
  const { address, port, status, network, problems = [] } = device;
  const group = tree.haGroups.find(({ members }) => members.includes(device.id));
  const facts = {
    Address: `${address}:${port}`,
    Network: network ?? "none",
    Status: status.error === null ? status.state : `${status.state}: ${status.error}`,
    Version: status.version ?? "not known",
    "HA role": status.haRole,
    "Last seen": moment(status.lastSeen),
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
      {problems.map((problem) => (
        <Alert key={problem} variant="warning" isInline title={problem} />
      ))}
      {group && (
        <Alert
          variant="info"
          isInline
          isPlain
          title={
            <>
              One of the HA group{" "}
              <Link to="/ha-groups/$group" params={{ group: group.id }}>
                {group.name}
              </Link>
              : its services and drills are on the group’s page, changed at {group.sharedAddress} through
              whichever is active.
            </>
          }
        />
      )}
    </>
  );
}
