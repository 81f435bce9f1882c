/** The collector's thread: sockets, parsing and files, and nothing else. */
import { parentPort, workerData } from "node:worker_threads";
import { assert, unreachable } from "@tandem/base/assert";
import { SqliteLogStore } from "@tandem/storage/sqlite-log-store";
import { realWorld } from "../real-world.ts";
import { Collector } from "./collector.ts";
import type { CollectorOrder, CollectorReport, CollectorStart } from "./collector-messages.ts";

assert(parentPort, "collector-worker runs as a worker thread");
const port = parentPort;
const { settings, senders } = workerData as CollectorStart;
const report = (message: CollectorReport): void => port.postMessage(message);

const store = new SqliteLogStore(settings.folder, {
  onSetAside: (day, file, reason) =>
    report({
      type: "event",
      event: {
        severity: "error",
        code: "syslog-day-damaged",
        message: `the logs of ${day} were damaged (${reason}); the file is kept as ${file}, and a new one is begun`,
      },
    }),
});
const collector = new Collector({ world: realWorld, store, settings, report });

port.on("message", (order: CollectorOrder) => {
  switch (order.type) {
    case "senders":
      collector.setSenders(order.senders);
      return;
    case "set-aside":
      store.setAside(order.day, order.reason);
      return;
    case "stop":
      collector.stop();
      report({ type: "stopped" });
      port.close();
      return;
    default:
      unreachable(order);
  }
});
collector.setSenders(senders);
collector.start();
