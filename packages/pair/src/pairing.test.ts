import assert from "node:assert/strict";
import { test } from "node:test";
import { facts, inPair, master, OneUnit, pairP, peerSettings, settings, slave, unitB } from "./one-unit.ts";
import { acceptsSnapshot, durableAfterSnapshot } from "./pairing.ts";
import { type ApplyAnswer, type HaSettings, newDurable } from "./state.ts";
import { TwoUnits } from "./two-units.ts";

const noPeer = { ...settings, peer: null };
const apply = (unit: OneUnit, answer: ApplyAnswer, change: Partial<HaSettings> = {}) =>
  unit.give({
    type: "apply",
    requested: { ...unit.state.settings, peer: peerSettings, ...change },
    ownAddresses: ["192.0.2.1", "127.0.0.1"],
    ownPort: 6974,
    answer,
  });
const alone = () => new OneUnit({ settings: noPeer });
const answeredBy = (unit: OneUnit, change = {}): ApplyAnswer => ({
  kind: "answer",
  heartbeat: unit.heartbeat({ pairId: null, ...change }),
});

test("[CH14] Apply meets a unit that does not know us: set up first, Master, persisted with the settings", () => {
  const unit = alone();
  const { settings: saved, persist, apply: commands, errors } = apply(unit, { kind: "not-known-there" });
  assert.deepEqual(errors, []);
  assert.equal(unit.role, "Master");
  assert.deepEqual(saved?.peer, peerSettings);
  assert.equal(persist?.setUpFirst, true);
  assert.equal(persist?.epoch.n, 1);
  assert.deepEqual(commands, [{ type: "usePeer", peer: peerSettings }, { type: "connect" }]);
});

test("[CH14] Apply answered by a Master: armed, and after the snapshot Slave", () => {
  const unit = alone();
  apply(unit, answeredBy(unit));
  assert.equal(unit.role, "Starting");
  assert.equal(unit.state.durable.armedFor, unitB);
  assert.ok(!acceptsSnapshot(unit.state, unitB), "nothing was asked for yet");
  unit.linkUp();
  const { send } = unit.heard({ pairId: null });
  assert.ok(send.some(({ type }) => type === "snapshot-request"));
  assert.ok(acceptsSnapshot(unit.state, unitB));
  assert.ok(!acceptsSnapshot(unit.state, "d".repeat(16)));
  const durable = durableAfterSnapshot(unit.state, pairP, "before");
  assert.equal(durable.pairId, pairP);
  assert.equal(durable.armedFor, null);
  const adopted = { ...facts, vector: { "0000000000000009": 4 }, sequence: 4 };
  const joined = unit.give({ type: "snapshotApplied", facts: adopted, pairId: pairP, backup: "before" });
  assert.equal(unit.role, "Slave");
  for (const message of joined.send)
    if (message.type === "heartbeat")
      assert.deepEqual(message.vector, adopted.vector, "never what was overwritten");
  assert.deepEqual(unit.state.durable, { ...durable, epoch: unit.state.durable.epoch });
});

test("[CH13] [CH14] errors name the field and change nothing", () => {
  const wrong: [string, string, ApplyAnswer, Partial<HaSettings>][] = [
    [
      "own-key",
      "haKeyForTheOtherPeer",
      { kind: "not-asked" },
      { peer: { ...peerSettings, fingerprint: "a".repeat(64) } },
    ],
    [
      "own-address",
      "ipAddressForTheOtherPeer",
      { kind: "not-asked" },
      { peer: { ...peerSettings, address: "192.0.2.1" } },
    ],
    ["own-address", "ipAddressForTheOtherPeer", { kind: "own-address" }, {}],
    ["unreachable", "ipAddressForTheOtherPeer", { kind: "unreachable", message: "refused" }, {}],
    ["wrong-key", "haKeyForTheOtherPeer", { kind: "wrong-key", actualFingerprint: "e".repeat(64) }, {}],
    [
      "address-malformed",
      "ipAddressForTheOtherPeer",
      { kind: "not-asked" },
      { peer: { ...peerSettings, address: "10.0.0.300" } },
    ],
    [
      "address-missing",
      "ipAddressForTheOtherPeer",
      { kind: "not-asked" },
      { peer: { ...peerSettings, address: "" } },
    ],
    ["port-malformed", "peerPort", { kind: "not-asked" }, { peer: { ...peerSettings, port: 70_000 } }],
    ["out-of-bounds", "heartbeatSeconds", { kind: "not-known-there" }, { heartbeatMs: 999 }],
    ["out-of-bounds", "heartbeatSeconds", { kind: "not-known-there" }, { heartbeatMs: 60_001 }],
  ];
  for (const [code, field, answer, change] of wrong) {
    const unit = alone();
    const before = unit.state;
    const { errors, settings: saved, persist, send, apply: commands } = apply(unit, answer, change);
    const found = errors.find((error) => error.code === code);
    assert.equal(found?.field, field, code);
    assert.ok((found?.message.length ?? 0) > 10 && (found?.remedy.length ?? 0) > 10);
    assert.deepEqual(
      { saved, persist, send, commands },
      { saved: null, persist: null, send: [], commands: [] },
    );
    assert.deepEqual(unit.state, before);
  }
});

test("[CH14] the error for one's own address says that the other unit's is meant", () => {
  const { errors } = apply(
    alone(),
    { kind: "not-asked" },
    { peer: { ...peerSettings, address: "192.0.2.1" } },
  );
  assert.match(errors[0]?.remedy ?? "", /the other unit's \(the Master's\) is meant/);
});

test("the own address on another port is another unit on the same machine", () => {
  const { errors } = apply(
    alone(),
    { kind: "not-known-there" },
    { peer: { ...peerSettings, address: "127.0.0.1", port: 7000 } },
  );
  assert.deepEqual(errors, []);
});

test("[CH13] Apply with the same pair id on both merges: nothing is armed, nothing overwritten", () => {
  const unit = new OneUnit({ durable: inPair, settings: noPeer });
  apply(unit, answeredBy(unit, { pairId: pairP }));
  assert.equal(unit.state.durable.armedFor, null);
  unit.linkUp();
  unit.heard();
  assert.equal(unit.role, "Slave");
  assert.ok(!unit.last.outputs.send.some(({ type }) => type === "snapshot-request"));
});

test("[CH13] Apply between two different pairs is an error", () => {
  const unit = new OneUnit({ durable: inPair, settings: noPeer });
  const { errors } = apply(unit, answeredBy(unit, { pairId: "2".repeat(32) }));
  assert.equal(errors[0]?.code, "other-pair");
  assert.equal(unit.state.settings.peer, null);
});

test("I2: an answer by a unit that is not Master arms nobody", () => {
  const unit = alone();
  apply(unit, answeredBy(unit, { state: "Standalone" }));
  assert.equal(unit.state.durable.armedFor, null);
  unit.linkUp();
  unit.heard({ pairId: null, state: "Standalone" });
  assert.equal(unit.reason, "both-have-data");
});

test("both set up first: the greater epoch stays Master, the other stands alone until Apply there arms it", () => {
  const unit = alone();
  apply(unit, { kind: "not-known-there" });
  unit.linkUp();
  unit.heard({ pairId: null, setUpFirst: true, epoch: { n: 1, unit: unitB } });
  assert.equal(unit.reason, "both-have-data");
  assert.equal(unit.state.durable.setUpFirst, false);
  const { send } = apply(unit, answeredBy(unit, { setUpFirst: true, epoch: { n: 1, unit: unitB } }));
  assert.equal(unit.state.durable.armedFor, unitB);
  assert.equal(unit.role, "Starting");
  assert.equal(send.length, 1);
  unit.heard({ pairId: null, setUpFirst: true, epoch: { n: 1, unit: unitB } });
  assert.ok(unit.last.outputs.send.some(({ type }) => type === "snapshot-request"));
});

test("a change of preference or interval needs no answer and leaves the role", () => {
  for (const unit of [slave(), master()]) {
    const role = unit.role;
    const { errors, send } = apply(
      unit,
      { kind: "unreachable", message: "refused" },
      { preferredMaster: true, heartbeatMs: 1_000 },
    );
    assert.deepEqual(errors, []);
    assert.equal(unit.role, role);
    assert.ok(send.some((message) => message.type === "heartbeat" && message.preferredMaster));
    assert.ok(unit.last.outputs.wakeAt <= unit.now + 1_000);
  }
});

test("[CH24] clearing the peer while in a pair is an error that names the two ways out", () => {
  const unit = slave();
  const { errors } = apply(unit, { kind: "not-asked" }, { peer: null });
  assert.equal(errors[0]?.code, "still-paired");
  assert.equal(unit.role, "Slave");
});

test("[CH24] a dead peer is replaced: the survivor keeps its pair id and stays Master, the new unit joins it", () => {
  const unit = master();
  const replacement = { ...peerSettings, unit: "d".repeat(16), fingerprint: "d".repeat(64) };
  apply(unit, { kind: "not-known-there" }, { peer: replacement });
  assert.equal(unit.role, "Master");
  assert.equal(unit.state.durable.pairId, pairP);
});

test("[CH18] enabling again asks anew, also when the peer was found gone before", () => {
  const unit = slave();
  unit.give({ type: "link", event: { kind: "closed", reason: "reset" } });
  unit.after(3_000);
  apply(unit, { kind: "unreachable", message: "refused" }, { disabled: true });
  assert.equal(unit.role, "Disabled");
  apply(unit, { kind: "unreachable", message: "refused" }, { disabled: false });
  assert.equal(unit.role, "Starting");
  unit.after(3_000);
  assert.equal(unit.role, "Master");
});

test("[CH13] I4, I5: an initial synchronisation that is interrupted overwrites nothing, claims nothing, and resumes", () => {
  const unit = alone();
  apply(unit, answeredBy(unit));
  unit.linkUp();
  unit.heard({ pairId: null });
  const { apply: commands } = unit.give({ type: "link", event: { kind: "closed", reason: "reset" } });
  assert.ok(commands.some(({ type }) => type === "dropSnapshot"));
  unit.after(3_000);
  assert.equal(unit.reason, "initial-sync-incomplete");
  unit.after(60_000);
  assert.equal(unit.role, "Standalone");
  unit.linkUp();
  const { send } = unit.heard({ pairId: pairP });
  assert.ok(send.some(({ type }) => type === "snapshot-request"));
  const restarted = new OneUnit({ durable: unit.state.durable });
  restarted.after(3_000);
  assert.equal(restarted.reason, "initial-sync-incomplete");
});

test("a snapshot that fails is asked for again after 5 s", () => {
  const unit = alone();
  apply(unit, answeredBy(unit));
  unit.linkUp();
  unit.heard({ pairId: null });
  unit.give({ type: "snapshotFailed", message: "digest differs" });
  assert.ok(!acceptsSnapshot(unit.state, unitB));
  unit.now += 4_999;
  assert.ok(!unit.give({ type: "tick" }).send.some(({ type }) => type === "snapshot-request"));
  unit.now += 1;
  assert.ok(unit.give({ type: "tick" }).send.some(({ type }) => type === "snapshot-request"));
});

test("[CH10] a Master without a network serves nothing", () => {
  const unit = new OneUnit({
    durable: { ...newDurable, setUpFirst: true },
    facts: { ...master().state.facts, networks: 0 },
  });
  unit.after(3_000);
  unit.linkUp();
  unit.heard({ state: "Starting", pairId: null, armed: true, epoch: { n: 0, unit: "" } });
  const { apply: commands, send } = unit.said({ type: "snapshot-request" });
  assert.deepEqual(commands, []);
  assert.ok(send.some(({ type }) => type === "refuse"));
  assert.equal(unit.state.durable.pairId, null);
});

test("[CH13] whichever unit is set up first keeps its own, also when the other is preferred", () => {
  for (const first of [0, 1] as const) {
    const pair = new TwoUnits();
    const [one, other] = [pair.units[first], pair.units[first === 0 ? 1 : 0]];
    const kept = one.disk.data;
    const lost = other.disk.data;
    pair.apply(one);
    pair.apply(other, { preferredMaster: true });
    pair.until("a pair", () => pair.isPair(one), 5_000);
    assert.deepEqual(one.disk.data, kept);
    assert.deepEqual(other.disk.data, kept);
    assert.deepEqual(other.disk.backups, [lost]);
    assert.equal(one.disk.durable.pairId, other.disk.durable.pairId);
  }
});

test("[CH13] a reinstalled preferred unit does not wipe the survivor", () => {
  const pair = new TwoUnits();
  const [central1, central2] = pair.units;
  pair.pairUp(central1, [true, false]);
  pair.edit(central1);
  pair.run(1_000);
  const data = central2.disk.data;
  pair.kill(central1);
  pair.run(2_000);
  central1.disk.durable = newDurable;
  central1.disk.settings = { ...central1.disk.settings, peer: null };
  central1.disk.data = {};
  pair.restart(central1);
  pair.run(10_000);
  assert.equal(pair.state(central2).role.kind, "Master");
  pair.apply(central1, { preferredMaster: true });
  pair.run(10_000);
  assert.ok(pair.isPair(central2));
  assert.deepEqual(central1.disk.data, data);
});

test("[CH24] a removed unit whose settings name a peer all the same is linked to it by the next Apply", () => {
  const unit = new OneUnit({ durable: { ...newDurable, removed: true } });
  assert.equal(unit.reason, "removed");
  const applied = apply(unit, answeredBy(unit));
  assert.deepEqual(
    applied.apply.filter(({ type }) => type === "usePeer"),
    [{ type: "usePeer", peer: peerSettings }],
  );
  assert.equal(unit.state.durable.removed, false);
  assert.equal(unit.role, "Starting");
});
