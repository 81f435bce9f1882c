import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { monthBounds, slotsIn, type UsageLine } from "./month.ts";
import type { SampledUnit } from "./sampled-unit.ts";
import { gbps, type UsageReport, usageCsv, usageHtml, usageReport } from "./usage-report.ts";

const here = "c".repeat(16);
const there = "d".repeat(16);
const slotMs = 300_000;
const slots = slotsIn(monthBounds("2026-11"), slotMs);
const slotAt = (day: number, hour: number, minute: number): number =>
  Date.UTC(2026, 10, day, hour, minute) / slotMs;

const member = (digit: string, over: Partial<SampledUnit>): UsageLine["members"][number] => ({
  unit: digit.repeat(16),
  sampled: {
    type: "metered",
    central: here,
    deviceNumber: 1,
    tierGbps: 8,
    name: "lb",
    pair: null,
    ...over,
  },
});
const line = (over: Partial<UsageLine>): UsageLine => ({
  members: [],
  peak: null,
  measured: 8_640,
  missing: 0,
  missingSlots: [],
  over: 0,
  mbps: null,
  ...over,
});

const metered = usageReport({ kind: "metered", month: "2026-11", slotMs, slots, isOver: true, tierGbps: 8 }, [
  line({
    members: [member("3", { name: "lb-west", central: there, deviceNumber: 2 })],
    peak: { slot: slotAt(3, 10, 5), bitsPerSecond: 5_300_000_000 },
  }),
  line({
    members: [
      member("1", { name: "lb-east-1", deviceNumber: 1, pair: "1".repeat(16) }),
      member("2", { name: "lb-east-2", deviceNumber: 3, central: there, pair: "1".repeat(16) }),
    ],
    peak: { slot: slotAt(28, 23, 55), bitsPerSecond: 2_700_000_001 },
    measured: 8_636,
    missing: 4,
    missingSlots: [
      { from: slotAt(5, 0, 0), to: slotAt(5, 0, 15) },
      { from: slotAt(6, 12, 0), to: slotAt(6, 12, 5) },
    ],
  }),
  line({
    members: [member("4", { name: '=<b>"lb", & co', deviceNumber: 0 })],
    measured: 0,
    missing: 8_640,
    missingSlots: [slots],
  }),
]);
const pool = usageReport({ kind: "pool", month: "2026-11", slotMs, slots, isOver: false, tierGbps: null }, [
  line({
    members: [member("5", { name: "lb-lab", type: "pool-500", deviceNumber: 4 })],
    peak: { slot: slotAt(3, 10, 5), bitsPerSecond: 512_345_678 },
    over: 7,
    mbps: 500,
  }),
]);

function isGolden(name: string, text: string): void {
  const path = new URL(`../goldens/${name}`, import.meta.url);
  if (process.env.UPDATE_GOLDENS === "1") writeFileSync(path, text);
  assert.equal(text, readFileSync(path, "utf8"), "run again with UPDATE_GOLDENS=1 when the change is meant");
}

test("[ML3] the report of metered licences as CSV and HTML, with the device ID of the other Central in parentheses", () => {
  isGolden("metered-usage.csv", usageCsv(metered, here));
  isGolden("metered-usage.html", usageHtml(metered, here));
});

test("the report of the pool as CSV and HTML", () => {
  isGolden("pool-usage.csv", usageCsv(pool, here));
  isGolden("pool-usage.html", usageHtml(pool, here));
});

test("[ML3] both Centrals write the same, but for the parentheses", () => {
  const withoutIds = (text: string): string => text.replace(/\((\d+|\?)\)/g, "$1");
  for (const write of [usageCsv, usageHtml]) {
    const [ours, theirs] = [write(metered, here), write(metered, there)];
    assert.notEqual(ours, theirs);
    assert.equal(withoutIds(ours), withoutIds(theirs));
  }
});

test("[ML6] the order in which lines were found does not matter", () => {
  const { lines, ...about } = metered;
  const again: UsageReport = usageReport(about, [...lines].reverse());
  assert.equal(usageCsv(again, here), usageCsv(metered, here));
});

test("Gbit/s have three places, rounded up", () => {
  assert.deepEqual([0, 1, 999_000_000, 1_500_000_000, 2_700_000_001, 10_000_000_000].map(gbps), [
    "0.000",
    "0.001",
    "0.999",
    "1.500",
    "2.701",
    "10.000",
  ]);
});
