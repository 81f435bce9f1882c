/**
 * Drives one HAProxy in master-worker mode (management.txt §3). It is not a child that dies with the unit: a killed unit
 * leaves the traffic alone, and a restarted one adopts the process it finds by its identity and its master socket.
 *
 * A file replaces the one in force only after `haproxy -c` has accepted it *and* a worker that runs it has answered.
 * Where the second fails (an address in use, say), the file before it is put back and loaded again.
 */
import { execFile } from "node:child_process";
import { constants } from "node:fs";
import {
  access,
  copyFile,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { err, type FieldError, ok, type Result } from "@tandem/base/result";
import type { RenderedConfiguration } from "@tandem/haproxy-config/render";
import {
  parseInformation,
  parseProcesses,
  parseStatistics,
  type StatRow,
} from "@tandem/haproxy-config/statistics";
import { complaintsIn, refusalFrom } from "./haproxy-messages.ts";
import { askHaproxy, type SocketFailure } from "./haproxy-socket.ts";
import { identityOf, isRunning, type ProcessIdentity, signalProcess, spawnDetached } from "./process.ts";

export const checkTimeoutMs = 10_000;
/** A start or reload with thousands of services takes a few hundred milliseconds. */
export const loadTimeoutMs = 10_000;
export const stopTimeoutMs = 5_000;
/** A master that says nothing for so long is taken for stuck. */
export const silenceMaxMs = 5_000;
/** HAProxy writes to its log only when it loads and when a server changes state; a longer log is begun anew. */
export const logMaxBytes = 1024 * 1024;
const pollMs = 10;
const lineMaxChars = 12_000;

export type HaproxyEvent = {
  readonly event:
    | "haproxy-started"
    | "haproxy-adopted"
    | "haproxy-reloaded"
    | "haproxy-refused"
    | "haproxy-stopped"
    | "haproxy-gone";
  readonly pid?: number;
  readonly digest?: string;
  readonly reason?: string;
};

export type HaproxyOptions = {
  /** For the file, sockets and the process record; made when absent, mode 0700. */
  readonly directory: string;
  /** Default /usr/sbin/haproxy. */
  readonly binary?: string;
  readonly observe: (event: HaproxyEvent) => void;
};

export type Applied = "unchanged" | "started" | "reloaded";

/**
 * What has just come into force. A worker that was started or reloaded knows the file alone; one that was told something
 * at its socket knows what it was told before as well.
 */
export type Loaded = { readonly how: "started" | "reloaded" | "told"; readonly digest: string };

const originsNone: RenderedConfiguration["origins"] = [];

export class HaproxyProcess {
  readonly #directory: string;
  readonly #binary: string;
  readonly #observe: (event: HaproxyEvent) => void;
  /** Changes are made one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  /** Started by this object, or adopted and said so. */
  #known = false;
  readonly #loadListeners = new Set<(loaded: Loaded) => void | Promise<void>>();

  constructor(options: HaproxyOptions) {
    this.#directory = options.directory;
    this.#binary = options.binary ?? "/usr/sbin/haproxy";
    this.#observe = options.observe;
  }

  /** Where the configuration has to put the runtime socket. */
  get runtimeSocket(): string {
    return join(this.#directory, "runtime.sock");
  }

  /** Where the configuration has to say that its files are. */
  get filesDirectory(): string {
    return join(this.#directory, "files");
  }

  get #masterSocket(): string {
    return join(this.#directory, "master.sock");
  }

  get #path(): string {
    return join(this.#directory, "haproxy.cfg");
  }

  get #record(): string {
    return join(this.#directory, "process.json");
  }

  get #log(): string {
    return join(this.#directory, "haproxy.log");
  }

  /**
   * The master that runs now; undefined when there is none. It is ours because its socket lies in our private directory
   * (also when this unit was killed before it could write the record), or by the record when its socket is silent.
   */
  async running(): Promise<ProcessIdentity | undefined> {
    const answer = await askHaproxy(this.#masterSocket, "show proc");
    const master = answer.ok ? parseProcesses(answer.value).find((row) => row.type === "master") : undefined;
    return master === undefined ? undefined : identityOf(master.pid);
  }

  /** The same, but a master that is just executing itself anew gets time to answer. */
  async #master(): Promise<ProcessIdentity | undefined> {
    const deadline = performance.now() + silenceMaxMs;
    for (;;) {
      const identity = await this.running();
      if (identity !== undefined) return identity;
      const record = await this.#readRecord();
      if (record === undefined || !isRunning(record)) return undefined;
      if (performance.now() >= deadline) return this.#endSilent(record);
      await pause();
    }
  }

  /**
   * Puts a configuration in force: checks it, replaces the file, reloads or starts. The error names the virtual service
   * and the parameter where HAProxy's words tell; what was in force before it still is.
   */
  apply(configuration: RenderedConfiguration): Promise<Result<Applied, FieldError>> {
    return this.#inTurn(() => this.#apply(configuration));
  }

  /** Whether HAProxy would take it, as far as can be told without loading it. */
  check(configuration: RenderedConfiguration): Promise<Result<void, FieldError>> {
    return this.#inTurn(async () => {
      const written = await this.#writeFiles(configuration);
      const checked = await this.#check(configuration);
      await rm(this.#candidate, { force: true });
      await this.#removeFiles(written);
      return checked;
    });
  }

  /**
   * Called after each start, reload and change at the runtime socket, for what the file does not say (health and weight
   * that others decide). What the listener returns is waited for before the next change; it may {@link tell}, but not
   * apply. Returns what ends that.
   */
  onLoaded(listener: (loaded: Loaded) => void | Promise<void>): () => void {
    this.#loadListeners.add(listener);
    return () => this.#loadListeners.delete(listener);
  }

  /**
   * Commands for the worker's runtime socket, such as `set server vs1/rs2 health down`: what a reload forgets. None holds
   * a line's end or a semicolon. Returns what HAProxy says to them, empty lines left out; it says nothing to most that it
   * carries out.
   */
  async tell(commands: readonly string[]): Promise<Result<string[], SocketFailure>> {
    const said: string[] = [];
    for (const line of linesOf(commands)) {
      const answer = await askHaproxy(this.runtimeSocket, line);
      if (!answer.ok) return answer;
      said.push(...answer.value.split("\n").filter((each) => each !== ""));
    }
    return ok(said);
  }

  /** Current figures and states of all proxies and servers. */
  async statistics(): Promise<Result<StatRow[], SocketFailure>> {
    const answer = await askHaproxy(this.runtimeSocket, "show stat");
    return answer.ok ? ok(parseStatistics(answer.value)) : answer;
  }

  /** The same with the worker that says it: a reload makes another one, which counts from nothing. */
  async sample(): Promise<Result<{ readonly worker: number; readonly rows: StatRow[] }, SocketFailure>> {
    const answer = await askHaproxy(this.runtimeSocket, "show info; show stat");
    if (!answer.ok) return answer;
    const at = answer.value.indexOf("# pxname,");
    const worker = Number(parseInformation(answer.value.slice(0, Math.max(0, at))).get("pid"));
    return at < 0 || !Number.isInteger(worker)
      ? err({ code: "no-answer", message: "HAProxy answers without its figures" })
      : ok({ worker, rows: parseStatistics(answer.value.slice(at)) });
  }

  /** Ends the traffic: workers and master stop at once. */
  stop(): Promise<void> {
    return this.#inTurn(async () => {
      const identity = await this.#master();
      if (identity === undefined) return;
      signalProcess(identity, "SIGTERM");
      const deadline = performance.now() + stopTimeoutMs;
      while (isRunning(identity) && performance.now() < deadline) await pause();
      if (isRunning(identity)) await this.#kill(identity);
      await rm(this.#record, { force: true });
      this.#observe({ event: "haproxy-stopped", pid: identity.pid });
    });
  }

  async #apply(configuration: RenderedConfiguration): Promise<Result<Applied, FieldError>> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const identity = await this.#master();
    if (identity !== undefined && !this.#known) {
      this.#known = true;
      this.#observe({ event: "haproxy-adopted", pid: identity.pid });
      await this.#writeRecord(identity);
    }
    const written = await this.#writeFiles(configuration);
    if (identity !== undefined && (await this.#loadedDigest()) === configuration.digest)
      return ok("unchanged");
    const checked = await this.#check(configuration);
    if (!checked.ok) {
      await rm(this.#candidate, { force: true });
      await this.#removeFiles(written);
      this.#observe({
        event: "haproxy-refused",
        digest: configuration.digest,
        reason: checked.error.message,
      });
      return checked;
    }
    const hadOne = await exists(this.#path);
    if (hadOne) await copyFile(this.#path, this.#previous);
    await rename(this.#candidate, this.#path);
    const loaded = await this.#load(configuration, identity);
    if (loaded.ok) {
      await this.#keepOnly(configuration);
      if (loaded.value !== "unchanged") await this.#announce(loaded.value, configuration.digest);
      return loaded;
    }
    this.#observe({ event: "haproxy-refused", digest: configuration.digest, reason: loaded.error.message });
    if (hadOne) {
      await rename(this.#previous, this.#path);
      const text = await readFile(this.#path, "utf8");
      const digest = /^ {4}description ([0-9a-f]{16})$/m.exec(text)?.[1] ?? "";
      await this.#load({ text, digest, origins: originsNone, files: [] }, await this.#master());
    } else await rm(this.#path, { force: true });
    await this.#removeFiles(written);
    return loaded;
  }

  async #announce(how: Loaded["how"], digest: string): Promise<void> {
    for (const listener of this.#loadListeners) await listener({ how, digest });
  }

  /** A master that runs but does not answer holds the addresses and cannot be reloaded: it makes way for a new one. */
  async #endSilent(identity: ProcessIdentity): Promise<undefined> {
    this.#observe({ event: "haproxy-gone", pid: identity.pid, reason: "its master socket does not answer" });
    await this.#kill(identity);
    const deadline = performance.now() + stopTimeoutMs;
    while (isRunning(identity) && performance.now() < deadline) await pause();
    return undefined;
  }

  async #load(
    configuration: RenderedConfiguration,
    identity: ProcessIdentity | undefined,
  ): Promise<Result<Applied, FieldError>> {
    return identity === undefined ? this.#start(configuration) : this.#reload(configuration, identity);
  }

  /** Those that are not there yet, for HAProxy to read as root; their names. What stands under a name never changes. */
  async #writeFiles({ files }: RenderedConfiguration): Promise<string[]> {
    if (files.length === 0) return [];
    await mkdir(this.filesDirectory, { recursive: true, mode: 0o700 });
    const present = new Set(await readdir(this.filesDirectory));
    const written: string[] = [];
    for (const { name, text } of files) {
      if (present.has(name)) continue;
      // A unit that is killed here leaves no half of a file under a name that counts as there.
      const path = join(this.filesDirectory, name);
      const file = await open(`${path}.part`, "w", 0o600);
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(`${path}.part`, path);
      written.push(name);
    }
    return written;
  }

  async #removeFiles(names: readonly string[]): Promise<void> {
    for (const name of names) await rm(join(this.filesDirectory, name), { force: true });
  }

  /** Removes what this configuration, which is in force, does not use. Workers on their way out have read theirs. */
  async #keepOnly({ files }: RenderedConfiguration): Promise<void> {
    const used = new Set(files.map(({ name }) => name));
    const present = await readdir(this.filesDirectory).catch(() => []);
    await this.#removeFiles(present.filter((name) => !used.has(name)));
  }

  get #candidate(): string {
    return join(this.#directory, "haproxy.cfg.candidate");
  }

  get #previous(): string {
    return join(this.#directory, "haproxy.cfg.previous");
  }

  /** Writes the candidate, flushed, and has HAProxy read it. */
  async #check(configuration: RenderedConfiguration): Promise<Result<void, FieldError>> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const file = await open(this.#candidate, "w", 0o600);
    try {
      await file.writeFile(configuration.text);
      await file.sync();
    } finally {
      await file.close();
    }
    return new Promise((resolve) => {
      execFile(
        this.#binary,
        ["-c", "-f", this.#candidate],
        { timeout: checkTimeoutMs, maxBuffer: 4 * 1024 * 1024 },
        (error, stdout, stderr) => {
          if (error === null) resolve(ok(undefined));
          else if (error.code === "ENOENT" || error.code === "EACCES")
            resolve(err(noBinary(this.#binary, error.message)));
          else resolve(err(refusalFrom(`${stderr}\n${stdout}`, configuration.origins)));
        },
      );
    });
  }

  async #start(configuration: RenderedConfiguration): Promise<Result<Applied, FieldError>> {
    const from = await this.#beginLog();
    let ended: string | undefined;
    const identity = spawnDetached(
      {
        command: this.#binary,
        arguments: ["-W", "-S", `${this.#masterSocket},mode,600`, "-f", this.#path],
        logPath: this.#log,
      },
      (reason) => {
        ended = reason;
        this.#observe({ event: "haproxy-gone", reason });
      },
    );
    if (identity === undefined) return err(noBinary(this.#binary, ended ?? "it ended at once"));
    this.#known = true;
    await this.#writeRecord(identity);
    const deadline = performance.now() + loadTimeoutMs;
    while (performance.now() < deadline && isRunning(identity)) {
      if (await this.#serves(configuration)) {
        this.#observe({ event: "haproxy-started", pid: identity.pid, digest: configuration.digest });
        return ok("started");
      }
      await pause();
    }
    if (isRunning(identity)) await this.#kill(identity);
    await rm(this.#record, { force: true });
    return err(refusalFrom(await this.#readLog(from), configuration.origins));
  }

  async #reload(
    configuration: RenderedConfiguration,
    identity: ProcessIdentity,
  ): Promise<Result<Applied, FieldError>> {
    const from = await this.#beginLog();
    const before = await this.#reloads();
    // The master closes the socket while it executes itself anew, so an answer is not expected.
    await askHaproxy(this.#masterSocket, "reload", 2_000);
    const deadline = performance.now() + loadTimeoutMs;
    while (performance.now() < deadline) {
      if (await this.#serves(configuration)) {
        this.#observe({ event: "haproxy-reloaded", pid: identity.pid, digest: configuration.digest });
        return ok("reloaded");
      }
      if (!isRunning(identity)) break;
      const said = await this.#readLog(from);
      // The master has counted the reload and complains: it waits with the old workers.
      if (complaintsIn(said).length > 0 && (await this.#reloads()) !== before)
        return err(refusalFrom(said, configuration.origins));
      await pause();
    }
    return err(refusalFrom(await this.#readLog(from), configuration.origins));
  }

  /** The digest of the file that the answering worker runs. */
  async #loadedDigest(): Promise<string | undefined> {
    const answer = await askHaproxy(this.runtimeSocket, "show info", 1_000);
    return answer.ok ? parseInformation(answer.value).get("description") : undefined;
  }

  /** A worker runs this file, and the master, which executes itself anew once it has forked one, answers as well. */
  async #serves(configuration: RenderedConfiguration): Promise<boolean> {
    return (await this.#loadedDigest()) === configuration.digest && (await this.running()) !== undefined;
  }

  async #reloads(): Promise<number | undefined> {
    const answer = await askHaproxy(this.#masterSocket, "show proc", 1_000);
    return answer.ok ? parseProcesses(answer.value).find((row) => row.type === "master")?.reloads : undefined;
  }

  /** A master that was killed takes no worker with it, so they are ended by their own ids, while it can still name them. */
  async #kill(identity: ProcessIdentity): Promise<void> {
    const answer = await askHaproxy(this.#masterSocket, "show proc", 1_000);
    signalProcess(identity, "SIGKILL");
    if (!answer.ok) return;
    for (const row of parseProcesses(answer.value)) {
      if (row.type !== "worker") continue;
      try {
        process.kill(row.pid, "SIGKILL");
      } catch {
        // It has ended by itself.
      }
    }
  }

  /** The size from which on the log tells about what comes next. */
  async #beginLog(): Promise<number> {
    try {
      const { size } = await stat(this.#log);
      if (size <= logMaxBytes) return size;
      await truncate(this.#log, 0);
      return 0;
    } catch {
      return 0;
    }
  }

  async #readLog(from: number): Promise<string> {
    try {
      return (await readFile(this.#log)).subarray(from).toString("utf8");
    } catch {
      return "";
    }
  }

  #writeRecord(identity: ProcessIdentity): Promise<void> {
    return writeFile(this.#record, JSON.stringify(identity), { mode: 0o600 });
  }

  async #readRecord(): Promise<ProcessIdentity | undefined> {
    try {
      const record = JSON.parse(await readFile(this.#record, "utf8")) as Partial<ProcessIdentity>;
      return typeof record.pid === "number" &&
        typeof record.startTicks === "string" &&
        typeof record.bootId === "string"
        ? { pid: record.pid, startTicks: record.startTicks, bootId: record.bootId }
        : undefined;
    } catch {
      return undefined;
    }
  }

  #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const turn = this.#last.then(work, work);
    this.#last = turn;
    return turn;
  }
}

/** Commands in as few lines as HAProxy's buffer of 16 KiB allows. */
function linesOf(commands: readonly string[]): string[] {
  const lines: string[] = [];
  for (const command of commands) {
    const last = lines.at(-1);
    if (last === undefined || last.length + command.length > lineMaxChars) lines.push(command);
    else lines[lines.length - 1] = `${last}; ${command}`;
  }
  return lines;
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, pollMs));

async function exists(path: string): Promise<boolean> {
  try {
    await access(path, constants.F_OK);
    return true;
  } catch {
    return false;
  }
}

const noBinary = (binary: string, reason: string): FieldError => ({
  code: "proxy-missing",
  field: "haproxy",
  value: binary,
  message: `HAProxy cannot be run at ${binary}: ${reason}`,
  remedy: "install the package haproxy, version 2.6 or later",
});
