import assert from "node:assert/strict";
import { test } from "node:test";
import { minute } from "@tandem/base/time";
import { finestLevel, rollupLevels, type Sample, slotsPerDay } from "@tandem/storage/statistics-store";
import { emptyStatisticsMemory, openStatisticsMemory } from "@tandem/storage/statistics-store-memory";
import fc from "fast-check";
import {
  barsOf,
  type DeviceStatistics,
  derive,
  entitiesPerSampleMax,
  readBars,
  sampleOf,
  seriesOf,
  sinceUnknown,
  stepFor,
  totalsOf,
} from "./core.ts";
import { bodyOf, readSamples } from "./messages.ts";

const device = "dddddddddddddddd";
const counters = (connections: number, active = 1) => ({
  active,
  connections,
  bytesIn: 10 * connections,
  bytesOut: 100 * connections,
  requests: 2 * connections,
});
const at = (
  slot: number,
  connections: number,
  { since = 1, offsetMs = 0, services = {} as { readonly [name: string]: number } } = {},
): Sample =>
  sampleOf(
    {
      since,
      totals: counters(connections),
      services: Object.entries(services).map(([service, count]) => ({
        service,
        ...counters(count),
        servers: [],
      })),
    },
    { device, slot, epoch: { n: 1, unit: "1111111111111111" }, offsetMs },
  );
const added = (samples: readonly Sample[], entity = ""): readonly (number | undefined)[] =>
  barsOf(samples, minute).map(({ shares }) => shares.get(entity)?.connections);

test("[CH8] what a sample adds is the difference from the one before, across holes, and whoever polled", () => {
  const other = { ...at(4, 160), epoch: { n: 2, unit: "2222222222222222" } };
  const samples = [at(1, 1_000), at(2, 1_030), other, at(5, 161)].map((each, index) =>
    index > 1 ? { ...each, values: each.values.map((value) => value + 1_000) } : each,
  );
  assert.deepEqual(added(samples), [0, 30, 130, 1]);
  assert.equal(totalsOf(samples).get(device)?.connections, 161);
});

test("[CH8] a counter reset begins anew: what was counted since is added, and no rate is negative", () => {
  assert.deepEqual(
    added([at(1, 500), at(2, 550), at(3, 20, { since: 2 }), at(4, 30, { since: 2 })]),
    [0, 50, 20, 10],
  );
});

test("[CH8] samples of two clocks in the wrong order, and of before a reset, add nothing twice", () => {
  assert.deepEqual(added([at(1, 100), at(2, 300), at(3, 200), at(4, 310)]), [0, 200, 0, 10]);
  const reset = { since: 2 };
  assert.deepEqual(
    added([at(1, 100), at(2, 5, reset), at(3, 110), at(4, 7, reset), at(5, 9, reset)]),
    [0, 5, 10, 2, 2],
  );
  // The counter-epoch before the reset is first met after it.
  assert.deepEqual(added([at(2, 5, reset), at(3, 110), at(4, 7, reset)]), [0, 0, 2]);
});

test("[CH8] a service that was made again counts from nothing, and one of a device that tells no counter-epoch too", () => {
  const services = (count: number) => ({ services: { "10.0.0.1:80/tcp": count } });
  const samples = [at(1, 100, services(40)), at(2, 110, services(50)), at(3, 112, services(2)), at(4, 115)];
  assert.deepEqual(added(samples, "10.0.0.1:80/tcp"), [0, 10, 2, undefined]);
  const unknown = { since: sinceUnknown };
  assert.deepEqual(added([at(1, 100, unknown), at(2, 110, unknown), at(3, 4, unknown)]), [0, 10, 4]);
});

test("[CH8] a rate is over the time between the answers, not between their slots", () => {
  const [, bar] = barsOf([at(1, 0, { offsetMs: 10_000 }), at(2, 60, { offsetMs: 40_000 })], minute);
  assert.equal(bar?.shares.get("")?.coveredMs, 90_000);
});

test("[CH8] a sample holds so many services and servers at most, fits into one body, and arrives as it was", () => {
  const answered: DeviceStatistics = {
    since: 5,
    totals: counters(2 ** 50),
    services: Array.from({ length: 2_000 }, (_, index) => ({
      service: `192.168.${index >> 8}.${index & 255}:65535/tcp`,
      ...counters(2 ** 45 + index),
      servers: [],
    })),
  };
  const sample = sampleOf(answered, {
    device,
    slot: 29_000_000,
    epoch: { n: 1, unit: "1111111111111111" },
    offsetMs: 1,
  });
  assert.equal(sample.entities.length, entitiesPerSampleMax);
  const { taken, ...body } = bodyOf([sample, sample, sample, sample]);
  assert.ok(taken >= 1 && JSON.stringify(body).length <= 256 * 1_024, `${JSON.stringify(body).length} bytes`);
  assert.deepEqual(readSamples(body)?.[0], sample);
});

test("[CH8] longer periods hold exactly what their samples hold, in whatever order these came", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 3 * slotsPerDay, max: 3 * slotsPerDay + 200 }), { minLength: 2 }),
      fc.array(fc.nat({ max: 100 }), { minLength: 250, maxLength: 250 }),
      (slots, steps) => {
        const counted = (slot: number): number =>
          steps.slice(0, slot - 3 * slotsPerDay + 1).reduce((sum, step) => sum + step, 0);
        const store = openStatisticsMemory(emptyStatisticsMemory());
        for (const slot of slots) {
          store.merge([at(slot, counted(slot))]);
          for (const { start } of store.marked(9, Number.MAX_SAFE_INTEGER))
            derive(store, device, start, minute);
        }
        const sorted = [...slots].sort((a, b) => a - b);
        const expected = counted(sorted.at(-1) as number) - counted(sorted[0] as number);
        for (const step of [1, ...rollupLevels.map((level) => level.slots)]) {
          const range = { from: 3 * slotsPerDay, to: 4 * slotsPerDay, step };
          const { totals } = seriesOf(
            [readBars(store, device, "", { ...range, slotMs: minute }).bars],
            "",
            range,
          );
          assert.equal(totals.connections, expected, `step ${step}`);
        }
      },
    ),
    { numRuns: 30 },
  );
});

test("[CE3] gaps are null, several devices are added up, and the mean of what is open is shown", () => {
  const one = barsOf([at(0, 0), at(1, 60), at(4, 240)], minute);
  const two = barsOf([at(0, 0), at(1, 120), at(2, 240)], minute);
  const range = { from: 0, to: 6, step: 1 };
  const { points, totals } = seriesOf([one, two], "", range);
  assert.deepEqual(
    points.map(({ connectionsPerSecond }) => connectionsPerSecond),
    [null, 3, 2, null, 1, null],
  );
  assert.deepEqual(
    points.map(({ active }) => active),
    [2, 2, 1, null, 1, null],
  );
  assert.equal(totals.connections, 240 + 240);
  const wide = seriesOf([one], "", { from: 0, to: 6, step: 3 });
  assert.deepEqual(
    wide.points.map(({ connectionsPerSecond }) => connectionsPerSecond),
    [1, 1],
  );
  assert.deepEqual(
    seriesOf([one], "10.0.0.9:80/tcp", range).points.filter(({ active }) => active !== null),
    [],
  );
});

test("[CE3] the step is the finest that gives no more than 2,000 points out of what is still kept", () => {
  const today = 20_000;
  const to = today * slotsPerDay + 700;
  assert.equal(stepFor(to - 60, to, today, 1), 1);
  assert.equal(stepFor(to - 1_999, to, today, 1), 1);
  assert.equal(stepFor(to - 2_100, to, today, 1), 5);
  assert.equal(stepFor(to - 7 * slotsPerDay, to, today, 1), finestLevel, "raw samples of then are gone");
  assert.equal(stepFor(to - 2 * slotsPerDay, to, today, 1_000), 60, "of many devices fewer values each");
  assert.equal(stepFor(to - 5 * 366 * slotsPerDay, to, today, 1), slotsPerDay);
});
