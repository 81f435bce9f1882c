/**
 * Drives one HAProxy: which configuration is in force, and how another one comes into force.
 *
 *     accept   HAProxy has read the text (`haproxy -c`) and takes it, as far as can be told without loading it.
 *     put      The file is replaced. What the worker can be told at its runtime socket it is told at once; all else waits
 *              for a load, and changes that arrive within `coalesceMs` share one.
 *     load     The worker of the file is started, or reloaded. One that fails (an address in use, say) is taken back: the
 *              configuration before it is loaded again, and listeners are told what was refused.
 *
 * The worker itself knows what it is like: by the digest in the file that it loaded, and by a variable that is set whenever
 * it was told something since. So a unit that is started again knows it too.
 */
import { err, type FieldError, ok, type Result } from "@tandem/base/result";
import { type Difference, difference, isComplaint, needsCheck } from "@tandem/haproxy-config/difference";
import type { RenderedConfiguration } from "@tandem/haproxy-config/render";
import {
  backendsIn,
  parseInformation,
  parseStatistics,
  type StatRow,
} from "@tandem/haproxy-config/statistics";
import { type ConfigurationText, HaproxyFiles } from "./haproxy-files.ts";
import { type HaproxyEvent, HaproxyMaster } from "./haproxy-master.ts";
import { askHaproxy, type SocketFailure } from "./haproxy-socket.ts";
import type { ProcessIdentity } from "./process.ts";

export type { HaproxyEvent } from "./haproxy-master.ts";

/** Changes that arrive within so many milliseconds make one reload. */
export const coalesceMs = 100;
/** So much of it is for what has to be done just before the reload. */
const beforeReloadMs = 40;
/** Changes that arrived within that time and are still looked at make it longer, up to this. */
const expectedMaxMs = 1_000;
const expectedPollMs = 5;
/** A worker whose telling was interrupted is like no file. */
const betweenDigests = "changing";

export type HaproxyOptions = {
  /** For the file, sockets and the process record; made when absent, mode 0700. */
  readonly directory: string;
  /** Default /usr/sbin/haproxy. */
  readonly binary?: string;
  readonly observe: (event: HaproxyEvent) => void;
};

export type Applied = "unchanged" | "told" | "started" | "reloaded";

/**
 * What has just come into force. A worker that was started or reloaded knows the file alone; one that was told something
 * at its socket knows what it was told before as well. Refused: what was put did not load, and what was in force before is
 * in force again.
 */
export type Loaded =
  | { readonly how: "started" | "reloaded" | "told"; readonly digest: string }
  | { readonly how: "refused"; readonly digest: string; readonly error: FieldError };

/** A configuration that HAProxy has read; nothing has changed yet. */
export type Accepted = {
  readonly configuration: RenderedConfiguration;
  /** Files that were written for it. */
  readonly written: readonly string[];
};

type LoadListener = (loaded: Loaded) => void | Promise<void>;

export class HaproxyProcess {
  readonly #observe: (event: HaproxyEvent) => void;
  readonly #files: HaproxyFiles;
  readonly #master: HaproxyMaster;
  readonly #loadListeners = new Set<LoadListener>();
  readonly #reloadListeners = new Set<() => Promise<void>>();
  /** Changes are made one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  /** What the worker runs; undefined while that is not known. */
  #inForce: ConfigurationText | undefined;
  /** The worker has carried out only some of what it was told last. */
  #diverged = false;
  /** The file of an earlier process, while what is in force is not known. */
  #earlier: ConfigurationText | undefined;
  /** What the next load is to bring into force. */
  #pending: RenderedConfiguration | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** What the worker was told and the file does not say yet. */
  #unplaced: RenderedConfiguration | undefined;
  #placing: NodeJS.Timeout | undefined;
  readonly #expected = new Set<{ readonly at: number }>();
  /** Numbers of backends in HAProxy's figures, as of the last that were asked for whole. */
  #backends: ReadonlyMap<string, number> = new Map();

  constructor({ directory, binary = "/usr/sbin/haproxy", observe }: HaproxyOptions) {
    this.#observe = observe;
    this.#files = new HaproxyFiles(directory, binary);
    this.#master = new HaproxyMaster({ directory, binary, files: this.#files, observe });
  }

  /** Where the configuration has to put the runtime socket. */
  get runtimeSocket(): string {
    return this.#master.runtimeSocket;
  }

  /** Where the configuration has to say that its files are. */
  get filesDirectory(): string {
    return this.#files.referred;
  }

  /** The master that runs now; undefined when there is none. */
  running(): Promise<ProcessIdentity | undefined> {
    return this.#master.running();
  }

  /**
   * Puts a configuration in force and waits until it is. The error names the virtual service and the parameter where
   * HAProxy's words tell; what was in force before it still is.
   */
  apply(configuration: RenderedConfiguration): Promise<Result<Applied, FieldError>> {
    return this.#inTurn(async () => {
      await this.#look(configuration);
      const accepted = await this.#accept(configuration);
      if (!accepted.ok) return accepted;
      const put = await this.#put(configuration);
      return put === "pending" ? this.#load() : ok(put);
    });
  }

  /** Has HAProxy read a configuration. The error is as of {@link apply}. To be followed by `put` or `drop`. */
  accept(configuration: RenderedConfiguration): Promise<Result<Accepted, FieldError>> {
    return this.#inTurn(async () => {
      if (this.#inForce === undefined) await this.#look();
      return this.#accept(configuration);
    });
  }

  /** The configuration replaces the one before. It is in force when this resolves, unless a load is pending. */
  put({ configuration }: Accepted): Promise<"unchanged" | "told" | "pending"> {
    return this.#inTurn(async () => {
      const put = await this.#put(configuration);
      if (put === "pending") this.#timer ??= setTimeout(() => this.#loadSoon(), coalesceMs - beforeReloadMs);
      return put;
    });
  }

  /**
   * A change has arrived that will be put, or not, once its turn has come: a reload waits for it, if it arrived in time.
   * Returns what ends that.
   */
  expect(): () => void {
    const arrival = { at: performance.now() };
    this.#expected.add(arrival);
    return () => void this.#expected.delete(arrival);
  }

  async #loadSoon(): Promise<void> {
    const due = performance.now() + beforeReloadMs;
    const latest = due + expectedMaxMs;
    try {
      while ([...this.#expected].some(({ at }) => at < due) && performance.now() < latest)
        await new Promise((resolve) => setTimeout(resolve, expectedPollMs));
      for (const listener of this.#reloadListeners) await listener();
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
      await this.#inTurn(() => this.#settle({ prepared: true }));
    } catch (error) {
      this.#observe({ event: "haproxy-refused", reason: (error as Error).message });
    }
  }

  /** An accepted configuration is not to come into force after all. */
  drop({ written }: Accepted): Promise<void> {
    return this.#inTurn(() => this.#files.removeReferred(written));
  }

  /** What is pending is loaded at once; everything that was put is in force when this resolves, or was refused. */
  settle(): Promise<void> {
    return this.#inTurn(() => this.#settle());
  }

  async #settle(how: { readonly prepared?: true } = {}): Promise<void> {
    await this.#placeUnplaced();
    if (this.#pending === undefined) return;
    const { digest } = this.#pending;
    const loaded = await this.#load(how);
    if (!loaded.ok) await this.#announce({ how: "refused", digest, error: loaded.error });
  }

  /**
   * Called after each start, reload and change at the runtime socket, for what the file does not say (health and weight
   * that others decide). What the listener returns is waited for before the next change; it may {@link tell}, but not
   * apply. Returns what ends that.
   */
  onLoaded(listener: LoadListener): () => void {
    this.#loadListeners.add(listener);
    return () => this.#loadListeners.delete(listener);
  }

  /** Called, and waited for, before a reload takes the worker's counters with it. Returns what ends that. */
  onReloading(listener: () => Promise<void>): () => void {
    this.#reloadListeners.add(listener);
    return () => this.#reloadListeners.delete(listener);
  }

  /**
   * Commands for the worker's runtime socket, such as `set server vs1/rs2 health down`: what a reload forgets. None holds
   * a line's end or a semicolon. Returns what HAProxy says to each, without line ends around it: it says nothing to most
   * that it carries out.
   */
  async tell(commands: readonly string[]): Promise<Result<string[], SocketFailure>> {
    const said = await this.#master.talk((worker) => worker.ask(commands));
    if (said?.ok === true) return ok(said.value.map((each) => each.trim()));
    return said ?? err({ code: "no-answer", message: "HAProxy's worker does not answer" });
  }

  /** Current figures and states of all proxies and servers, or of one backend alone, which costs much less. */
  async statistics(backend?: string): Promise<Result<StatRow[], SocketFailure>> {
    const id = backend === undefined ? undefined : this.#backends.get(backend);
    if (id !== undefined) {
      const answer = await askHaproxy(this.runtimeSocket, `show stat ${id} -1 -1`);
      const rows = answer.ok ? parseStatistics(answer.value) : [];
      // A worker of another file may have another proxy under this number.
      if (rows.some(({ proxy, server }) => proxy === backend && server === "BACKEND")) return ok(rows);
    }
    const answer = await askHaproxy(this.runtimeSocket, "show stat");
    if (!answer.ok) return answer;
    this.#backends = backendsIn(answer.value);
    return ok(parseStatistics(answer.value));
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

  /** Ends the traffic: workers and master stop at once. What is pending is forgotten. */
  stop(): Promise<void> {
    return this.#inTurn(async () => {
      this.#forgetPending();
      this.#forgetUnplaced();
      this.#inForce = undefined;
      await this.#master.stop();
    });
  }

  /** Finds out what the worker runs, if one runs at all: what the file says, or what is `wanted` already. */
  async #look(wanted?: RenderedConfiguration): Promise<void> {
    const alive = (await this.#master.alive()) !== undefined;
    const digest = alive ? await this.#master.digestOfWorker() : undefined;
    if (digest !== undefined && digest === this.#inForce?.digest) return;
    if (digest !== undefined && digest === wanted?.digest) this.#unplaced = wanted;
    await this.#placeUnplaced();
    const present = await this.#files.present();
    const known = digest !== undefined && present?.digest === digest;
    this.#inForce = known ? present : undefined;
    this.#earlier = known ? undefined : present;
    this.#diverged = false;
  }

  #differenceTo({ parts }: ConfigurationText): Difference {
    return this.#inForce === undefined || this.#diverged
      ? { kind: "reload" }
      : difference(this.#inForce.parts, parts);
  }

  async #accept(configuration: RenderedConfiguration): Promise<Result<Accepted, FieldError>> {
    await this.#files.prepare();
    const written = await this.#files.writeReferred(configuration);
    const accepted = { configuration, written };
    if (!needsCheck(this.#differenceTo(configuration))) return ok(accepted);
    const checked = await this.#files.check(configuration);
    if (checked.ok) return ok(accepted);
    await this.#files.removeReferred(written);
    this.#refused(configuration.digest, checked.error);
    return checked;
  }

  async #put(configuration: RenderedConfiguration): Promise<"unchanged" | "told" | "pending"> {
    const { parts, digest } = configuration;
    const wanted = this.#differenceTo(configuration);
    if (wanted.kind === "told" && digest === this.#inForce?.digest) {
      // The file may be that of a load that is not wanted any more.
      if (this.#pending !== undefined) this.#placeLater(configuration);
      this.#forgetPending();
      return "unchanged";
    }
    if (wanted.kind === "told" && (await this.#tellDifference(wanted.commands, digest))) {
      this.#placeLater(configuration);
      this.#forgetPending();
      this.#inForce = { parts, digest };
      this.#observe({ event: "haproxy-told", digest });
      await this.#announce({ how: "told", digest });
      return "told";
    }
    this.#forgetUnplaced();
    await this.#files.place(configuration.text, true);
    this.#pending = configuration;
    return "pending";
  }

  /** The worker needs no file for what it was told, and a start begins with the unit's own document. */
  #placeLater(configuration: RenderedConfiguration): void {
    this.#unplaced = configuration;
    this.#placing ??= setTimeout(
      () =>
        this.#inTurn(() => this.#placeUnplaced()).catch((error: Error) =>
          this.#observe({ event: "haproxy-refused", reason: `its file cannot be written: ${error.message}` }),
        ),
      coalesceMs,
    );
  }

  async #placeUnplaced(): Promise<void> {
    const configuration = this.#unplaced;
    this.#forgetUnplaced();
    if (configuration !== undefined) await this.#files.place(configuration.text, false);
  }

  #forgetUnplaced(): void {
    clearTimeout(this.#placing);
    this.#placing = undefined;
    this.#unplaced = undefined;
  }

  /** False when the worker is not what it was taken for, or did not do everything: a reload sets that right. */
  async #tellDifference(commands: readonly string[], digest: string): Promise<boolean> {
    const done = await this.#master.talk(async (worker, present) => {
      if (present !== this.#inForce?.digest) return false;
      const said = await worker.ask([...HaproxyMaster.nameCommands(betweenDigests), ...commands]);
      if (!said.ok || said.value.some((answer) => answer.split("\n").some(isComplaint))) return false;
      return (await worker.ask(HaproxyMaster.nameCommands(digest))).ok;
    });
    if (done === true) return true;
    this.#diverged = true;
    return false;
  }

  /** Brings what is pending into force, or what was in force back into it. */
  async #load({ prepared = false } = {}): Promise<Result<Applied, FieldError>> {
    const configuration = this.#pending;
    this.#forgetPending();
    if (configuration === undefined) return ok("unchanged");
    const { parts, digest } = configuration;
    // A change that was accepted meanwhile may have been dropped with a file that this one uses as well.
    const written = await this.#files.writeReferred(configuration);
    const identity = await this.#master.alive();
    if (identity !== undefined && !prepared) for (const listener of this.#reloadListeners) await listener();
    const loaded = await this.#master.load(configuration, identity);
    if (loaded.ok) {
      this.#inForce = { parts, digest };
      this.#diverged = false;
      await this.#files.keepOnly(configuration);
      await this.#announce({ how: loaded.value, digest });
      return loaded;
    }
    this.#refused(digest, loaded.error);
    await this.#restore(digest);
    await this.#files.removeReferred(written);
    return loaded;
  }

  async #restore(refused: string): Promise<void> {
    const before = this.#inForce ?? this.#earlier;
    this.#inForce = undefined;
    this.#earlier = undefined;
    if (before === undefined || before.digest === refused) return this.#files.removeConfiguration();
    const { parts, digest } = before;
    await this.#files.place(parts.join("\n"), true);
    const loaded = await this.#master.load({ digest, origins: [] }, await this.#master.alive());
    if (!loaded.ok) return;
    this.#inForce = before;
    this.#diverged = false;
    await this.#announce({ how: loaded.value, digest });
  }

  #forgetPending(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pending = undefined;
  }

  #refused(digest: string, error: FieldError): void {
    this.#observe({ event: "haproxy-refused", digest, reason: error.message });
  }

  async #announce(loaded: Loaded): Promise<void> {
    for (const listener of this.#loadListeners) await listener(loaded);
  }

  #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const turn = this.#last.then(work, work);
    this.#last = turn;
    return turn;
  }
}
