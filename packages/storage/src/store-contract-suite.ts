/** What every store must do, whatever it keeps things on. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Json } from "@tandem/base/canonical-json";
import type { Stored, Vector, Version } from "@tandem/replica/version";
import fc from "fast-check";
import { type Change, eventsKeptMax, foreignLogsMax, ownEvents, type Store } from "./store.ts";

/** One place to keep things: `open` again after `close` finds what was committed. */
export type StorePlace = { open: () => Store };

export const anyVersion = (overrides: Partial<Version> = {}): Version => ({
  table: "networks",
  row: "10.0.0.0/24",
  field: "name",
  incarnation: "00000000000000aa",
  seq: 1,
  life: 1,
  clock: 1_700_000_000_000,
  context: {},
  author: "admin",
  unit: "00000000000000bb",
  at: 1_700_000_000_000,
  value: "office",
  ...overrides,
});

const inOrder = (stored: Stored): Stored => ({
  ...stored,
  versions: [...stored.versions].sort((a, b) =>
    JSON.stringify([a.table, a.row, a.field]) < JSON.stringify([b.table, b.row, b.field]) ? -1 : 1,
  ),
});
const plain = (stored: Stored): unknown => JSON.parse(JSON.stringify(inOrder(stored)));

const name = fc.constantFrom("a", "b", "c");
const vector: fc.Arbitrary<Vector> = fc.dictionary(
  fc.constantFrom("00000000000000aa", "00000000000000bb", "00000000000000cc"),
  fc.integer({ min: 1, max: 2 ** 40 }),
);
const version: fc.Arbitrary<Version> = fc.record({
  table: name,
  row: fc.string(),
  field: fc.constantFrom("name", "password"),
  incarnation: fc.constantFrom("00000000000000aa", "00000000000000bb"),
  seq: fc.integer({ min: 1, max: 2 ** 40 }),
  life: fc.integer({ min: 1, max: 2 ** 40 }),
  clock: fc.integer({ min: 0, max: 2 ** 52 }),
  context: vector,
  author: fc.string(),
  unit: fc.constant("00000000000000bb"),
  at: fc.integer({ min: 0, max: 2 ** 52 }),
  value: fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as Json),
});
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({
    kind: fc.constant("versions" as const),
    persist: fc.record({
      versions: fc.array(version, { maxLength: 6 }),
      vector,
      clock: fc.integer({ min: 0, max: 2 ** 52 }),
    }),
  }),
  fc.record({
    kind: fc.constant("replace" as const),
    stored: fc.record({ versions: fc.array(version, { maxLength: 6 }), vector, clock: fc.nat() }),
  }),
  fc.record({
    kind: fc.constant("document" as const),
    name,
    value: fc.constantFrom<Json>(null, 1, { a: [1] }),
  }),
  fc.record({ kind: fc.constant("event" as const), event: fc.nat() }),
  fc.record({
    kind: fc.constant("foreignEvents" as const),
    source: name,
    events: fc.array(fc.record({ number: fc.integer({ min: 1, max: 20 }), event: fc.nat() }), {
      maxLength: 4,
    }),
  }),
);

/** A model of a few lines: what the last commit of every place said. */
const model = (changes: readonly Change[]) => {
  let versions = new Map<string, Version>();
  let [known, clock]: [Vector, number] = [{}, 0];
  const documents = new Map<string, Json>();
  const events: Json[] = [];
  const foreign = new Map<string, Map<number, Json>>();
  for (const each of changes) {
    if (each.kind === "document") {
      if (each.value === null) documents.delete(each.name);
      else documents.set(each.name, each.value);
    } else if (each.kind === "event") events.unshift(each.event);
    else if (each.kind === "foreignEvents") {
      const log = foreign.get(each.source) ?? new Map<number, Json>();
      for (const { number, event } of each.events) log.set(number, event);
      foreign.set(each.source, log);
    } else {
      const next = each.kind === "versions" ? each.persist : each.stored;
      if (each.kind === "replace") versions = new Map();
      for (const one of next.versions) versions.set(JSON.stringify([one.table, one.row, one.field]), one);
      [known, clock] = [next.vector, next.clock];
    }
  }
  return { stored: { versions: [...versions.values()], vector: known, clock }, documents, events, foreign };
};

export function storeContractSuite(
  title: string,
  place: (t: TestContext) => StorePlace | Promise<StorePlace>,
): void {
  test(`${title}: what was committed is there, before and after opening anew`, async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(change, { maxLength: 4 }), { maxLength: 5 }), async (commits) => {
        const { open } = await place(t);
        const expected = model(commits.flat());
        const check = (store: Store): void => {
          assert.deepEqual(plain(store.stored()), plain(expected.stored));
          for (const each of ["a", "b", "c"])
            assert.deepEqual(store.document(each), expected.documents.get(each));
          assert.deepEqual(store.events(100), expected.events);
          assert.deepEqual(store.events(1), expected.events.slice(0, 1));
          const own = expected.events.map((event, index) => ({
            number: expected.events.length - index,
            event,
          }));
          assert.deepEqual(store.eventsBefore(ownEvents, Number.MAX_SAFE_INTEGER, 100), own);
          assert.deepEqual(store.eventsAfter(ownEvents, 1, 2), own.toReversed().slice(1, 3));
          assert.deepEqual([...store.foreignLogs()].sort(), [...expected.foreign.keys()].sort());
          for (const [source, log] of expected.foreign) {
            const entries = [...log].sort(([a], [b]) => a - b).map(([number, event]) => ({ number, event }));
            assert.deepEqual(store.eventsAfter(source, 0, 100), entries);
            assert.deepEqual(
              store.eventsBefore(source, 10, 2),
              entries
                .filter(({ number }) => number < 10)
                .reverse()
                .slice(0, 2),
            );
          }
        };
        const store = open();
        for (const changes of commits) store.commit(changes);
        check(store);
        store.close();
        const again = open();
        check(again);
        again.close();
      }),
      { numRuns: 25 },
    );
  });

  test(`${title}: an empty store is empty`, async (t) => {
    const store = (await place(t)).open();
    assert.deepEqual(plain(store.stored()), { versions: [], vector: {}, clock: 0 });
    assert.equal(store.document("pair"), undefined);
    assert.deepEqual(store.events(10), []);
    store.close();
  });

  test(`${title}: a commit that fails half-way changes nothing`, async (t) => {
    const store = (await place(t)).open();
    const good: Change = {
      kind: "versions",
      persist: { versions: [anyVersion()], vector: { "00000000000000aa": 1 }, clock: 5 },
    };
    store.commit([good, { kind: "document", name: "pair", value: 1 }]);
    const cyclic: { [key: string]: unknown } = {};
    cyclic.self = cyclic;
    assert.throws(() =>
      store.commit([
        { kind: "replace", stored: { versions: [], vector: {}, clock: 9 } },
        { kind: "document", name: "pair", value: 2 },
        { kind: "event", event: cyclic as Json },
      ]),
    );
    assert.equal(store.document("pair"), 1);
    assert.deepEqual(
      plain(store.stored()),
      plain({ versions: [anyVersion()], vector: { "00000000000000aa": 1 }, clock: 5 }),
    );
    assert.deepEqual(store.events(1), []);
    // And the store goes on working, also with contexts first met in what was rolled back.
    store.commit([
      {
        kind: "versions",
        persist: {
          versions: [anyVersion({ seq: 2, context: { "00000000000000aa": 1 } })],
          vector: { "00000000000000aa": 2 },
          clock: 6,
        },
      },
    ]);
    assert.equal(store.stored().clock, 6);
    store.close();
  });

  test(`${title}: of logs of others the ${foreignLogsMax} written to last are kept, and of each the newest entries`, async (t) => {
    const store = (await place(t)).open();
    const take = (source: string, ...numbers: readonly number[]): void =>
      store.commit([
        { kind: "foreignEvents", source, events: numbers.map((number) => ({ number, event: number })) },
      ]);
    for (let log = 1; log <= foreignLogsMax; log++) take(`log ${log}`, 1);
    take("log 1", 2, eventsKeptMax + 1);
    take("one more", 1);
    assert.deepEqual(store.foreignLogs().slice(0, 2), ["one more", "log 1"]);
    assert.equal(store.foreignLogs().length, foreignLogsMax);
    assert.deepEqual(store.eventsAfter("log 2", 0, 10), []);
    assert.deepEqual(
      store.eventsAfter("log 1", 0, 10).map(({ number }) => number),
      [2, eventsKeptMax + 1],
    );
    store.close();
  });

  test(`${title}: the timeline keeps the newest ${eventsKeptMax} events`, async (t) => {
    const store = (await place(t)).open();
    store.commit(
      Array.from({ length: eventsKeptMax + 10 }, (_, event) => ({ kind: "event", event }) as const),
    );
    const kept = store.events(2 * eventsKeptMax);
    assert.equal(kept.length, eventsKeptMax);
    assert.equal(kept[0], eventsKeptMax + 9);
    store.close();
  });
}
