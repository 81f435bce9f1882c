import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { replayBootsMax, replaySourcesMax } from "./constants.ts";
import { checkCounter, type SourceMemory } from "./replay.ts";

const peer = "10.213.0.22";
const counter = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });

/** Feeds counters in turn and says which were fresh. */
function feed(
  counters: readonly bigint[],
  memory: readonly SourceMemory[] = [],
): { fresh: boolean[]; memory: readonly SourceMemory[] } {
  const fresh: boolean[] = [];
  for (const value of counters) {
    const checked = checkCounter(memory, peer, value);
    fresh.push(checked.fresh);
    memory = checked.memory;
  }
  return { fresh, memory };
}

test("a counter grows: the same again, or an earlier one, is a replay; a gap is none", () => {
  assert.deepEqual(feed([10n, 11n, 11n, 10n, 12n, 500n, 499n]).fresh, [
    true,
    true,
    false,
    false,
    true,
    true,
    false,
  ]);
});

test("it may wrap round at 64 bits", () => {
  assert.deepEqual(feed([(1n << 64n) - 1n, 0n, (1n << 64n) - 1n]).fresh, [true, true, false]);
});

test("another lifetime begins anywhere, and what was captured in an earlier one stays refused", () => {
  const first = 5n << 60n;
  const second = 1n << 60n;
  assert.deepEqual(feed([first, first + 1n, second, first + 1n, first, second + 1n, first + 2n]).fresh, [
    true,
    true,
    true,
    false,
    false,
    true,
    true,
  ]);
});

test("sources do not mix", () => {
  const { memory } = feed([10n]);
  assert.equal(checkCounter(memory, "10.213.0.23", 10n).fresh, true);
});

test("no packet passes twice while its lifetime is remembered, in whatever order they come", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(counter, { minLength: 1, maxLength: replayBootsMax }),
      fc.array(fc.nat()),
      (starts, picks) => {
        const sent = picks.map((pick) =>
          BigInt.asUintN(64, starts[pick % starts.length]! + BigInt(pick % 7)),
        );
        const passed = sent.filter((_, index, all) => feed(all.slice(0, index + 1)).fresh[index]);
        assert.equal(new Set(passed).size, passed.length);
      },
    ),
    { numRuns: 50 },
  );
});

test("a long lifetime takes one place: an earlier one is remembered through any number of its advertisements", () => {
  const captured = 5n << 60n;
  const later = Array.from({ length: 10 * replayBootsMax }, (_, index) => (1n << 60n) + BigInt(index));
  assert.equal(feed([captured, ...later, captured]).fresh.at(-1), false);
});

test("what is remembered is bounded", () => {
  let memory: readonly SourceMemory[] = [];
  for (let index = 0; index < 100; index++) {
    memory = checkCounter(memory, `10.0.0.${index}`, 1n).memory;
    memory = checkCounter(memory, peer, BigInt(index) << 40n).memory;
  }
  assert.equal(memory.length, replaySourcesMax);
  assert.equal(memory.find((entry) => entry.source === peer)!.greatest.length, replayBootsMax);
});
