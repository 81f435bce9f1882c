/**
 * Keeps every device sending its syslog to both Centrals (SPEC CH2). Done by the unit that acts, whichever of the two
 * a device was added on. What is about to be changed is on both disks before the device is called, so that either
 * unit can undo it.
 */
import type { Result } from "@tandem/base/result";
import { hour, type Millis, minute, second } from "@tandem/base/time";
import type { Cancel, World } from "@tandem/base/world";
import type { LoadMasterClient } from "@tandem/loadmaster-api/client";
import { createRow, updateRow } from "@tandem/replica/edits";
import type { DeviceTarget } from "../fleet/device-contact.ts";
import { type DeviceRow, targetOf } from "../fleet/devices.ts";
import type { SharedRows } from "../fleet/shared-rows.ts";
import { devices } from "../fleet/tables.ts";
import type { SyslogEvent } from "./collector-messages.ts";
import { type Adopted, adopt, nothingAdopted, sameSettings, undo } from "./device-hosts.ts";
import { deviceSyslog } from "./tables.ts";

/** The part of a LoadMaster's client that is needed here. */
export type SyslogOfDevice = Pick<LoadMasterClient, "getSyslogHosts" | "setSyslogHosts">;

export type DeviceSyslogOptions = {
  readonly world: World;
  readonly shared: SharedRows;
  readonly isActing: () => boolean;
  readonly device: (target: DeviceTarget) => SyslogOfDevice;
  /** What both Centrals are called where the device is; null while it is not known, with the reason. */
  readonly receivers: (deviceAddress: string) => Promise<Result<readonly string[], string>>;
  /** Where the Centrals listen; null while this unit does not know. */
  readonly port: () => number | null;
  /** Whatever else `receivers` depends on, as text: when it changes, devices are looked at anew. */
  readonly basis: () => string;
  readonly onEvent: (event: SyslogEvent) => void;
};

/** Devices worked on at the same time. */
const concurrentMax = 4;
/** Somebody may have changed a device meanwhile. */
const verifyIntervalMs = 1 * hour;
const retryFirstMs = 10 * second;
const retryLastMs = 10 * minute;
/** Changes of rows come in swarms. */
const settleMs = 100;
const portWaitMs = 1 * second;
const problemMaxCharacters = 512;
const author = "central";

type Job = {
  /** What it was done for. */
  key: string;
  /** The row and the surroundings that the key was last taken of. */
  row: DeviceRow | null;
  surroundings: string;
  isRunning: boolean;
  failures: number;
  /** When it is looked at again although nothing has changed. */
  dueAt: Millis;
};

export class DeviceSyslog {
  readonly #options: DeviceSyslogOptions;
  readonly #jobs = new Map<string, Job>();
  readonly #removing = new Set<string>();
  readonly #unfollow: () => void;
  #timer: Cancel = () => {};
  #isSettling = false;
  /** The devices that jobs were last compared with. */
  #rows: readonly DeviceRow[] | null = null;
  #running = 0;
  #isStopped = false;

  constructor(options: DeviceSyslogOptions) {
    this.#options = options;
    this.#unfollow = options.shared.onChange(() => this.#lookSoon());
    this.#lookSoon();
  }

  stop(): void {
    this.#isStopped = true;
    this.#unfollow();
    this.#timer();
  }

  /**
   * Undoes on the device what adding it changed, and removes it then. A device that cannot be reached is removed all the
   * same, and what is left to do by hand is told.
   */
  async aroundRemoval<Value>(row: DeviceRow, remove: () => Promise<Value>): Promise<Value> {
    this.#removing.add(row.key);
    try {
      await this.#undo(row);
      return await remove();
    } finally {
      this.#removing.delete(row.key);
      this.#jobs.delete(row.key);
      this.#lookSoon();
    }
  }

  async #undo(row: DeviceRow): Promise<void> {
    const adopted = this.#adopted(row.key);
    if (adopted.added.length === 0 && adopted.port === null) return;
    const device = this.#options.device(targetOf(row));
    const present = await device.getSyslogHosts();
    let failure = present.ok ? null : present.error;
    if (present.ok) {
      const settings = undo(present.value, adopted);
      const set = sameSettings(settings, present.value) ? null : await device.setSyslogHosts(settings);
      if (set !== null && !set.ok) failure = set.error;
    }
    if (failure !== null)
      this.#options.onEvent({
        severity: "warning",
        code: "syslog-hosts-left",
        message: `${nameOf(row)} is being removed, and still sends its syslog to ${adopted.added.join(" and ")}: ${failure.message}; take these hosts out at the device`,
      });
  }

  #adopted(id: string): Adopted {
    const values = this.#options.shared.row(deviceSyslog, id)?.values;
    return values === undefined ? nothingAdopted : { added: values.added, port: values.port };
  }

  #lookSoon(): void {
    if (this.#isStopped || this.#isSettling) return;
    this.#isSettling = true;
    this.#timer();
    this.#timer = this.#options.world.after(settleMs, () => {
      this.#isSettling = false;
      this.#look();
    });
  }

  #look(): void {
    const { world, shared, isActing, port } = this.#options;
    if (this.#isStopped) return;
    if (!isActing()) {
      this.#jobs.clear();
      return;
    }
    if (port() === null) {
      this.#timer = world.after(portWaitMs, () => this.#look());
      return;
    }
    const now = world.now();
    const rows = shared.rows(devices);
    // The list is the same one until a device changes.
    if (rows !== this.#rows) {
      const known = new Set(rows.map(({ key }) => key));
      for (const id of this.#jobs.keys()) if (!known.has(id)) this.#jobs.delete(id);
      this.#rows = rows;
    }
    let next = now + verifyIntervalMs;
    const surroundings = JSON.stringify([port(), this.#options.basis()]);
    for (const row of rows) {
      let job = this.#jobs.get(row.key);
      if (job === undefined) {
        job = { key: "", row: null, surroundings: "", isRunning: false, failures: 0, dueAt: now };
        this.#jobs.set(row.key, job);
      }
      // A row is the same object until it changes, and this is asked of every device whenever anything has changed.
      const isSame = job.row === row && job.surroundings === surroundings;
      const key = isSame ? job.key : JSON.stringify([targetOf(row), surroundings]);
      if (job.isRunning || this.#removing.has(row.key)) continue;
      if (job.key !== key) Object.assign(job, { failures: 0, dueAt: now });
      if (!isSame) Object.assign(job, { key, row, surroundings });
      if (job.dueAt > now) next = Math.min(next, job.dueAt);
      else if (this.#running < concurrentMax) void this.#run(row, job);
    }
    // A job that ends looks for the next one itself.
    this.#timer();
    this.#timer = world.after(next - now, () => this.#look());
  }

  async #run(row: DeviceRow, job: Job): Promise<void> {
    const { world } = this.#options;
    this.#running += 1;
    job.isRunning = true;
    const problem = await this.#attempt(row).catch((error: Error) => error.message);
    this.#running -= 1;
    job.isRunning = false;
    if (this.#isStopped) return;
    const isFirst = job.failures === 0;
    job.failures = problem === null ? 0 : job.failures + 1;
    const delayMs = Math.min(retryLastMs, retryFirstMs * 2 ** Math.min(job.failures - 1, 10));
    job.dueAt = world.now() + (problem === null ? verifyIntervalMs : delayMs);
    if (problem !== null && isFirst)
      this.#options.onEvent({
        severity: "warning",
        code: "syslog-hosts-not-set",
        message: `${nameOf(row)} could not be made to send its syslog here: ${problem}; it is tried again and again`,
      });
    this.#lookSoon();
  }

  /** The problem in words, or null. */
  async #attempt(row: DeviceRow): Promise<string | null> {
    const { shared, isActing, device, receivers, port } = this.#options;
    const id = row.key;
    const hosts = await receivers(row.values.address);
    const client = device(targetOf(row));
    const present = await client.getSyslogHosts();
    // Asking took a while.
    const wantedPort = port();
    if (this.#isStopped || wantedPort === null || this.#removing.has(id) || !isActing()) return null;
    if (shared.row(devices, id) === undefined) return null;
    const before = this.#adopted(id);
    if (!hosts.ok) return this.#keep(id, before, hosts.error);
    if (!present.ok) return this.#keep(id, before, present.error.message);
    const adopted = adopt(present.value, { hosts: hosts.value, port: wantedPort }, before);
    if (!adopted.ok) return this.#keep(id, before, adopted.error);
    const { settings, adopted: after } = adopted.value;
    const refused = await this.#keep(id, after, null);
    if (refused !== null) return refused;
    if (sameSettings(settings, present.value) || this.#removing.has(id)) return null;
    const set = await client.setSyslogHosts(settings);
    return set.ok ? null : this.#keep(id, after, set.error.message);
  }

  /** Writes down what is, or is about to be, changed, and the problem; answers the problem. */
  async #keep(id: string, { added, port }: Adopted, problem: string | null): Promise<string | null> {
    const { shared } = this.#options;
    const values = { added: [...added], port, problem: (problem ?? "").slice(0, problemMaxCharacters) };
    const row = shared.row(deviceSyslog, id);
    const kept = row && { added: row.values.added, port: row.values.port, problem: row.values.problem };
    if (kept !== undefined && JSON.stringify(kept) === JSON.stringify(values)) return problem;
    const edit =
      row === undefined
        ? createRow(deviceSyslog, { device: id, ...values })
        : updateRow(deviceSyslog, id, values);
    const result = await shared.write([edit], author, "a device's syslog hosts");
    return result.ok ? problem : "what is to be changed could not be written down";
  }
}

const nameOf = ({ key, values }: DeviceRow): string => values.name || key;
