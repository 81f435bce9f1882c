import assert from "node:assert/strict";
import { test } from "node:test";
import { hour, minute, second } from "@tandem/base/time";
import { beats, digestOf, type Sample, slotsPerDay } from "@tandem/storage/statistics-store";
import fc from "fast-check";
import { totalsOf } from "./core.ts";
import type { StatisticsStatus } from "./shell.ts";
import { samplesOf, TwoUnits, unitB, type VirtualUnit } from "./two-units.ts";

const slotsOf = (samples: readonly Sample[], device: string): readonly number[] =>
  samples.filter((sample) => sample.device === device).map(({ slot }) => slot);

const statusOf = ({ statistics }: VirtualUnit): StatisticsStatus => {
  assert.ok(statistics);
  return statistics.status;
};

/** The longest stretch between two samples of a device, in slots; 1 when there is one in each. */
const longestStep = (slots: readonly number[]): number =>
  Math.max(...slots.slice(1).map((slot, index) => slot - (slots[index] as number)));

test("[CH8] only the Master polls, each device once a minute, and the Slave has each sample within a second", async () => {
  const pair = TwoUnits.started(20);
  await pair.time.pass(10 * minute + second);
  assert.deepEqual(pair.b.asked, [], "the Slave asks no device");
  const polls = pair.a.asked.map(({ device, slot }) => `${device} ${slot}`);
  assert.equal(new Set(polls).size, polls.length, "no device is asked twice in a minute");
  assert.equal(polls.length, 20 * 11);
  assert.deepEqual(samplesOf(pair.b), samplesOf(pair.a));
  assert.equal(samplesOf(pair.b).length, 20 * 11);
  const { exchange, peerLagMs } = statusOf(pair.a);
  assert.equal(exchange.unacknowledged, 0);
  assert.equal(peerLagMs, 0);
});

test("[CH8] after a take-over the graph has no hole longer than the take-over plus one poll", async () => {
  for (const goneAtMs of [5 * minute + 100, 5 * minute + 30 * second, 6 * minute - 10]) {
    const pair = TwoUnits.started(3);
    await pair.time.pass(goneAtMs);
    pair.a.kill();
    pair.setOpen(false);
    const takeOverMs = 33 * second;
    await pair.time.pass(takeOverMs);
    pair.b.setRole(true, { n: 2, unit: unitB });
    await pair.time.pass(5 * minute);
    const slots = slotsOf(samplesOf(pair.b), "d000000000000000");
    assert.ok((longestStep(slots) - 1) * minute <= takeOverMs + minute, slots.join(" "));
    // Whatever the second of the minute: in fact there is no hole at all, as the new Master polls at once.
    assert.equal(longestStep(slots), 1, `gone at ${goneAtMs}`);
    const [first, last] = [
      samplesOf(pair.b)[0],
      samplesOf(pair.b).findLast(({ device }) => device.endsWith("0")),
    ];
    const counted = (last?.values[1] ?? 0) - (first?.values[1] ?? 0);
    assert.equal(totalsOf(samplesOf(pair.b)).get("d000000000000000")?.connections, counted);
  }
});

test("[CH8] a device that is slow or down delays no other, and is asked again", async () => {
  const pair = TwoUnits.started(60);
  await pair.time.pass(second);
  for (const device of pair.devices.slice(0, 7)) device.answerMs = 1 * hour;
  for (const device of pair.devices.slice(7, 20)) device.isDown = true;
  await pair.time.pass(minute + second);
  const [first] = samplesOf(pair.a);
  const inTime = samplesOf(pair.a).filter(({ slot }) => slot !== first?.slot);
  assert.equal(inTime.length, 40);
  await pair.time.pass(30 * second);
  const { lastRound } = statusOf(pair.a);
  assert.deepEqual([lastRound?.answered, lastRound?.failed, lastRound?.left], [40, 20, 0]);
  for (const device of pair.devices) Object.assign(device, { answerMs: 20, isDown: false });
  await pair.time.pass(minute);
  assert.equal(statusOf(pair.a).lastRound?.answered, 60);
});

test("[CH8] what was lost on its way to the Slave is sent again", async () => {
  const pair = TwoUnits.started(10);
  pair.lossPercent = 40;
  await pair.time.pass(20 * minute);
  pair.lossPercent = 0;
  await pair.time.pass(2 * minute);
  assert.deepEqual(samplesOf(pair.b), samplesOf(pair.a));
});

test("[CH8] a comparison that is asked for while one is under way follows it", async () => {
  const pair = TwoUnits.started(1);
  await pair.time.pass(10 * second);
  const [sample] = samplesOf(pair.b);
  assert.ok(sample);
  pair.a.statistics?.compareWithPeer();
  // The question takes 2 ms to the peer, its answer 2 ms back.
  await pair.time.pass(3);
  pair.b.store.merge([{ ...sample, slot: sample.slot - 1 }]);
  pair.a.statistics?.compareWithPeer();
  await pair.time.pass(second);
  assert.deepEqual(samplesOf(pair.a), samplesOf(pair.b));
});

test("[CH8] a Slave that was away for a day has everything soon after it is back, in bodies that are bounded", async () => {
  const pair = TwoUnits.started(4);
  await pair.time.pass(3 * minute);
  pair.b.kill();
  pair.setOpen(false);
  await pair.time.pass(slotsPerDay * minute);
  pair.b.start();
  pair.setOpen(true);
  await pair.time.pass(5 * second);
  assert.ok(samplesOf(pair.b).length > 4 * slotsPerDay);
  assert.deepEqual(samplesOf(pair.b), samplesOf(pair.a));
  assert.ok(pair.bytesMax <= 256 * 1_024, `${pair.bytesMax} bytes`);
  await pair.time.pass(minute);
  const { a, b } = pair;
  for (const slots of [15, 60, slotsPerDay] as const)
    assert.deepEqual(
      b.store.rollups(slots, "d000000000000000", 0, Number.MAX_SAFE_INTEGER),
      a.store.rollups(slots, "d000000000000000", 0, Number.MAX_SAFE_INTEGER),
      "rollups are derived, and the same on both",
    );
});

test("[CH8] a full disk drops samples and is told once; polling goes on, and the peer's copy fills the gap later", async () => {
  const pair = TwoUnits.started(2);
  await pair.time.pass(2 * minute);
  pair.a.memory.failure = new Error("database or disk is full");
  await pair.time.pass(3 * minute);
  assert.deepEqual(
    pair.a.events.map(({ code }) => code),
    ["statistics-dropped"],
  );
  assert.equal(statusOf(pair.a).dropped, 6);
  assert.equal(pair.a.asked.length, 2 * 6);
  pair.a.memory.failure = null;
  await pair.time.pass(minute);
  assert.deepEqual(pair.a.events.slice(1), [{ code: "statistics-kept-again", dropped: 6 }]);
  assert.equal(longestStep(slotsOf(samplesOf(pair.a), "d000000000000000")), 4);
  await pair.time.pass(10 * minute);
  assert.equal(longestStep(slotsOf(samplesOf(pair.a), "d000000000000000")), 1);
  assert.deepEqual(samplesOf(pair.b), samplesOf(pair.a));
});

test("[CH8] a clock that runs months ahead for a while takes no samples away, and what it mislabelled is no harm", async () => {
  const pair = TwoUnits.started(1);
  await pair.time.pass(5 * minute);
  const before = samplesOf(pair.a);
  for (const unit of [pair.a, pair.b]) unit.skewMs = 90 * slotsPerDay * minute;
  await pair.time.pass(5 * minute);
  for (const unit of [pair.a, pair.b]) unit.skewMs = 0;
  await pair.time.pass(15 * minute);
  const after = samplesOf(pair.a);
  assert.deepEqual(after.slice(0, before.length), before);
  assert.deepEqual(samplesOf(pair.b), after);
  const [device] = pair.devices;
  assert.ok(device);
  const counted = totalsOf(after).get(device.id)?.connections ?? Number.NaN;
  assert.ok(counted <= device.countedAt(pair.time.now).connections);
});

type Happening =
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "cut" | "heal" | "back" | "reset" | "slow" | "loss" }
  | { readonly kind: "kill" | "start" | "skew"; readonly unit: "a" | "b"; readonly ms: number };
const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 4 * minute }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom("cut" as const, "heal", "back", "slow", "loss", "reset") }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom("kill" as const, "start", "skew"),
      unit: fc.constantFrom("a" as const, "b"),
      ms: fc.integer({ min: -3 * minute, max: 3 * minute }),
    }),
  },
);

test("[CH8] after cuts in which both polled, deaths, losses and clocks that jump, both units hold the same samples: one per device and minute, the greater epoch's, and nothing is counted twice", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { minLength: 5, maxLength: 40 }), async (happenings) => {
      const pair = TwoUnits.started(2);
      const { a, b, time } = pair;
      const [device] = pair.devices;
      assert.ok(device);
      let n = 1;
      let counted = 0;
      let resets = 0;
      /** One acts when they are connected; each that is alone acts under a new epoch. */
      const settleRoles = (): void => {
        const alive = [a, b].filter(({ statistics }) => statistics !== null);
        if (pair.isOpen) {
          const master = a.epoch.n >= b.epoch.n ? a : b;
          for (const unit of [a, b]) unit.setRole(unit === master, master.epoch);
          return;
        }
        for (const unit of alive) {
          if (unit.isActing) continue;
          n += 1;
          unit.setRole(true, { n, unit: unit.unit });
        }
      };
      for (const each of happenings) {
        switch (each.kind) {
          case "pass":
            await time.pass(each.ms);
            break;
          case "cut":
            pair.setOpen(false);
            break;
          case "heal":
            pair.setOpen(true);
            break;
          case "back":
            for (const unit of [a, b]) unit.skewMs = 0;
            break;
          case "reset":
            counted += device.countedAt(time.now).connections;
            resets += 1;
            device.reset();
            break;
          case "slow":
            device.answerMs = device.answerMs === 20 ? 8 * second : 20;
            break;
          case "loss":
            pair.lossPercent = pair.lossPercent === 0 ? 30 : 0;
            break;
          case "kill":
            if (pair[each.unit].statistics === null) break;
            pair.setOpen(false);
            pair[each.unit].kill();
            pair[each.unit].setRole(false, pair[each.unit].epoch);
            break;
          case "start":
            if (pair[each.unit].statistics === null) pair[each.unit].start();
            break;
          case "skew":
            pair[each.unit].skewMs = each.ms;
            break;
        }
        settleRoles();
      }
      for (const unit of [a, b]) {
        unit.skewMs = 0;
        if (unit.statistics === null) unit.start();
      }
      pair.lossPercent = 0;
      device.answerMs = 20;
      pair.setOpen(false);
      pair.setOpen(true);
      settleRoles();
      // To the middle of a minute, when nothing that was polled is still on its way.
      await time.pass(12 * minute + minute / 2 - (time.now % minute));

      const [ofA, ofB] = [samplesOf(a), samplesOf(b)];
      assert.deepEqual(ofB, ofA);
      const keys = ofA.map(({ device: of, slot }) => `${of} ${slot}`);
      assert.equal(new Set(keys).size, keys.length);
      const best = new Map<string, Sample>();
      for (const sample of [...a.polled, ...b.polled]) {
        const key = `${sample.device} ${sample.slot}`;
        const there = best.get(key);
        if (!there || beats({ ...sample, digest: digestOf(sample) }, { ...there, digest: digestOf(there) }))
          best.set(key, sample);
      }
      assert.deepEqual(
        ofA,
        [...best.keys()].sort().map((key) => best.get(key)),
        "each slot has its winner",
      );
      const total = totalsOf(ofA).get(device.id)?.connections ?? 0;
      const truth = counted + device.countedAt(time.now).connections;
      assert.ok(total <= truth, `${total} of ${truth} counted`);
      if (resets === 0) {
        const greatest = Math.max(
          ...ofA.filter((s) => s.device === device.id).map((s) => s.values[1] as number),
        );
        const first = ofA.find((sample) => sample.device === device.id)?.values[1] as number;
        assert.equal(total, greatest - first, "nothing is lost between samples");
      }
    }),
    {
      numRuns: 60,
      examples: [
        // Everything ends at the very moment at which a device answers.
        [
          [
            { kind: "kill", unit: "a", ms: 0 },
            { kind: "pass", ms: 4 * minute + 20 },
          ],
        ],
      ],
    },
  );
});
