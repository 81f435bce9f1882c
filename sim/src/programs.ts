/** What runs on a Central beside its pair: the production schedule, over this simulator's devices. */
import { FileTransfer } from "@tandem/central/files/file-transfer";
import { snapshots } from "@tandem/central/files/tables";
import { devices } from "@tandem/central/fleet/tables";
import type { HighAvailability } from "@tandem/central/ha/shell";
import { snapshotsIn } from "@tandem/central/schedule/kept-snapshots";
import { Schedule } from "@tandem/central/schedule/shell";
import { runs, scheduledActions } from "@tandem/central/schedule/tables";
import { Statistics } from "@tandem/central/stats/shell";
import { createRow, type Edit } from "@tandem/replica/edits";
import { type MemoryFileDisk, openMemoryFileStore } from "@tandem/storage/memory-file-store";
import { openStatisticsMemory, type StatisticsMemory } from "@tandem/storage/statistics-store-memory";
import type { BackupRun, KeptCopy } from "./checkers/kept-files.ts";
import type { LoadMaster } from "./load-master.ts";
import type { Process } from "./machine.ts";
import type { PolledDevice } from "./polled-device.ts";

export const actionId = "c".repeat(16);
/** Every 40 minutes of the hour and at its beginning. */
const cron = "*/40 * * * *";
const backupId = "9".repeat(16);
const backupCron = "20 * * * *";

export function startSchedule(
  ha: HighAvailability,
  process: Process,
  loadMaster: LoadMaster,
  files: MemoryFileDisk,
  said: (message: string) => void,
): Schedule {
  return new Schedule({
    world: process.world,
    pair: ha,
    devices: {
      perform: (_device, kind, fence) => loadMaster.perform(process, kind, fence),
      remembersRuns: async () => true,
    },
    snapshots: snapshotsIn(openMemoryFileStore(files), ha),
    observe: ({ message }) => said(message),
  });
}

/** The files of snapshots, on their way to the unit that lacks them. */
export function startFiles(ha: HighAvailability, process: Process, files: MemoryFileDisk): void {
  const transfer = new FileTransfer({
    world: process.world,
    store: openMemoryFileStore(files),
    openChannel: (ports) => ha.channel("files", ports),
    named: () => new Map(ha.rows(snapshots).map(({ values }) => [values.digest, values.size] as const)),
    observe: () => undefined,
  });
  ha.onChange((what) => {
    if (what === "data") transfer.follow();
  });
}

export const copiesOf = (ha: HighAvailability): readonly KeptCopy[] =>
  ha.rows(snapshots).map(({ values }) => ({ run: values.runId, digest: values.digest }));
export const backupRunsOf = (ha: HighAvailability): readonly BackupRun[] =>
  ha
    .rows(runs)
    .filter(({ values }) => values.kind === "backup")
    .map(({ values }) => ({ run: values.run, state: values.state, digest: values.evidence?.digest }));

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
  hasBackups: boolean,
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
  const actions = [
    { id: actionId, kind: "reboot" as const, cron },
    ...(hasBackups ? [{ id: backupId, kind: "backup" as const, cron: backupCron }] : []),
  ];
  for (const action of hasSchedule ? actions : [])
    if (ha.row(scheduledActions, action.id) === undefined)
      edits.push(
        createRow(scheduledActions, {
          id: action.id,
          name: action.kind,
          kind: action.kind,
          devices: [{ id: loadMaster.id, since: wall }],
          when: { kind: "cron", cron: action.cron, timeZone: "UTC" },
          whenSince: wall,
          author: "admin",
        }),
      );
  return edits;
}
