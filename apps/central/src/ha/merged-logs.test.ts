import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyMemoryDisk, openMemoryStore } from "@tandem/storage/memory-store";
import type { Change } from "@tandem/storage/store";
import fc from "fast-check";
import { mergeLogs, type Positions } from "./merged-logs.ts";

const storeOf = (logs: { readonly own: readonly number[]; readonly peer: readonly number[] }) => {
  const store = openMemoryStore(emptyMemoryDisk());
  store.commit(logs.own.map((at): Change => ({ kind: "event", event: { at } })));
  const events = logs.peer.map((at, index) => ({ number: index + 1, event: { at } }));
  store.commit([{ kind: "foreignEvents", source: "peer", events }]);
  return store;
};

test("[CH25] two logs are shown by time; page after page nothing is missing or twice, and each log keeps its own order", () => {
  fc.assert(
    fc.property(
      fc.record({
        own: fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 12 }),
        peer: fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 12 }),
      }),
      fc.integer({ min: 1, max: 5 }),
      (logs, limit) => {
        const store = storeOf(logs);
        const seen: { source: string; number: number; at: number }[] = [];
        let positions: Positions | null = {};
        while (positions !== null) {
          const page = mergeLogs(store, ["", "peer"], { limit, positions, isWanted: () => true });
          seen.push(...page.entries.map(({ source, number, event }) => ({ source, number, at: event.at })));
          positions = page.next;
        }
        for (const [source, log] of [
          ["", logs.own],
          ["peer", logs.peer],
        ] as const)
          assert.deepEqual(
            seen.filter((entry) => entry.source === source).map(({ number }) => number),
            log.map((_, index) => log.length - index),
          );
        // Clocks that only go forward: the whole is in order of time.
        const isSorted = (times: readonly number[]): boolean =>
          times.every((at, index) => index === 0 || at >= (times[index - 1] as number));
        if (isSorted(logs.own) && isSorted(logs.peer))
          assert.ok(isSorted(seen.map(({ at }) => at).reverse()));
      },
    ),
  );
});
