import assert from "node:assert/strict";
import { test } from "node:test";
import { minute } from "@tandem/base/time";
import type { SampledUnit } from "@tandem/licensing/sampled-unit";
import { meteringSlotMs } from "@tandem/licensing/throughput";
import { usageCsv, usageHtml } from "@tandem/licensing/usage-report";
import { meteringKeeping } from "@tandem/storage/statistics-store";
import fc from "fast-check";
import {
  beginning,
  samplesOf,
  TwoUnits,
  unitA,
  unitB,
  type VirtualDevice,
  type VirtualUnit,
} from "../stats/two-units.ts";
import { meteredAnswer } from "./metering.ts";
import { type MonthReports, monthReports } from "./month-reading.ts";

/** The first is licensed by A, the second by B, and so on; the last two are a pair. */
const sampledAs = (device: VirtualDevice, devices: readonly VirtualDevice[]): SampledUnit => {
  const index = devices.indexOf(device);
  const pairFrom = devices.length - 2;
  return {
    type: "metered",
    central: index % 2 === 0 ? unitA : unitB,
    deviceNumber: 1 + Math.floor(index / 2),
    tierGbps: 10,
    name: `lb-${index}`,
    pair: index < pairFrom ? null : (devices[pairFrom]?.id ?? null),
  };
};

function metering(devices: number): TwoUnits {
  const pair: TwoUnits = TwoUnits.started(devices, {
    keeping: meteringKeeping,
    slotMs: meteringSlotMs,
    answer: (device) => meteredAnswer(device.statistics(), sampledAs(device, pair.devices)),
  });
  return pair;
}

const reportsOf = ({ store, world }: VirtualUnit): Promise<MonthReports> =>
  monthReports(
    { store, slotMs: meteringSlotMs, units: [], othersTurn: () => Promise.resolve() },
    "2026-11",
    world.wall(),
  );
const withoutParentheses = (text: string): string => text.replace(/\((\d+)\)/g, "$1");

test("[ML3] [ML6] after a cut in which both polled, both units hold the same samples and write the same report, but for the parentheses", async () => {
  const pair = metering(4);
  await pair.time.pass(60 * minute);
  pair.setOpen(false);
  pair.b.setRole(true, { n: 2, unit: unitB });
  await pair.time.pass(47 * minute);
  for (const unit of [pair.a, pair.b])
    assert.ok(unit.polled.some(({ slot }) => slot * meteringSlotMs > beginning + 70 * minute));
  pair.a.setRole(false, { n: 2, unit: unitB });
  pair.setOpen(true);
  await pair.time.pass(20 * minute);

  assert.deepEqual(samplesOf(pair.b), samplesOf(pair.a));
  const [ofA, ofB] = [await reportsOf(pair.a), await reportsOf(pair.b)];
  assert.deepEqual(ofB, ofA);
  const csv = [usageCsv(ofA.metered, unitA), usageCsv(ofB.metered, unitB)] as const;
  assert.match(csv[0], /^1,lb-0,/m);
  assert.match(csv[0], /^\(1\),lb-1,/m);
  assert.match(csv[1], /^\(1\),lb-0,/m);
  assert.match(csv[1], /^1,lb-1,/m);
  assert.match(csv[0], /^2 \+ \(2\),lb-2 \+ lb-3,/m);
  assert.equal(withoutParentheses(csv[0]), withoutParentheses(csv[1]));
  assert.equal(
    withoutParentheses(usageHtml(ofA.metered, unitA)),
    withoutParentheses(usageHtml(ofB.metered, unitB)),
  );
  // Device n counts 3 + n connections a second of 1,100 bytes; of the pair the greater counts.
  const bits = (perSecond: number): number => perSecond * 1_100 * 8;
  const peaks = ofA.metered.lines.map(({ peak }) => peak?.bitsPerSecond ?? 0);
  for (const [index, expected] of [bits(3), bits(4), bits(6)].entries())
    assert.ok(Math.abs((peaks[index] ?? 0) - expected) <= bits(1) / 100, `${peaks} of line ${index}`);
  assert.ok(ofA.metered.lines.every(({ missing, measured }) => missing === 0 && measured >= 24));
});

test("[ML6] slots in which nobody could ask are marked as missing, and what was carried in them is counted once", async () => {
  const pair = metering(3);
  const [device] = pair.devices;
  assert.ok(device);
  await pair.time.pass(30 * minute);
  device.isDown = true;
  await pair.time.pass(15 * minute);
  device.isDown = false;
  await pair.time.pass(30 * minute);
  const { metered } = await reportsOf(pair.b);
  const [line] = metered.lines;
  assert.equal(line?.missing, 3);
  assert.equal(line?.missingSlots.length, 1);
  assert.ok((line?.peak?.bitsPerSecond ?? 0) <= 3 * 1_100 * 8 * 1.01, "a gap makes no peak");
});

test("[ML6] whatever restarts, jumps of clocks and takeovers there are, no line has a peak beyond what its clocks can make of what was carried", async () => {
  type Happening = { readonly kind: "pass" | "reset" | "over" | "skew"; readonly ms: number };
  const happening: fc.Arbitrary<Happening> = fc.record({
    kind: fc.constantFrom(
      "pass" as const,
      "pass" as const,
      "reset" as const,
      "over" as const,
      "skew" as const,
    ),
    ms: fc.integer({ min: -2 * minute, max: 40 * minute }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { minLength: 3, maxLength: 15 }), async (happenings) => {
      const pair = metering(3);
      const { a, b, time } = pair;
      let n = 1;
      for (const { kind, ms } of happenings) {
        if (kind === "pass") await time.pass(Math.max(0, ms));
        else if (kind === "reset") pair.devices[0]?.reset();
        else if (kind === "skew") a.skewMs = ms % (2 * minute);
        else {
          n += 1;
          const master = n % 2 === 0 ? b : a;
          for (const unit of [a, b]) unit.setRole(unit === master, { n, unit: master.unit });
        }
      }
      a.skewMs = 0;
      await time.pass(25 * minute);
      pair.setOpen(false);
      pair.setOpen(true);
      await time.pass(minute);
      assert.deepEqual(samplesOf(b), samplesOf(a));
      for (const { peak, members } of (await reportsOf(a)).metered.lines) {
        const rate = Math.max(
          ...members.map(({ sampled }) => (3 + Number(sampled.name.slice(3))) * 1_100 * 8),
        );
        // Two samples of clocks that differ by four minutes are up to 540 s apart and seem to be 300.
        const most = rate * 1.8 + rate / 100;
        const value = peak?.bitsPerSecond ?? 0;
        assert.ok(value >= 0 && value <= most, `${value} of ${most}`);
      }
    }),
    { numRuns: 40 },
  );
});
