import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  billedOf,
  lastPairOf,
  type MeasuredSlot,
  monthBefore,
  monthBounds,
  monthOf,
  slotsIn,
  type UnitUsage,
  usageLine,
} from "./month.ts";
import type { SampledUnit } from "./sampled-unit.ts";

const unitA = "a".repeat(16);
const unitB = "b".repeat(16);
const all = { from: 100, to: 110 };
const sampled = (over: Partial<SampledUnit> = {}): SampledUnit => ({
  type: "metered",
  central: "c".repeat(16),
  deviceNumber: 1,
  tierGbps: 10,
  name: "lb",
  pair: null,
  ...over,
});
/** From `first` on; null: where counting begins, undefined: no sample. */
const measured = (
  first: number,
  values: readonly (number | null | undefined)[],
  over: Partial<SampledUnit> = {},
): readonly MeasuredSlot[] =>
  values.flatMap((bitsPerSecond, index) =>
    bitsPerSecond === undefined ? [] : [{ slot: first + index, bitsPerSecond, sampled: sampled(over) }],
  );
const usage = (slots: readonly MeasuredSlot[], over: Partial<UnitUsage> = {}): UnitUsage => ({
  unit: unitA,
  measured: slots,
  hasBefore: true,
  hasAfter: true,
  held: { grantedSlot: 0, sampled: sampled() },
  ...over,
});

test("a month is from its first to its last slot, in UTC", () => {
  assert.equal(monthOf(Date.UTC(2026, 11, 1) - 1), "2026-11");
  assert.equal(monthBefore("2026-01"), "2025-12");
  const slots = slotsIn(monthBounds("2026-11"), 300_000);
  assert.equal(slots.to - slots.from, 30 * 288);
});

test("[ML6] the peak is the greatest slot of the month, the first of equal ones", () => {
  const line = usageLine([usage(measured(100, [1, 7, 3, 7, 0, 0, 0, 0, 0, 0]))], "metered", all);
  assert.deepEqual(line?.peak, { slot: 101, bitsPerSecond: 7 });
  assert.deepEqual([line?.measured, line?.missing], [10, 0]);
});

test("[ML6] slots without a sample are marked: in the middle, and at an end while it is licensed", () => {
  const line = usageLine([usage(measured(100, [1, undefined, undefined, 4, 5]))], "metered", all);
  assert.deepEqual(line?.missingSlots, [
    { from: 101, to: 103 },
    { from: 105, to: 110 },
  ]);
  assert.deepEqual([line?.measured, line?.missing], [3, 7]);
});

test("[ML6] before its licence, and after it was given back, nothing is missing", () => {
  const slots = measured(103, [null, 1, 2, undefined, 3]);
  const line = usageLine([usage(slots, { hasBefore: false, hasAfter: false, held: null })], "metered", all);
  assert.deepEqual([line?.measured, line?.missingSlots], [3, [{ from: 106, to: 107 }]]);
});

test("[ML6] a LoadMaster that is licensed and never answered is listed, with all of it missing", () => {
  const held = { grantedSlot: 104, sampled: sampled({ name: "silent" }) };
  const line = usageLine([usage([], { hasBefore: false, hasAfter: false, held })], "metered", all);
  assert.deepEqual([line?.peak, line?.measured, line?.missingSlots], [null, 0, [{ from: 105, to: 110 }]]);
  assert.equal(usageLine([usage([], { held: null })], "metered", all), null);
});

test("[ML6] a pair counts once, by the greater of its members in each slot", () => {
  const pair = { pair: unitA };
  const members = [
    usage(measured(100, [9, 5, 0, 0, 0, 0, 0, 0, 0, 0], pair)),
    usage(measured(100, [0, 6, 8, 8, 8, 8, 8, 8, 8, 8], pair), { unit: unitB }),
  ];
  const line = usageLine(members, "metered", all);
  assert.deepEqual(line?.peak, { slot: 100, bitsPerSecond: 9 });
  assert.equal(line?.members.length, 2);
});

test("[ML6] LoadMasters that became a pair within the month are one line; until then they are added up", () => {
  const members = [
    usage([...measured(100, [4, 4, 4]), ...measured(103, [6, 0, 0, 0, 0, 0, 0], { pair: unitA })]),
    usage([...measured(100, [3, 3, 3]), ...measured(103, [6, 0, 0, 0, 0, 0, 0], { pair: unitA })], {
      unit: unitB,
    }),
  ];
  assert.deepEqual(members.map(lastPairOf), [unitA, unitA]);
  assert.deepEqual(usageLine(members, "metered", all)?.peak, { slot: 100, bitsPerSecond: 7 });
});

test("[ML6] of one whose licence became another kind's, each report has its own part", () => {
  const slots = [
    ...measured(100, [1, 2, 3, 4]),
    ...measured(104, [50, 60, 70, 80, 90, 99], { type: "pool-50" }),
  ];
  const unit = usage(slots, { held: { grantedSlot: 103, sampled: sampled({ type: "pool-50" }) } });
  const metered = usageLine([unit], "metered", all);
  assert.deepEqual([metered?.peak?.bitsPerSecond, metered?.measured, metered?.missing], [4, 4, 0]);
  const pool = usageLine([unit], "pool", all);
  assert.deepEqual([pool?.peak?.bitsPerSecond, pool?.measured, pool?.mbps], [99, 6, 50]);
  assert.equal(usageLine([unit], "local", all), null);
});

test("slots above what is licensed of the pool are counted, by the size of that time", () => {
  const slots = [
    ...measured(100, [50_000_000, 50_000_001, 60_000_000], { type: "pool-50" }),
    ...measured(103, [60_000_000, 100_000_000], { type: "pool-100" }),
  ];
  const line = usageLine([usage(slots)], "pool", all);
  assert.deepEqual([line?.over, line?.mbps], [2, 100]);
});

test("[ML6] three LoadMasters with peaks of 1.5, 2.7 and 5.3 Gbit/s are billed as 10", () => {
  const peaks = [1_500_000_000, 2_700_000_000, 5_300_000_000];
  assert.deepEqual(billedOf(peaks, 10), {
    sumBitsPerSecond: 9_500_000_000,
    billedGbps: 10,
    beyondTierGbps: 0,
  });
  assert.equal(billedOf(peaks, 8).beyondTierGbps, 2);
  assert.equal(billedOf([], null).billedGbps, 0);
  assert.equal(billedOf([1], null).billedGbps, 1);
  assert.equal(billedOf([10_000_000_000], null).billedGbps, 10);
});

const anyUsage = (unit: string, pair: string | null): fc.Arbitrary<UnitUsage> =>
  fc
    .record({
      values: fc.array(fc.option(fc.nat({ max: 20_000_000_000 }), { nil: undefined }), { maxLength: 10 }),
      hasBefore: fc.boolean(),
      hasAfter: fc.boolean(),
      isHeld: fc.boolean(),
      grantedSlot: fc.integer({ min: 90, max: 112 }),
    })
    .map(({ values, isHeld, grantedSlot, ...rest }) => ({
      ...rest,
      unit,
      measured: measured(100, values, { pair }),
      held: isHeld ? { grantedSlot, sampled: sampled({ pair }) } : null,
    }));

test("[ML6] as a pair they are never billed for more than one by one, nor for less than the greater one; each slot is measured or missing, once", () => {
  fc.assert(
    fc.property(anyUsage(unitA, unitA), anyUsage(unitB, unitA), (one, other) => {
      const peakOf = (members: readonly UnitUsage[]): number =>
        usageLine(members, "metered", all)?.peak?.bitsPerSecond ?? 0;
      const [a, b, both] = [peakOf([one]), peakOf([other]), peakOf([one, other])];
      assert.equal(both, Math.max(a, b));
      const line = usageLine([one, other], "metered", all);
      if (line === null) return;
      assert.ok(line.measured >= 0 && line.measured + line.missing <= all.to - all.from);
      assert.equal(
        line.missingSlots.reduce((sum, { from, to }) => sum + to - from, 0),
        line.missing,
      );
      for (const [index, { from, to }] of line.missingSlots.entries()) {
        assert.ok(all.from <= from && from < to && to <= all.to);
        assert.ok(index === 0 || (line.missingSlots[index - 1]?.to ?? 0) < from);
      }
    }),
  );
});

test("[ML6] what is billed covers the sum of peaks, by less than one Gbit/s", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat({ max: 100_000_000_000 }), { maxLength: 100 }),
      fc.option(fc.nat({ max: 500 })),
      (peaks, tier) => {
        const { sumBitsPerSecond, billedGbps, beyondTierGbps } = billedOf(peaks, tier);
        const over = billedGbps * 1_000_000_000 - sumBitsPerSecond;
        assert.ok(over >= 0 && over < 1_000_000_000);
        if (tier !== null && beyondTierGbps !== null)
          assert.equal(Math.max(tier, billedGbps), tier + beyondTierGbps);
      },
    ),
  );
});
