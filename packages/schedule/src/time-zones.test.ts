/** The arithmetic of time zones against the calendar of the platform, minute by minute, where clocks are changed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { hour, minute } from "@tandem/base/time";
import fc from "fast-check";
import { missedCountedMax } from "./constants.ts";
import { dueNow } from "./due.ts";
import { occurrencesOf } from "./when.ts";

/** Half hours of daylight saving time, two hours of it, changes at midnight, and offsets that are no whole hours. */
const zones = [
  "UTC",
  "Europe/Vienna",
  "America/New_York",
  "America/Santiago",
  "America/St_Johns",
  "Australia/Lord_Howe",
  "Antarctica/Troll",
  "Asia/Kathmandu",
  "Pacific/Chatham",
];

type Local = { readonly day: string; readonly hour: number; readonly minute: number };
const formats = new Map(
  zones.map((timeZone) => [
    timeZone,
    new Intl.DateTimeFormat("en-GB", { timeZone, dateStyle: "short", timeStyle: "short" }),
  ]),
);
/** What a clock on the wall of that zone shows. */
function shownIn(zone: string, at: number): Local {
  const [day = "", time = ""] = (formats.get(zone)?.format(at) ?? "").split(", ");
  const [hours = "", minutes = ""] = time.split(":");
  return { day, hour: Number(hours), minute: Number(minutes) };
}

const from = Date.parse("2026-01-01T00:00Z");
const offsetIn = (zone: string, at: number): number => {
  const { hour: hours, minute: minutes } = shownIn(zone, at);
  return ((hours * 60 + minutes - Math.floor((at / minute) % (24 * 60)) + 36 * 60) % (24 * 60)) - 12 * 60;
};
/** The hours within which clocks are changed, over two years. */
const changes = zones.flatMap((zone) =>
  Array.from({ length: 2 * 365 * 24 }, (_, index) => from + index * hour)
    .filter((at) => offsetIn(zone, at) !== offsetIn(zone, at + hour))
    .map((at) => ({ zone, at })),
);
const anywhere = fc.record({
  zone: fc.constantFrom(...zones),
  at: fc.integer({ min: 0, max: 2 * 365 * 24 * 60 }).map((minutes) => from + minutes * minute),
});
const moments = fc.oneof(
  anywhere,
  fc
    .tuple(fc.constantFrom(...changes), fc.integer({ min: -180, max: 180 }))
    .map(([{ zone, at }, minutes]) => ({ zone, at: at + minutes * minute })),
);
const hours = fc.integer({ min: 0, max: 23 });
const minutes = fc.integer({ min: 0, max: 59 });
const crons = fc.oneof(
  fc.tuple(minutes, hours).map(([m, h]) => `${m} ${h} * * *`),
  fc.integer({ min: 1, max: 59 }).map((step) => `*/${step} * * * *`),
  fc.tuple(minutes, minutes, hours).map(([a, b, h]) => `${a},${b} ${h} * * *`),
  fc.tuple(minutes, hours, fc.integer({ min: 1, max: 31 })).map(([m, h, d]) => `${m} ${h} ${d} * *`),
  fc.tuple(minutes, hours, fc.integer({ min: 0, max: 6 })).map(([m, h, d]) => `${m} ${h} * * ${d}`),
);

test("the clocks are changed where the test looks", () => {
  assert.ok(changes.length >= 4 * 6, `${changes.length}`);
});

test("[CH9] the next time lies strictly ahead, the one after it further still, and there is nothing in between", () => {
  fc.assert(
    fc.property(moments, crons, fc.integer({ min: 0, max: 48 * 60 }), ({ zone, at }, cron, later) => {
      const occurrences = occurrencesOf({ kind: "cron", cron, timeZone: zone });
      const next = occurrences.next(at);
      assert.ok(next !== null && next > at, `${cron} in ${zone} after ${new Date(at).toISOString()}`);
      assert.equal(occurrences.next(next - 1), next);
      assert.ok((occurrences.next(next) ?? 0) > next);
      const fromLater = occurrences.next(at + later * minute) ?? 0;
      assert.ok(fromLater >= next, "asked later, the answer is no earlier");
      if (at + later * minute < next) assert.equal(fromLater, next);
    }),
    { numRuns: 400, seed: 1 },
  );
});

test("[CH9] once a day is once a day, at its time; where the clocks leap over it, right after; where they show it twice, first", () => {
  let leaptOver = 0;
  fc.assert(
    fc.property(moments, fc.integer({ min: 0, max: 3 }), minutes, ({ zone, at }, ahead, m) => {
      const h = (shownIn(zone, at).hour + ahead) % 24;
      const daily = occurrencesOf({ kind: "cron", cron: `${m} ${h} * * *`, timeZone: zone });
      const first = daily.next(at) ?? 0;
      const second = daily.next(first) ?? 0;
      const what = `${h}:${m} in ${zone}: ${new Date(first).toISOString()}, ${new Date(second).toISOString()}`;
      assert.notEqual(shownIn(zone, first).day, shownIn(zone, second).day, what);
      assert.ok(second - first <= 26 * hour, what);
      const shown = shownIn(zone, first);
      const isAtItsTime = shown.hour === h && shown.minute === m;
      const twin = [30 * minute, hour, 2 * hour].find((back) => {
        const before = shownIn(zone, first - back);
        return before.day === shown.day && before.hour === shown.hour && before.minute === shown.minute;
      });
      if (isAtItsTime) assert.equal(twin, undefined, `it was shown before: ${what}`);
      else {
        leaptOver += 1;
        let before = first;
        while (offsetIn(zone, before - minute) === offsetIn(zone, first)) before -= minute;
        assert.ok(first - before < 2 * hour, `nothing leapt over it: ${what}`);
      }
    }),
    { numRuns: 400, seed: 1 },
  );
  assert.ok(leaptOver > 5, "the property was put to the test");
});

test("[CH9] several times a day come whenever the clock shows them: not where it leaps, and again where it is put back", () => {
  fc.assert(
    fc.property(moments, fc.constantFrom(5, 10, 15, 20, 30), ({ zone, at }, step) => {
      const often = occurrencesOf({ kind: "cron", cron: `*/${step} * * * *`, timeZone: zone });
      for (let now = at; now < at + 3 * hour; ) {
        const next = often.next(now) ?? 0;
        assert.ok(next > now);
        for (let between = now + minute; between < next; between += minute)
          assert.notEqual(
            shownIn(zone, between).minute % step,
            0,
            `${zone} ${new Date(between).toISOString()}`,
          );
        assert.equal(shownIn(zone, next).minute % step, 0, `${zone} ${new Date(next).toISOString()}`);
        now = next;
      }
    }),
    { numRuns: 100, seed: 1 },
  );
});

test("[CH9] whenever two units look, and whichever of them, no occurrence is dealt with twice and none that was newest is left", () => {
  const looks = fc.array(fc.integer({ min: 1, max: 36 * 60 }), { minLength: 1, maxLength: 6 });
  const rules = fc.constantFrom("skip" as const, "run once late" as const);
  fc.assert(
    fc.property(moments, crons, looks, rules, ({ zone, at }, cron, pauses, rule) => {
      const occurrences = occurrencesOf({ kind: "cron", cron, timeZone: zone });
      const dealtWith = new Set<number>();
      let now = at;
      for (const pause of pauses) {
        const before = now;
        now += pause * minute;
        // Whoever looks has the ledger of both, and from it the newest that was dealt with.
        const floor = Math.max(at, ...dealtWith);
        const due = dueNow(occurrences.latest(now, missedCountedMax + 1), floor, now, rule);
        const next = occurrences.next(before) ?? 0;
        assert.equal(due !== null, next <= now, `${cron} in ${zone}`);
        if (due === null) continue;
        assert.ok(!dealtWith.has(due.due));
        assert.ok((occurrences.next(due.due) ?? 0) > now, "it is the newest that has passed");
        dealtWith.add(due.due);
        assert.equal(dueNow(occurrences.latest(now, missedCountedMax + 1), due.due, now, rule), null);
      }
    }),
    { numRuns: 60, seed: 1 },
  );
});
