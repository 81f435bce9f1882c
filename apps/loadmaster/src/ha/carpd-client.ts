/**
 * The unit's end of carpd's local socket. It connects and reconnects, gives carpd the configuration it should work
 * by, and keeps two promises for the time when carpd is gone:
 * - guard: 500 ms after the socket went away and did not come back, the addresses are removed, since nobody speaks
 *   for them any more and the partner is about to take them;
 * - supervision, only after `spawn`: it is started again, until it has ended so often that the unit is pacified.
 */
import { mkdirSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import type { FieldError, Result } from "@tandem/base/result";
import { err, ok } from "@tandem/base/result";
import type { Millis } from "@tandem/base/time";
import { lockFile } from "@tandem/linux/file-lock";
import { identityOf, isRunning, type ProcessIdentity, spawnDetached } from "@tandem/linux/process";
import type { Pacified } from "@tandem/loadmaster-api/ha-view";
import { CarpStarts } from "./carp-starts.ts";
import { type CarpdConfiguration, parseCarpdConfiguration } from "./carpd-configuration.ts";
import { carriedBy, configurationDigest, type DeviceAddresses } from "./carpd-group.ts";
import {
  type CarpdStatus,
  decodeCarpdMessage,
  encodeLine,
  LineReader,
  type UnitMessage,
} from "./carpd-protocol.ts";
import { AddressRelease } from "./carpd-release.ts";
import { lockPath, readRecord, recordedAddresses, removeRecord, socketPath } from "./carpd-store.ts";
import { startsWindowMs } from "./pacified.ts";

/** How long carpd may be gone before its addresses are removed. */
export const guardDelayMs = 500;
const reconnectIntervalMs = 50;
/** After the guard has acted nothing is urgent any more. */
const reconnectSlowIntervalMs = 500;
const spawnTimeoutMs = 10_000;
const stopTimeoutMs = 5_000;
const handOverTimeoutMs = 2_000;

export type CarpdClientOptions = {
  readonly stateDir: string;
  /** The unit's own configuration file; carpd reads `stateDir` from it. */
  readonly configPath: string;
  readonly log?: (level: "info" | "warn" | "error", event: string, details: object) => void;
  /** What `spawn` runs, `--config FILE` being added to it; carpd by this very Node unless given. */
  readonly command?: { readonly file: string; readonly arguments: readonly string[] };
};

export class CarpdClient {
  readonly #options: CarpdClientOptions;
  readonly #listeners = new Set<(status: CarpdStatus | null) => void>();
  #socket: Socket | null = null;
  #attempt: NodeJS.Timeout | null = null;
  #status: CarpdStatus | null = null;
  #configuration: CarpdConfiguration | null = null;
  #refusal: string | undefined;
  #demotion: { readonly demotion: number; readonly reason: string } | null = null;
  #active = false;
  #supervising = false;
  #child: ProcessIdentity | undefined;
  readonly #starts: CarpStarts;
  #longRun: NodeJS.Timeout | undefined;
  #goneSince: Millis = performance.now();
  #guarded = false;
  #release: AddressRelease | null = null;
  /** Who waits for the answer to an order that may be refused. */
  #refused: ((errors: readonly FieldError[]) => void) | undefined;
  /** The carpd that answers next is told that the addresses are held already. */
  #holding = false;

  constructor(options: CarpdClientOptions) {
    this.#options = options;
    this.#starts = new CarpStarts(options.stateDir, (event, details) => this.#log("error", event, details));
  }

  /** What carpd last said; null while it is not connected. */
  get status(): CarpdStatus | null {
    return this.#status;
  }

  get refusal(): string | undefined {
    return this.#refusal;
  }

  get connected(): boolean {
    return this.#status !== null;
  }

  get pacified(): Pacified | null {
    return this.#starts.pacified;
  }

  /** Calls back with each status, and with null when carpd goes away; the returned function ends that. */
  onStatus(listener: (status: CarpdStatus | null) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Begins to connect, and guards the addresses from now on. Does not start carpd. */
  start(): void {
    if (this.#active) return;
    this.#active = true;
    mkdirSync(this.#options.stateDir, { recursive: true, mode: 0o700 });
    this.#release ??= new AddressRelease();
    this.#goneSince = performance.now();
    this.#guarded = false;
    this.#connect();
  }

  /**
   * Starts carpd unless one answers or the unit is pacified, and from now on again when it dies. Rejects when none answers
   * in 10 s. `holding` is an operator's order to make a pair, which ends being pacified.
   */
  async spawn(holding?: true): Promise<void> {
    this.#supervising = true;
    if (holding === true) this.#starts.forget();
    if (holding === true && !this.connected) this.#hold();
    else if (!this.connected) this.#forgetOtherGroup();
    this.start();
    await this.#until(
      () => this.connected || this.pacified !== null,
      spawnTimeoutMs,
      "carpd does not answer",
    );
  }

  async resume(): Promise<void> {
    if (this.pacified === null) return;
    this.#starts.forget();
    this.#tell();
    if (!this.#supervising) return;
    await this.spawn();
    const again = this.pacified as Pacified | null;
    if (again !== null) throw new Error(again.reason);
  }

  forgetStarts(): void {
    const before = this.pacified;
    this.#starts.forget();
    if (before !== null) this.#tell();
  }

  resumeAtRestart(): void {
    this.#starts.forgetAtNextStart();
  }

  /** What carpd is to work by, now and whenever it comes back; refused here already when it cannot be. */
  configure(configuration: CarpdConfiguration): Result<null, readonly FieldError[]> {
    const checked = parseCarpdConfiguration(configuration);
    if (!checked.ok) return err(checked.error);
    this.#configuration = checked.value;
    if (this.connected) this.#send({ type: "configure", configuration: checked.value });
    return ok(null);
  }

  /** How many of the unit's checks fail, 0 to 255, and why, in words; carpd is told again whenever it comes back. */
  demote(demotion: number, reason: string): void {
    this.#demotion = { demotion, reason };
    if (this.connected) this.#send({ type: "demote", demotion, reason });
  }

  /** Gives the role to the standby: resolves once it is given up, or with the reason in words why it is not. */
  async handOver(): Promise<Result<null, string>> {
    if (this.#status === null) return err("carpd does not answer");
    if (this.#status.role !== "master") return err("this unit is not active");
    if (this.#refused !== undefined) return err("another hand-over is under way");
    const refused = new Promise<Result<null, string>>((resolve) => {
      this.#refused = (errors) => resolve(err(refusalInWords(errors)));
    });
    this.#send({ type: "handover" });
    try {
      return await Promise.race([
        refused,
        this.#until(
          () => this.#status !== null && this.#status.role !== "master",
          handOverTimeoutMs,
          "carpd does not hand over",
        ).then(
          () => ok(null),
          (error: Error) => err(error.message),
        ),
      ]);
    } finally {
      this.#refused = undefined;
    }
  }

  /** Orderly end of carpd: it lets go of the addresses, unless told to `keep` them, and tells the partner. Resolves when it is gone. */
  async stop(keep?: true): Promise<void> {
    this.#supervising = false;
    this.#holding = false;
    this.#starts.endedInOrder();
    if (this.connected) {
      this.#send({ type: "stop", ...(keep === undefined ? {} : { keep }) });
      await this.#until(() => !this.connected, stopTimeoutMs, "carpd does not stop");
    } else if (keep === true) this.#forget();
    else this.#guard();
    this.close();
  }

  /** Until carpd has the addresses they are the unit's own: what an earlier carpd wrote down must not be cleaned up. */
  #hold(): void {
    this.#holding = true;
    this.#forget();
  }

  /** A carpd that begins works by what it wrote down last; of another pair that would be heard as a stranger's. */
  #forgetOtherGroup(): void {
    const record = readRecord(this.#options.stateDir);
    const now = this.#configuration;
    if (!record.ok || record.value === null || now === null) return;
    const { vhid, password } = record.value.configuration;
    if (vhid === now.vhid && password === now.password) return;
    const lock = lockFile(lockPath(this.#options.stateDir));
    if (!lock) return;
    try {
      this.#removeAddresses();
      removeRecord(this.#options.stateDir);
    } finally {
      lock.release();
    }
  }

  #forget(): void {
    const lock = lockFile(lockPath(this.#options.stateDir));
    if (!lock) return;
    removeRecord(this.#options.stateDir);
    lock.release();
  }

  /** Lets carpd go on without this client; the guard ends, too. `start` or `spawn` begin again. */
  close(): void {
    this.#active = false;
    this.#supervising = false;
    if (this.#attempt) clearTimeout(this.#attempt);
    this.#attempt = null;
    this.#socket?.destroy();
    this.#socket = null;
    this.#release?.close();
    this.#release = null;
    this.#setStatus(null);
  }

  #connect(): void {
    const socket = connect(socketPath(this.#options.stateDir));
    const lines = new LineReader();
    this.#socket = socket;
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      const complete = lines.push(chunk);
      if (complete) for (const line of complete) this.#receive(line);
      else socket.destroy();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      if (this.#socket === socket) this.#lost();
    });
  }

  /** The connection is closed, or could not be made. */
  #lost(): void {
    this.#socket = null;
    if (this.connected) {
      this.#goneSince = performance.now();
      this.#guarded = false;
      this.#log("warn", "carpd-gone", {});
      this.#setStatus(null);
    }
    if (!this.#active) return;
    // Only here, right after an attempt has failed: a client that was itself held up does not know carpd to be gone.
    if (!this.#guarded && !this.#holding && performance.now() - this.#goneSince >= guardDelayMs)
      this.#guard();
    if (this.#supervising) this.#respawn();
    this.#attempt = setTimeout(
      () => this.#connect(),
      this.#guarded ? reconnectSlowIntervalMs : reconnectIntervalMs,
    );
  }

  /** carpd holds a lock for as long as it lives: whoever gets it knows that no carpd stands behind the addresses. */
  #guard(): void {
    const lock = lockFile(lockPath(this.#options.stateDir));
    if (!lock) return;
    try {
      this.#guarded = true;
      this.#removeAddresses();
    } finally {
      lock.release();
    }
  }

  #removeAddresses(): void {
    const addresses = this.#possibleAddresses();
    if (addresses.length === 0) return;
    try {
      this.#release ??= new AddressRelease();
      const failures = this.#release.remove(addresses);
      this.#log(failures.length > 0 ? "error" : "warn", "addresses-removed", { addresses, failures });
    } catch (error) {
      this.#log("error", "addresses-not-removed", { addresses, reason: (error as Error).message });
    }
  }

  /** What carpd wrote down before it used it, and what it was last told. */
  #possibleAddresses(): DeviceAddresses[] {
    const record = readRecord(this.#options.stateDir);
    const configuration = this.#configuration;
    return [
      ...(record.ok && record.value ? recordedAddresses(record.value) : []),
      ...(configuration ? carriedBy(configuration) : []),
    ];
  }

  #respawn(): void {
    if (this.#child && isRunning(this.#child)) return;
    if (this.pacified !== null || this.#isAnotherRunning()) return;
    if (!this.#starts.count()) {
      this.#becomePacified();
      return;
    }
    const { command, configPath, stateDir } = this.#options;
    const run = command ?? {
      file: process.execPath,
      arguments: [fileURLToPath(new URL("../carpd.ts", import.meta.url))],
    };
    this.#child = spawnDetached(
      {
        command: run.file,
        arguments: [...run.arguments, "--config", configPath],
        logPath: join(stateDir, "carpd.log"),
      },
      (reason) => this.#log("warn", "carpd-ended", { reason }),
    );
    if (this.#child) this.#starts.made(this.#child);
    this.#log("info", "carpd-spawned", { pid: this.#child?.pid });
  }

  /** One that somebody else has started, and that does not answer yet: a second one would only end at once. */
  #isAnotherRunning(): boolean {
    const lock = lockFile(lockPath(this.#options.stateDir));
    lock?.release();
    return lock === undefined;
  }

  #becomePacified(): void {
    this.#log("error", "carpd-not-started", { ...this.pacified });
    this.#tell();
  }

  #receive(line: string): void {
    const message = decodeCarpdMessage(line);
    if (!message.ok) {
      this.#log("error", "carpd-message-malformed", { reason: message.error });
      return;
    }
    if (message.value.type === "refused") {
      this.#log("error", "carpd-refused", { errors: message.value.errors });
      const { errors } = message.value;
      // What is refused of a configuration names a field of it, so this is the answer to the other order.
      if (this.#refused !== undefined && errors.some(({ field }) => field === "message")) {
        this.#refused(errors);
        return;
      }
      this.#refusal = errors.map((error) => error.message).join("; ");
      this.#tell();
      return;
    }
    const first = !this.connected;
    const wanted = this.#configuration;
    if (wanted === null || configurationDigest(wanted) === message.value.configurationDigest)
      this.#refusal = undefined;
    this.#setStatus(message.value);
    if (first) this.#greet(message.value);
  }

  /** carpd has just answered: it is brought up to date. */
  #greet(status: CarpdStatus): void {
    const carpd = identityOf(status.pid);
    this.#child ??= carpd;
    this.#log("info", "carpd-connected", { pid: status.pid, role: status.role });
    this.#longRun = setTimeout(() => this.#starts.ranLong(), startsWindowMs).unref();
    // A system's supervisor may have started it.
    if (this.#supervising && carpd && !this.#starts.hasCounted(carpd) && !this.#starts.count(carpd)) {
      this.#becomePacified();
      this.#send({ type: "stop" });
      return;
    }
    const holding = this.#holding;
    this.#holding = false;
    if (this.#configuration && configurationDigest(this.#configuration) !== status.configurationDigest)
      this.#send({
        type: "configure",
        configuration: this.#configuration,
        ...(holding ? { holding } : {}),
      });
    // Said in any case: carpd knows by it that a unit is there that speaks for this machine.
    this.#send({ type: "demote", ...(this.#demotion ?? { demotion: 0, reason: "the unit is there" }) });
  }

  #setStatus(status: CarpdStatus | null): void {
    if (status === null && this.#status === null) return;
    this.#status = status;
    if (status === null) {
      this.#refusal = undefined;
      clearTimeout(this.#longRun);
    }
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener(this.#status);
  }

  #send(message: UnitMessage): void {
    this.#socket?.write(encodeLine(message));
  }

  /** Resolves once `condition` holds after a change of status. */
  async #until(condition: () => boolean, timeoutMs: number, complaint: string): Promise<void> {
    if (condition()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timeout = setTimeout(() => reject(new Error(`${complaint} within ${timeoutMs} ms`)), timeoutMs);
    const end = this.onStatus(() => condition() && resolve());
    try {
      await promise;
    } finally {
      clearTimeout(timeout);
      end();
    }
  }

  #log(level: "info" | "warn" | "error", event: string, details: object): void {
    this.#options.log?.(level, event, details);
  }
}

/** A carpd that runs on over an update of the program may be older than the unit. */
const refusalInWords = (errors: readonly FieldError[]): string =>
  errors.some(({ code }) => code === "message-malformed")
    ? "the carpd that runs is older than this unit and does not know how to hand over; restart the unit once, so that it starts a new one"
    : errors.map(({ message, remedy }) => `${message}; ${remedy}`).join("; ");
