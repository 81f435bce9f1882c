import { Button, Content, Stack, Title, TreeView, type TreeViewDataItem } from "@patternfly/react-core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { licensedUnitsQuery, treeQuery } from "../api/queries.ts";
import { AddNetwork } from "../fleet/add-network.tsx";
import { licensedDevices, treeItems } from "./tree-items.tsx";

/** The networks by containment, with their HA groups and devices. Choosing one shows what lies in it, the group or the device. */
export function NetworkTree() {
  const tree = useQuery(treeQuery);
  const licensed = useQuery(licensedUnitsQuery).data?.units;
  const navigate = useNavigate();
  const [adding, setAdding] = useState(false);
  const items: TreeViewDataItem[] = tree.data
    ? treeItems(tree.data, licensed && licensedDevices(licensed))
    : [];
  const choose = (item: TreeViewDataItem) => {
    const device = item.id?.startsWith("device:") ? item.id.slice("device:".length) : undefined;
    if (device !== undefined) void navigate({ to: "/devices/$device", params: { device } });
    const group = item.id?.startsWith("group:") ? item.id.slice("group:".length) : undefined;
    if (group !== undefined) void navigate({ to: "/ha-groups/$group", params: { group } });
    const network = item.id?.startsWith("network:") ? item.id.slice("network:".length) : undefined;
    if (network !== undefined) void navigate({ to: "/", search: { network } });
  };
  return (
    <Stack hasGutter component="nav" aria-label="Network tree">
      <Title headingLevel="h2" size="md">
        Network tree
      </Title>
      {items.length > 0 ? (
        <TreeView aria-label="Networks" data={items} onSelect={(_, item) => choose(item)} hasBadges={false} />
      ) : (
        <Content component="small">
          {tree.isPending ? "Loading" : "No network yet. High availability needs one on each unit."}
        </Content>
      )}
      <Button variant="link" isInline onClick={() => setAdding(true)}>
        Add network
      </Button>
      {adding && <AddNetwork onClose={() => setAdding(false)} />}
    </Stack>
  );
}
