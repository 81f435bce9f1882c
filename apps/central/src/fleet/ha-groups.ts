/** LoadMaster HA pairs, shown as one (SPEC CH19): two devices and the address that whichever is active holds. */
import { sha256Hex } from "@tandem/base/digest";
import type { DeviceStatus } from "@tandem/central-api/devices";
import type { HaGroup, HaGroupNew, HaGroupRemoved, HaGroupWritten } from "@tandem/central-api/ha-groups";
import { createRow, deleteRow } from "@tandem/replica/edits";
import type { RowView } from "@tandem/replica/rows";
import { orRefuse, Refusal, written } from "../refusal.ts";
import type { DevicePoller } from "./device-poller.ts";
import { smallestAround } from "./network-tree.ts";
import { placedAddress } from "./networks.ts";
import type { SharedRows } from "./shared-rows.ts";
import { devices, haGroups, networks } from "./tables.ts";

type GroupRow = RowView<(typeof haGroups)["columns"]>;
type GroupWorld = { readonly shared: SharedRows; readonly poller: DevicePoller };

/** What two members' own words about their roles say about the pair. Pure. */
export function groupState(members: readonly (readonly [id: string, status: DeviceStatus])[]): {
  readonly active: string | null;
  readonly state: HaGroup["state"];
} {
  const active = members.filter(([, { haRole }]) => haRole === "active").map(([id]) => id);
  const [first, second] = active;
  if (first !== undefined && second !== undefined) return { active: null, state: "both active" };
  if (first !== undefined) {
    const isReady = members.every(([id, { haRole }]) => id === first || haRole === "standby");
    return { active: first, state: isReady ? "ready" : "degraded" };
  }
  const isUnknown = members.some(([, { haRole }]) => haRole === "unknown");
  return { active: null, state: isUnknown ? "unknown" : "no active member" };
}

/** By name. */
export function listHaGroups(world: GroupWorld): readonly HaGroup[] {
  return world.shared
    .rows(haGroups)
    .map((row) => shown(world, row))
    .sort((a, b) => a.name.localeCompare(b.name, "en") || (a.id < b.id ? -1 : 1));
}

function shown({ shared, poller }: GroupWorld, { values, tag }: GroupRow): HaGroup {
  const cidrs = shared.rows(networks).map(({ key }) => key);
  return {
    ...values,
    members: [...values.members],
    network: smallestAround(cidrs, values.sharedAddress),
    ...groupState(values.members.map((id) => [id, poller.status(id)])),
    tag,
  };
}

export async function addHaGroup(
  world: GroupWorld,
  wanted: HaGroupNew,
  author: string,
): Promise<HaGroupWritten> {
  const { shared } = world;
  const { name, members } = wanted;
  const sharedAddress = orRefuse(placedAddress(shared, "sharedAddress", wanted.sharedAddress));
  for (const [index, member] of members.entries()) refuseMember(shared, member, `members/${index}`);
  if (members[0] === members[1])
    throw new Refusal(400, {
      code: "members-equal",
      field: "members/1",
      value: members[1],
      message: "both members are the same device",
      remedy: "give the two units of the pair",
    });
  const owner = shared.rows(devices).find(({ values }) => values.address === sharedAddress);
  if (owner)
    throw new Refusal(409, {
      code: "shared-address-taken",
      field: "sharedAddress",
      value: sharedAddress,
      message: `${sharedAddress} is the own address of ${owner.values.name || owner.key}`,
      remedy: "give the address that both units share, which moves with the active role",
    });
  // Both units of Central grouping the same two devices is no conflict.
  const id = sha256Hex(`ha group ${[...members].sort().join(" ")}`).slice(0, 16);
  const values = { id, name, sharedAddress, members: [...members] };
  const acknowledged = written(
    await shared.write([createRow(haGroups, values)], author, `HA group ${name} added`),
  );
  return { ...shown(world, knownGroup(shared, id)), acknowledged };
}

function refuseMember(shared: SharedRows, member: string, field: string): void {
  if (shared.row(devices, member) === undefined)
    throw new Refusal(400, {
      code: "device-unknown",
      field,
      value: member,
      message: `there is no device "${member}"`,
      remedy: "add the device first, and give its id",
    });
  const group = shared.rows(haGroups).find(({ values }) => values.members.includes(member));
  if (group)
    throw new Refusal(409, {
      code: "device-in-group",
      field,
      value: member,
      message: `this device belongs to the HA group "${group.values.name}" already`,
      remedy: "remove that group first",
    });
}

/** The members stay in the tree. */
export async function removeHaGroup(
  { shared }: GroupWorld,
  id: string,
  tag: string | undefined,
  author: string,
): Promise<HaGroupRemoved> {
  const { name } = knownGroup(shared, id).values;
  const acknowledged = written(
    await shared.write([deleteRow(haGroups, id, tag)], author, `HA group ${name} removed`),
  );
  return { id, acknowledged };
}

function knownGroup(shared: SharedRows, id: string): GroupRow {
  const row = shared.row(haGroups, id);
  if (row) return row;
  throw new Refusal(404, {
    code: "ha-group-unknown",
    field: "id",
    value: id,
    message: `there is no HA group "${id}"`,
    remedy: "read the list of HA groups; it may have been removed",
  });
}
