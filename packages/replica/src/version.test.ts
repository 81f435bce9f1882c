import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { winnerOf } from "./merge.ts";
import {
  compareVersions,
  covers,
  equalVectors,
  knows,
  mergeVectors,
  sequenceOf,
  type Vector,
  type Version,
  versionId,
} from "./version.ts";

const incarnation = fc.constantFrom("000000000000000a", "000000000000000b", "000000000000000c");
const vector: fc.Arbitrary<Vector> = fc.dictionary(incarnation, fc.integer({ min: 1, max: 4 }));

/** Versions of one slot; one identity always has one content, as in a replica. */
const version: fc.Arbitrary<Version> = fc
  .record({ incarnation, seq: fc.integer({ min: 1, max: 6 }) })
  .map((id) => {
    const salt = id.seq * 31 + id.incarnation.charCodeAt(15);
    return {
      table: "networks",
      row: "r",
      field: "name",
      ...id,
      life: (salt % 2) * 2 + 1,
      clock: salt % 5,
      context: {},
      author: "a",
      unit: "u",
      at: 0,
      value: salt,
    };
  });

test("[CH20] the winner of a field is commutative, associative and idempotent", () => {
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      const id = (v: Version): string => versionId(v);
      assert.equal(id(winnerOf(a, b)), id(winnerOf(b, a)));
      assert.equal(id(winnerOf(winnerOf(a, b), c)), id(winnerOf(a, winnerOf(b, c))));
      assert.equal(id(winnerOf(a, a)), id(a));
    }),
  );
});

test("[CH20] the order of versions is life, then clock, then incarnation, then seq", () => {
  const base = { table: "t", row: "r", field: "f", context: {}, author: "", unit: "", at: 0, value: 0 };
  const ordered: Version[] = [
    { ...base, life: 1, clock: 9, incarnation: "b", seq: 9 },
    { ...base, life: 2, clock: 1, incarnation: "b", seq: 9 },
    { ...base, life: 2, clock: 2, incarnation: "a", seq: 9 },
    { ...base, life: 2, clock: 2, incarnation: "b", seq: 1 },
    { ...base, life: 2, clock: 2, incarnation: "b", seq: 2 },
  ];
  for (let i = 1; i < ordered.length; i++)
    assert.ok(compareVersions(ordered[i - 1]!, ordered[i]!) < 0, `${i}`);
});

test("[CH17] merging vectors gives the least one that covers both", () => {
  fc.assert(
    fc.property(vector, vector, vector, (a, b, c) => {
      const merged = mergeVectors(a, b);
      assert.ok(covers(merged, a) && covers(merged, b));
      assert.ok(equalVectors(merged, mergeVectors(b, a)));
      assert.ok(equalVectors(mergeVectors(merged, c), mergeVectors(a, mergeVectors(b, c))));
      if (covers(c, a) && covers(c, b)) assert.ok(covers(c, merged));
    }),
  );
});

test("[CH17] an incarnation a vector does not name is not known", () => {
  assert.equal(knows({}, { incarnation: "a", seq: 1 }), false);
  assert.equal(knows({ a: 2 }, { incarnation: "a", seq: 2 }), true);
  assert.equal(knows({ a: 2 }, { incarnation: "a", seq: 3 }), false);
});

test("[CH17] equal sums prove nothing", () => {
  const a = { x: 2 };
  const b = { x: 1, y: 1 };
  assert.equal(sequenceOf(a), sequenceOf(b));
  assert.equal(equalVectors(a, b), false);
});
