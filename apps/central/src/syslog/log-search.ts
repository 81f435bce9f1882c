/** Searches, made by a thread of their own that is started with the first one. */
import { Worker } from "node:worker_threads";
import { unreachable } from "@tandem/base/assert";
import { err, type FieldError, ok, type Result } from "@tandem/base/result";
import { second } from "@tandem/base/time";
import type { Cancel, World } from "@tandem/base/world";
import type { LogPage, LogQuery } from "@tandem/storage/log-store";
import type { SearchOrder, SearchReport } from "./search-messages.ts";

/** Searches that may wait for their turn; one more is refused. */
const searchesMax = 32;
/** After this the thread is replaced, and what waits for it is refused. */
const answerMaxMs = 20 * second;

type Waiting = { readonly resolve: (result: Result<LogPage, FieldError>) => void; readonly cancel: Cancel };

export class LogSearch {
  readonly #folder: string;
  readonly #world: World;
  readonly #onDamage: (day: string, reason: string) => void;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #last = 0;

  constructor(options: {
    readonly folder: string;
    readonly world: World;
    /** A search came upon a damaged file. */
    readonly onDamage: (day: string, reason: string) => void;
  }) {
    this.#folder = options.folder;
    this.#world = options.world;
    this.#onDamage = options.onDamage;
  }

  search(query: LogQuery): Promise<Result<LogPage, FieldError>> {
    if (this.#waiting.size >= searchesMax)
      return Promise.resolve(
        err({
          code: "search-busy",
          field: "search",
          message: `${searchesMax} searches wait already`,
          remedy: "try again in a few seconds",
        }),
      );
    const worker = this.#running();
    this.#last += 1;
    const id = this.#last;
    return new Promise((resolve) => {
      const cancel = this.#world.after(answerMaxMs, () =>
        this.#failed(worker, `it did not answer within ${answerMaxMs / second} s`),
      );
      this.#waiting.set(id, { resolve, cancel });
      worker.postMessage({ id, query } satisfies SearchOrder);
    });
  }

  async stop(): Promise<void> {
    const worker = this.#worker;
    if (worker) this.#failed(worker, "this unit stops");
    await worker?.terminate();
  }

  #running(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(new URL("./search-worker.ts", import.meta.url), {
      name: "log search",
      workerData: this.#folder,
    });
    this.#worker = worker;
    let error = "the searching thread ended";
    worker.on("message", (report: SearchReport) => this.#receive(report));
    worker.on("error", (thrown: Error) => {
      error = thrown.message;
    });
    worker.on("exit", () => this.#failed(worker, error));
    return worker;
  }

  #receive(report: SearchReport): void {
    switch (report.type) {
      case "page":
        this.#answer(report.id, ok(report.page));
        return;
      case "failed":
        this.#answer(report.id, err(searchFault(report.message)));
        return;
      case "damaged":
        this.#onDamage(report.day, report.reason);
        return;
      default:
        unreachable(report);
    }
  }

  #answer(id: number, result: Result<LogPage, FieldError>): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.cancel();
    waiting?.resolve(result);
  }

  /** The next search starts another thread. */
  #failed(worker: Worker, reason: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    void worker.terminate();
    for (const id of [...this.#waiting.keys()]) this.#answer(id, err(searchFault(reason)));
  }
}

const searchFault = (reason: string): FieldError => ({
  code: "search-failed",
  field: "search",
  message: `the logs could not be searched: ${reason}`,
  remedy: "try again; if it goes on, look into the log of this Central",
});
