/** Devices of the tree (SPEC CE1): added only after they have been contacted, and contacted from then on. */
import { sha256Hex } from "@tandem/base/digest";
import type { FieldError } from "@tandem/base/result";
import type {
  Device,
  DeviceChange,
  DeviceNew,
  DeviceRemoved,
  DeviceWritten,
} from "@tandem/central-api/devices";
import { createRow, deleteRow, updateRow } from "@tandem/replica/edits";
import type { RowView } from "@tandem/replica/rows";
import { orRefuse, Refusal, written } from "../refusal.ts";
import { deviceSyslog } from "../syslog/tables.ts";
import { type Answered, type ContactDevice, contactFault, type DeviceTarget } from "./device-contact.ts";
import type { DevicePoller } from "./device-poller.ts";
import { whyInNoGroup } from "./group-recognition.ts";
import { groupOf } from "./grouped.ts";
import { knownDeviceOf, removalOf } from "./ha-groups.ts";
import { smallestAround } from "./network-tree.ts";
import { placedAddress } from "./networks.ts";
import type { SharedRows } from "./shared-rows.ts";
import { devices, networks } from "./tables.ts";

export const deviceApiPortDefault = 443;

export type DeviceRow = RowView<(typeof devices)["columns"]>;
export type DeviceWorld = {
  readonly shared: SharedRows;
  readonly poller: DevicePoller;
  readonly contact: ContactDevice;
  /** Undoes on a device what adding it changed there, and then calls `remove`. */
  readonly aroundRemoval?: <Value>(row: DeviceRow, remove: () => Promise<Value>) => Promise<Value>;
};

export const targetOf = ({ values }: DeviceRow): DeviceTarget => ({
  address: values.address,
  port: values.port,
  user: values.user,
  password: values.password,
  fingerprint: values.certificateFingerprint,
});

/** By address, then port. The password stays here. */
export function listDevices(world: DeviceWorld): readonly Device[] {
  return world.shared
    .rows(devices)
    .map((row) => shown(world, row))
    .sort((a, b) => a.address.localeCompare(b.address, "en", { numeric: true }) || a.port - b.port);
}

function shown(world: DeviceWorld, row: DeviceRow): Device {
  const { shared, poller } = world;
  const { id, name, kind, address, port, user, certificateFingerprint } = row.values;
  const cidrs = shared.rows(networks).map(({ key }) => key);
  const group = groupOf(shared, id);
  return {
    id,
    name,
    kind,
    address,
    port,
    user,
    certificateFingerprint,
    network: smallestAround(cidrs, address),
    haGroup: group?.key ?? null,
    problems: [
      ...[shared.row(deviceSyslog, id)?.values.problem ?? ""].filter((problem) => problem !== ""),
      ...(group ? [] : pairProblems(world, id)),
    ],
    status: poller.status(id),
    tag: row.tag,
  };
}

/** Why one that says it is of a pair is in no group. */
function pairProblems(world: DeviceWorld, id: string): readonly string[] {
  const device = knownDeviceOf(world, id);
  if (!device.status.pair) return [];
  const others = world.shared.rows(devices).map(({ key }) => knownDeviceOf(world, key));
  return whyInNoGroup(device, others);
}

export async function addDevice(
  world: DeviceWorld,
  wanted: DeviceNew,
  author: string,
): Promise<DeviceWritten> {
  const { shared, poller } = world;
  const address = orRefuse(placedAddress(shared, "address", wanted.address));
  const port = wanted.port ?? deviceApiPortDefault;
  refuseSameEndpoint(shared, address, port, null);
  const { user, password } = wanted;
  const answered = await reach(world, {
    address,
    port,
    user,
    password,
    fingerprint: wanted.certificateFingerprint,
  });
  const id = freeId(shared, address, port, answered.fingerprint);
  const values = {
    id,
    name: wanted.name ?? answered.name ?? address,
    address,
    port,
    user,
    password,
    certificateFingerprint: answered.fingerprint,
  };
  // Contacting took a while: meanwhile somebody may have added the same device.
  refuseSameEndpoint(shared, address, port, null);
  const writing = shared.write(
    [createRow(devices, values)],
    author,
    `device ${values.name} (${address}) added`,
  );
  const acknowledged = written(await writing);
  poller.note(id, answered);
  return { ...shown(world, knownDevice(shared, id)), acknowledged };
}

/** What says how to reach the device is tried before it is stored. */
export async function changeDevice(
  world: DeviceWorld,
  id: string,
  change: DeviceChange,
  tag: string | undefined,
  author: string,
): Promise<DeviceWritten> {
  const { shared, poller } = world;
  const before = knownDevice(shared, id);
  const target = { ...targetOf(before), ...definedOf(change) };
  if (change.address !== undefined) orRefuse(placedAddress(shared, "address", change.address));
  if (change.address !== undefined || change.port !== undefined)
    refuseSameEndpoint(shared, target.address, target.port, id);
  const isReachedAnew = Object.keys(change).some((field) => field !== "name");
  const answered = isReachedAnew
    ? await reach(world, { ...target, fingerprint: change.certificateFingerprint ?? target.fingerprint })
    : null;
  const edit = updateRow(devices, id, change, tag);
  const acknowledged = written(
    await shared.write([edit], author, `device ${before.values.name || id} changed`),
  );
  if (answered) poller.note(id, answered);
  return { ...shown(world, knownDevice(shared, id)), acknowledged };
}

const definedOf = ({ address, port, user, password }: DeviceChange): Partial<DeviceTarget> =>
  Object.fromEntries(
    Object.entries({ address, port, user, password }).filter(([, value]) => value !== undefined),
  );

export async function removeDevice(
  { shared, aroundRemoval }: DeviceWorld,
  id: string,
  tag: string | undefined,
  author: string,
): Promise<DeviceRemoved> {
  const row = knownDevice(shared, id);
  const group = groupOf(shared, id);
  // One that the units form goes with the device; it would form again if it alone were removed.
  if (group && group.values.origin !== "units")
    throw new Refusal(409, {
      code: "device-in-group",
      field: "id",
      value: id,
      message: `${row.values.name || id} belongs to the HA group "${group.values.name}"`,
      remedy: "remove the group first",
    });
  const remove = () => {
    const alone = shared.row(deviceSyslog, id) === undefined ? [] : [deleteRow(deviceSyslog, id)];
    const edits = [deleteRow(devices, id, tag), ...alone, ...(group ? removalOf(shared, group.key) : [])];
    return shared.write(edits, author, `device ${row.values.name || id} removed`);
  };
  // What will be refused must change nothing on the device.
  const isRefused = tag !== undefined && tag !== row.tag;
  const acknowledged = written(await (isRefused || !aroundRemoval ? remove() : aroundRemoval(row, remove)));
  return { id, acknowledged };
}

async function reach(world: DeviceWorld, target: DeviceTarget): Promise<Answered> {
  const answer = await world.contact(target);
  if (answer.ok) return answer.value;
  throw new Refusal(400, contactFault(target, answer.error));
}

/** Derived from where and as what the device was first seen, so that both units adding it agree; the smallest number not in use. */
export function freeId(shared: SharedRows, address: string, port: number, fingerprint: string): string {
  for (let n = 0; ; n += 1) {
    const id = sha256Hex(`device ${address}:${port} ${fingerprint} ${n}`).slice(0, 16);
    if (shared.row(devices, id) === undefined) return id;
  }
}

function refuseSameEndpoint(shared: SharedRows, address: string, port: number, except: string | null): void {
  const same = shared
    .rows(devices)
    .find(({ key, values }) => key !== except && values.address === address && values.port === port);
  if (same === undefined) return;
  const fault: FieldError = {
    code: "device-exists",
    field: "address",
    value: address,
    message: `${same.values.name || same.key} at ${address}:${port} is already in the tree`,
    remedy: "change the existing one, or give another address or port",
  };
  throw new Refusal(409, fault);
}

export function knownDevice(shared: SharedRows, id: string): DeviceRow {
  const row = shared.row(devices, id);
  if (row) return row;
  throw new Refusal(404, {
    code: "device-unknown",
    field: "id",
    value: id,
    message: `there is no device "${id}"`,
    remedy: "read the list of devices; it may have been removed",
  });
}
