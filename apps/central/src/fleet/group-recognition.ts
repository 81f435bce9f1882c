/**
 * Which devices are pairs, by what they say of themselves (SPEC CH19). Two form a group when each names the other as
 * its partner, one is HA1 and the other HA2, and virtual id and shared address are equal. The answer depends on the rows
 * and on what was said alone, not on who asks or in which order. Pure.
 */
import type { DeviceStatus, PairOfDevice } from "@tandem/central-api/devices";
import { type GroupRow, groupOrder } from "./grouped.ts";

export type KnownDevice = {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly status: DeviceStatus;
};

/** Two devices that agree to be a pair, HA1 first. */
export type Pair = { readonly members: readonly [KnownDevice, KnownDevice]; readonly sharedAddress: string };

/** What has to be written so that the groups are what the units say. */
export type GroupProposal =
  | { readonly kind: "form"; readonly pair: Pair }
  | { readonly kind: "change"; readonly group: GroupRow; readonly pair: Pair }
  | { readonly kind: "end"; readonly group: GroupRow; readonly reason: string };

/** Names and addresses that one sentence lists. */
const listedMax = 4;
const listed = (addresses: readonly string[]): string =>
  addresses.length === 0 ? "nobody" : addresses.slice(0, listedMax).join(", ");
const addressesOf = ({ address, status: { pair } }: KnownDevice): readonly string[] => [
  address,
  ...(pair?.ownAddresses ?? []),
];
const names = (pair: PairOfDevice, other: KnownDevice): boolean =>
  pair.partnerAddresses.some((address) => addressesOf(other).includes(address));
const commonAddress = (one: PairOfDevice, other: PairOfDevice): string | undefined =>
  one.sharedAddresses.find((address) => other.sharedAddresses.includes(address));
/** Who is known by the shared address is seen as whichever unit is active, and is no unit itself. */
const isSharedAddress = ({ address, status: { pair } }: KnownDevice): boolean =>
  pair?.sharedAddresses.includes(address) === true;

/** What keeps two devices from being the pair that each of them may say it is, in words; empty when they agree. */
export function disagreements(a: KnownDevice, b: KnownDevice): readonly string[] {
  const said: string[] = [];
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    const { pair } = one.status;
    if (isSharedAddress(one))
      said.push(`${one.name} is known here by the shared address ${one.address}: give its own address`);
    else if (pair === null) said.push(`${one.name} says that it is a single unit`);
    else if (pair && !names(pair, other))
      said.push(`${one.name} names ${listed(pair.partnerAddresses)} as its partner, not ${other.name}`);
  }
  const [first, second] = [a.status.pair, b.status.pair];
  if (!first || !second) return said;
  if (first.unit === second.unit) said.push(`${a.name} and ${b.name} both say that they are ${first.unit}`);
  if (first.virtualId !== second.virtualId)
    said.push(`their HA Virtual IDs differ: ${a.name} has ${first.virtualId}, ${b.name} ${second.virtualId}`);
  if (commonAddress(first, second) === undefined)
    said.push(
      `their shared addresses differ: ${a.name} has ${listed(first.sharedAddresses)}, ${b.name} ${listed(second.sharedAddresses)}`,
    );
  return said;
}

const agreed = (a: KnownDevice, b: KnownDevice): Pair | null => {
  const [first, second] = [a.status.pair, b.status.pair];
  if (!first || !second || disagreements(a, b).length > 0) return null;
  const sharedAddress = commonAddress(first, second) ?? "";
  return { members: first.unit === "HA1" ? [a, b] : [b, a], sharedAddress };
};

/** By the ids of devices, so that of several pairs that one device could be in the choice is always the same. */
export function agreedPairs(devices: readonly KnownDevice[]): readonly Pair[] {
  const paired = devices.filter(({ status }) => status.pair).sort((a, b) => (a.id < b.id ? -1 : 1));
  const byAddress = new Map<string, KnownDevice[]>();
  for (const device of paired)
    for (const address of new Set(addressesOf(device))) {
      const there = byAddress.get(address) ?? [];
      there.push(device);
      byAddress.set(address, there);
    }
  const taken = new Set<string>();
  const pairs: Pair[] = [];
  for (const device of paired) {
    if (taken.has(device.id)) continue;
    const named = new Set(
      (device.status.pair?.partnerAddresses ?? []).flatMap((address) => byAddress.get(address) ?? []),
    );
    const candidates = [...named]
      .filter(({ id }) => id !== device.id && !taken.has(id))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    for (const candidate of candidates) {
      const pair = agreed(device, candidate);
      if (pair === null) continue;
      pairs.push(pair);
      for (const { id } of pair.members) taken.add(id);
      break;
    }
  }
  return pairs;
}

const sameMembers = (members: readonly string[], { members: [a, b] }: Pair): boolean =>
  members.length === 2 && members.includes(a.id) && members.includes(b.id);

/** `rows` are all there are, those that do not count for now among them. */
export function recognise(
  devices: readonly KnownDevice[],
  rows: readonly GroupRow[],
): readonly GroupProposal[] {
  const byId = new Map(devices.map((device) => [device.id, device]));
  const proposals: GroupProposal[] = [];
  const settled = new Set<string>();
  const inOrder = [...rows].sort(groupOrder);
  for (const pair of agreedPairs(devices)) {
    const ids = pair.members.map(({ id }) => id);
    const concerned = inOrder.filter(
      ({ key, values }) => !settled.has(key) && values.members.some((member) => ids.includes(member)),
    );
    // A group keeps its id when one of its members is replaced: what refers to the group stays right.
    const group =
      concerned.find(({ values }) => sameMembers(values.members, pair)) ??
      concerned.find(({ values }) => values.origin === "units") ??
      concerned[0];
    if (group === undefined) proposals.push({ kind: "form", pair });
    else if (!isAs(group, pair)) proposals.push({ kind: "change", group, pair });
    if (group) settled.add(group.key);
    for (const other of concerned) {
      settled.add(other.key);
      if (other !== group)
        proposals.push({
          kind: "end",
          group: other,
          reason: `${pair.members[0].name} and ${pair.members[1].name} say that they are a pair`,
        });
    }
  }
  for (const group of inOrder) {
    if (settled.has(group.key)) continue;
    const reason = reasonToEnd(group, byId);
    if (reason !== null) proposals.push({ kind: "end", group, reason });
  }
  return proposals;
}

const isAs = ({ values }: GroupRow, { members, sharedAddress }: Pair): boolean =>
  values.origin === "units" &&
  values.sharedAddress === sharedAddress &&
  members.every(({ id }, index) => values.members[index] === id);

/** A group made by an operator stays until an operator removes it, or its units say what they are. */
function reasonToEnd(
  { values: { members, origin } }: GroupRow,
  byId: ReadonlyMap<string, KnownDevice>,
): string | null {
  const gone = members.filter((member) => !byId.has(member));
  if (gone.length > 0) return "one of its members is not a device any more";
  if (origin !== "units") return null;
  const known = members.flatMap((member) => byId.get(member) ?? []);
  const single = known.filter(({ status }) => status.pair === null);
  const isOver = known.every(({ status }) => status.pair === null || isSilent(status));
  // One that says so while the other still says that they are a pair is on its way, or wrong: a warning tells.
  return single.length > 0 && isOver
    ? `${single.map(({ name }) => name).join(" and ")} ${single.length === 1 ? "says that it is a single unit, and the other does not answer" : "say that they are single units"}`
    : null;
}

const isSilent = ({ failedAttempts }: DeviceStatus): boolean => failedAttempts > 0;

/** What keeps the members of a group from being a sound pair. `sharedAddress` is what the group has. */
export function warningsOf(
  a: KnownDevice,
  b: KnownDevice,
  sharedAddress: string,
  isDevice: (address: string) => boolean,
): readonly string[] {
  const warnings: string[] = [];
  const roles = [a, b].map(({ status }) => status.haRole);
  if (roles.every((role) => role === "active")) warnings.push("both members say that they are active");
  else if (!roles.includes("active") && !roles.includes("unknown"))
    warnings.push(`no member says that it is active: ${a.name} is ${roles[0]}, ${b.name} is ${roles[1]}`);
  for (const { name, status } of [a, b]) {
    if (status.error !== null) warnings.push(`${name} does not answer: ${status.error}`);
    else if (status.haRole === "unknown" && status.lastSeen !== null)
      warnings.push(`${name} takes no part in HA at present`);
  }
  warnings.push(...disagreements(a, b));
  for (const { name, status } of [a, b]) {
    const { pair } = status;
    if (!pair) continue;
    const unknown = pair.partnerAddresses.find((address) => !isDevice(address));
    if (unknown !== undefined && !pair.partnerAddresses.some(isDevice))
      warnings.push(`the partner that ${name} names, ${unknown}, is no device here`);
    if (!pair.sharedAddresses.includes(sharedAddress))
      warnings.push(
        `${name} says that the shared address is ${listed(pair.sharedAddresses)}, and the group has ${sharedAddress}`,
      );
    if (pair.report !== "" && status.error === null) warnings.push(`${name}: ${pair.report}`);
  }
  return warnings;
}

/** Why a device that says it is of a pair is in no group. */
export function whyInNoGroup(device: KnownDevice, others: readonly KnownDevice[]): readonly string[] {
  const { pair } = device.status;
  if (!pair) return [];
  if (isSharedAddress(device))
    return [
      `${device.address} is the shared address of a pair: add both units by their own addresses instead`,
    ];
  const partner = others.find((other) => other.id !== device.id && names(pair, other));
  if (partner === undefined)
    return [
      `it says that it is ${pair.unit} of a pair with ${listed(pair.partnerAddresses)}, which is no device here: add that unit, and both become a group`,
    ];
  return disagreements(device, partner);
}
