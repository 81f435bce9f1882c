import type { TreeViewDataItem } from "@patternfly/react-core";
import { CubeIcon, LayerGroupIcon, NetworkIcon } from "@patternfly/react-icons";
import type { Device } from "@tandem/central-api/devices";
import type { Tree } from "@tandem/central-api/tree";

const deviceItem = (device: Device, active: boolean): TreeViewDataItem => ({
  id: `device:${device.id}`,
  name: `${device.name || device.address}${active ? " (active)" : ""}`,
  icon: <CubeIcon />,
});

/** The flat tree of the API as nested items: sub-networks first, then HA groups with their members, then single devices. */
export function treeItems(tree: Tree): TreeViewDataItem[] {
  const devices = new Map(tree.devices.map((device) => [device.id, device]));
  const below = (parent: string | null): TreeViewDataItem[] =>
    tree.networks
      .filter((network) => network.parent === parent)
      .map((network) => {
        const groups = tree.haGroups.filter((group) => network.haGroups.includes(group.id));
        const grouped = new Set(groups.flatMap((group) => group.members));
        const children: TreeViewDataItem[] = [
          ...below(network.cidr),
          ...groups.map((group) => ({
            id: `group:${group.id}`,
            name: `${group.name} (${group.sharedAddress})${group.state === "ready" ? "" : `: ${group.state}`}`,
            icon: <LayerGroupIcon />,
            defaultExpanded: true,
            children: group.members.flatMap((id) => {
              const device = devices.get(id);
              return device ? [deviceItem(device, group.active === id)] : [];
            }),
          })),
          ...network.devices
            .filter((id) => !grouped.has(id))
            .flatMap((id) => {
              const device = devices.get(id);
              return device ? [deviceItem(device, false)] : [];
            }),
        ];
        return {
          id: `network:${network.cidr}`,
          name: network.name ? `${network.cidr} ${network.name}` : network.cidr,
          icon: <NetworkIcon />,
          defaultExpanded: true,
          ...(children.length > 0 ? { children } : {}),
        };
      });
  return below(null);
}
