/**
 * Where a call goes that is addressed to a device or to an HA group (SPEC CH19, LH6). A group is called at its shared
 * address, with the certificate and credentials of the member that is active. When another unit answers there, the role
 * has moved since it was last seen: the certificate tells before anything is said, so the call is made to that unit
 * instead, and nothing can be carried out twice.
 */
import type { Result } from "@tandem/base/result";
import type { CallError } from "@tandem/loadmaster-api/client";
import { Refusal } from "../refusal.ts";
import type { DeviceTarget } from "./device-contact.ts";
import type { DevicePoller } from "./device-poller.ts";
import { type DeviceRow, knownDevice, targetOf } from "./devices.ts";
import { type GroupRow, groupOf, groupRow } from "./grouped.ts";
import { groupState } from "./ha-groups.ts";
import type { SharedRows } from "./shared-rows.ts";
import { devices } from "./tables.ts";

type Fleet = { readonly shared: SharedRows; readonly poller: DevicePoller };

export type CallTarget = {
  /** In the order in which they are tried. */
  readonly targets: readonly DeviceTarget[];
  readonly group: GroupRow | undefined;
};

/** Undefined: there is neither a device nor a group with that id. */
export function callTarget(fleet: Fleet, id: string): CallTarget | undefined {
  const group = groupRow(fleet.shared, id);
  if (group) return { targets: groupTargets(fleet, group), group };
  const row = fleet.shared.row(devices, id);
  return row && { targets: [targetOf(row)], group: undefined };
}

function groupTargets({ shared, poller }: Fleet, { values }: GroupRow): readonly DeviceTarget[] {
  const { active } = groupState(values.members.map((member) => [member, poller.status(member)]));
  const inOrder = [...values.members].sort((a, b) => Number(b === active) - Number(a === active));
  return inOrder.flatMap((member): DeviceTarget[] => {
    const row: DeviceRow | undefined = shared.row(devices, member);
    return row ? [{ ...targetOf(row), address: values.sharedAddress }] : [];
  });
}

/** For what a pair has in common: a member stands for its group. 404 when there is neither a device nor a group. */
export function sharedTarget(fleet: Fleet, id: string): CallTarget {
  const group = groupRow(fleet.shared, id) ?? groupOf(fleet.shared, id);
  const target = callTarget(fleet, group?.key ?? id);
  if (target) return target;
  knownDevice(fleet.shared, id);
  return { targets: [], group: undefined };
}

/** What a pair has in common is not changed through one of its members. */
export function refuseMember({ shared }: Fleet, id: string): void {
  const group = groupOf(shared, id);
  if (group === undefined) return;
  const { name, sharedAddress } = group.values;
  throw new Refusal(409, {
    code: "device-in-group",
    field: "id",
    value: id,
    message: `${knownDevice(shared, id).values.name || id} is a member of the HA group "${name}", whose services are those of both units`,
    remedy: `change them through the group ${group.key}, which is configured at ${sharedAddress} by whichever unit is active`,
  });
}

/** Makes the call at the first of the targets that is the unit it takes it for. */
export async function callThrough<Value>(
  { poller }: Fleet,
  { targets, group }: CallTarget,
  call: (target: DeviceTarget) => Promise<Result<Value, CallError>>,
): Promise<{ readonly target: DeviceTarget; readonly answer: Result<Value, CallError> }> {
  const [first, ...others] = targets;
  if (first === undefined) throw new Error("an HA group has members");
  let made = { target: first, answer: await call(first) };
  for (const target of others) {
    if (made.answer.ok || made.answer.error.kind !== "wrong-certificate") break;
    for (const member of group?.values.members ?? []) poller.contactNow(member);
    made = { target, answer: await call(target) };
  }
  return made;
}
