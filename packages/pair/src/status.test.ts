import assert from "node:assert/strict";
import { test } from "node:test";
import { inPair, master, OneUnit, settings, slave, unitA, unitB } from "./one-unit.ts";
import { newDurable, type StandaloneReason } from "./state.ts";
import { status, synchronises } from "./status.ts";
import { TwoUnits } from "./two-units.ts";
import { eventWords, standaloneWords } from "./words.ts";

test("[CH15] HA Status of a pair in step", () => {
  const unit = slave();
  const { ourSince, heartbeats, ...shown } = status(unit.state, unit.now);
  assert.equal(ourSince, unit.now);
  assert.deepEqual(heartbeats, {
    flowing: true,
    lastSent: unit.now,
    lastReceived: unit.now,
    missed: 0,
    error: null,
    dropped: 0,
  });
  assert.deepEqual(shown, {
    ourUnit: unitA,
    ourName: "central1",
    ourState: "Slave",
    ourReason: "follows central2, epoch 4 of central2",
    acting: false,
    peerUnit: unitB,
    peerName: "central2",
    peerState: "Master",
    peerReason: "",
    ourSequence: 3,
    peerSequence: 3,
    inStep: true,
    digestEqual: true,
    waitingFor: [],
    epoch: { n: 4, unit: unitB },
    handover: null,
    overwrittenBackup: null,
    licensingMismatches: [],
    configurationErrors: [],
  });
});

test("[CH15] the peer is Unknown while it does not answer, with how and why", () => {
  const unit = master();
  unit.give({ type: "link", event: { kind: "closed", reason: "connection reset" } });
  unit.after(10_000);
  const shown = status(unit.state, unit.now);
  assert.equal(shown.peerState, "Unknown");
  assert.equal(shown.peerReason, "is silent: connection reset");
  assert.match(shown.ourReason, /central2 is absent/);
  assert.equal(shown.inStep, null);
  const starting = new OneUnit({ durable: inPair });
  assert.equal(status(starting.state, 0).peerReason, "has not answered yet");
  const alone = new OneUnit({ settings: { ...settings, peer: null } });
  assert.equal(status(alone.state, 0).peerState, null);
});

test("[CH14] set up first: waiting for the other unit to be given our key", () => {
  const unit = new OneUnit({ durable: { ...newDurable, setUpFirst: true } });
  unit.give({ type: "link", event: { kind: "failed", code: "not-known-there", message: "not known there" } });
  assert.match(status(unit.state, unit.now).ourReason, /waiting for the other unit to be given our key/);
});

test("[CH10] HA Status says what it waits for, and on which unit, on both units alike", () => {
  const pair = new TwoUnits({ networks: [1, 0] });
  const [central1, central2] = pair.units;
  pair.apply(central1);
  pair.apply(central2);
  pair.run(1_000);
  for (const unit of pair.units)
    assert.deepEqual(status(pair.state(unit), pair.now).waitingFor, [
      { unit: "central2", what: "at least one network" },
    ]);
});

test("[CH12] both preferred is a configuration error on both", () => {
  const pair = new TwoUnits();
  pair.pairUp(pair.units[0], [true, true]);
  for (const unit of pair.units)
    assert.deepEqual(
      status(pair.state(unit), pair.now).configurationErrors.map(({ code, field }) => [code, field]),
      [["both-preferred", "preferredMaster"]],
    );
});

test("changes are exchanged only within a pair, connected, alive and enabled", () => {
  assert.ok(synchronises(slave().state));
  const disabled = slave();
  disabled.heard({ state: "Disabled" });
  assert.ok(!synchronises(disabled.state));
  const closed = slave();
  closed.give({ type: "link", event: { kind: "closed", reason: "reset" } });
  assert.ok(!synchronises(closed.state));
  const foreign = slave();
  foreign.heard({ pairId: "2".repeat(32) });
  assert.ok(!synchronises(foreign.state));
});

test("[CH25] every reason and every kind of event has its words", () => {
  const reasons: StandaloneReason[] = [
    { code: "no-peer" },
    { code: "removed" },
    { code: "peer-absent" },
    { code: "peer-not-master" },
    { code: "initial-sync-incomplete", message: "reset" },
    { code: "both-have-data" },
    { code: "other-pair", theirs: "2".repeat(32) },
    { code: "peer-disabled" },
    { code: "not-known-there" },
    {
      code: "licensing-mismatch",
      unequal: [{ field: "version of Central", ours: "1", theirs: "2" }],
      acting: true,
    },
    {
      code: "licensing-mismatch",
      unequal: [{ field: "metered licensing", ours: "on", theirs: "off" }],
      acting: false,
    },
    { code: "wire-version", ours: 2, theirs: 4, acting: true },
    { code: "wire-version", ours: 4, theirs: 2, acting: false },
    { code: "stopping" },
  ];
  const words = reasons.map((reason) => standaloneWords(reason, "central2"));
  assert.equal(new Set(words).size, reasons.length);
  const epoch = { n: 1, unit: unitB };
  const taken = { code: "role-changed", from: "Slave", to: "Master", why: "gone", epoch } as const;
  assert.deepEqual(eventWords(taken, "central2"), {
    severity: "warning",
    text: `Slave → Master (epoch 1 of ${unitB}): gone`,
  });
});
