/**
 * conntrackd as a process that the unit starts, adopts after its own death, starts again and ends. It has no reload: when
 * its file changes it is started anew, and asks the partner for what it then lacks.
 */
import { execFile } from "node:child_process";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { err, type FieldError, ok, type Result } from "@tandem/base/result";
import { type ConntrackdSettings, isConntrackdPath, renderConntrackd } from "./conntrackd-configuration.ts";
import { isRunning, type ProcessIdentity, signalProcess, spawnDetached } from "./process.ts";

const binaryDefault = "/usr/sbin/conntrackd";
export const readyTimeoutMs = 10_000;
export const stopTimeoutMs = 3_000;
export const orderTimeoutMs = 5_000;
/** One that could not be started is tried again no sooner: each attempt is told of. */
export const retryMs = 30_000;
/** sun_path holds 108 bytes (unix(7)). */
const socketPathMaxBytes = 100;
/** A log that has grown beyond this when the process is started is begun anew. */
const logMaxBytes = 1_048_576;
const pollMs = 20;

export type ConntrackdEvent = {
  readonly event: "conntrackd-started" | "conntrackd-adopted" | "conntrackd-stopped" | "conntrackd-gone";
  readonly pid?: number;
  readonly reason?: string;
};

/** What this unit is to the pair now, as far as connections are concerned. */
export type ConnectionRole = "active" | "standby";

export class ConntrackdProcess {
  readonly #directory: string;
  readonly #binary: string;
  readonly #observe: (event: ConntrackdEvent) => void;
  #identity: ProcessIdentity | undefined;
  #wanted: ConntrackdSettings | undefined;
  #role: ConnectionRole = "standby";
  /** Started by this object, or adopted and said so. */
  #known = false;
  /** The last attempt, when it failed: what it came to, and when it was, in monotonic milliseconds. */
  #failed: { readonly at: number; readonly error: FieldError } | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /** `directory`: for the file, socket, log and record; made when absent, mode 0700. `binary`: /usr/sbin/conntrackd. */
  constructor(options: {
    readonly directory: string;
    readonly binary?: string;
    readonly observe: (event: ConntrackdEvent) => void;
  }) {
    this.#directory = options.directory;
    this.#binary = options.binary ?? binaryDefault;
    this.#observe = options.observe;
  }

  /** Runs with these settings, or not at all with undefined; what runs so already goes on. */
  configure(settings: ConntrackdSettings | undefined): Promise<Result<void, FieldError>> {
    return this.#inTurn(() => {
      this.#wanted = settings;
      return this.#apply();
    });
  }

  /** Starts it again when it has ended by itself. */
  supervise(): Promise<Result<void, FieldError>> {
    return this.#inTurn(async () => {
      if (this.#wanted === undefined || (this.#identity !== undefined && isRunning(this.#identity)))
        return ok(undefined);
      const failed = this.#failed;
      return failed !== undefined && performance.now() - failed.at < retryMs
        ? err(failed.error)
        : this.#apply();
    });
  }

  /** A new active passes on connections that it was told of: from now on it is the one that tells of them. */
  become(role: ConnectionRole): Promise<void> {
    return this.#inTurn(async () => {
      this.#role = role;
      if (this.#identity !== undefined && isRunning(this.#identity)) await this.#tellRole();
    });
  }

  async #tellRole(): Promise<void> {
    if (this.#role === "standby") {
      await this.#order("-n");
      return;
    }
    await this.#order("-R");
    await this.#order("-B");
  }

  async #apply(): Promise<Result<void, FieldError>> {
    const settings = this.#wanted;
    this.#identity ??= await this.#readRecord();
    if (settings === undefined) {
      await this.#stop();
      return ok(undefined);
    }
    if (Buffer.byteLength(this.#paths.socket) > socketPathMaxBytes || !isConntrackdPath(this.#paths.socket))
      return err({
        code: "conntrackd-path",
        field: "stateDir",
        value: this.#directory,
        message: `conntrackd cannot work in ${this.#directory}`,
        remedy: `use a stateDir of letters, digits, dots, hyphens and slashes, shorter than ${socketPathMaxBytes - 24} bytes`,
      });
    const text = renderConntrackd(settings, this.#paths);
    const running = this.#identity !== undefined && isRunning(this.#identity);
    if (running && (await readFile(this.#file, "utf8").catch(() => "")) === text) {
      if (!this.#known) this.#observe({ event: "conntrackd-adopted", pid: this.#identity!.pid });
      this.#known = true;
      return ok(undefined);
    }
    await this.#stop();
    const started = await this.#start(text);
    this.#failed = started.ok ? undefined : { at: performance.now(), error: started.error };
    return started;
  }

  async #start(text: string): Promise<Result<void, FieldError>> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await writeFile(`${this.#file}.new`, text, { mode: 0o600 });
    await rename(`${this.#file}.new`, this.#file);
    // What a killed one has left would keep the next one from starting.
    for (const path of [this.#paths.lock, this.#paths.socket]) await rm(path, { force: true });
    if (((await stat(this.#paths.log).catch(() => undefined))?.size ?? 0) > logMaxBytes)
      await rm(this.#paths.log, { force: true });
    let ended: string | undefined;
    const identity = spawnDetached(
      { command: this.#binary, arguments: ["-C", this.#file], logPath: join(this.#directory, "output.log") },
      (reason) => {
        ended = reason;
        this.#observe({ event: "conntrackd-gone", reason });
      },
    );
    const deadline = performance.now() + readyTimeoutMs;
    while (identity !== undefined && ended === undefined && performance.now() < deadline) {
      if (await this.#order("-s", "runtime")) {
        this.#identity = identity;
        this.#known = true;
        await writeFile(this.#record, JSON.stringify(identity), { mode: 0o600 });
        this.#observe({ event: "conntrackd-started", pid: identity.pid });
        await this.#order("-n");
        if (this.#role === "active") await this.#tellRole();
        return ok(undefined);
      }
      await pause();
    }
    if (identity !== undefined) signalProcess(identity, "SIGKILL");
    // Why there is no process at all is said a moment later.
    else await pause();
    return err({
      code: "conntrackd-missing",
      field: "hal4update",
      value: this.#binary,
      message: `conntrackd does not run: ${ended ?? "it does not answer"}`,
      remedy:
        "install the package conntrackd, and run the unit as root on a kernel with nf_conntrack_netlink",
    });
  }

  async #stop(): Promise<void> {
    const identity = this.#identity;
    this.#identity = undefined;
    if (identity === undefined) return;
    if (signalProcess(identity, "SIGTERM")) {
      const deadline = performance.now() + stopTimeoutMs;
      while (isRunning(identity) && performance.now() < deadline) await pause();
      signalProcess(identity, "SIGKILL");
      this.#observe({ event: "conntrackd-stopped", pid: identity.pid });
    }
    await rm(this.#record, { force: true });
  }

  /** An order to the one that runs; false when it is not carried out. */
  #order(...words: string[]): Promise<boolean> {
    return new Promise((resolve) => {
      execFile(this.#binary, ["-C", this.#file, ...words], { timeout: orderTimeoutMs }, (error) =>
        resolve(error === null),
      );
    });
  }

  get #file(): string {
    return join(this.#directory, "conntrackd.conf");
  }

  get #record(): string {
    return join(this.#directory, "process.json");
  }

  get #paths() {
    return {
      socket: join(this.#directory, "conntrackd.sock"),
      lock: join(this.#directory, "conntrackd.lock"),
      log: join(this.#directory, "conntrackd.log"),
    };
  }

  async #readRecord(): Promise<ProcessIdentity | undefined> {
    try {
      const { pid, startTicks, bootId } = JSON.parse(await readFile(this.#record, "utf8"));
      return typeof pid === "number" && typeof startTicks === "string" && typeof bootId === "string"
        ? { pid, startTicks, bootId }
        : undefined;
    } catch {
      return undefined;
    }
  }

  #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const turn = this.#turn.then(work, work);
    this.#turn = turn.catch(() => {});
    return turn;
  }
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, pollMs));
