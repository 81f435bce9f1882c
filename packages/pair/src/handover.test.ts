import assert from "node:assert/strict";
import { test } from "node:test";
import { hour, minute } from "@tandem/base/time";
import { handoverNote, handoverProgress, holdDownNow } from "./handover.ts";
import { incarnation, inPair, master, type OneUnit, settings, slave, unitA, unitB } from "./one-unit.ts";
import { acting, status } from "./status.ts";
import type { PairMessage } from "./wire.ts";

const preferred = { ...settings, preferredMaster: true };

/** Lets time pass while the peer goes on saying the same. */
function passWith(unit: OneUnit, durationMs: number, say: () => void): PairMessage[] {
  const sent: PairMessage[] = [];
  const end = unit.now + durationMs;
  while (unit.now < end) {
    unit.now = Math.min(unit.last.outputs.wakeAt, unit.now + 1_000, end);
    sent.push(...unit.give({ type: "tick" }).send);
    say();
    sent.push(...unit.last.outputs.send);
  }
  return sent.filter(({ type }) => type !== "heartbeat");
}
const wanting = (): { unit: OneUnit; nonce: string } => {
  const unit = slave({ settings: preferred });
  const sent = passWith(unit, 60_000, () => unit.heard());
  assert.deepEqual(
    sent.map(({ type }) => type),
    ["want"],
  );
  const [want] = sent;
  assert.ok(want?.type === "want");
  return { unit, nonce: want.nonce };
};
const asked = (unit: OneUnit, nonce = "n1"): PairMessage[] => [...unit.said({ type: "want", nonce }).send];
const peerIsSlave = (unit: OneUnit, change = {}) =>
  unit.heard({ state: "Slave", epoch: unit.state.durable.epoch, preferredMaster: true, ...change });

test("[CH11] H1: the preferred Slave asks after 60 s in step, not before", () => {
  const unit = slave({ settings: preferred });
  assert.deepEqual(
    passWith(unit, 59_999, () => unit.heard()),
    [],
  );
  assert.deepEqual(
    passWith(unit, 1, () => unit.heard()).map(({ type }) => type),
    ["want"],
  );
});

test("[CH11] [CH12] H1: nobody asks who is not preferred, or whose peer is preferred as well, or who is not in step", () => {
  const without = slave();
  assert.deepEqual(
    passWith(without, 3 * minute, () => without.heard()),
    [],
  );
  const both = slave({ settings: preferred });
  assert.deepEqual(
    passWith(both, 3 * minute, () => both.heard({ preferredMaster: true })),
    [],
  );
  const behind = slave({ settings: preferred });
  assert.deepEqual(
    passWith(behind, 3 * minute, () => behind.heard({ vector: { [incarnation]: 4 } })),
    [],
  );
  const corrupt = slave({ settings: preferred });
  assert.deepEqual(
    passWith(corrupt, 3 * minute, () => corrupt.heard({ digest: "other" })),
    [],
  );
});

test("[CH11] the hold-down is settable, doubles with each handover of the last hour, and ends at an hour", () => {
  const { state } = slave();
  const after = (count: number, at = 0) => ({ ...state, handovers: Array.from({ length: count }, () => at) });
  assert.equal(holdDownNow(after(0), minute, 10), minute);
  assert.equal(holdDownNow(after(1), minute, 10), 2 * minute);
  assert.equal(holdDownNow(after(3), minute, 10), 8 * minute);
  assert.equal(holdDownNow(after(12), minute, 10), 60 * minute);
  assert.equal(holdDownNow(after(3), minute, 60 * minute), minute);
});

test("[CH11] H3: a fresh offer with our nonce is taken, and persisted by the step that announces it", () => {
  const { unit, nonce } = wanting();
  const { persist, send } = unit.said({ type: "hand", n: 5, nonce });
  assert.equal(unit.role, "Master");
  assert.deepEqual(persist?.epoch, { n: 5, unit: unitA });
  assert.ok(send.some((message) => message.type === "heartbeat" && message.state === "Master"));
});

test("[CH11] H3: an offer with another nonce, or 4 s after the question, is not taken", () => {
  const { unit, nonce } = wanting();
  unit.said({ type: "hand", n: 5, nonce: "another" });
  assert.equal(unit.role, "Slave");
  const atLimit = wanting();
  atLimit.unit.now += 4_000;
  atLimit.unit.said({ type: "hand", n: 5, nonce: atLimit.nonce });
  assert.equal(atLimit.unit.role, "Master");
  unit.now += 4_001;
  unit.said({ type: "hand", n: 5, nonce });
  assert.equal(unit.role, "Slave");
});

test("[CH11] a stalled asker forgets its question: its clock may have stood still", () => {
  const { unit, nonce } = wanting();
  unit.give({ type: "stalled" });
  unit.said({ type: "hand", n: 5, nonce });
  assert.equal(unit.role, "Slave");
});

test("[CH11] a question without answer is asked again after 8 s, a refused one as well", () => {
  const { unit } = wanting();
  assert.deepEqual(
    passWith(unit, 7_999, () => unit.heard()),
    [],
  );
  const again = passWith(unit, 1, () => unit.heard());
  assert.equal(again.length, 1);
  const [want] = again;
  assert.ok(want?.type === "want");
  unit.said({ type: "refuse", nonce: want.nonce, reason: "busy", gettingReady: false });
  assert.deepEqual(
    passWith(unit, 7_999, () => unit.heard()),
    [],
  );
  assert.equal(passWith(unit, 1, () => unit.heard()).length, 1);
});

test("[CH11] H2, H3: nothing runs, everything is there: offered in the same step, persisted first, and nothing executed from then on", () => {
  const unit = master();
  peerIsSlave(unit);
  const { n } = unit.state.durable.epoch;
  const outputs = unit.said({ type: "want", nonce: "n1" });
  assert.deepEqual(outputs.persist?.offered, { n: n + 1, to: unitB });
  assert.deepEqual(outputs.persist?.seen, { n: n + 1, unit: unitB });
  assert.ok(
    outputs.send.some((message) => message.type === "hand" && message.n === n + 1 && message.nonce === "n1"),
  );
  assert.deepEqual(outputs.apply, [{ type: "holdCommits" }, { type: "releaseCommits" }]);
  assert.equal(unit.role, "Master");
  assert.ok(!acting(unit.state, unit.now));
});

test("[CH11] H4: the taker is heard: Slave of its epoch", () => {
  const unit = master();
  peerIsSlave(unit);
  asked(unit);
  const taken = { n: unit.state.durable.seen.n, unit: unitB };
  unit.heard({ state: "Master", epoch: taken });
  assert.equal(unit.role, "Slave");
  assert.deepEqual(unit.state.durable.epoch, taken);
  assert.equal(unit.state.durable.offered, null);
});

test("[CH11] H4: not taken within 6 s: a new epoch, and it executes again", () => {
  const unit = master();
  peerIsSlave(unit);
  asked(unit);
  const offered = unit.state.durable.seen.n;
  for (let at = 500; at < 6_000; at += 500) {
    unit.after(500);
    peerIsSlave(unit, { seen: unit.state.durable.seen });
    assert.ok(!acting(unit.state, unit.now));
  }
  unit.after(500);
  peerIsSlave(unit, { seen: unit.state.durable.seen });
  assert.deepEqual(unit.state.durable.epoch, { n: offered + 1, unit: unitA });
  assert.ok(acting(unit.state, unit.now));
});

test("[CH11] H4: the taker is silent: a new epoch, but not while it could still take the offered one", () => {
  const unit = master();
  peerIsSlave(unit);
  asked(unit);
  const offered = unit.state.durable.seen.n;
  unit.after(4_000);
  assert.equal(unit.state.contact.verdict, "gone");
  assert.ok(!acting(unit.state, unit.now));
  unit.after(1);
  assert.deepEqual(unit.state.durable.epoch, { n: offered + 1, unit: unitA });
  assert.ok(acting(unit.state, unit.now));
});

test("[CH11] H4: the taker is gone: a new epoch at once", () => {
  const unit = master();
  peerIsSlave(unit);
  asked(unit);
  const offered = unit.state.durable.seen.n;
  unit.give({ type: "link", event: { kind: "closed", reason: "reset" } });
  for (let n = 0; n < 3; n += 1) {
    unit.refused();
    unit.after(250);
  }
  assert.deepEqual(unit.state.durable.epoch, { n: offered + 1, unit: unitA });
});

test("[CH11] H2: waits for running actions, says so, and offers to the newest question", () => {
  const unit = master({ facts: { ...master().state.facts, runningActions: 2 } });
  peerIsSlave(unit);
  const [refusal] = asked(unit);
  assert.ok(refusal?.type === "refuse" && refusal.gettingReady);
  assert.match(refusal.reason, /2 running actions/);
  assert.ok(!acting(unit.state, unit.now), "and starts no more of them");
  unit.now += 1_500;
  const atOnce = unit.give({ type: "facts", facts: { ...unit.state.facts, runningActions: 0 } });
  assert.ok(!atOnce.send.some(({ type }) => type === "hand"), "not to a question that has grown old");
  unit.now += 500;
  assert.ok(asked(unit, "n2").some((message) => message.type === "hand" && message.nonce === "n2"));
});

test("[CH11] H3: an offer that answers a question after its deferral is taken as well", () => {
  const { unit, nonce } = wanting();
  unit.said({ type: "refuse", nonce, reason: "waits for 1 running actions", gettingReady: true });
  unit.now += 500;
  unit.said({ type: "hand", n: 5, nonce });
  assert.equal(unit.role, "Master");
});

test("[CH11] H2: the wait for actions is bounded, and everything goes on", () => {
  const unit = master({
    facts: { ...master().state.facts, runningActions: 1 },
    settings: { ...settings, actionWaitMs: 10_000 },
  });
  peerIsSlave(unit);
  asked(unit);
  let refusals: PairMessage[] = [];
  for (let at = 2_000; at <= 10_000; at += 2_000) {
    refusals = [...unit.after(2_000).send].filter(({ type }) => type === "refuse");
    if (at < 10_000) {
      peerIsSlave(unit);
      asked(unit, `n${at}`);
    }
  }
  assert.ok(refusals[0]?.type === "refuse" && !refusals[0].gettingReady);
  assert.ok(acting(unit.state, unit.now));
});

test("[CH11] H2: commits are held for at most 1 s for a peer that lacks something, then refused and released", () => {
  const unit = master();
  peerIsSlave(unit);
  unit.give({ type: "facts", facts: { ...unit.state.facts, vector: { [incarnation]: 9 }, digest: "newer" } });
  const begun = unit.said({ type: "want", nonce: "n1" });
  assert.deepEqual(begun.apply, [{ type: "holdCommits" }]);
  unit.now += 999;
  assert.deepEqual(unit.give({ type: "tick" }).apply, []);
  unit.now += 1;
  const ended = unit.give({ type: "tick" });
  assert.deepEqual(ended.apply, [{ type: "releaseCommits" }]);
  assert.ok(ended.send.some((message) => message.type === "refuse" && !message.gettingReady));
  assert.ok(acting(unit.state, unit.now));
});

test("[CH11] H2: the peer catches up while commits are held: offered", () => {
  const unit = master();
  peerIsSlave(unit);
  const facts = { ...unit.state.facts, vector: { [incarnation]: 9 }, digest: "newer" };
  unit.give({ type: "facts", facts });
  asked(unit);
  unit.now += 100;
  const { send } = peerIsSlave(unit, { vector: facts.vector, digest: facts.digest });
  assert.ok(send.some(({ type }) => type === "hand"));
});

test("[CH11] H2: equal vectors with unequal digests are never handed over", () => {
  const unit = master();
  peerIsSlave(unit, { digest: "other" });
  const sent = asked(unit);
  assert.ok(sent.some((message) => message.type === "refuse" && message.reason === "is not in step"));
});

test("[CH12] H2: a Master that is preferred itself, or asked by one that is not, refuses", () => {
  const both = master({ settings: preferred });
  peerIsSlave(both);
  assert.ok(asked(both).some(({ type }) => type === "refuse"));
  const neither = master();
  peerIsSlave(neither, { preferredMaster: false });
  assert.ok(asked(neither).some(({ type }) => type === "refuse"));
});

test("[CH11] the giver remembers handovers for a preferred unit in a crash loop", () => {
  const unit = master();
  peerIsSlave(unit);
  asked(unit);
  unit.heard({ state: "Master", epoch: unit.state.durable.seen });
  unit.heard({ state: "Standalone", stopping: true, epoch: unit.state.durable.seen });
  assert.equal(unit.role, "Master");
  unit.peerSession = "peer-session-2";
  peerIsSlave(unit, { answers: { session: unit.state.session, counter: unit.state.counter } });
  passWith(unit, 61_000, () => peerIsSlave(unit));
  assert.ok(
    asked(unit, "again").some((message) => message.type === "refuse" && /lately/.test(message.reason)),
  );
  passWith(unit, 60_000, () => peerIsSlave(unit));
  assert.ok(asked(unit, "later").some(({ type }) => type === "hand"));
});

const order = (unit: OneUnit) => unit.give({ type: "handover" });
const orderedSlave = (input = {}): { unit: OneUnit; nonce: string } => {
  const unit = slave(input);
  unit.heard();
  const { errors, send } = order(unit);
  assert.deepEqual(errors, []);
  const want = send.find((message) => message.type === "want");
  assert.ok(want?.type === "want" && want.byOperator === true);
  return { unit, nonce: want.nonce };
};
const orderedMaster = (input = {}): OneUnit => {
  const unit = master(input);
  peerIsSlave(unit, { preferredMaster: false });
  const { errors, send } = order(unit);
  assert.deepEqual(errors, []);
  assert.ok(send.some((message) => message.type === "heartbeat" && message.invites === true));
  return unit;
};

test("[CH11] an operator orders the Slave to take the role: it asks at once, preferred or not, and takes the answer", () => {
  const { unit, nonce } = orderedSlave();
  assert.equal(status(unit.state, unit.now).handover?.phase, "asking");
  unit.said({ type: "hand", n: 5, nonce });
  assert.equal(unit.role, "Master");
  assert.equal(unit.state.order, null);
  assert.equal(status(unit.state, unit.now).handover, null);
});

test("[CH11] an operator's question is answered by a preferred Master as well, and without hold-down", () => {
  const unit = master({ settings: preferred });
  peerIsSlave(unit, { preferredMaster: false });
  const { send } = unit.said({ type: "want", nonce: "n1", byOperator: true });
  assert.ok(send.some(({ type }) => type === "hand"));
});

test("[CH11] an operator's question, too, is refused while digests differ", () => {
  const unit = master();
  peerIsSlave(unit, { digest: "other" });
  const { send } = unit.said({ type: "want", nonce: "n1", byOperator: true });
  assert.ok(send.some((message) => message.type === "refuse" && message.reason === "is not in step"));
});

test("[CH11] an operator orders the Master to hand over: it invites until asked, and executes until then", () => {
  const unit = orderedMaster();
  assert.ok(acting(unit.state, unit.now));
  assert.equal(handoverProgress(unit.state, unit.now)?.phase, "inviting");
  unit.said({ type: "want", nonce: "n1", byOperator: true });
  assert.equal(handoverProgress(unit.state, unit.now)?.phase, "offered");
  unit.heard({ state: "Master", epoch: { n: unit.state.durable.seen.n, unit: unitB } });
  assert.equal(unit.role, "Slave");
  assert.equal(unit.state.order, null);
});

test("[CH11] an invited Slave asks, without an order of its own", () => {
  const unit = slave();
  const { send } = unit.heard({ invites: true });
  assert.ok(send.some((message) => message.type === "want" && message.byOperator === true));
});

test("[CH11] an invitation that nobody follows is given up after 30 s, and said", () => {
  const unit = orderedMaster();
  for (let at = 0; at < 30_000; at += 1_000) {
    assert.equal(unit.state.order?.phase, "open");
    unit.after(1_000);
    peerIsSlave(unit, { preferredMaster: false });
  }
  assert.equal(unit.state.order?.phase, "given-up");
  const shown = handoverProgress(unit.state, unit.now);
  assert.equal(shown?.phase, "given-up");
  assert.match(shown?.waitsFor ?? "", /did not take the role in time/);
  assert.ok(acting(unit.state, unit.now));
});

test("[CH11] an order ends with the longest wait for running actions, on both units, and everything goes on", () => {
  const unit = orderedMaster({
    facts: { ...master().state.facts, runningActions: 1 },
    settings: { ...settings, actionWaitMs: 10_000 },
  });
  unit.said({ type: "want", nonce: "n0", byOperator: true });
  assert.equal(handoverProgress(unit.state, unit.now)?.phase, "draining");
  assert.match(handoverProgress(unit.state, unit.now)?.waitsFor ?? "", /1 running actions/);
  let said: PairMessage[] = [];
  for (let at = 2_000; at <= 10_000; at += 2_000) {
    said = [...unit.after(2_000).send];
    peerIsSlave(unit);
    if (at < 10_000) unit.said({ type: "want", nonce: `n${at}`, byOperator: true });
  }
  const refusal = said.find((message) => message.type === "refuse");
  assert.ok(refusal?.type === "refuse" && refusal.final === true);
  assert.equal(unit.state.order?.phase, "given-up");
  assert.ok(acting(unit.state, unit.now));
  const asker = orderedSlave();
  asker.unit.said({
    type: "refuse",
    nonce: asker.nonce,
    reason: refusal.reason,
    gettingReady: false,
    final: true,
  });
  assert.equal(asker.unit.state.order?.phase, "given-up");
  assert.deepEqual(
    passWith(asker.unit, minute, () => asker.unit.heard()),
    [],
  );
});

test("[CH11] an order that is refused for a moment is asked again for 30 s", () => {
  const { unit, nonce } = orderedSlave();
  unit.said({ type: "refuse", nonce, reason: "does not hold everything yet", gettingReady: false });
  assert.deepEqual(
    passWith(unit, 2_000, () => unit.heard()).map(({ type }) => type),
    ["want"],
  );
  passWith(unit, 30_000, () => unit.heard());
  assert.equal(unit.state.order?.phase, "given-up");
});

test("[CH11] an order without a pair, without its peer, or to a peer of wire version 1, is an error that changes nothing", () => {
  const refused = (unit: OneUnit): string | undefined => {
    const before = unit.state;
    const [error] = order(unit).errors;
    assert.deepEqual({ ...unit.state, contact: before.contact, counter: 0 }, { ...before, counter: 0 });
    assert.ok(error === undefined || error.remedy.length > 0);
    return error?.code;
  };
  const alone = slave({ settings: { ...settings, disabled: true } });
  assert.equal(refused(alone), "no-role");
  const dead = master();
  dead.give({ type: "link", event: { kind: "closed", reason: "reset" } });
  assert.equal(refused(dead), "peer-absent");
  const old = slave();
  old.peerWire = 1;
  old.heard();
  assert.equal(refused(old), "peer-too-old");
  const corrupt = slave();
  corrupt.heard({ digest: "other" });
  assert.equal(refused(corrupt), "digests-differ");
  const leaderless = slave();
  leaderless.heard({ state: "Starting" });
  assert.ok(["no-pair", "no-role"].includes(refused(leaderless) ?? ""));
});

test("[CH11] the answer to an order says when the role will not stay: the giver is preferred", () => {
  const giver = master({ settings: preferred });
  peerIsSlave(giver, { preferredMaster: false });
  assert.match(handoverNote(giver.state, giver.now) ?? "", /central1 is Preferred Master .* after 120 s/);
  const taker = slave();
  taker.heard({ preferredMaster: true });
  assert.match(handoverNote(taker.state, taker.now) ?? "", /central2 is Preferred Master/);
  const neither = slave();
  neither.heard();
  assert.equal(handoverNote(neither.state, neither.now), null);
  const takerPreferred = slave({ settings: preferred });
  takerPreferred.heard();
  assert.equal(handoverNote(takerPreferred.state, takerPreferred.now), null);
});

test("[CH11] the count of handovers that doubles the hold-down outlives the process, and ends an hour after the last", () => {
  const unit = master();
  peerIsSlave(unit);
  asked(unit);
  const { persist } = unit.heard({ state: "Master", epoch: unit.state.durable.seen });
  assert.equal(persist?.handovers, 1);
  const restarted = slave({ settings: preferred, durable: { ...inPair, handovers: 1 } });
  assert.deepEqual(
    passWith(restarted, 2 * minute - 1, () => restarted.heard()),
    [],
    "a unit that crashed after its handover waits twice as long",
  );
  assert.equal(passWith(restarted, 1, () => restarted.heard())[0]?.type, "want");
  const later = slave({ durable: { ...inPair, handovers: 3 } });
  let persisted: number | undefined;
  for (let at = 0; at < hour; at += minute) {
    later.after(minute);
    persisted = later.last.outputs.persist?.handovers ?? persisted;
    later.heard();
  }
  assert.equal(later.state.durable.handovers, 0);
});
