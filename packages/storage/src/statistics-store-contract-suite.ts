/** What every statistics store must do, whatever it keeps things on. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import {
  addDigest,
  beats,
  dayOf,
  digestOf,
  finestLevel,
  periodOf,
  type Rollup,
  rollupFields,
  rollupLevels,
  type Sample,
  type StatisticsStore,
  sampleFields,
  slotsPerDay,
} from "./statistics-store.ts";

/** One place to keep statistics: `open` again after `close` finds what was kept. */
export type StatisticsPlace = { open: () => StatisticsStore };

const end = Number.MAX_SAFE_INTEGER;
const device = fc.constantFrom("aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb");
const count = fc.oneof(fc.nat({ max: 300 }), fc.maxSafeNat());
const layout = fc.constantFrom(
  [""],
  ["", "10.0.0.1:80/tcp"],
  ["", "10.0.0.1:80/tcp", "10.0.0.1:80/tcp 10.1.0.1:80"],
);
const sample: fc.Arbitrary<Sample> = layout.chain((entities) =>
  fc
    .record({
      device,
      slot: fc.integer({ min: 2 * slotsPerDay - 20, max: 2 * slotsPerDay + 20 }),
      epoch: fc.constantFrom(
        { n: 0, unit: "1111111111111111" },
        { n: 1, unit: "1111111111111111" },
        { n: 1, unit: "2222222222222222" },
      ),
      offsetMs: fc.nat({ max: 60_000 }),
      since: fc.constantFrom(1, 2),
      entities: fc.constant(entities),
      values: fc.array(count, {
        minLength: sampleFields.length * entities.length,
        maxLength: sampleFields.length * entities.length,
      }),
    })
    // As plain an object as those that are read.
    .map((each) => ({ ...each })),
);

/** A model of a few lines: the one that beats all others of its slot. */
function model(samples: readonly Sample[]): readonly Sample[] {
  const kept = new Map<string, Sample>();
  for (const each of samples) {
    const key = `${each.device} ${String(each.slot).padStart(9, "0")}`;
    const there = kept.get(key);
    const head = { epoch: each.epoch, digest: digestOf(each) };
    if (!there || beats(head, { epoch: there.epoch, digest: digestOf(there) })) kept.set(key, each);
  }
  return [...kept.keys()].sort().map((key) => kept.get(key) as Sample);
}

export function statisticsContractSuite(title: string, place: (t: TestContext) => StatisticsPlace): void {
  test(`[CH8] ${title}: one sample per device and slot, the greater epoch's, in whatever order they come, before and after opening anew`, (t) =>
    fc.assert(
      fc.property(fc.array(fc.array(sample, { maxLength: 12 }), { maxLength: 5 }), (batches) => {
        const { open } = place(t);
        const expected = model(batches.flat());
        const check = (store: StatisticsStore): void => {
          assert.deepEqual([...store.all()], expected);
          assert.equal(store.count(), expected.length);
          for (const name of ["aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"]) {
            const own = expected.filter((each) => each.device === name);
            assert.deepEqual(store.samples(name, 0, end), own);
            assert.deepEqual(
              store.heads(name, 0, end),
              own.map((each) => ({ slot: each.slot, epoch: each.epoch, digest: digestOf(each) })),
            );
            const middle = 2 * slotsPerDay;
            const before = own.filter(({ slot }) => slot < middle).slice(-1);
            const within = own.filter(({ slot }) => slot >= middle && slot < middle + 5);
            assert.deepEqual(store.samples(name, middle, middle + 5), within);
            assert.deepEqual(store.samples(name, middle, middle + 5, true), [...before, ...within]);
          }
          for (const { device: name, day, samples, digest } of store.days(0)) {
            const own = expected.filter(
              (each) => each.device === name && dayOf(each.slot, store.keeping.slotsPerDay) === day,
            );
            assert.equal(samples, own.length);
            assert.equal(digest, own.map(digestOf).reduce(addDigest, 0));
          }
        };
        const store = open();
        for (const batch of batches) {
          const before = JSON.stringify([...store.all()]);
          const taken = store.merge(batch);
          assert.equal(taken.length === 0, JSON.stringify([...store.all()]) === before);
          assert.deepEqual(store.merge(batch), [], "idempotent");
        }
        check(store);
        store.close();
        const again = open();
        again.merge([...batches].reverse().flat());
        check(again);
        again.close();
      }),
      { numRuns: 40 },
    ));

  const at = (slot: number, overrides: Partial<Sample> = {}): Sample => ({
    device: "aaaaaaaaaaaaaaaa",
    slot,
    epoch: { n: 1, unit: "1111111111111111" },
    offsetMs: 0,
    since: 1,
    entities: [""],
    values: sampleFields.map(() => slot),
    ...overrides,
  });
  const rollup = (start: number, value: number): Rollup => ({
    device: "aaaaaaaaaaaaaaaa",
    start,
    entities: [""],
    values: rollupFields.map(() => value),
  });

  test(`${title}: a sample marks its own period and that of the next one, until their rollups are put`, (t) => {
    const store = place(t).open();
    if (!store.keeping.hasRollups) {
      store.merge([at(40), at(10)]);
      assert.deepEqual(store.marked(10, end), [], "where nothing is derived, nothing is marked");
      store.close();
      return;
    }
    store.merge([at(40)]);
    assert.deepEqual(store.marked(10, end), [{ device: "aaaaaaaaaaaaaaaa", start: 30 }]);
    store.putRollups(finestLevel, [rollup(30, 1)]);
    assert.deepEqual(store.marked(10, end), []);
    store.merge([at(10)]);
    assert.deepEqual(
      store.marked(10, end).map(({ start }) => start),
      [0, 30],
    );
    assert.deepEqual(
      store.marked(10, 30, "aaaaaaaaaaaaaaaa").map(({ start }) => start),
      [0],
    );
    assert.deepEqual(store.marked(1, end).length, 1);
    assert.deepEqual(store.marked(10, end, "bbbbbbbbbbbbbbbb"), []);
    store.close();
  });

  test(`${title}: rollups are replaced whole, removed when empty, and read by range`, (t) => {
    const { open } = place(t);
    const store = open();
    for (const { slots } of rollupLevels) {
      store.putRollups(slots, [rollup(0, 1), rollup(slots, 2), rollup(2 * slots, 3)]);
      store.putRollups(slots, [rollup(slots, 4), { ...rollup(2 * slots, 0), entities: [], values: [] }]);
    }
    store.close();
    const again = open();
    for (const { slots } of rollupLevels) {
      assert.deepEqual(again.rollups(slots, "aaaaaaaaaaaaaaaa", 0, end), [rollup(0, 1), rollup(slots, 4)]);
      assert.deepEqual(again.rollups(slots, "aaaaaaaaaaaaaaaa", 1, slots + 1), [rollup(slots, 4)]);
      assert.deepEqual(again.rollups(slots, "bbbbbbbbbbbbbbbb", 0, end), []);
    }
    again.close();
  });

  test(`${title}: what is older than its retention is removed, and nothing else`, (t) => {
    const store = place(t).open();
    const { slotsPerDay: perDay, rawKeptDays, hasRollups } = store.keeping;
    const today = 3_000;
    const firstKept = (today - rawKeptDays + 1) * perDay;
    store.merge([at(firstKept - 1), at(firstKept), at(today * perDay)]);
    for (const { slots, keptDays } of rollupLevels) {
      const first = (today - keptDays + 1) * slotsPerDay;
      store.putRollups(slots, [rollup(first - slotsPerDay, 1), rollup(first, 2)]);
    }
    assert.equal(store.trim(today), 1);
    assert.equal(store.trim(today), 0);
    assert.deepEqual(
      [...store.all()].map(({ slot }) => slot),
      [firstKept, today * perDay],
    );
    assert.equal(store.count(), 2);
    assert.deepEqual(
      store.marked(10, end).map(({ start }) => start),
      hasRollups ? [periodOf(firstKept, finestLevel), today * perDay] : [],
    );
    for (const { slots } of rollupLevels)
      assert.equal(store.rollups(slots, "aaaaaaaaaaaaaaaa", 0, end).length, 1);
    store.close();
  });
}
