/** Runs seeds in a thread of its own, one after the other, as it is given them. */
import { parentPort } from "node:worker_threads";
import { Run } from "./run.ts";

parentPort?.on("message", (seed: number) => {
  void new Run(seed).execute().then(({ coverage, ...outcome }) => {
    parentPort?.postMessage({ ...outcome, coverage: [...coverage.counts] });
  });
});
