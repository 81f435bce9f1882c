import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { hour } from "@tandem/base/time";
import { entitiesOf, type SampledUnit } from "@tandem/licensing/sampled-unit";
import { meteringSlotMs } from "@tandem/licensing/throughput";
import { usageCsv, usageHtml } from "@tandem/licensing/usage-report";
import {
  meteringKeeping,
  type Sample,
  type StatisticsStore,
  sampleFields,
} from "@tandem/storage/statistics-store";
import { openStatisticsFile } from "@tandem/storage/statistics-store-sqlite";
import type { MeteredUnit } from "./metered-units.ts";
import { monthReports, monthsKept } from "./month-reading.ts";

const central = "c".repeat(16);
const other = "d".repeat(16);
const from = Date.UTC(2026, 10, 1) / meteringSlotMs;
const to = Date.UTC(2026, 11, 1) / meteringSlotMs;
const afterwards = Date.UTC(2026, 11, 1, 0, 15);
const mbit = 1_000_000;

const sampled = (name: string, deviceNumber: number, over: Partial<SampledUnit> = {}): SampledUnit => ({
  type: "metered",
  central,
  deviceNumber,
  tierGbps: 8,
  name,
  pair: null,
  ...over,
});

/** Samples of slots `first` to `end`, both included, at a rate that depends on the slot that a sample tells of. */
function samplesAt(
  unit: string,
  says: SampledUnit,
  mbps: (slot: number) => number,
  { first = from, end = to, skip = (_: number): boolean => false } = {},
): readonly Sample[] {
  const samples: Sample[] = [];
  let bytes = 0;
  for (let slot = first; slot <= end; slot += 1) {
    bytes += (mbps(slot - 1) * mbit * (meteringSlotMs / 1_000)) / 8;
    if (skip(slot)) continue;
    const entities = ["", ...entitiesOf(says)];
    // A third came in, the rest went out.
    const own = [0, 0, Math.floor(bytes / 3), bytes - Math.floor(bytes / 3), 0];
    samples.push({
      device: unit,
      slot,
      epoch: { n: 1, unit: central },
      offsetMs: 0,
      since: 1,
      entities,
      values: [...own, ...entities.slice(1).flatMap(() => sampleFields.map(() => 0))],
    });
  }
  return samples;
}

function keptOnDisk(t: TestContext): StatisticsStore {
  const folder = mkdtempSync(join(tmpdir(), "tandem-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "metering.db");
  const store = openStatisticsFile(path, (name) => assert.fail(`${name} was set aside`), {
    keeping: meteringKeeping,
  });
  t.after(() => store.close());
  return store;
}
const portsOf = (store: StatisticsStore, units: readonly MeteredUnit[] = []) => ({
  store,
  slotMs: meteringSlotMs,
  units,
  othersTurn: () => Promise.resolve(),
});

const busiest = (day: number, hours: number, minutes: number): number =>
  Date.UTC(2026, 10, day, hours, minutes) / meteringSlotMs;
const west = "1".repeat(16);
const east = "2".repeat(16);
const south = "3".repeat(16);

test("[ML6] a worked month: peaks of 1.5, 2.7 and 5.3 Gbit/s make 9.5, of which 10 are billed, out of stored samples", async (t) => {
  const store = keptOnDisk(t);
  for (const samples of [
    samplesAt(west, sampled("lb-west", 1), (slot) => (slot === busiest(3, 10, 5) ? 1_500 : 400)),
    samplesAt(
      east,
      sampled("lb-east", 2),
      (slot) => (slot === busiest(17, 20, 30) ? 2_700 : 900),
      // Nobody could ask it for a quarter of an hour.
      { skip: (slot) => slot > busiest(20, 4, 0) && slot <= busiest(20, 4, 15) },
    ),
    // The very last slot of the month is told by the first sample of the next one.
    samplesAt(south, sampled("lb-south", 1, { central: other }), (slot) => (slot === to - 1 ? 5_300 : 2_000)),
  ])
    store.merge(samples);

  const { metered, pool } = await monthReports(portsOf(store), "2026-11", afterwards);
  assert.deepEqual(
    metered.lines.map(({ members, peak }) => [members[0]?.sampled.name, peak?.bitsPerSecond]),
    [
      ["lb-east", 2_700_000_000],
      ["lb-south", 5_300_000_000],
      ["lb-west", 1_500_000_000],
    ],
  );
  assert.deepEqual(metered.billed, {
    sumBitsPerSecond: 9_500_000_000,
    billedGbps: 10,
    beyondTierGbps: 2,
  });
  assert.equal(metered.isOver, true);
  const [lbEast] = metered.lines;
  assert.deepEqual(
    [lbEast?.missing, lbEast?.missingSlots],
    [3, [{ from: busiest(20, 4, 0), to: busiest(20, 4, 15) }]],
  );
  assert.deepEqual(pool.lines, []);

  const again = await monthReports(portsOf(store), "2026-11", afterwards + 90 * 24 * hour);
  for (const write of [usageCsv, usageHtml])
    assert.equal(write(again.metered, central), write(metered, central), "the same samples, the same bytes");
  const guide = readFileSync(join(import.meta.dirname, "../../../../docs/licensing-guide.md"), "utf8");
  assert.ok(guide.includes(usageCsv(metered, central).replaceAll("\r\n", "\n")), "as the guide shows it");
  assert.match(usageCsv(metered, central), /^\(1\),lb-south,3333333333333333,5300000000,5\.300,/m);
  assert.deepEqual(monthsKept(portsOf(store), afterwards), ["2026-12", "2026-11"]);
});

test("[ML6] counters that began anew, and samples of two units that both polled, count no bit twice", async (t) => {
  const store = keptOnDisk(t);
  const half = busiest(15, 0, 0);
  const before = samplesAt(west, sampled("lb-west", 1), () => 100, { end: half });
  // Restarted: its counters begin at nothing, under another counter-epoch.
  const after = samplesAt(west, sampled("lb-west", 1), () => 100, { first: half + 1 }).map((sample) => ({
    ...sample,
    since: 2,
  }));
  // The other unit polled too, a minute later in each slot.
  const inOneMinute = (100 * mbit * 60) / 8;
  const doubled = before.slice(1_000, 1_500).map((sample) => ({
    ...sample,
    epoch: { n: 2, unit: other },
    offsetMs: 60_000,
    values: sample.values.map((value, index) => (index === 3 ? value + inOneMinute : value)),
  }));
  for (const samples of [before, after, doubled]) store.merge(samples);
  const { metered } = await monthReports(portsOf(store), "2026-11", afterwards);
  assert.equal(metered.lines[0]?.peak?.bitsPerSecond, 100_000_000);
  assert.equal(metered.lines[0]?.missing, 0);
});

test("[ML6] a pair counts once, whoever of the two is active", async (t) => {
  const store = keptOnDisk(t);
  const failover = busiest(10, 12, 0);
  const asPair = { pair: west };
  store.merge(samplesAt(west, sampled("lb-west", 1, asPair), (slot) => (slot < failover ? 800 : 0)));
  store.merge(samplesAt(east, sampled("lb-east", 2, asPair), (slot) => (slot < failover ? 0 : 900)));
  const { metered } = await monthReports(portsOf(store), "2026-11", afterwards);
  assert.deepEqual(
    metered.lines.map(({ members, peak }) => [members.length, peak?.bitsPerSecond]),
    [[2, 900_000_000]],
  );
  assert.match(usageCsv(metered, central), /^1 \+ 2,lb-west \+ lb-east,/m);
});

test("[ML6] the month that runs has what there is of it, and no slot that cannot have been sampled yet", async (t) => {
  const store = keptOnDisk(t);
  store.merge(samplesAt(west, sampled("lb-west", 1), () => 100, { end: from + 20 }));
  const held = [{ unit: west, grantedAt: 0, device: "", sampled: sampled("lb-west", 1) }];
  const now = (from + 20) * meteringSlotMs + 90_000;
  const { metered } = await monthReports(portsOf(store, held), "2026-11", now);
  assert.deepEqual([metered.isOver, metered.lines[0]?.measured, metered.lines[0]?.missing], [false, 20, 0]);
  const later = await monthReports(portsOf(store, held), "2026-11", now + hour);
  assert.deepEqual(later.metered.lines[0]?.missingSlots, [{ from: from + 20, to: from + 32 }]);
});

test("[ML6] samples that a wrong clock put into other slots make no peak, neither in them nor after them", async (t) => {
  const store = keptOnDisk(t);
  const own = samplesAt(west, sampled("lb-west", 1), () => 100);
  store.merge(own);
  // What was counted on the 5th, by a clock that showed the 20th.
  const counted = own[5 * 288] as Sample;
  for (const slot of [busiest(20, 10, 0), busiest(20, 10, 5)])
    store.merge([{ ...counted, slot, epoch: { n: 9, unit: other } }]);
  const { metered } = await monthReports(portsOf(store), "2026-11", afterwards);
  const [line] = metered.lines;
  assert.equal(line?.peak?.bitsPerSecond, 100_000_000);
  assert.deepEqual(line?.missingSlots, [{ from: busiest(20, 9, 55), to: busiest(20, 10, 5) }]);
});
