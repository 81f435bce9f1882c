import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { occurrencesOf, readWhen, type WhenAsked } from "./when.ts";

const now = Date.parse("2026-11-25T09:30:00Z");
const timeZone = "Europe/Vienna";
const moments = (times: readonly number[]): readonly string[] =>
  times.map((time) => new Date(time).toISOString().slice(0, 16));

function refusal(asked: WhenAsked): string {
  const read = readWhen("when", asked, now);
  assert.ok(!read.ok, JSON.stringify(asked));
  assert.ok(read.error.message && read.error.remedy);
  return `${read.error.field} ${read.error.code}`;
}

test("[CH9] what is no time, no expression, no time zone, past or never is refused beside its field", () => {
  const past: WhenAsked = { once: "2026-11-25T10:29", timeZone };
  assert.equal(refusal({ timeZone }), "when when-unclear");
  assert.equal(refusal({ once: "2026-12-01T03:00", cron: "0 3 * * *", timeZone }), "when when-unclear");
  for (const once of ["tomorrow", "2026-02-30T03:00", "2026-12-01T24:00", "2026-12-01T03:00Z", ""])
    assert.equal(refusal({ once, timeZone }), "when/once time-malformed", once);
  assert.equal(refusal(past), "when/once time-in-the-past");
  for (const cron of ["61 * * * *", "* * * *", "* * * * * *", "x", "*/0 * * * *", "0 0 30 2 *", "@never", ""])
    assert.equal(refusal({ cron, timeZone }), "when/cron cron-malformed", cron);
  for (const zone of ["Mars/Olympus", "", "+01:00", "x".repeat(65)])
    assert.equal(refusal({ cron: "0 3 * * *", timeZone: zone }), "when/timeZone time-zone-unknown", zone);
  assert.ok(readWhen("when", { once: "2026-11-25T10:31", timeZone }, now).ok);
  assert.deepEqual(readWhen("when", { cron: " 0  3 * * MON ", timeZone }, now), {
    ok: true,
    value: { kind: "cron", cron: "0 3 * * MON", timeZone },
  });
});

test("[CH9] daylight saving time: a time that is leapt over comes right after, one that is shown twice once", () => {
  const nightly = occurrencesOf({ kind: "cron", cron: "30 2 * * *", timeZone });
  const around = (from: string): readonly string[] => {
    const first = nightly.next(Date.parse(from)) ?? 0;
    const second = nightly.next(first) ?? 0;
    return moments([first, second]);
  };
  assert.deepEqual(around("2026-03-28T12:00Z"), ["2026-03-29T01:00", "2026-03-30T00:30"]);
  assert.deepEqual(around("2026-10-24T12:00Z"), ["2026-10-25T00:30", "2026-10-26T01:30"]);
  const halfHourly = occurrencesOf({ kind: "cron", cron: "0,30 2 * * *", timeZone });
  assert.equal(halfHourly.latest(Date.parse("2026-10-25T12:00Z"), 4).length, 4);
  const once = occurrencesOf({ kind: "once", at: "2026-03-29T02:30", timeZone });
  assert.deepEqual(moments(once.latest(now, 5)), ["2026-03-29T01:30"]);
  assert.equal(once.next(now), null);
});

test("looking back finds what looking ahead does", () => {
  const crons = ["0 * * * *", "*/7 * * * *", "30 2 * * *", "15 3 1 * *", "0 12 * * 1-5", "@weekly"];
  fc.assert(
    fc.property(
      fc.constantFrom(...crons),
      fc.constantFrom("UTC", timeZone, "America/New_York", "Australia/Lord_Howe"),
      fc.integer({ min: 0, max: 3 * 365 * 24 * 60 }),
      (cron, zone, minutes) => {
        const occurrences = occurrencesOf({ kind: "cron", cron, timeZone: zone });
        const upTo = Date.parse("2025-01-01T00:00:00Z") + minutes * 60_000;
        const latest = occurrences.latest(upTo, 5);
        assert.equal(latest.length, 5);
        assert.ok((occurrences.next(upTo) ?? 0) > upTo);
        for (const [index, time] of latest.entries()) {
          assert.ok(time <= upTo);
          const later = index === 0 ? (occurrences.next(upTo) ?? 0) : (latest[index - 1] ?? 0);
          assert.equal(
            occurrences.next(time),
            later,
            `${cron} in ${zone} after ${new Date(time).toISOString()}`,
          );
        }
      },
    ),
    { numRuns: 60, seed: 1 },
  );
});
