/**
 * carpd: CARP and nothing else, a process of its own, so that a unit that is killed, restarted or busy costs no
 * failover. The CARP thread (`carpd-worker.ts`) owns the sockets; this main thread keeps the local socket and the
 * configuration on disk, and is the one who lets go of the addresses should the thread fail.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { setTimeout as setTimeoutPromise } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { unreachable } from "@tandem/base/assert";
import type { FieldError } from "@tandem/base/result";
import { Type } from "@tandem/base/schema";
import { schemaFaults } from "@tandem/base/schema-faults";
import { lockFile } from "@tandem/linux/file-lock";
import { allowNonlocalBind, prepareSharedAddressDevice } from "@tandem/linux/sysctl";
import { pacifiedOnDisk } from "./ha/carp-starts.ts";
import { type CarpdConfiguration, parseCarpdConfiguration } from "./ha/carpd-configuration.ts";
import { carriersOf, configurationDigest } from "./ha/carpd-group.ts";
import type { CarpdStatus, UnitMessage } from "./ha/carpd-protocol.ts";
import { AddressRelease } from "./ha/carpd-release.ts";
import { CarpdServer } from "./ha/carpd-server.ts";
import {
  type CarpdRecord,
  lockPath,
  readRecord,
  recordedAddresses,
  removeRecord,
  retiredAddresses,
  socketPath,
  writeRecord,
} from "./ha/carpd-store.ts";
import type { ThreadOrder, ThreadReport } from "./ha/carpd-thread.ts";

/** Bowing out takes milliseconds; a thread that needs longer is stuck. */
const stopTimeoutMs = 2_000;
/** The thread reports each second. So many checks in a row without a report mean that it is stuck. */
const silentChecksMax = 5;
const silenceCheckIntervalMs = 1_000;

/** So long the unit may be away, to be restarted or replaced, before that counts. */
const unitAwayMs = 60_000;

const lockTimeoutMs = 1_000;
const lockRetryMs = 20;

const defaultStateDir = "/var/lib/tandem/loadmaster";
const FileSchema = Type.Object({ stateDir: Type.Optional(Type.String({ minLength: 1 })) });

type LogLevel = "info" | "warn" | "error";

/** One JSON line on standard output, never with a secret in it. */
function log(level: LogLevel, event: string, details: object = {}): void {
  console.log(JSON.stringify({ time: new Date().toISOString(), level, event, ...details }));
}

/** Runs until SIGTERM or a `stop` message (exit status 0), or until something fails (1). */
export async function runCarpd(configPath: string): Promise<void> {
  const stateDir = stateDirOf(configPath);
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  if (!(await holdLock(stateDir))) {
    log("error", "already-running", { stateDir, remedy: "stop the carpd that uses this state directory" });
    process.exitCode = 1;
    return;
  }
  const pacified = pacifiedOnDisk(stateDir, (event, details) => log("error", event, details));
  if (pacified !== null) {
    // With exit status 0 a system's supervisor does not start it again either.
    log("warn", "pacified", pacified);
    return;
  }
  await new Carpd(stateDir).run();
}

/** Waits a little: a unit that guards the addresses of a dead carpd has the lock for some milliseconds. */
async function holdLock(stateDir: string): Promise<boolean> {
  const deadline = performance.now() + lockTimeoutMs;
  for (;;) {
    if (lockFile(lockPath(stateDir))) return true;
    if (performance.now() > deadline) return false;
    await setTimeoutPromise(lockRetryMs);
  }
}

const notActive: FieldError = {
  code: "handover-not-active",
  field: "message",
  message: "this unit is not active, so it has no role to hand over",
  remedy: "ask the active unit",
};

class Carpd {
  readonly #stateDir: string;
  readonly #server: CarpdServer;
  readonly #worker = new Worker(new URL("./carpd-worker.ts", import.meta.url), { name: "carp" });
  readonly #release = new AddressRelease();
  #record: CarpdRecord | null = null;
  #status: CarpdStatus | null = null;
  #silentChecks = 0;
  #unitAway: NodeJS.Timeout | undefined;
  #ending = false;
  #abandoned = false;
  /** Records are written one after another; only the latest that waits is kept. `order`: work by it once written. */
  #unsaved: { readonly record: CarpdRecord; readonly order: boolean; readonly holding?: true } | null = null;
  #saving = false;

  constructor(stateDir: string) {
    this.#stateDir = stateDir;
    this.#server = new CarpdServer({
      path: socketPath(stateDir),
      greeting: () => this.#status,
      onMessage: (message) => this.#heed(message),
      onUnit: (presence) => this.#watchUnit(presence),
    });
  }

  async run(): Promise<void> {
    process.stdout.on("error", () => {});
    process.on("SIGTERM", () => this.#stop("SIGTERM", 0));
    process.on("SIGINT", () => this.#stop("SIGINT", 0));
    process.on("SIGHUP", () => this.#stop("SIGHUP", 0));
    process.on("uncaughtException", (error) => this.#fail("main thread", error));
    const started = Promise.withResolvers<void>();
    this.#worker.on("message", (report: ThreadReport) => {
      if (report.type === "started") started.resolve();
      this.#receive(report);
    });
    this.#worker.on("error", (error) => this.#fail("CARP thread", error));
    this.#worker.on("exit", () => this.#fail("CARP thread", new Error("it ended")));
    await started.promise;
    this.#resume();
    await this.#server.listen();
    setInterval(() => this.#checkSilence(), silenceCheckIntervalMs);
    log("info", "ready", { pid: process.pid, socket: socketPath(this.#stateDir) });
  }

  /** What the last process left on the devices goes first; then its configuration is worked by. */
  #resume(): void {
    const nonlocal = allowNonlocalBind();
    if (nonlocal) log("warn", "sysctl-failed", nonlocal);
    const record = readRecord(this.#stateDir);
    if (!record.ok) log("error", "configuration-unusable", { reason: record.error });
    const known = record.ok && record.value ? recordedAddresses(record.value) : [];
    // Whoever holds the lock has made none yet: those that are there were left behind, and no record may name them.
    const forgotten = this.#release
      .left()
      .filter(({ device }) => !known.some((each) => each.device === device));
    if (forgotten.length > 0) {
      const failures = this.#release.remove(forgotten);
      log("warn", "macvlans-removed", { devices: forgotten.map(({ device }) => device), failures });
    }
    if (record.ok && record.value) {
      this.#record = record.value;
      this.#order(record.value.configuration, known);
    }
  }

  #heed(message: UnitMessage): readonly FieldError[] {
    switch (message.type) {
      case "configure": {
        const configuration = parseCarpdConfiguration(message.configuration);
        if (!configuration.ok) return configuration.error;
        this.#keep(
          {
            configuration: configuration.value,
            retired: retiredAddresses(this.#record, configuration.value),
          },
          true,
          message.holding,
        );
        return [];
      }
      case "demote":
        this.#tell({ type: "demote", demotion: message.demotion, reason: message.reason });
        return [];
      case "handover":
        if (this.#status?.role !== "master") return [notActive];
        this.#tell({ type: "handover" });
        return [];
      case "stop":
        this.#stop("the unit's order", 0, message.keep);
        return [];
      default:
        return unreachable(message);
    }
  }

  /** A unit that was there and stays away is something against this machine (SPEC LH7); one that restarts is not. */
  #watchUnit(presence: "here" | "away"): void {
    clearTimeout(this.#unitAway);
    if (presence === "here") this.#tell({ type: "unit", presence });
    else this.#unitAway = setTimeout(() => this.#tell({ type: "unit", presence }), unitAwayMs);
  }

  #keep(record: CarpdRecord, order: boolean, holding?: true): void {
    this.#record = record;
    this.#unsaved = { record, order, ...(holding === undefined ? {} : { holding }) };
    void this.#save();
  }

  async #save(): Promise<void> {
    if (this.#saving) return;
    this.#saving = true;
    try {
      for (let next = this.#unsaved; next && !this.#ending; next = this.#unsaved) {
        this.#unsaved = null;
        await writeRecord(this.#stateDir, next.record);
        if (next.order) this.#order(next.record.configuration, next.record.retired, next.holding);
      }
    } catch (error) {
      log("error", "persist-failed", { reason: (error as Error).message });
      this.#stop("the configuration could not be kept", 1);
    } finally {
      this.#saving = false;
    }
  }

  #order(configuration: CarpdConfiguration, stale: CarpdRecord["retired"], holding?: true): void {
    for (const { device } of carriersOf(configuration))
      for (const failure of prepareSharedAddressDevice(device)) log("warn", "sysctl-failed", failure);
    this.#tell({ type: "configure", configuration, stale, ...(holding === undefined ? {} : { holding }) });
  }

  #tell(order: ThreadOrder): void {
    if (!this.#ending || order.type === "stop") this.#worker.postMessage(order);
  }

  #receive(report: ThreadReport): void {
    this.#silentChecks = 0;
    switch (report.type) {
      case "started":
        if (report.realtime !== undefined)
          log("warn", "realtime-refused", {
            code: report.realtime,
            remedy: "grant CAP_SYS_NICE, or advertise no faster than once a second",
          });
        log("info", "thread-started", { reader: report.reader, realtime: report.realtime === undefined });
        return;
      case "applied":
        this.#forgetRetired(report.digest);
        return;
      case "status":
        this.#status = report.status;
        this.#server.broadcast(report.status);
        return;
      case "event":
        log("info", `carp-${report.event.type}`, report.event);
        return;
      case "stopped":
        return;
      default:
        unreachable(report);
    }
  }

  /** Once the kernel no longer has them, the file need not name them. */
  #forgetRetired(appliedDigest: string): void {
    const record = this.#record;
    if (!record || record.retired.length === 0 || this.#unsaved || this.#ending) return;
    if (configurationDigest(record.configuration) === appliedDigest)
      this.#keep({ ...record, retired: [] }, false);
  }

  #checkSilence(): void {
    this.#silentChecks += 1;
    if (this.#silentChecks > silentChecksMax) this.#fail("CARP thread", new Error("it no longer reports"));
  }

  /** Orderly: addresses removed (or left to the unit), the other unit told, then the end. */
  #stop(reason: string, exitCode: number, keep?: true): void {
    if (this.#ending) return;
    this.#ending = true;
    log("info", "stopping", { reason });
    this.#worker.removeAllListeners("exit");
    const stuck = setTimeout(() => this.#abandon("it did not stop"), stopTimeoutMs);
    this.#worker.on("message", (report: ThreadReport) => {
      if (report.type !== "stopped") return;
      clearTimeout(stuck);
      if (keep === true) removeRecord(this.#stateDir);
      this.#server.close();
      log("info", "stopped", { reason });
      process.exit(exitCode);
    });
    this.#tell({ type: "stop", ...(keep === undefined ? {} : { keep }) });
  }

  #fail(where: string, error: unknown): void {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    log("error", "failed", { where, reason });
    this.#abandon(`${where} failed`);
  }

  /** Disorderly: the thread is ended first, so that it cannot put back what is then removed. */
  #abandon(reason: string): void {
    if (this.#abandoned) return;
    this.#abandoned = true;
    this.#ending = true;
    this.#worker.removeAllListeners("exit");
    const finish = (): void => {
      try {
        const failures = this.#record ? this.#release.remove(recordedAddresses(this.#record)) : [];
        log("error", "abandoned", { reason, failures });
        this.#server.close();
      } finally {
        process.exit(1);
      }
    };
    setTimeout(finish, stopTimeoutMs);
    this.#worker.terminate().then(finish, finish);
  }
}

function stateDirOf(configPath: string): string {
  const value: unknown = JSON.parse(readFileSync(configPath, "utf8"));
  const [fault] = schemaFaults(FileSchema, value, { whole: "the configuration file" });
  if (fault !== undefined) throw new Error(`${configPath}: ${fault.message}; ${fault.remedy}`);
  return (value as { stateDir?: string }).stateDir ?? defaultStateDir;
}

if (import.meta.main) {
  const [option, configPath] = process.argv.slice(2);
  if (option !== "--config" || configPath === undefined) {
    console.error("usage: carpd --config FILE");
    process.exit(2);
  }
  await runCarpd(configPath);
}
