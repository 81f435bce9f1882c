import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Drill,
  type DrillMove,
  drillsKeptMax,
  drillText,
  isWithinBudget,
  readDrills,
  writeDrills,
} from "./drill-report.ts";

const move = (outageMs: number, change: Partial<DrillMove> = {}): DrillMove => ({
  from: "lm1",
  to: "lm2",
  outageMs,
  requests: 120,
  lost: 0,
  resets: 0,
  failed: 0,
  slowestMs: 4,
  clientLateMs: 1.4,
  answeredMs: 31,
  servers: { web1: 60, web2: 60 },
  ...change,
});
const drill = (at: string, moves: readonly DrillMove[], budgetMs = 100): Drill => ({
  format: 1,
  at,
  budget: { outageMs: budgetMs },
  moves: [...moves],
});

test("[LH13] each move and the drills before stand beside each other, with the budget's verdict", () => {
  const before = drill("2026-11-25T20:00:00.000Z", [move(12), move(14, { lost: 1, resets: 1 })]);
  const now = drill("2026-11-25T21:00:00.000Z", [move(20), move(130, { from: "lm2", to: "lm1", lost: 2 })]);
  assert.deepEqual([isWithinBudget(before), isWithinBudget(now)], [true, false]);
  assert.equal(
    drillText(now, [before]),
    [
      "role moves  outage  requests  lost  resets  slowest  answered  own error",
      "lm1 to lm2   20 ms       120     0       0     4 ms     31 ms       1 ms",
      "lm2 to lm1  130 ms       120     2       0     4 ms     31 ms       1 ms",
      "",
      "drill                moves  median  longest  lost  resets         budget",
      "2026-11-25 20:00:00      2   12 ms    14 ms     1       1    100 ms kept",
      "2026-11-25 21:00:00      2   20 ms   130 ms     2       0  100 ms missed",
      "",
      "The longest outage was 130 ms: over the budget of 100 ms.",
      "",
    ].join("\n"),
  );
});

test("[LH13] lost requests are judged where the budget names them", () => {
  const judged = (lost: number): Drill => ({
    ...drill("2026-11-25T21:00:00.000Z", [move(20, { lost: 1, resets: 1, isBackByItself: true })]),
    budget: { outageMs: 100, lost },
  });
  assert.deepEqual([isWithinBudget(judged(1)), isWithinBudget(judged(0))], [true, false]);
  const text = drillText(judged(0), []);
  assert.match(text, /^lm1 to lm2 and back +20 ms /m);
  assert.match(text, / 100 ms, 0 lost missed$/m);
  assert.match(
    text,
    /^The longest outage was 20 ms, the most that one move cost 1 lost request: over the budget of 100 ms and 0 lost requests\.$/m,
  );
});

test("[LH13] a client that was late itself is named beside an outage that it may have made", () => {
  const doubt = /own timer was late by as much/;
  const told = (clientLateMs: number): string =>
    drillText(drill("2026-11-25T21:00:00.000Z", [move(130, { clientLateMs })]), []);
  assert.match(told(40), doubt);
  assert.doesNotMatch(told(20), doubt);
});

test("[LH13] a drill that was broken off, or moved nothing, keeps no budget", () => {
  const nothing = drill("2026-11-25T21:00:00.000Z", []);
  const broken = { ...drill("2026-11-25T21:00:00.000Z", [move(20)]), failure: "lm1: hahandover: no standby" };
  assert.deepEqual([nothing, broken].map(isWithinBudget), [false, false]);
  assert.match(drillText(broken, []), /broken off after 1 move: lm1: hahandover: no standby\.\n$/);
  assert.deepEqual(readDrills(writeDrills([broken])), [broken]);
});

test("history is bounded, and a line that is no drill costs none of the others", () => {
  const many = Array.from({ length: drillsKeptMax + 5 }, (_, index) =>
    drill(`2026-11-25T21:00:00.${index}Z`, [move(index)]),
  );
  const kept = readDrills(writeDrills(many));
  assert.equal(kept.length, drillsKeptMax);
  assert.deepEqual(kept.at(-1), many.at(-1));
  const one = writeDrills(many.slice(0, 1));
  assert.equal(readDrills(`${one}{"format":1,"at":\nnull\n${one}`).length, 2);
});
