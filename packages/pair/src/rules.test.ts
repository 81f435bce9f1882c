import assert from "node:assert/strict";
import { test } from "node:test";
import { compareEpochs } from "@tandem/base/epoch";
import { assert as check, constantFrom, integer, property, record } from "fast-check";
import { inPair, OneUnit, pairP, unitA, unitB } from "./one-unit.ts";
import { elect, equalEpochs, licensingMismatch, maxEpoch, relationOf } from "./rules.ts";
import { type Licensing, newDurable, type PairState, type Unequal } from "./state.ts";

const unit = constantFrom(unitA, unitB, "c".repeat(16));
const epoch = record({ n: integer({ min: 0, max: 4 }), unit });

test("epochs are totally ordered", () => {
  check(
    property(epoch, epoch, epoch, (a, b, c) => {
      assert.equal(Math.sign(compareEpochs(a, b)) + Math.sign(compareEpochs(b, a)), 0);
      assert.deepEqual(maxEpoch(maxEpoch(a, b), c), maxEpoch(a, maxEpoch(b, c)));
      assert.equal(equalEpochs(a, b), a.n === b.n && a.unit === b.unit);
    }),
  );
});

/** The same two units, seen from the other side. */
const mirrored = (state: PairState, other: PairState) =>
  new OneUnit({ durable: state.durable }).heartbeat({
    from: state.self.unit,
    state: "Starting",
    pairId: state.durable.pairId,
    setUpFirst: state.durable.setUpFirst,
    armed: state.durable.armedFor === other.self.unit,
    epoch: state.durable.epoch,
    seen: state.durable.seen,
    vector: state.facts.vector,
    preferredMaster: state.settings.preferredMaster,
  });

const durable = record({
  pairId: constantFrom(null, pairP, "2".repeat(32)),
  seen: epoch,
  setUpFirst: constantFrom(true, false),
  armed: constantFrom(true, false),
  blank: constantFrom(true, false),
  preferred: constantFrom(true, false),
});
const stateOf = (
  own: string,
  peer: string,
  chosen: typeof durable extends import("fast-check").Arbitrary<infer T> ? T : never,
): PairState => {
  const { state } = new OneUnit();
  return {
    ...state,
    self: { ...state.self, unit: own },
    settings: { ...state.settings, preferredMaster: chosen.preferred },
    durable: {
      ...newDurable,
      pairId: chosen.pairId,
      seen: chosen.seen,
      setUpFirst: chosen.setUpFirst,
      armedFor: chosen.armed ? peer : null,
    },
    facts: { ...state.facts, vector: chosen.blank ? {} : state.facts.vector },
  };
};

test("an election has one winner: the two units never both think that they are it", () => {
  check(
    property(durable, durable, (one, other) => {
      const a = stateOf(unitA, unitB, one);
      const b = stateOf(unitB, unitA, other);
      const pair = [elect(a, mirrored(b, a)), elect(b, mirrored(a, b))].join();
      assert.ok(["we,they", "they,we", "nobody,nobody", "exchange,exchange"].includes(pair), pair);
    }),
  );
});

test("[CH13] whose data are overwritten looks the same from both sides, and a unit with a pair id is never it", () => {
  const expected: { [relation: string]: string[] } = {
    "same-pair": ["same-pair"],
    "other-pair": ["other-pair"],
    "we-join": ["peer-joins"],
    "peer-joins": ["we-join", "unsettled"],
    unsettled: ["unsettled", "peer-joins"],
  };
  check(
    property(durable, durable, (one, other) => {
      const a = stateOf(unitA, unitB, one);
      const b = stateOf(unitB, unitA, other);
      const ours = relationOf(a, mirrored(b, a));
      const theirs = relationOf(b, mirrored(a, b));
      assert.ok(expected[ours]?.includes(theirs), `${ours} / ${theirs}`);
      if (ours === "we-join") assert.ok(a.durable.pairId === null && (one.armed || one.blank));
    }),
  );
});

test("[CH13] preference decides nothing about data, but between two blank units", () => {
  check(
    property(durable, durable, (one, other) => {
      if (one.blank && other.blank) return;
      const relationWith = (preferred: boolean) => {
        const a = stateOf(unitA, unitB, { ...one, preferred });
        return relationOf(a, mirrored(stateOf(unitB, unitA, other), a));
      };
      assert.equal(relationWith(true), relationWith(false));
    }),
  );
});

test("a unit in a pair is elected over one that is not, whatever the epochs", () => {
  const { state } = new OneUnit({ durable: inPair });
  const heartbeat = new OneUnit().heartbeat({
    pairId: null,
    setUpFirst: true,
    epoch: { n: 99, unit: unitB },
  });
  assert.equal(elect(state, heartbeat), "we");
});

const licensingOf = constantFrom<(Licensing | null)[]>(
  null,
  { local: false, metered: false },
  { local: true, metered: false },
  { local: false, metered: true },
  { local: true, metered: true },
);
/** What a unit of version "1.0" finds different in the other one. */
function mismatchOf(ours: Licensing | null, theirs: Licensing | null, centralVersion = "1.0") {
  const { state } = new OneUnit({ durable: inPair });
  const heartbeat = new OneUnit().heartbeat({ licensing: theirs, centralVersion });
  const found = licensingMismatch({ ...state, facts: { ...state.facts, licensing: ours } }, heartbeat);
  return found?.unequal ?? null;
}

test("[ML1] with metered licensing each of the three is compared, and told with both values", () => {
  const both = { local: true, metered: true };
  const metered = { local: false, metered: true };
  const local = { local: true, metered: false };
  assert.equal(mismatchOf(both, both), null);
  const on = { ours: "on", theirs: "off" };
  const off = { ours: "off", theirs: "on" };
  assert.deepEqual(mismatchOf(both, metered), [{ field: "local licensing", ...on }]);
  assert.deepEqual(mismatchOf(metered, both), [{ field: "local licensing", ...off }]);
  assert.deepEqual(mismatchOf(both, local), [{ field: "metered licensing", ...on }]);
  assert.deepEqual(mismatchOf(local, both), [{ field: "metered licensing", ...off }]);
  const version = { field: "version of Central", ours: "1.0", theirs: "1.1" };
  assert.deepEqual(mismatchOf(both, both, "1.1"), [version]);
  assert.deepEqual(
    mismatchOf(null, both, "1.1"),
    [{ field: "local licensing", ...off }, { field: "metered licensing", ...off }, version],
    "saying nothing is none",
  );
});

test("[ML1] without metered licensing on either unit nothing is compared, and both units find the same", () => {
  check(
    property(licensingOf, licensingOf, constantFrom("1.0", "1.1"), (ours, theirs, version) => {
      const found = mismatchOf(ours, theirs, version);
      if (!ours?.metered && !theirs?.metered) assert.equal(found, null);
      else if (version !== "1.0") assert.notEqual(found, null);
      const seenFromThere = mismatchOf(theirs, ours, version);
      const mirrored = (unequal: readonly Unequal[]) =>
        unequal
          .filter(({ field }) => field !== "version of Central")
          .map(({ field, ours: theirs, theirs: ours }) => ({ field, ours, theirs }));
      assert.equal(found?.length, seenFromThere?.length);
      assert.deepEqual(
        mirrored(found ?? []),
        (seenFromThere ?? []).filter(({ field }) => field !== "version of Central"),
      );
    }),
  );
});
