/** Many seeds on several threads, and what they come to together. */
import { Worker } from "node:worker_threads";
import { Coverage } from "./coverage.ts";
import type { Failure, Outcome } from "./run.ts";

type FromWorker = Omit<Outcome, "coverage"> & { readonly coverage: readonly (readonly [string, number])[] };

export type Total = {
  seeds: number;
  hours: number;
  cpuMs: number;
  events: number;
  edits: number;
  refusedEdits: number;
  faults: number;
  editsLeast: number;
  faultsLeast: number;
  hoursLeast: number;
  twoMastersMs: number;
  readonly failures: { readonly seed: number; readonly failure: Failure }[];
  readonly coverage: Coverage;
};

const newTotal = (): Total => ({
  seeds: 0,
  hours: 0,
  cpuMs: 0,
  events: 0,
  edits: 0,
  refusedEdits: 0,
  faults: 0,
  editsLeast: Number.POSITIVE_INFINITY,
  faultsLeast: Number.POSITIVE_INFINITY,
  hoursLeast: Number.POSITIVE_INFINITY,
  twoMastersMs: 0,
  failures: [],
  coverage: new Coverage(),
});

function count(total: Total, outcome: FromWorker): void {
  total.seeds += 1;
  total.hours += outcome.hours;
  total.cpuMs += outcome.cpuMs;
  total.events += outcome.events;
  total.edits += outcome.edits[0] + outcome.edits[1];
  total.refusedEdits += outcome.refusedEdits;
  total.faults += outcome.faults[0] + outcome.faults[1];
  total.twoMastersMs = Math.max(total.twoMastersMs, outcome.twoMastersMs);
  for (const [cell, times] of outcome.coverage) total.coverage.add(cell, times);
  if (outcome.failure !== null) {
    total.failures.push({ seed: outcome.seed, failure: outcome.failure });
    return;
  }
  total.editsLeast = Math.min(total.editsLeast, ...outcome.edits);
  total.faultsLeast = Math.min(total.faultsLeast, ...outcome.faults);
  total.hoursLeast = Math.min(total.hoursLeast, outcome.hours);
}

export type ManySeeds = {
  /** Given out in this order; undefined ends it. */
  readonly next: () => number | undefined;
  readonly jobs: number;
  readonly failuresMax: number;
  readonly each?: (total: Total) => void;
};

export function runSeeds({ next, jobs, failuresMax, each }: ManySeeds): Promise<Total> {
  const total = newTotal();
  return new Promise((resolve, reject) => {
    let running = 0;
    for (let job = 0; job < jobs; job += 1) {
      const worker = new Worker(new URL("./worker.ts", import.meta.url));
      running += 1;
      const give = (): void => {
        const seed = total.failures.length < failuresMax ? next() : undefined;
        if (seed !== undefined) {
          worker.postMessage(seed);
          return;
        }
        void worker.terminate();
        running -= 1;
        if (running === 0) resolve(total);
      };
      worker.on("message", (outcome: FromWorker) => {
        count(total, outcome);
        each?.(total);
        give();
      });
      worker.on("error", reject);
      give();
    }
  });
}
