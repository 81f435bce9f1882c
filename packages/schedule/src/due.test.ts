import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { missedCountedMax, onTimeWithinMs } from "./constants.ts";
import { dueNow, missedWords } from "./due.ts";

test("[CH9] of what passed unseen the newest stands for all, and its rule decides when it was missed", () => {
  const passed = [10_000_000, 5_000_000, 1_000_000];
  assert.equal(dueNow(passed, 10_000_000, 10_000_001, "skip"), null);
  assert.deepEqual(dueNow(passed, 5_000_000, 10_000_001, "skip"), {
    due: 10_000_000,
    what: "run",
    missedBefore: 0,
  });
  const late = 10_000_001 + onTimeWithinMs;
  assert.deepEqual(dueNow(passed, 0, late, "run once late"), {
    due: 10_000_000,
    what: "run late",
    missedBefore: 2,
  });
  assert.equal(dueNow(passed, 0, late, "skip")?.what, "skip");
  assert.equal(dueNow(passed, 0, 9_000_000, "skip")?.due, 5_000_000, "the future is not due");
});

test("looks at any moments find every occurrence at most once, in order, and none that was dealt with", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 10_000_000 }), { minLength: 1, maxLength: 300 }),
      fc.array(fc.integer({ min: 0, max: 12_000_000 }), { minLength: 1, maxLength: 30 }),
      fc.constantFrom("skip" as const, "run once late" as const),
      (times, moments, rule) => {
        const occurrences = [...new Set(times)].sort((a, b) => b - a);
        let floor = 0;
        for (const now of moments.sort((a, b) => a - b)) {
          const due = dueNow(occurrences, floor, now, rule);
          const unseen = occurrences.filter((time) => time > floor && time <= now);
          assert.equal(due?.due, unseen[0]);
          if (due === null) continue;
          assert.ok(due.due > floor && due.due <= now);
          assert.equal(due.missedBefore, Math.min(unseen.length - 1, missedCountedMax));
          assert.equal(due.what === "run", now - due.due <= onTimeWithinMs);
          floor = due.due;
        }
      },
    ),
    { numRuns: 200, seed: 1 },
  );
});

test("how many were missed is said in words", () => {
  assert.equal(missedWords(0), "");
  assert.equal(missedWords(1), "1 earlier occurrence was missed");
  assert.equal(missedWords(missedCountedMax), "at least 100 earlier occurrences were missed");
});
