import { Label, type TreeViewDataItem } from "@patternfly/react-core";
import { CubeIcon, LayerGroupIcon, NetworkIcon } from "@patternfly/react-icons";
import type { Device } from "@tandem/central-api/devices";
import type { LicensedUnit } from "@tandem/central-api/licensing";
import type { Tree } from "@tandem/central-api/tree";

/** Devices by id that either Central of the pair licenses now (SPEC ML4: blue; all others are normal, green). */
export const licensedDevices = (units: readonly LicensedUnit[]): ReadonlySet<string> =>
  new Set(units.flatMap(({ state, device }) => (state === "held" && device !== null ? [device] : [])));

const looks = {
  licensed: { label: "blue", icon: "var(--pf-t--global--icon--color--brand--default)" },
  normal: { label: "green", icon: "var(--pf-t--global--icon--color--status--success--default)" },
} as const;

/** `kind` undefined: not known yet. */
function deviceItem(device: Device, active: boolean, kind: keyof typeof looks | undefined): TreeViewDataItem {
  const id = `device:${device.id}`;
  const name = `${device.name || device.address}${active ? " (active)" : ""}`;
  if (kind === undefined) return { id, name, icon: <CubeIcon /> };
  return {
    id,
    name: (
      <>
        {name}{" "}
        <Label color={looks[kind].label} isCompact>
          {kind}
        </Label>
      </>
    ),
    icon: <CubeIcon style={{ color: looks[kind].icon }} />,
  };
}

/**
 * The flat tree of the API as nested items: sub-networks first, then HA groups with their members, then single devices.
 * `licensed`: of {@link licensedDevices}; undefined while it is not known.
 */
export function treeItems(tree: Tree, licensed: ReadonlySet<string> | undefined): TreeViewDataItem[] {
  const itemOf = (device: Device, active: boolean): TreeViewDataItem =>
    deviceItem(device, active, licensed && (licensed.has(device.id) ? "licensed" : "normal"));
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
              return device ? [itemOf(device, group.active === id)] : [];
            }),
          })),
          ...network.devices
            .filter((id) => !grouped.has(id))
            .flatMap((id) => {
              const device = devices.get(id);
              return device ? [itemOf(device, false)] : [];
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
