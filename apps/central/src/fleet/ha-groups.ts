/** LoadMaster HA pairs, shown as one (SPEC CH19): two devices and the address that whichever is active holds. */
import { sha256Hex } from "@tandem/base/digest";
import type { DeviceStatus } from "@tandem/central-api/devices";
import type {
  HaGroup,
  HaGroupChange,
  HaGroupNew,
  HaGroupRemoved,
  HaGroupWritten,
} from "@tandem/central-api/ha-groups";
import { createRow, deleteRow, type Edit, updateRow } from "@tandem/replica/edits";
import { orRefuse, Refusal, written } from "../refusal.ts";
import type { DevicePoller } from "./device-poller.ts";
import { type KnownDevice, warningsOf } from "./group-recognition.ts";
import { type GroupRow, groupOf, groupRow, groupRows } from "./grouped.ts";
import { smallestAround } from "./network-tree.ts";
import { placedAddress } from "./networks.ts";
import type { SharedRows } from "./shared-rows.ts";
import { devices, haGroupRoles, haGroups, networks } from "./tables.ts";

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
  // One that answers and has neither role takes no part, as a pacified unit.
  const isUnknown = members.some(
    ([, { haRole, lastSeen, error }]) => haRole === "unknown" && (lastSeen === null || error !== null),
  );
  return { active: null, state: isUnknown ? "unknown" : "no active member" };
}

/** By name. */
export function listHaGroups(world: GroupWorld): readonly HaGroup[] {
  return groupRows(world.shared)
    .map((row) => shown(world, row))
    .sort((a, b) => a.name.localeCompare(b.name, "en") || (a.id < b.id ? -1 : 1));
}

export const haGroupById = (world: GroupWorld, id: string): HaGroup =>
  shown(world, knownGroup(world.shared, id));

/** As recognition and warnings look at a device; one that is not there is known by its id. */
export function knownDeviceOf({ shared, poller }: GroupWorld, id: string): KnownDevice {
  const values = shared.row(devices, id)?.values;
  const address = values?.address ?? "";
  return { id, name: values?.name || address || id, address, status: poller.status(id) };
}

/** The list of rows is the same one until a device changes. */
const addressesOfRows = new WeakMap<object, ReadonlySet<string>>();

function deviceAddresses(shared: SharedRows): ReadonlySet<string> {
  const rows = shared.rows(devices);
  const known = addressesOfRows.get(rows) ?? new Set(rows.map(({ values }) => values.address));
  addressesOfRows.set(rows, known);
  return known;
}

function shown(world: GroupWorld, row: GroupRow): HaGroup {
  const { shared } = world;
  const { id, name, sharedAddress, members, origin } = row.values;
  const cidrs = shared.rows(networks).map(({ key }) => key);
  const [a, b] = members.map((member) => knownDeviceOf(world, member)) as [KnownDevice, KnownDevice];
  const { active, state } = groupState([
    [a.id, a.status],
    [b.id, b.status],
  ]);
  const role = shared.row(haGroupRoles, id)?.values;
  const said = [a, b].find((member) => member.id === active)?.status.pair?.activeSince ?? null;
  return {
    id,
    name,
    sharedAddress,
    members: [...members],
    network: smallestAround(cidrs, sharedAddress),
    active,
    state,
    origin,
    activeSince: active === null ? null : (said ?? (role?.active === active ? role.since : null)),
    warnings: [...warningsOf(a, b, sharedAddress, (address) => deviceAddresses(shared).has(address))],
    roleChanges: [...(role?.changes ?? [])],
    tag: row.tag,
  };
}

export async function addHaGroup(
  world: GroupWorld,
  wanted: HaGroupNew,
  author: string,
): Promise<HaGroupWritten> {
  const { shared } = world;
  const { name, members } = wanted;
  const existing = formedByUnits(shared, wanted);
  if (existing) return changeHaGroup(world, existing.key, { name }, undefined, author);
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
  const id = groupId(shared, members);
  const values = { id, name, sharedAddress, members: [...members] };
  const acknowledged = written(
    await shared.write([createRow(haGroups, values)], author, `HA group ${name} added`),
  );
  return { ...shown(world, knownGroup(shared, id)), acknowledged };
}

/** Both units of Central grouping the same two devices is no conflict; the smallest number not in use. */
export function groupId(shared: Pick<SharedRows, "row">, members: readonly string[]): string {
  for (let n = 0; ; n += 1) {
    const id = sha256Hex(`ha group ${[...members].sort().join(" ")}${n === 0 ? "" : ` ${n}`}`).slice(0, 16);
    if (shared.row(haGroups, id) === undefined) return id;
  }
}

/** The units may have been faster than the operator, who then gives the group its name. */
function formedByUnits(shared: SharedRows, { members, sharedAddress }: HaGroupNew): GroupRow | undefined {
  const [first = "", second = ""] = members;
  const group = groupOf(shared, first);
  return first !== second &&
    group?.values.members.includes(second) &&
    group.values.origin === "units" &&
    group.values.sharedAddress === sharedAddress
    ? group
    : undefined;
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
  const group = groupOf(shared, member);
  if (group)
    throw new Refusal(409, {
      code: "device-in-group",
      field,
      value: member,
      message: `this device belongs to the HA group "${group.values.name}" already`,
      remedy: "remove that group first",
    });
}

export async function changeHaGroup(
  world: GroupWorld,
  id: string,
  change: HaGroupChange,
  tag: string | undefined,
  author: string,
): Promise<HaGroupWritten> {
  const { shared } = world;
  const { name } = knownGroup(shared, id).values;
  const acknowledged = written(
    await shared.write([updateRow(haGroups, id, change, tag)], author, `HA group ${name} changed`),
  );
  return { ...shown(world, knownGroup(shared, id)), acknowledged };
}

/** The members stay in the tree. What the units say of themselves is ended there: here it would form again at once. */
export async function removeHaGroup(
  { shared }: GroupWorld,
  id: string,
  tag: string | undefined,
  author: string,
): Promise<HaGroupRemoved> {
  const { name, origin } = knownGroup(shared, id).values;
  if (origin === "units")
    throw new Refusal(409, {
      code: "ha-group-of-units",
      field: "id",
      value: id,
      message: `the units of "${name}" say that they are a pair`,
      remedy: "end the pair on its units, and the group ends by itself; or remove one of the devices",
    });
  const acknowledged = written(
    await shared.write(removalOf(shared, id, tag), author, `HA group ${name} removed`),
  );
  return { id, acknowledged };
}

/** With what is known of its roles. */
export const removalOf = (shared: Pick<SharedRows, "row">, id: string, tag?: string): readonly Edit[] => [
  deleteRow(haGroups, id, tag),
  ...(shared.row(haGroupRoles, id) === undefined ? [] : [deleteRow(haGroupRoles, id)]),
];

export function knownGroup(shared: SharedRows, id: string): GroupRow {
  const row = groupRow(shared, id);
  if (row) return row;
  throw new Refusal(404, {
    code: "ha-group-unknown",
    field: "id",
    value: id,
    message: `there is no HA group "${id}"`,
    remedy: "read the list of HA groups; it may have been removed",
  });
}
