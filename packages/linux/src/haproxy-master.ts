/**
 * One HAProxy in master-worker mode (management.txt §3) as a process. It is not a child that dies with the unit: a killed
 * unit leaves the traffic alone, and a restarted one adopts the process it finds by its identity and its master socket.
 */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { err, type FieldError, ok, type Result } from "@tandem/base/result";
import type { RenderedConfiguration } from "@tandem/haproxy-config/render";
import { parseInformation, parseProcesses } from "@tandem/haproxy-config/statistics";
import { type HaproxyFiles, noBinary } from "./haproxy-files.ts";
import { complaintsIn, refusalFrom } from "./haproxy-messages.ts";
import { askHaproxy, HaproxyConversation } from "./haproxy-socket.ts";
import { identityOf, isRunning, type ProcessIdentity, signalProcess, spawnDetached } from "./process.ts";

/** A start or reload with thousands of services takes a few hundred milliseconds. */
export const loadTimeoutMs = 10_000;
export const stopTimeoutMs = 5_000;
/** A master that says nothing for so long is taken for stuck. */
export const silenceMaxMs = 5_000;
const pollMs = 10;
/**
 * What a worker has been told to be as since it loaded its file (its description then names another one). It lives as
 * long as the worker and dies with it, as all does that was told.
 */
const toldVariable = "proc.configuration";
const presentQuestion = ["show info", `get var ${toldVariable}`] as const;
/** An old worker stops to listen within milliseconds. */
const oldWorkerMaxMs = 1_000;

export type HaproxyEvent = {
  readonly event:
    | "haproxy-started"
    | "haproxy-adopted"
    | "haproxy-reloaded"
    | "haproxy-told"
    | "haproxy-refused"
    | "haproxy-stopped"
    | "haproxy-gone";
  readonly pid?: number;
  readonly digest?: string;
  readonly reason?: string;
};

export type Load = Pick<RenderedConfiguration, "digest" | "origins">;

export type HaproxyMasterOptions = {
  readonly directory: string;
  readonly binary: string;
  readonly files: HaproxyFiles;
  readonly observe: (event: HaproxyEvent) => void;
};

export class HaproxyMaster {
  readonly #options: HaproxyMasterOptions;
  /** Started by this object, or adopted and said so. */
  #known = false;
  /** Its process id. */
  #worker: number | undefined;

  constructor(options: HaproxyMasterOptions) {
    this.#options = options;
  }

  get runtimeSocket(): string {
    return join(this.#options.directory, "runtime.sock");
  }

  get #masterSocket(): string {
    return join(this.#options.directory, "master.sock");
  }

  get #record(): string {
    return join(this.#options.directory, "process.json");
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

  /** The same, but a master that is just executing itself anew gets time to answer; one found there is adopted. */
  async alive(): Promise<ProcessIdentity | undefined> {
    const identity = await this.#answering();
    if (identity !== undefined && !this.#known) {
      this.#known = true;
      this.#options.observe({ event: "haproxy-adopted", pid: identity.pid });
      await this.#writeRecord(identity);
    }
    return identity;
  }

  /**
   * Talks with the newest worker, and no older one, which may still answer shortly after a reload. Undefined when it does
   * not answer. `work` gets the digest of the file that the worker runs or was told to be as.
   */
  async talk<Value>(
    work: (worker: HaproxyConversation, digest: string | undefined) => Promise<Value>,
  ): Promise<Value | undefined> {
    this.#worker ??= await this.#newestWorker();
    const deadline = performance.now() + oldWorkerMaxMs;
    do {
      const conversation = new HaproxyConversation(this.runtimeSocket);
      try {
        const answer = await conversation.ask(presentQuestion, 1_000);
        const { pid, digest } = presentIn(answer.ok ? answer.value.join("\n") : "");
        if (pid !== undefined && pid === this.#worker) return await work(conversation, digest);
      } finally {
        conversation.close();
      }
      await pause();
    } while (performance.now() < deadline);
    this.#worker = undefined;
    return undefined;
  }

  /** The digest of what the worker runs, or was told to be as. */
  async digestOfWorker(): Promise<string | undefined> {
    const newest = await this.#newestWorker();
    if (newest === undefined) return undefined;
    this.#worker = newest;
    return this.talk(async (_, digest) => digest);
  }

  /** The commands that make {@link digestOfWorker} say so. */
  static nameCommands(digest: string): readonly string[] {
    return ["experimental-mode on", `set var ${toldVariable} str(${digest})`];
  }

  /** Has the file that stands there loaded: by this master, or by a new one. The error is what HAProxy says against it. */
  load(
    load: Load,
    identity: ProcessIdentity | undefined,
  ): Promise<Result<"started" | "reloaded", FieldError>> {
    return identity === undefined ? this.#start(load) : this.#reload(load, identity);
  }

  /** Ends the traffic: workers and master stop at once. */
  async stop(): Promise<void> {
    const identity = await this.#answering();
    if (identity === undefined) return;
    signalProcess(identity, "SIGTERM");
    await ended(identity);
    if (isRunning(identity)) await this.#kill(identity);
    await rm(this.#record, { force: true });
    this.#options.observe({ event: "haproxy-stopped", pid: identity.pid });
  }

  async #answering(): Promise<ProcessIdentity | undefined> {
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

  /** A master that runs but does not answer holds the addresses and cannot be reloaded: it makes way for a new one. */
  async #endSilent(identity: ProcessIdentity): Promise<undefined> {
    this.#options.observe({
      event: "haproxy-gone",
      pid: identity.pid,
      reason: "its master socket does not answer",
    });
    await this.#kill(identity);
    await ended(identity);
    return undefined;
  }

  async #start({ digest, origins }: Load): Promise<Result<"started", FieldError>> {
    const { binary, files, observe } = this.#options;
    const from = await files.beginLog();
    let reasonOfEnd: string | undefined;
    const identity = spawnDetached(
      {
        command: binary,
        arguments: ["-W", "-S", `${this.#masterSocket},mode,600`, "-f", files.configuration],
        logPath: files.log,
      },
      (reason) => {
        reasonOfEnd = reason;
        observe({ event: "haproxy-gone", reason });
      },
    );
    if (identity === undefined) return err(noBinary(binary, reasonOfEnd ?? "it ended at once"));
    this.#known = true;
    await this.#writeRecord(identity);
    const deadline = performance.now() + loadTimeoutMs;
    while (performance.now() < deadline && isRunning(identity)) {
      if (await this.#serves(digest)) {
        observe({ event: "haproxy-started", pid: identity.pid, digest });
        return ok("started");
      }
      await pause();
    }
    if (isRunning(identity)) await this.#kill(identity);
    await rm(this.#record, { force: true });
    return err(refusalFrom(await files.readLog(from), origins));
  }

  async #reload(
    { digest, origins }: Load,
    identity: ProcessIdentity,
  ): Promise<Result<"reloaded", FieldError>> {
    const { files, observe } = this.#options;
    const from = await files.beginLog();
    const before = await this.#reloads();
    // The master closes the socket while it executes itself anew, so an answer is not expected.
    await askHaproxy(this.#masterSocket, "reload", 2_000);
    const deadline = performance.now() + loadTimeoutMs;
    while (performance.now() < deadline) {
      if (await this.#serves(digest)) {
        observe({ event: "haproxy-reloaded", pid: identity.pid, digest });
        return ok("reloaded");
      }
      if (!isRunning(identity)) break;
      const said = await files.readLog(from);
      // The master has counted the reload and complains: it waits with the old workers.
      if (complaintsIn(said).length > 0 && (await this.#reloads()) !== before)
        return err(refusalFrom(said, origins));
      await pause();
    }
    return err(refusalFrom(await files.readLog(from), origins));
  }

  /** A worker runs this file, and the master, which executes itself anew once it has forked one, answers as well. */
  async #serves(digest: string): Promise<boolean> {
    const answer = await askHaproxy(this.runtimeSocket, presentQuestion.join("; "), 1_000);
    const present = presentIn(answer.ok ? answer.value : "");
    if (present.digest !== digest || (await this.running()) === undefined) return false;
    this.#worker = present.pid;
    return true;
  }

  async #newestWorker(): Promise<number | undefined> {
    const answer = await askHaproxy(this.#masterSocket, "show proc", 1_000);
    const workers = answer.ok ? parseProcesses(answer.value).filter((row) => row.type === "worker") : [];
    return workers.toSorted((one, other) => one.reloads - other.reloads)[0]?.pid;
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
}

function presentIn(answer: string): { readonly pid?: number; readonly digest?: string } {
  const information = parseInformation(answer);
  const pid = Number(information.get("pid"));
  const told = /^proc\.configuration: type=str value=<([^>]*)>/m.exec(answer)?.[1];
  const digest = told ?? information.get("description");
  return Number.isInteger(pid) ? { pid, ...(digest === undefined ? {} : { digest }) } : {};
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, pollMs));

async function ended(identity: ProcessIdentity): Promise<void> {
  const deadline = performance.now() + stopTimeoutMs;
  while (isRunning(identity) && performance.now() < deadline) await pause();
}
