/** Stands in for the collector's thread, and fails in the way that its settings name as the folder. */
import { parentPort, workerData } from "node:worker_threads";
import type { CollectorStart } from "./collector-messages.ts";

const { settings } = workerData as CollectorStart;
switch (settings.folder) {
  case "throws":
    throw new Error("something unforeseen");
  case "ends":
    break;
  default:
    // Says nothing, and hears nothing.
    parentPort?.on("message", () => {});
    for (;;);
}
