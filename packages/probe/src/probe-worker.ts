/** The prober's thread: asks, and reports when the one who started it wants to know. */
import { parentPort, workerData } from "node:worker_threads";
import { assert } from "@tandem/base/assert";
import { type ProberReport, type ProbeSettings, Sampler } from "./sampler.ts";

export type ReportOrder = { readonly id: number; readonly from: number; readonly to: number };
export type ReportAnswer = { readonly id: number; readonly report: ProberReport };

assert(parentPort, "probe-worker runs as a worker thread");
const port = parentPort;
const sampler = new Sampler(workerData as ProbeSettings);

port.on("message", ({ id, from, to }: ReportOrder) => {
  const answer: ReportAnswer = { id, report: sampler.report(from, to) };
  port.postMessage(answer);
});
