/** The searching thread: looks through the days' files, so that neither the API nor the collector waits for a search. */
import { parentPort, workerData } from "node:worker_threads";
import { assert } from "@tandem/base/assert";
import { SqliteLogStore } from "@tandem/storage/sqlite-log-store";
import { realWorld } from "../real-world.ts";
import type { SearchOrder, SearchReport } from "./search-messages.ts";

/** A search that takes longer answers what it has found, and goes on with its next page. */
const searchMaxMs = 2_000;

assert(parentPort, "search-worker runs as a worker thread");
const port = parentPort;
const report = (message: SearchReport): void => port.postMessage(message);
const store = new SqliteLogStore(workerData as string, {
  onUnreadable: (day, reason) => report({ type: "damaged", day, reason }),
});

port.on("message", ({ id, query }: SearchOrder) => {
  const endsAt = realWorld.now() + searchMaxMs;
  try {
    report({ type: "page", id, page: store.search(query, () => realWorld.now() > endsAt) });
  } catch (error) {
    report({ type: "failed", id, message: (error as Error).message });
  }
});
