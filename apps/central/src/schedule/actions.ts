/** Scheduled actions as the API has them (SPEC CH9). */
import type { WallMillis } from "@tandem/base/time";
import type { World } from "@tandem/base/world";
import type {
  ActionWhen,
  RunsBegun,
  ScheduledAction,
  ScheduledActionChange,
  ScheduledActionNew,
  ScheduledActionRemoved,
  ScheduledActionWritten,
} from "@tandem/central-api/schedule";
import { createRow, deleteRow, updateRow } from "@tandem/replica/edits";
import { readWhen, type When } from "@tandem/schedule/when";
import type { SharedRows } from "../fleet/shared-rows.ts";
import { devices, haGroups } from "../fleet/tables.ts";
import { orRefuse, Refusal, written } from "../refusal.ts";
import type { Run } from "./run-ledger.ts";
import { momentOf } from "./run-list.ts";
import type { Schedule } from "./shell.ts";
import { type ActionKind, type ActionRow, scheduledActions } from "./tables.ts";

export type ActionsWorld = {
  readonly shared: SharedRows;
  readonly schedule: Schedule;
  readonly world: World;
};

/** By name. */
export function listActions(here: ActionsWorld): readonly ScheduledAction[] {
  const last = new Map<string, Run>();
  for (const run of here.schedule.ledger.runs()) {
    const { action, due } = run.standing.values;
    if ((last.get(action)?.standing.values.due ?? -1) < due) last.set(action, run);
  }
  return here.shared
    .rows(scheduledActions)
    .map((row) => shown(here, row, last.get(row.key)))
    .sort((a, b) => a.name.localeCompare(b.name, "en") || (a.id < b.id ? -1 : 1));
}

function shown({ schedule }: ActionsWorld, row: ActionRow, last: Run | undefined): ScheduledAction {
  const { id, name, kind, when, missedRule, ifUnknown, enabled, author } = row.values;
  return {
    id,
    name,
    kind,
    devices: row.values.devices.map((device) => device.id),
    when: asGiven(when),
    missedRule,
    ifUnknown,
    enabled,
    author,
    nextDue: momentOf(schedule.nextDue(row)),
    lastRun: last
      ? {
          id: last.id,
          device: last.standing.values.device,
          state: last.standing.values.state,
          due: new Date(last.standing.values.due).toISOString(),
        }
      : null,
    tag: row.tag,
  };
}

const asGiven = (when: When): ActionWhen =>
  when.kind === "once"
    ? { once: when.at, timeZone: when.timeZone }
    : { cron: when.cron, timeZone: when.timeZone };

export async function addAction(
  here: ActionsWorld,
  wanted: ScheduledActionNew,
  author: string,
): Promise<ScheduledActionWritten> {
  const { shared, world } = here;
  const now = world.wall();
  const when = orRefuse(readWhen("when", wanted.when, now));
  const values = {
    id: world.randomHex(8),
    name: wanted.name,
    kind: wanted.kind,
    devices: listed(shared, wanted.kind, wanted.devices, [], now),
    when,
    whenSince: now,
    missedRule: wanted.missedRule ?? "run once late",
    ifUnknown: wanted.ifUnknown ?? "leave it to the operator",
    enabled: wanted.enabled ?? true,
    author,
  } as const;
  const acknowledged = written(
    await shared.write(
      [createRow(scheduledActions, values)],
      author,
      `scheduled action ${wanted.name} added`,
    ),
  );
  return { ...shownNow(here, values.id), acknowledged };
}

export async function changeAction(
  here: ActionsWorld,
  id: string,
  change: ScheduledActionChange,
  tag: string | undefined,
  author: string,
): Promise<ScheduledActionWritten> {
  const { shared, world } = here;
  const before = knownAction(shared, id);
  const now = world.wall();
  const { name, kind, missedRule, ifUnknown, enabled } = change;
  // Another kind may not be for all that are listed.
  const devicesWanted =
    change.devices ?? (kind === undefined ? undefined : before.values.devices.map(({ id: each }) => each));
  const when = change.when && orRefuse(readWhen("when", change.when, now));
  const edit = updateRow(
    scheduledActions,
    id,
    {
      ...(name !== undefined && { name }),
      ...(kind !== undefined && { kind }),
      ...(missedRule !== undefined && { missedRule }),
      ...(ifUnknown !== undefined && { ifUnknown }),
      ...(when !== undefined && { when, whenSince: now }),
      ...(devicesWanted && {
        devices: listed(shared, kind ?? before.values.kind, devicesWanted, before.values.devices, now),
      }),
      // Switching on anew looks no further back than now.
      ...(enabled !== undefined && enabled !== before.values.enabled && { enabled, enabledSince: now }),
    },
    tag,
  );
  const acknowledged = written(
    await shared.write([edit], author, `scheduled action ${before.values.name} changed`),
  );
  return { ...shownNow(here, id), acknowledged };
}

export async function removeAction(
  { shared }: ActionsWorld,
  id: string,
  tag: string | undefined,
  author: string,
): Promise<ScheduledActionRemoved> {
  const { name } = knownAction(shared, id).values;
  const acknowledged = written(
    await shared.write([deleteRow(scheduledActions, id, tag)], author, `scheduled action ${name} removed`),
  );
  return { id, acknowledged };
}

/** On whichever unit is asked, also on the Slave and in a cut (SPEC CH2, CH22). */
export async function runActionNow(
  { shared, schedule }: ActionsWorld,
  id: string,
  author: string,
): Promise<RunsBegun> {
  const action = knownAction(shared, id);
  const { ids, edits } = schedule.runsByHand(action, author);
  if (ids.length === 0)
    throw new Refusal(409, {
      code: "no-devices",
      field: "devices",
      message: `none of the devices of "${action.values.name}" is in the tree any more`,
      remedy: "give the action other devices",
    });
  const acknowledged = written(await shared.write(edits, author, `${action.values.name} run by hand`));
  return { runs: [...ids], acknowledged };
}

const shownNow = (here: ActionsWorld, id: string): ScheduledAction => {
  const row = knownAction(here.shared, id);
  return listActions(here).find((action) => action.id === id) ?? shown(here, row, undefined);
};

/** The devices with since when each has been listed, or the refusal of one that is unknown or named twice. */
function listed(
  shared: SharedRows,
  kind: ActionKind,
  ids: readonly string[],
  before: ActionRow["values"]["devices"],
  now: WallMillis,
): { id: string; since: WallMillis }[] {
  const faults = ids.flatMap((id, index) => {
    const field = `devices/${index}`;
    if (ids.indexOf(id) !== index)
      return [
        {
          code: "device-twice",
          field,
          value: id,
          message: `the device "${id}" is named twice`,
          remedy: "name it once",
        },
      ];
    if (shared.row(devices, id) !== undefined) return [];
    if (shared.row(haGroups, id) !== undefined) return kind === "backup" ? [] : [ofOneUnit(field, id, kind)];
    return [
      {
        code: "device-unknown",
        field,
        value: id,
        message: `there is no device "${id}"`,
        remedy: "give the id of a device in the tree",
      },
    ];
  });
  if (faults.length > 0) throw new Refusal(400, ...faults);
  const since = new Map(before.map((device) => [device.id, device.since]));
  return ids.map((id) => ({ id, since: since.get(id) ?? now }));
}

/** What is done to a machine is not done to whichever of two is active at the moment. */
const ofOneUnit = (field: string, id: string, kind: ActionKind) => ({
  code: "of-one-unit",
  field,
  value: id,
  message: `a ${kind} is of one unit, and "${id}" is an HA group`,
  remedy: "give the unit that is meant, or an action of its own for each of both",
});

function knownAction(shared: SharedRows, id: string): ActionRow {
  const row = shared.row(scheduledActions, id);
  if (row) return row;
  throw new Refusal(404, {
    code: "scheduled-action-unknown",
    field: "id",
    value: id,
    message: `there is no scheduled action "${id}"`,
    remedy: "read the list of scheduled actions; it may have been removed",
  });
}
