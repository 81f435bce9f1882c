/**
 * The collector seen from the main thread: started, listened to, and replaced when it has crashed or says nothing any
 * more. Nothing here waits for it.
 */
import { Worker } from "node:worker_threads";
import { unreachable } from "@tandem/base/assert";
import { minute } from "@tandem/base/time";
import type { Cancel, World } from "@tandem/base/world";
import type {
  CollectorOrder,
  CollectorReport,
  CollectorSettings,
  CollectorStart,
  CollectorStatus,
  Senders,
  SyslogEvent,
} from "./collector-messages.ts";
import { retryDelayMs, silentIntervalsMax, statusIntervalMs } from "./constants.ts";

/** A collector that has run for so long has recovered: the next failure is the first one again. */
const steadyAfterMs = 1 * minute;
/** How long an orderly end waits for what was received to be written. */
const stopMaxMs = 2_000;
/** A collector that wants more memory than this is at fault; the thread ends, the process does not. */
const heapMaxMegabytes = 512;

export type CollectorState =
  | { readonly kind: "starting" }
  | { readonly kind: "running" }
  | { readonly kind: "restarting"; readonly error: string }
  | { readonly kind: "stopped" };

export class CollectorThread {
  readonly #settings: CollectorSettings;
  readonly #world: World;
  readonly #onEvent: (event: SyslogEvent) => void;
  readonly #workerFile: URL;
  #worker: Worker | undefined;
  #state: CollectorState = { kind: "starting" };
  #status: CollectorStatus | null = null;
  #senders: Senders;
  #failures = 0;
  #restarts = 0;
  #startedAt = 0;
  #silentIntervals = 0;
  #timer: Cancel = () => {};
  #watch: Cancel = () => {};
  #stopped: (() => void) | undefined;

  constructor(options: {
    readonly settings: CollectorSettings;
    readonly senders: Senders;
    readonly world: World;
    readonly onEvent: (event: SyslogEvent) => void;
    /** For tests. */
    readonly workerFile?: URL;
  }) {
    this.#settings = options.settings;
    this.#senders = options.senders;
    this.#world = options.world;
    this.#onEvent = options.onEvent;
    this.#workerFile = options.workerFile ?? new URL("./collector-worker.ts", import.meta.url);
    this.#start();
    this.#watchSilence();
  }

  get state(): CollectorState {
    return this.#state;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** What the collector said last; null before its first word. */
  get status(): CollectorStatus | null {
    return this.#status;
  }

  setSenders(senders: Senders): void {
    this.#senders = senders;
    this.#order({ type: "senders", senders });
  }

  setAside(day: string, reason: string): void {
    this.#order({ type: "set-aside", day, reason });
  }

  async stop(): Promise<void> {
    if (this.#state.kind === "stopped") return;
    this.#state = { kind: "stopped" };
    this.#timer();
    this.#watch();
    const worker = this.#worker;
    this.#worker = undefined;
    if (worker === undefined) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#world.after(stopMaxMs, resolve);
      this.#stopped = () => {
        cancel();
        resolve();
      };
      worker.once("exit", this.#stopped);
      worker.postMessage({ type: "stop" } satisfies CollectorOrder);
    });
    await worker.terminate();
  }

  #order(order: CollectorOrder): void {
    this.#worker?.postMessage(order);
  }

  #start(): void {
    const worker = new Worker(this.#workerFile, {
      name: "syslog",
      workerData: { settings: this.#settings, senders: this.#senders } satisfies CollectorStart,
      resourceLimits: { maxOldGenerationSizeMb: heapMaxMegabytes },
    });
    this.#worker = worker;
    this.#startedAt = this.#world.now();
    this.#silentIntervals = 0;
    let error: Error | undefined;
    worker.on("message", (report: CollectorReport) => this.#receive(report));
    worker.on("error", (thrown: Error) => {
      error = thrown;
    });
    worker.on("exit", () => {
      if (this.#worker === worker) this.#failed(error?.message ?? "it ended by itself");
    });
  }

  #receive(report: CollectorReport): void {
    switch (report.type) {
      case "status":
        this.#silentIntervals = 0;
        this.#status = report.status;
        if (this.#state.kind !== "stopped") this.#state = { kind: "running" };
        return;
      case "event":
        this.#onEvent(report.event);
        return;
      case "stopped":
        this.#stopped?.();
        return;
      default:
        unreachable(report);
    }
  }

  #failed(error: string): void {
    this.#worker = undefined;
    if (this.#world.now() - this.#startedAt >= steadyAfterMs) this.#failures = 0;
    const delayMs = retryDelayMs(this.#failures);
    this.#failures += 1;
    this.#restarts += 1;
    this.#state = { kind: "restarting", error };
    this.#onEvent({
      severity: "error",
      code: "syslog-collector-failed",
      message: `the collector of syslog has failed: ${error}; it is started again in ${delayMs / 1_000} s`,
    });
    this.#timer = this.#world.after(delayMs, () => this.#start());
  }

  /**
   * Counts intervals instead of time: when this whole process was frozen, the words of the collector that wait are
   * read before the next interval ends.
   */
  #watchSilence(): void {
    this.#watch = this.#world.after(statusIntervalMs, () => {
      this.#watchSilence();
      const worker = this.#worker;
      if (worker === undefined) return;
      this.#silentIntervals += 1;
      if (this.#silentIntervals <= silentIntervalsMax) return;
      this.#failed(`it has said nothing for ${silentIntervalsMax} s`);
      void worker.terminate();
    });
  }
}
