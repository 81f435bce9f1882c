import assert from "node:assert/strict";
import { test } from "node:test";
import { electionAskIntervalMs, holderSilentMs } from "./constants.ts";
import { incarnation, inPair, master, OneUnit, pairP, settings, slave, unitA, unitB } from "./one-unit.ts";
import { newDurable } from "./state.ts";
import { acting, status } from "./status.ts";
import { type Heartbeat, wireVersion } from "./wire.ts";

const low = { n: 2, unit: unitB };
const held = { n: 4, unit: unitB };

test("a Central without a peer stands alone and executes", () => {
  const unit = new OneUnit({ settings: { ...settings, peer: null } });
  assert.equal(unit.reason, "no-peer");
  assert.ok(acting(unit.state, unit.now));
  assert.equal(unit.last.outputs.wakeAt, Number.POSITIVE_INFINITY);
});

test("[CH6] Starting → Slave: the peer is Master", () => {
  const unit = slave();
  assert.equal(unit.role, "Slave");
  assert.deepEqual(unit.state.durable.epoch, held);
  assert.ok(!acting(unit.state, unit.now));
});

test("[CH6] Starting → Master: the peer is not there, and the unit is in a pair", () => {
  const unit = new OneUnit({ durable: inPair });
  unit.after(2_999);
  assert.equal(unit.role, "Starting");
  unit.after(1);
  assert.equal(unit.role, "Master");
  assert.deepEqual(unit.state.durable.epoch, { n: 5, unit: unitA });
});

test("I4: Starting → Standalone: the peer is not there, no pair, not set up first", () => {
  const unit = new OneUnit();
  unit.after(3_000);
  assert.equal(unit.reason, "peer-absent");
  const first = new OneUnit({ durable: { ...newDurable, setUpFirst: true } });
  first.after(3_000);
  assert.equal(first.role, "Master");
});

test("Starting hears a Master below what it has seen: it follows, and its answer says what it has seen", () => {
  const unit = new OneUnit({ durable: inPair });
  unit.linkUp();
  const { send } = unit.heard({ epoch: low });
  assert.equal(unit.role, "Slave");
  const [answer] = send;
  assert.ok(answer?.type === "heartbeat");
  assert.deepEqual(answer.seen, held);
});

test("E2: what a message has seen is persisted by the step that answers it", () => {
  const unit = slave();
  const { persist, send } = unit.heard({ ask: true, epoch: held, seen: { n: 9, unit: unitB } });
  assert.deepEqual(persist?.seen, { n: 9, unit: unitB });
  assert.ok(send.some((message) => message.type === "heartbeat" && message.seen.n === 9));
});

test("Slave hears its Master below what it has seen: it stays and answers with what it has seen", () => {
  const unit = slave();
  const { send } = unit.heard({ epoch: low });
  assert.equal(unit.role, "Slave");
  assert.deepEqual(unit.state.durable.epoch, held);
  assert.equal(send.length, 1);
});

test("E1: a claim is one above all that was seen, and is persisted with its announcement", () => {
  const unit = slave();
  unit.heard({ seen: { n: 11, unit: unitB } });
  const { persist } = unit.heard({ stopping: true, state: "Standalone" });
  assert.equal(unit.role, "Master");
  assert.deepEqual(persist?.epoch, { n: 12, unit: unitA });
});

test("E3: a Master that learns of a greater epoch from a unit that is not Master claims anew", () => {
  const unit = master();
  unit.heard({ state: "Slave", epoch: held, seen: { n: 20, unit: unitB } });
  assert.equal(unit.role, "Master");
  assert.deepEqual(unit.state.durable.epoch, { n: 21, unit: unitA });
});

test("[CH12] E4: of two Masters the greater epoch stays, whatever the preference", () => {
  const preferred = { ...settings, preferredMaster: true };
  const loser = master({ settings: preferred });
  loser.heard({ state: "Master", epoch: { n: 30, unit: unitB } });
  assert.equal(loser.role, "Slave");
  const winner = master();
  const { send } = winner.heard({ state: "Master", epoch: low, preferredMaster: true });
  assert.equal(winner.role, "Master");
  assert.equal(send.length, 1, "and says so at once");
});

test("[CH12] a Master whose peer is Master under a lesser epoch asks each second until that has heard it, and says so once", () => {
  const winner = master();
  const rival = { state: "Master", epoch: low } as const;
  const isTold = ({ observe }: { readonly observe: readonly { readonly code: string }[] }): boolean =>
    observe.some(({ code }) => code === "two-masters");
  assert.ok(isTold(winner.heard(rival)));
  const asked = winner.after(electionAskIntervalMs).send;
  assert.ok(asked.some((message) => message.type === "heartbeat" && message.ask));
  assert.ok(!isTold(winner.heard(rival)), "what was said is not said again");
  winner.heard({ state: "Slave", epoch: winner.state.durable.epoch });
  assert.ok(isTold(winner.heard(rival)), "another time it is");
});

test("elect: equal epochs seen, the owner claims; the other one waits, at most 12 s", () => {
  const owner = new OneUnit({ durable: { ...inPair, seen: { n: 4, unit: unitA } } });
  owner.linkUp();
  owner.heard({ state: "Starting", epoch: low, seen: { n: 4, unit: unitA } });
  assert.equal(owner.role, "Master");
  const waits = new OneUnit({ durable: inPair });
  waits.linkUp();
  waits.heard({ state: "Starting", epoch: held });
  assert.equal(waits.role, "Starting");
  while (waits.now < 1_000 + 12_000) {
    assert.equal(waits.role, "Starting");
    waits.now += 500;
    waits.heard({ state: "Starting", epoch: held });
  }
  assert.equal(waits.role, "Master");
});

test("elect: neither owns the epoch, the lower unit id claims", () => {
  const foreign = { n: 7, unit: "c".repeat(16) };
  const lower = new OneUnit({ durable: { ...inPair, seen: foreign } });
  lower.linkUp();
  lower.heard({ state: "Starting", epoch: low, seen: foreign });
  assert.equal(lower.role, "Master");
});

test("elect: unequal epochs seen are exchanged first", () => {
  const unit = new OneUnit({ durable: { ...inPair, seen: { n: 9, unit: unitA } } });
  unit.linkUp();
  const { send } = unit.heard({ state: "Starting", epoch: low, seen: held });
  assert.equal(unit.role, "Starting");
  assert.ok(send.some((message) => message.type === "heartbeat" && message.seen.n === 9));
});

test("I3: a unit with a pair id outranks one without, also as Master under a greater epoch", () => {
  const unit = master();
  unit.heard({ state: "Master", pairId: null, setUpFirst: true, epoch: { n: 50, unit: unitB } });
  assert.equal(unit.role, "Master");
  assert.deepEqual(unit.state.durable.epoch, { n: 51, unit: unitA });
  const other = new OneUnit({ durable: { ...newDurable, setUpFirst: true } });
  other.after(3_000);
  other.linkUp();
  other.heard({ state: "Master", epoch: { n: 1, unit: unitB } });
  assert.equal(other.reason, "both-have-data");
  assert.equal(other.state.durable.pairId, null);
});

test("I2: two pairs: whoever is Master stays, the other stands alone", () => {
  const foreign = "2".repeat(32);
  const unit = slave();
  unit.heard({ pairId: foreign });
  assert.equal(unit.reason, "other-pair");
  const leader = master();
  leader.heard({ pairId: foreign, state: "Master", epoch: { n: 90, unit: unitB } });
  assert.equal(leader.role, "Master");
  assert.notEqual(leader.state.durable.seen.n, 90);
});

test("I1: the same pair id merges: a blank unit with it is never overwritten, it follows", () => {
  const unit = new OneUnit({ durable: inPair, facts: { ...slave().state.facts, vector: {} } });
  unit.linkUp();
  unit.heard();
  assert.equal(unit.role, "Slave");
  assert.ok(!unit.last.outputs.send.some(({ type }) => type === "snapshot-request"));
});

test("I2: a unit with data of its own, not armed, is not overwritten", () => {
  const unit = new OneUnit();
  unit.linkUp();
  const { send } = unit.heard();
  assert.equal(unit.reason, "both-have-data");
  assert.ok(!send.some(({ type }) => type === "snapshot-request"));
});

test("I2: a blank unit joins unasked, and remains the one that joins when networks are added to it", () => {
  const blank = { ...slave().state.facts, vector: {}, networks: 0 };
  const unit = new OneUnit({ facts: blank });
  unit.linkUp();
  unit.heard();
  assert.equal(unit.state.durable.armedFor, unitB);
  const { send } = unit.give({
    type: "facts",
    facts: { ...blank, vector: { [incarnation]: 1 }, networks: 1 },
  });
  assert.ok(send.some(({ type }) => type === "snapshot-request"));
});

test("[CH18] Disabled: only answers, with its state, and claims nothing", () => {
  const unit = new OneUnit({ durable: inPair, settings: { ...settings, disabled: true } });
  unit.linkUp();
  unit.after(60_000);
  assert.equal(unit.role, "Disabled");
  const { send } = unit.heard({ state: "Slave", ask: true });
  assert.ok(send.length === 1 && send[0]?.type === "heartbeat" && send[0].state === "Disabled");
  assert.ok(!acting(unit.state, unit.now));
});

test("[CH18] the peer is Disabled: a Slave stands alone and acts only when told to; a Master stays", () => {
  const unit = slave();
  unit.heard({ state: "Disabled" });
  assert.equal(unit.reason, "peer-disabled");
  unit.after(60_000);
  assert.equal(unit.role, "Standalone");
  unit.give({ type: "act" });
  assert.equal(unit.role, "Master");
  const leader = master();
  leader.heard({ state: "Disabled" });
  assert.equal(leader.role, "Master");
});

test("[CH12] both preferred is said once, on this unit too, and ends with the configuration error", () => {
  const unit = slave({ settings: { ...settings, preferredMaster: true } });
  const codes = (outputs: OneUnit["last"]["outputs"]) => outputs.observe.map(({ code }) => code);
  assert.deepEqual(codes(unit.heard({ preferredMaster: true })), ["both-preferred"]);
  assert.deepEqual(codes(unit.heard({ preferredMaster: true })), []);
  assert.deepEqual(codes(unit.heard({ preferredMaster: false })), ["both-preferred"]);
});

test("[ML1] licensing differs: the last Master goes on, the Slave does not, and they pair again when it is equal", () => {
  const licensing = { local: true, metered: true };
  const facts = { ...slave().state.facts, licensing };
  const unit = slave({ facts });
  unit.heard({ licensing: { local: true, metered: false } });
  assert.equal(unit.reason, "licensing-mismatch");
  assert.ok(!acting(unit.state, unit.now));
  unit.after(60_000);
  assert.equal(unit.role, "Standalone");
  unit.give({ type: "act" });
  assert.ok(acting(unit.state, unit.now), "released by an operator");
  unit.heard({ licensing: { local: true, metered: false } });
  assert.ok(acting(unit.state, unit.now), "also after the next heartbeat");
  unit.heard({ licensing });
  assert.equal(unit.role, "Slave");
  const leader = master({ facts });
  leader.heard({ state: "Slave", epoch: leader.state.durable.epoch, licensing, centralVersion: "0.9" });
  assert.equal(leader.reason, "licensing-mismatch");
  assert.ok(acting(leader.state, leader.now));
});

test("[ML1] what is licensed anew is told at once, with the change that follows from it, and other facts wait", () => {
  const licensing = { local: true, metered: true };
  const unit = slave({ facts: { ...slave().state.facts, licensing } });
  const telling = (changes: Partial<OneUnit["state"]["facts"]>) => {
    const { send } = unit.give({ type: "facts", facts: { ...unit.state.facts, ...changes } });
    return send.map((message) => message.type === "heartbeat" && message.licensing);
  };
  assert.deepEqual(telling({ licensing: { ...licensing } }), []);
  assert.deepEqual(telling({ runningActions: 1 }), []);
  const local = { local: true, metered: false };
  assert.deepEqual(telling({ licensing: local }), [local]);
  const { observe } = unit.heard({ licensing });
  const [event] = observe;
  assert.ok(event?.code === "role-changed" && event.to === "Standalone");
  assert.match(
    event.why,
    /metered licensing \(here: off, central2: on\) differs.*import licences.*this unit executes nothing/,
  );
  const { licensingMismatches } = status(unit.state, unit.now);
  assert.deepEqual(licensingMismatches, [{ field: "metered licensing", ours: "off", theirs: "on" }]);
});

test("[ML1] all that are unequal are named, each with both values and what mends it, and each that is mended goes", () => {
  const unit = slave({ facts: { ...slave().state.facts, licensing: { local: false, metered: false } } });
  const reasonOn = (theirs: Partial<Heartbeat>) => {
    unit.heard(theirs);
    return status(unit.state, unit.now).ourReason;
  };
  const licensing = { local: true, metered: true };
  assert.equal(
    reasonOn({ licensing, centralVersion: "0.9" }),
    "local licensing (here: off, central2: on), metered licensing (here: off, central2: on) and version of Central (here: 1.0, central2: 0.9) differ, and a pair with metered licensing needs them equal: import licences of the same kinds on both and run the same version of Central on both, and the pair forms again by itself; this unit executes nothing until released",
  );
  assert.equal(status(unit.state, unit.now).licensingMismatches.length, 3);
  assert.equal(
    reasonOn({ licensing: { local: false, metered: true }, centralVersion: "0.9" }),
    "metered licensing (here: off, central2: on) and version of Central (here: 1.0, central2: 0.9) differ, and a pair with metered licensing needs them equal: import licences of the same kinds on both and run the same version of Central on both, and the pair forms again by itself; this unit executes nothing until released",
  );
  reasonOn({ licensing: { local: false, metered: false } });
  assert.equal(unit.role, "Slave");
});

test("[CH24] unpair erases the pair id; who stays executes, who leaves does not", () => {
  const stays = master();
  const { persist, apply } = stays.give({ type: "unpair", as: "stays" });
  assert.equal(persist?.pairId, null);
  assert.deepEqual(apply, [{ type: "usePeer", peer: null }]);
  assert.ok(acting(stays.state, stays.now));
  const leaves = slave();
  leaves.give({ type: "unpair", as: "leaves" });
  assert.equal(leaves.reason, "removed");
  assert.ok(!acting(leaves.state, leaves.now));
  assert.equal(leaves.give({ type: "act" }).errors.length, 1);
  const restarted = new OneUnit({ durable: leaves.state.durable, settings: leaves.state.settings });
  assert.equal(restarted.reason, "removed");
});

test("[CH22] who stays after an unpairing acts under a term of its own, above every one that a device may have heard", () => {
  const stays = slave();
  const { seen } = stays.state.durable;
  const { persist } = stays.give({ type: "unpair", as: "stays" });
  assert.deepEqual(persist?.epoch, { n: seen.n + 1, unit: stays.state.self.unit });
  assert.deepEqual(persist?.seen, persist?.epoch);
  const leaves = master();
  const before = leaves.state.durable.epoch;
  leaves.give({ type: "unpair", as: "leaves" });
  assert.deepEqual(leaves.state.durable.epoch, before);
});

test("[CH22] E5: refused by a device, a Master executes nothing and asks; it claims only above itself or a long silent holder", () => {
  const holder = { n: 40, unit: unitB };
  const unit = master();
  const { send } = unit.give({ type: "deviceRefused", holder, holderHeardAgoMs: 2_000 });
  assert.equal(send.length, 1);
  assert.notEqual(unit.state.durable.epoch.n, 41);
  assert.ok(!acting(unit.state, unit.now));
  const polled = master();
  polled.give({ type: "deviceRefused", holder, holderHeardAgoMs: 60_000 });
  assert.notEqual(polled.state.durable.epoch.n, 41, "a living holder polls each minute, and one may fail");
  const silent = master();
  silent.give({ type: "deviceRefused", holder, holderHeardAgoMs: holderSilentMs });
  assert.deepEqual(silent.state.durable.epoch, { n: 41, unit: unitA });
  const own = master();
  own.give({ type: "deviceRefused", holder: { n: 40, unit: unitA }, holderHeardAgoMs: 0 });
  assert.deepEqual(own.state.durable.epoch, { n: 41, unit: unitA });
});

test("a Slave whose peer no longer knows it stands alone; set up first it claims", () => {
  const failed = {
    type: "link",
    event: { kind: "failed", code: "not-known-there", message: "not known there" },
  } as const;
  const unit = slave();
  unit.give({ type: "link", event: { kind: "closed", reason: "reset" } });
  unit.give(failed);
  assert.equal(unit.reason, "not-known-there");
  const first = new OneUnit({ durable: { ...newDurable, setUpFirst: true } });
  first.give(failed);
  assert.equal(first.role, "Master");
});

test("messages of anybody but the peer are counted, and nothing else", () => {
  const unit = slave();
  const message = { ...unit.heartbeat(), from: "d".repeat(16), session: "other-session", counter: 99 };
  const before = unit.state;
  unit.give({ type: "message", message });
  assert.deepEqual(unit.state, { ...before, dropped: { foreign: 1, late: 0 } });
});

test("[CH13] pair ids are as different as sessions", () => {
  const mint = (session: string): string | null => {
    const unit = new OneUnit({ durable: { ...newDurable, setUpFirst: true }, session });
    unit.after(3_000);
    unit.linkUp();
    unit.heard({ state: "Starting", pairId: null, armed: true, epoch: { n: 0, unit: "" } });
    const { persist, apply } = unit.said({ type: "snapshot-request" });
    assert.deepEqual(apply, [{ type: "serveSnapshot", pairId: persist?.pairId }]);
    return unit.state.durable.pairId;
  };
  assert.match(mint("session-1") ?? "", /^[0-9a-f]{32}$/);
  assert.notEqual(mint("session-1"), mint("session-2"));
  assert.notEqual(mint("session-1"), pairP);
});

test("[ML1] a peer two wire versions away: Standalone with both versions and the remedy, said once; the last Master goes on", () => {
  const last = master();
  const first = last.give({ type: "wireVersion", theirs: wireVersion + 2 });
  assert.equal(last.reason, "wire-version");
  assert.ok(acting(last.state, last.now));
  assert.deepEqual(
    first.observe.map(({ code }) => code),
    ["role-changed"],
  );
  const shown = status(last.state, last.now);
  assert.match(shown.ourReason, /wire version 4, this unit 2.*upgrade this unit/);
  assert.match(shown.peerReason, /wire version 4/);
  assert.deepEqual(last.give({ type: "wireVersion", theirs: wireVersion + 2 }).observe, []);

  const other = slave();
  other.give({ type: "wireVersion", theirs: wireVersion + 2 });
  assert.ok(!acting(other.state, other.now));
  other.after(60_000);
  assert.equal(other.reason, "wire-version", "it does not take over from a peer that it cannot understand");
  other.give({ type: "act" });
  assert.ok(acting(other.state, other.now));
  other.give({ type: "wireVersion", theirs: wireVersion + 2 });
  assert.ok(acting(other.state, other.now), "a release outlives the next message");

  other.linkUp();
  other.heard();
  assert.equal(other.role, "Slave", "and the pair forms again once they understand each other");
  assert.equal(other.state.durable.pairId, pairP);
});

test("messages of another unit than the peer, and late ones, are dropped and counted", () => {
  const unit = slave();
  const heartbeat = { ...unit.heartbeat({ state: "Standalone", stopping: true }), session: unit.peerSession };
  unit.give({ type: "message", message: { ...heartbeat, from: "c".repeat(16), counter: 9_000 } });
  unit.give({ type: "message", message: { ...heartbeat, counter: 1 } });
  assert.equal(unit.role, "Slave");
  assert.deepEqual(unit.state.dropped, { foreign: 1, late: 1 });
  assert.equal(status(unit.state, unit.now).heartbeats.dropped, 2);
});
