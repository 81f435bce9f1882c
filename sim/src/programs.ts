/** What runs on a Central beside its pair: the production schedule, over this simulator's devices. */
import { err } from "@tandem/base/result";
import { devices } from "@tandem/central/fleet/tables";
import type { HighAvailability } from "@tandem/central/ha/shell";
import { Schedule } from "@tandem/central/schedule/shell";
import { scheduledActions } from "@tandem/central/schedule/tables";
import { Statistics } from "@tandem/central/stats/shell";
import { createRow, type Edit } from "@tandem/replica/edits";
import { openStatisticsMemory, type StatisticsMemory } from "@tandem/storage/statistics-store-memory";
import type { LoadMaster } from "./load-master.ts";
import type { Process } from "./machine.ts";
import type { PolledDevice } from "./polled-device.ts";

export const actionId = "c".repeat(16);
/** Every 40 minutes of the hour and at its beginning. */
const cron = "*/40 * * * *";

export function startSchedule(
  ha: HighAvailability,
  process: Process,
  loadMaster: LoadMaster,
  said: (message: string) => void,
): Schedule {
  return new Schedule({
    world: process.world,
    pair: ha,
    devices: {
      perform: (_device, kind, fence) => loadMaster.perform(process, kind, fence),
      remembersRuns: async () => true,
    },
    snapshots: {
      find: () => undefined,
      keep: () =>
        err({ code: "no-files", field: "", message: "this unit keeps no files", remedy: "run no backups" }),
    },
    observe: ({ message }) => said(message),
  });
}

/** `polls`: called when this unit asks the device. */
export function startStatistics(
  ha: HighAvailability,
  process: Process,
  memory: StatisticsMemory,
  device: PolledDevice,
  polls: () => void,
): Statistics<PolledDevice> {
  return new Statistics({
    world: process.world,
    store: openStatisticsMemory(memory),
    pair: ha,
    devices: () => [{ id: device.id, target: device }],
    fetch: () => {
      polls();
      return device.fetch(process);
    },
    observe: () => undefined,
  });
}

/** The device and, if the unit's program has a schedule, the action on it, where a unit does not have them yet. */
export function actionEdits(
  ha: HighAvailability,
  loadMaster: LoadMaster,
  wall: number,
  hasSchedule: boolean,
): readonly Edit[] {
  const edits: Edit[] = [];
  if (ha.row(devices, loadMaster.id) === undefined)
    edits.push(
      createRow(devices, {
        id: loadMaster.id,
        name: "lm1",
        address: "10.1.0.50",
        port: 443,
        user: "bal",
        password: "secret",
        certificateFingerprint: "f".repeat(64),
      }),
    );
  if (hasSchedule && ha.row(scheduledActions, actionId) === undefined)
    edits.push(
      createRow(scheduledActions, {
        id: actionId,
        name: "reboot",
        kind: "reboot",
        devices: [{ id: loadMaster.id, since: wall }],
        when: { kind: "cron", cron, timeZone: "UTC" },
        whenSince: wall,
        author: "admin",
      }),
    );
  return edits;
}
