import assert from "node:assert/strict";
import { test } from "node:test";
import type { PairOfRuns, Run } from "./load.ts";
import { figuresOf, type Measured, pageOf } from "./page.ts";

const run = (perSecond: number, p99Ms: number): Run => ({ perSecond, p50Ms: 1, p99Ms, failed: 0 });
const pairs = (count: number, ours: Run, plain: Run): PairOfRuns[] =>
  Array.from({ length: count }, () => ({ ours, plain }));
const thousand = {
  addAnswerMs: [150],
  addLiveMs: [250],
  deleteAnswerMs: [150],
  deleteLiveMs: [301],
  listMs: [100],
  weightMs: [9, 9, 30],
  weightReloads: 0,
};

test("figures say which goals are met", () => {
  const met = (measured: Omit<Measured, "seconds">) =>
    figuresOf({ seconds: 5, ...measured }).map((figure) => figure.met);
  assert.deepEqual(met({ http: pairs(20, run(98, 1), run(100, 1)) }), [true, true]);
  assert.deepEqual(met({ http: pairs(20, run(96, 2), run(100, 1)) }), [false, false]);
  assert.deepEqual(met({ https: pairs(3, run(96, 2), run(100, 1)) }), [null, null], "too few pairs");
  assert.deepEqual(
    met({ changes: { changes: 20, reloads: 10, answered: 100, failures: [] }, reloadsOfFour: 2 }),
    [true, false],
  );
  assert.deepEqual(met({ thousand }), [null, true, null, false, true, true, true]);
  assert.deepEqual(met({ memory: { minutes: 10, unitMb: 201, unitMostMb: 300, haproxyMb: 80 } }), [false]);
});

test("the page holds the figures, the commands and the file that was compared with", () => {
  const page = pageOf(
    { seconds: 5, http: pairs(20, run(98, 1), run(100, 1)), thousand },
    { command: "npm run bench -- dataplane --page", machine: "2 cores", commit: "abc", plain: "global\n" },
  );
  assert.match(page, /\| HTTP, requests\/s, .*0\.980 \(0\.980 to 0\.980\)/);
  assert.match(page, /wrk -t1 -c32 -d5s -s bench\/src\/dataplane\/wrk\.lua URL/);
  assert.match(page, /```\nglobal\n```/);
  assert.doesNotMatch(page, /undefined|NaN/);
});
