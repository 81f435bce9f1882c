import assert from "node:assert/strict";
import { test } from "node:test";
import { blocksOf } from "./command.ts";
import { contenders, keepalivedSlow, oursSlow } from "./contenders.ts";
import { figuresOf, pageOf, pictureOf, tablesOf } from "./page.ts";
import type { EventName, Round } from "./rounds.ts";

const round = (contender: string, event: EventName, udpMs: number): Round => ({
  contender,
  event,
  udpMs,
  udpLost: udpMs,
  httpMs: udpMs + 1,
  quietMs: 0,
  lateP99Ms: 1,
  lateMaxMs: 2,
});
const many = (contender: string, event: EventName, count: number, udpMs: number): readonly Round[] =>
  Array.from({ length: count }, () => round(contender, event, udpMs));
const measuredOf = (rounds: readonly Round[]) => ({ rounds, falseTakeovers: [], actionMs: [] });

test("[LH2] the 99th percentile is given from 200 rounds on", () => {
  const few = measuredOf(many(oursSlow.name, "orderly stop", 199, 3));
  const enough = measuredOf(many(oursSlow.name, "orderly stop", 200, 3));
  assert.match(tablesOf(few), /\| 199 \| 3\.0 \| 3\.0 \| 3\.0 \| – \| 3\.0 \|/);
  assert.match(tablesOf(enough), /\| 200 \| 3\.0 \| 3\.0 \| 3\.0 \| 3\.0 \| 3\.0 \|/);
  assert.equal(figuresOf(few).length, 1);
  assert.equal(figuresOf(enough).length, 2);
});

test("[LH2] a death's goal is keepalived's median of the same run; without it there is none", () => {
  const deaths = many(oursSlow.name, "machine death", 3, 2_900);
  assert.deepEqual(figuresOf(measuredOf(deaths)), []);
  const met = (theirs: number): boolean | null | undefined =>
    figuresOf(measuredOf([...deaths, ...many(keepalivedSlow.name, "machine death", 3, theirs)]))[0]?.met;
  assert.equal(met(3_000), true);
  assert.equal(met(2_800), false);
});

test("[LH2] the page says which stops were above the goal, what they lost, and whose code it was", () => {
  const slow = { ...round(oursSlow.name, "orderly stop", 31), udpLost: 2, lateMaxMs: 29, commit: "abc123" };
  const page = pageOf(measuredOf([slow]), { command: "bench", machine: "machine", figures: "" });
  assert.match(page, /of the code at abc123/);
  assert.match(page, /\| 31 \| 2 \| 29 \| 32 \|/);
  const quick = pageOf(measuredOf([round(oursSlow.name, "orderly stop", 3)]), {
    command: "bench",
    machine: "machine",
    figures: "",
  });
  assert.doesNotMatch(quick, /Orderly stops above/);
});

test("the picture has a row for each contender that was measured, and stays within its frame", () => {
  const svg = pictureOf(
    measuredOf([...many(oursSlow.name, "heal", 2, 0), ...many(keepalivedSlow.name, "heal", 2, 60_000)]),
  );
  assert.equal(svg.match(/class="name"/g)?.length, 2);
  for (const [, x] of svg.matchAll(/<rect x="([\d.]+)"/g)) assert.ok(Number(x) >= 190 && Number(x) <= 790, x);
});

test("a run has some of everything first, and a second run measures what is still missing", () => {
  const wanted = (event: EventName): number => (event === "orderly stop" ? 40 : 5);
  const all = blocksOf(contenders, wanted, []);
  assert.deepEqual(
    all.slice(0, contenders.length).map(({ contender }) => contender),
    contenders.map(({ name }) => name),
  );
  const counted = all.flatMap(({ contender, rounds }) =>
    rounds.flatMap(({ event, count }) => many(contender, event, count, 1)),
  );
  // ucarp has no checks.
  assert.equal(counted.length, contenders.length * (40 + 3 * 5) - 5);
  assert.deepEqual(blocksOf(contenders, wanted, counted), []);
  assert.deepEqual(blocksOf([oursSlow], wanted, counted.slice(1)), [
    { contender: oursSlow.name, rounds: [{ event: "orderly stop", count: 1 }] },
  ]);
});
