import assert from "node:assert/strict";
import { test } from "node:test";
import { inPair, master, OneUnit, settings, slave, unitB } from "./one-unit.ts";
import { acting, status } from "./status.ts";

const closed = { type: "link", event: { kind: "closed", reason: "connection reset" } } as const;
const asks = (unit: OneUnit): boolean =>
  unit.last.outputs.send.some((message) => message.type === "heartbeat" && message.ask);

test("[CH16] heartbeats go out at the set interval, 1 to 60 s", () => {
  for (const heartbeatMs of [1_000, 30_000, 60_000]) {
    const unit = slave({ settings: { ...settings, heartbeatMs } });
    const begin = unit.now;
    let asked = 0;
    while (unit.now < begin + 10 * heartbeatMs) {
      unit.now = unit.last.outputs.wakeAt;
      unit.give({ type: "tick" });
      if (asks(unit)) asked += 1;
      unit.heard({ answers: { session: unit.state.session, counter: unit.state.counter } });
    }
    assert.equal(asked, 10);
  }
});

test("[CH7] gone by silence: tries at 0, 1 and 2 s after the missed heartbeat, decided at 3 s", () => {
  const unit = slave();
  const begin = unit.now;
  const tries: number[] = [];
  while (unit.role === "Slave") {
    unit.now = unit.last.outputs.wakeAt;
    unit.give({ type: "tick" });
    if (unit.role === "Slave" && asks(unit)) tries.push(unit.now - begin);
  }
  assert.deepEqual(tries, [30_000, 31_000, 32_000]);
  assert.equal(unit.now - begin, 33_000);
  assert.equal(unit.role, "Master");
});

test("[CH7] anything authenticated ends the doubt, also what is not for the pair", () => {
  const unit = slave();
  unit.after(32_500);
  unit.give({ type: "heard" });
  unit.after(1_000);
  assert.equal(unit.role, "Slave");
});

test("[CH7] gone by refusal: three connects 250 ms apart, within 1 s", () => {
  const unit = slave();
  const begin = unit.now;
  const { apply } = unit.give(closed);
  assert.deepEqual(apply, [{ type: "connect" }]);
  unit.refused();
  assert.equal(unit.last.outputs.wakeAt, begin + 250);
  for (const at of [250, 500]) {
    assert.equal(unit.role, "Slave");
    unit.now = begin + at;
    assert.deepEqual(unit.give({ type: "tick" }).apply, [{ type: "connect" }]);
    unit.refused();
  }
  assert.equal(unit.role, "Master");
});

test("[CH7] refusals do not count while a connection of either side is up, nor after something was received", () => {
  const unit = slave();
  for (let n = 0; n < 5; n += 1) {
    unit.now += 250;
    unit.refused();
  }
  assert.equal(unit.role, "Slave");
  unit.give(closed);
  unit.refused();
  unit.now += 250;
  unit.refused();
  unit.heard();
  unit.now += 250;
  unit.refused();
  assert.equal(unit.role, "Slave");
});

test("[CH7] one refusal seen several times is one", () => {
  const unit = slave();
  unit.give(closed);
  for (let n = 0; n < 5; n += 1) unit.refused();
  assert.equal(unit.role, "Slave");
});

test("[CH7] a closed link and silence: 3 s, not a whole interval", () => {
  const unit = slave();
  unit.give(closed);
  unit.after(2_999);
  assert.equal(unit.role, "Slave");
  unit.after(1);
  assert.equal(unit.role, "Master");
});

test("a Master whose peer is gone stays Master and asks every 3 s", () => {
  const unit = master();
  unit.after(33_000);
  assert.equal(unit.role, "Master");
  const begin = unit.now;
  const probes: number[] = [];
  while (unit.now < begin + 12_000) {
    unit.now = unit.last.outputs.wakeAt;
    unit.give({ type: "tick" });
    if (asks(unit)) probes.push(unit.now - begin);
  }
  assert.deepEqual(probes, [3_000, 6_000, 9_000, 12_000]);
});

test("[CH15] missed heartbeats are counted with their error, and forgotten at the next answer", () => {
  const unit = master();
  unit.give(closed);
  unit.give({ type: "link", event: { kind: "failed", code: "timeout", message: "no answer" } });
  unit.after(9_000);
  const { heartbeats } = status(unit.state, unit.now);
  assert.equal(heartbeats.missed, 4, "asked at 0, 1, 2 and 6 s");
  assert.equal(heartbeats.error, "no answer");
  assert.equal(heartbeats.flowing, false);
  unit.linkUp();
  unit.heard({ state: "Slave", epoch: unit.state.durable.epoch });
  const after = status(unit.state, unit.now).heartbeats;
  assert.deepEqual(
    { ...after, lastSent: 0 },
    { flowing: true, lastSent: 0, lastReceived: unit.now, missed: 0, error: null, dropped: 0 },
  );
});

test("self in doubt: a stalled Slave starts its timers again, a stalled Master asks before it acts", () => {
  const unit = slave();
  unit.after(32_900);
  unit.now += 100_000;
  unit.give({ type: "stalled" });
  assert.equal(unit.role, "Slave");
  unit.after(2_500);
  assert.equal(unit.role, "Slave");
  const leader = master();
  leader.now += 100_000;
  leader.give({ type: "stalled" });
  assert.ok(asks(leader));
  assert.ok(!acting(leader.state, leader.now));
  leader.heard({ state: "Slave", epoch: leader.state.durable.epoch });
  assert.ok(acting(leader.state, leader.now));
});

test("a message older than the last of its session is dropped", () => {
  const unit = slave();
  unit.peerCounter = 10;
  unit.heard();
  unit.peerCounter = 5;
  unit.heard({ state: "Disabled" });
  assert.equal(unit.role, "Slave");
});

test("words of another session than the one that counts are dropped, and asked for; an answer to that proves that it lives", () => {
  const unit = slave();
  const { counter: before, session } = unit.state;
  // Never heard before: a process that is long dead may have said it, and a cut held it up.
  unit.peerSession = "peer-session-2";
  unit.heard({ state: "Disabled" });
  assert.equal(unit.role, "Slave");
  assert.ok(asks(unit));
  unit.heard({ state: "Disabled", answers: { session, counter: before - 1 } });
  assert.equal(unit.role, "Slave", "an answer from before the present session counted proves nothing");
  unit.heard({ state: "Disabled", answers: { session, counter: unit.state.counter } });
  assert.equal(unit.reason, "peer-disabled");
});

test("[CH17] in step is vectors equal; a moment's difference does not interrupt it, 10 s do", () => {
  const unit = slave();
  const since = unit.state.contact.inStepSince;
  assert.notEqual(since, null);
  const behind = { ...unit.state.facts.vector, ["e".repeat(16)]: 1 };
  unit.now += 5_000;
  unit.give({ type: "durable", vector: behind });
  assert.equal(status(unit.state, unit.now).inStep, false);
  unit.now += 500;
  unit.give({ type: "durable", vector: unit.state.facts.vector });
  assert.equal(status(unit.state, unit.now).inStep, true);
  assert.equal(unit.state.contact.inStepSince, since);
  unit.give({ type: "durable", vector: behind });
  unit.after(10_000);
  assert.equal(unit.state.contact.inStepSince, null);
});

test("[CH17] equal vectors and unequal digests: said at the second exchange, and when it is over", () => {
  const unit = slave();
  const codes: string[] = [];
  for (const digest of ["other", "other", "other", "same"]) {
    unit.heard({ digest });
    codes.push(...unit.last.outputs.observe.map(({ code }) => code));
  }
  assert.deepEqual(codes, ["digests-differ", "digests-agree-again"]);
});

test("[CH17] a unit that comes back to be overwritten is not told of corruption: digests are of one pair", () => {
  const unit = new OneUnit({ durable: { ...inPair, pairId: null, armedFor: unitB } });
  unit.linkUp();
  for (const digest of ["other", "other", "other"]) {
    unit.heard({ digest });
    assert.ok(!unit.last.outputs.observe.some(({ code }) => code === "digests-differ"));
  }
});

test("V10: the peer's vector is whatever it says last, also when lower", () => {
  const unit = slave();
  unit.heard({ vector: {} });
  assert.deepEqual(unit.state.contact.vector, {});
});

test("[CH7] the last heartbeat of a peer that stops in order: the Slave claims at once", () => {
  const unit = slave();
  unit.heard({ state: "Standalone", stopping: true });
  assert.equal(unit.role, "Master");
  const leader = master();
  const { send } = leader.give({ type: "stopping" });
  assert.ok(send.length === 1 && send[0]?.type === "heartbeat" && send[0].stopping);
  assert.ok(!acting(leader.state, leader.now));
  leader.after(100_000);
  assert.equal(leader.reason, "stopping");
});

test("[CH15] Refresh asks at once", () => {
  const unit = slave();
  unit.now += 1_000;
  unit.give({ type: "refresh" });
  assert.ok(asks(unit));
});
