import assert from "node:assert/strict";
import { test } from "node:test";
import { minute } from "@tandem/base/time";
import {
  noStarts,
  type Starts,
  startsMax,
  startsWindowMs,
  withLongRun,
  withOrderlyEnd,
  withStart,
} from "./pacified.ts";

const night = Date.UTC(2026, 10, 25, 3);
/** carpd is started at each of these moments, and ends each time although nobody told it to. */
const crashing = (moments: readonly number[], before: Starts = noStarts): Starts =>
  moments.reduce(withStart, before);

test("[LH9] the start after an order is free, three more are made within five minutes, and the next is not", () => {
  const moments = [0, 1, 2, 3].map((n) => night + n * minute);
  const running = crashing(moments);
  assert.equal(running.pacified, null);
  assert.equal(running.starts.length, startsMax);
  const { pacified, starts } = withStart(running, night + 4 * minute);
  assert.deepEqual([pacified?.since, pacified?.starts, starts.length], [night + 4 * minute, 3, 3]);
  assert.match(pacified?.reason ?? "", /nobody had told it to/);
});

test("[LH9] carpd that ends once in two minutes is started for ever", () => {
  const moments = Array.from({ length: 500 }, (_, n) => night + n * 2 * minute);
  assert.equal(crashing(moments).pacified, null);
});

test("[LH9] an end that was ordered makes the next start free, and being pacified outlasts it", () => {
  let starts = noStarts;
  for (let n = 0; n < 10; n += 1) starts = withOrderlyEnd(withStart(starts, night + n));
  assert.deepEqual([starts.starts, starts.pacified], [[], null]);
  // Between two crashes it forgives none of them.
  const restarted = withStart(withOrderlyEnd(crashing([0, 1, 2].map((n) => night + n))), night + 3);
  const pacified = crashing(
    [4, 5].map((n) => night + n),
    restarted,
  );
  assert.notEqual(pacified.pacified, null);
  assert.equal(withOrderlyEnd(pacified).pacified, pacified.pacified);
  assert.equal(withStart(withOrderlyEnd(pacified), night + 24 * 60 * minute).pacified, pacified.pacified);
});

test("[LH9] a clock that is set back neither pacifies nor keeps a count", () => {
  const three = crashing([0, 1, 2, 3].map((n) => night + n));
  const earlier = withStart(three, night - 60 * minute);
  assert.deepEqual([earlier.pacified, earlier.starts], [null, [night - 60 * minute]]);
  // The old starts are gone also once the clock comes to where they were.
  assert.deepEqual(withStart(earlier, night + 1).starts, [night + 1]);
  // One that still crashes is pacified by the clock as it is now.
  assert.notEqual(
    crashing(
      [1, 2, 3].map((n) => night - 60 * minute + n),
      earlier,
    ).pacified,
    null,
  );
});

test("[LH9] a clock that is set forward drops the count, and one set back to it after a long run finds none", () => {
  const three = crashing([0, 1, 2, 3].map((n) => night + n));
  assert.deepEqual(withStart(three, night + startsWindowMs + 3).starts.length, 1);
  const backAgain = withStart(withLongRun(three), night + 10);
  assert.deepEqual([backAgain.pacified, backAgain.starts], [null, [night + 10]]);
});

test("[LH9] what is kept is bounded", () => {
  const { starts, pacified } = crashing(Array.from({ length: 50 }, (_, n) => night + n));
  assert.deepEqual([starts.length, pacified?.starts], [startsMax, startsMax]);
});
