/**
 * A prober for whoever wants to know what a client sees: `startProbe` asks a target from a thread of its own, so that
 * the caller's event loop does not disturb its timer, until it is stopped or its time is over.
 */
import { Worker } from "node:worker_threads";
import { err, type FieldError, ok, type Result } from "@tandem/base/result";
import type { ReportAnswer, ReportOrder } from "./probe-worker.ts";
import { type ProberReport, type ProbeSettings, probeBounds } from "./sampler.ts";
import { parseTarget } from "./target.ts";

/** A thread that does not answer by then is stuck. */
const reportTimeoutMs = 5_000;
const reportsWaitingMax = 64;

export type ProbeOptions = {
  /** `http://HOST:PORT/PATH`, `https://…` (its certificate is not checked) or `HOST:PORT`. */
  readonly target: string;
  /** Milliseconds between the starts of two requests; 10 unless given. */
  readonly intervalMs?: number;
  /** How long an answer may take, in milliseconds; 1,000 unless given. */
  readonly timeoutMs?: number;
  /** It asks no longer than so many milliseconds; ten minutes unless given. */
  readonly totalMs?: number;
  /** Keep one connection open beside, and count its cuts. */
  readonly held?: boolean;
};

export type Probe = {
  /** What the client saw of the requests begun in a window of `monotonicMs` times. Rejects once the thread has gone. */
  report(from: number, to: number): Promise<ProberReport>;
  /** Ends the thread; resolves when it is gone. */
  stop(): Promise<void>;
};

type Waiting = {
  readonly resolve: (report: ProberReport) => void;
  readonly reject: (error: Error) => void;
};

/** The settings that the options mean, or the first thing that is wrong with them. */
export function probeSettings(options: ProbeOptions): Result<ProbeSettings, FieldError> {
  const { intervalMs = 10, timeoutMs = 1_000, totalMs = 600_000, held = false } = options;
  const target = parseTarget(options.target);
  if (!target.ok) return target;
  const { intervalMinMs, intervalMaxMs, timeoutMinMs, timeoutMaxMs, totalMaxMs } = probeBounds;
  const within = [
    ["intervalMs", intervalMs, intervalMinMs, intervalMaxMs],
    ["timeoutMs", timeoutMs, timeoutMinMs, timeoutMaxMs],
    ["totalMs", totalMs, 1, totalMaxMs],
  ] as const;
  for (const [field, value, min, max] of within)
    if (!(value >= min && value <= max))
      return err({
        code: "probe-bounds",
        field,
        value,
        message: `${field} ${value} is not between ${min} and ${max} milliseconds`,
        remedy: `give a number of milliseconds from ${min} to ${max}`,
      });
  return ok({ target: target.value, intervalMs, timeoutMs, totalMs, held });
}

/** Begins to ask at once. */
export function startProbe(options: ProbeOptions): Result<Probe, FieldError> {
  const settings = probeSettings(options);
  if (!settings.ok) return settings;
  const worker = new Worker(new URL("./probe-worker.ts", import.meta.url), {
    name: "probe",
    workerData: settings.value,
  });
  const waiting = new Map<number, Waiting>();
  let ids = 0;
  let gone: Error | undefined;
  const end = (error: Error): void => {
    gone ??= error;
    for (const each of waiting.values()) each.reject(gone);
    waiting.clear();
  };
  worker.on("message", ({ id, report }: ReportAnswer) => {
    waiting.get(id)?.resolve(report);
    waiting.delete(id);
  });
  worker.on("error", (error) => end(error instanceof Error ? error : new Error(String(error))));
  worker.on("exit", () => end(new Error("the prober has ended")));
  return ok({
    async report(from, to) {
      if (gone !== undefined) throw gone;
      if (waiting.size >= reportsWaitingMax) throw new Error("too many reports of the prober are waited for");
      const id = ++ids;
      const { promise, resolve, reject } = Promise.withResolvers<ProberReport>();
      waiting.set(id, { resolve, reject });
      const timer = setTimeout(() => {
        waiting.delete(id);
        reject(new Error(`the prober has not reported within ${reportTimeoutMs} ms`));
      }, reportTimeoutMs);
      worker.postMessage({ id, from, to } satisfies ReportOrder);
      try {
        return await promise;
      } finally {
        clearTimeout(timer);
      }
    },
    async stop() {
      end(new Error("the prober was stopped"));
      await worker.terminate();
    },
  });
}
