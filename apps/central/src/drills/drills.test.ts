import assert from "node:assert/strict";
import { test } from "node:test";
import { createRow } from "@tandem/replica/edits";
import { Refusal } from "../refusal.ts";
import { afterMs, beforeMs, movedWaitMs, warmUpMs } from "./drill.ts";
import { type DrillWanted, drillsConcurrentMax, drillsKeptMax } from "./drills.ts";
import { groupId, lm1, lm2, target, VirtualCentral } from "./drills-on-virtual-time.ts";
import { drills as drillsTable } from "./tables.ts";

const longMs = beforeMs + 2 * (movedWaitMs + afterMs) + 10_000;
const wanted: DrillWanted = { target, budgetMs: 100, andBack: false };

async function centralWithGroup(): Promise<VirtualCentral> {
  const central = new VirtualCentral();
  await central.addGroup();
  return central;
}

/** The drill's row once it is over. */
async function drilled(central: VirtualCentral, changes: Partial<DrillWanted> = {}) {
  await central.drills.start(groupId, { ...wanted, ...changes }, "admin");
  await central.time.pass(longMs);
  return newest(central);
}

function newest(central: VirtualCentral) {
  const [row] = central.drills.ofGroup(groupId);
  assert.ok(row, "there is a drill");
  return row.values;
}

async function refused(central: VirtualCentral, changes: Partial<DrillWanted> = {}, group = groupId) {
  try {
    await central.drills.start(group, { ...wanted, ...changes }, "admin");
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    const [fault] = error.errors;
    assert.ok(fault && fault.message !== "" && fault.remedy !== "");
    return fault;
  }
  return assert.fail("it was not refused");
}

const codes = ({ events }: VirtualCentral) => events.map(({ code }) => code);

test("[LH13] a drill moves the role under the prober, and passes when the outage is within the budget", async () => {
  const central = await centralWithGroup();
  const { values, acknowledged } = await central.drills.start(groupId, wanted, "admin");
  assert.deepEqual([values.state, values.step, acknowledged], ["running", "probing before", "both"]);
  await central.time.pass(beforeMs + 1);
  assert.equal(newest(central).step, "probing after");
  await central.time.pass(longMs);
  const over = newest(central);
  assert.deepEqual([over.state, over.step, over.from, over.to], ["passed", "over", lm1, lm2]);
  assert.deepEqual(over.moves, [{ from: lm1, to: lm2, movedMs: 0, outageMs: 30 }]);
  assert.deepEqual(
    {
      outage: over.measured?.outageMs,
      failed: over.measured?.failed,
      resets: over.measured?.resets,
      late: over.measured?.lateMaxMs,
    },
    { outage: 30, failed: 2, resets: 2, late: 0.5 },
  );
  assert.match(over.message, /longest outage 30 ms of 100 ms; 2 of 40\d requests failed, 2 of them reset/);
  assert.deepEqual(codes(central), ["drill-started", "drill-passed"]);
  assert.equal(central.loadMasters.active, lm2, "the role stays where it went");
  assert.deepEqual(
    central.loadMasters.fences.map(({ epoch }) => epoch),
    [central.epoch],
  );
  assert.equal(central.probes.running, 0);
});

test("[LH13] an outage beyond the budget is reported as such, with what was lost", async () => {
  const central = await centralWithGroup();
  central.loadMasters.outageMs = 400;
  const over = await drilled(central);
  assert.equal(over.state, "over budget");
  assert.deepEqual([over.measured?.outageMs, over.measured?.failed], [410, 40]);
  assert.deepEqual(codes(central), ["drill-started", "drill-over-budget"]);
});

test("[LH13] and back: the role is given back by a second order, and both ways are measured", async () => {
  const central = await centralWithGroup();
  const over = await drilled(central, { andBack: true });
  assert.equal(over.state, "passed", over.message);
  assert.deepEqual(
    over.moves.map(({ from, to, outageMs }) => [from, to, outageMs]),
    [
      [lm1, lm2, 30],
      [lm2, lm1, 30],
    ],
  );
  assert.deepEqual(central.loadMasters.asked, [lm1, lm2]);
  assert.equal(new Set(central.loadMasters.fences.map(({ runId }) => runId)).size, 2);
});

test("[LH13] a preferred host takes the role back by itself: it is waited for and not asked", async () => {
  const central = await centralWithGroup();
  central.loadMasters.preferred = 1;
  const over = await drilled(central);
  assert.equal(over.state, "passed", over.message);
  assert.deepEqual(
    over.moves.map(({ to }) => to),
    [lm2, lm1],
  );
  assert.deepEqual(central.loadMasters.asked, [lm1]);
  assert.equal(central.loadMasters.active, lm1);
});

test("[LH13] refused before anything is moved: no office, a drill under way, an unfit partner, a target that is none of the pair's", async () => {
  const central = await centralWithGroup();
  const unit = central.loadMasters;
  central.isActing = false;
  assert.equal((await refused(central)).code, "not-acting");
  central.isActing = true;
  assert.equal((await refused(central, {}, "b".repeat(16))).code, "ha-group-unknown");

  for (const [state, reason] of [
    ["pacified", "carpd ended too often"],
    ["down", "its carpd does not run"],
    ["not ready", "eth1 has no carrier"],
  ] as const) {
    unit.standby = { state, reasons: [reason] };
    const fault = await refused(central);
    assert.equal(fault.code, "pair-not-ready");
    assert.ok(fault.message.includes(`lm2 is ${state}; ${reason}`), fault.message);
  }
  unit.standby = { state: "standby, ready", reasons: [] };
  unit.active = null;
  assert.match((await refused(central)).message, /neither unit says/);
  unit.isBothActive = true;
  assert.match((await refused(central)).message, /both units say/);
  [unit.active, unit.isBothActive] = [lm1, false];

  for (const strange of [
    "http://10.0.0.11:80/",
    "10.0.0.10:81",
    "http://www.example.test/",
    "10.0.0.1:443",
  ]) {
    const fault = await refused(central, { target: strange });
    assert.deepEqual([fault.code, fault.field, fault.value], ["target-not-of-pair", "target", strange]);
  }
  assert.equal((await refused(central, { target: "ftp://10.0.0.10/" })).field, "target");

  await central.drills.start(groupId, wanted, "admin");
  assert.equal((await refused(central)).code, "drill-running");
  assert.ok(drillsConcurrentMax > 1);
  await central.time.pass(longMs);
  assert.equal(central.drills.ofGroup(groupId).length, 1);
  assert.deepEqual(unit.asked, [lm1]);
});

test("[LH13] two calls at the same moment begin one drill", async () => {
  const central = await centralWithGroup();
  const begun = await Promise.allSettled([1, 2].map(() => central.drills.start(groupId, wanted, "admin")));
  assert.deepEqual(begun.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  assert.equal(central.drills.ofGroup(groupId).length, 1);
});

test("[LH13] a drill that cannot be measured or does not move the role has failed, and says why", async () => {
  const unsteady = await centralWithGroup();
  unsteady.loadMasters.outages.push({ from: 0, to: 1_000_000 });
  const first = await drilled(unsteady);
  assert.equal(first.state, "failed");
  assert.match(first.message, /no good answer \(ECONNRESET \d+ times\).*nothing was moved/);
  assert.deepEqual(unsteady.loadMasters.asked, []);

  const flapping = await centralWithGroup();
  flapping.loadMasters.outages.push({ from: 0, to: warmUpMs }, { from: 1_500, to: 1_800 });
  assert.match((await drilled(flapping)).message, /310 ms already before/);

  const unwilling = await centralWithGroup();
  unwilling.loadMasters.answer = { kind: "refused", message: "the partner link is down" };
  const second = await drilled(unwilling);
  assert.deepEqual([second.state, second.moves], ["failed", []]);
  assert.match(second.message, /refused: the partner link is down/);

  const stuck = await centralWithGroup();
  stuck.loadMasters.isStuck = true;
  stuck.loadMasters.answer = { kind: "unknown", message: "no answer within 20 s" };
  const third = await drilled(stuck);
  assert.equal(third.state, "failed");
  assert.match(third.message, /no answer within 20 s; lm2 has not said within 15 s/);
  assert.ok(third.measured, "what it cost is measured all the same");

  const split = await centralWithGroup();
  await split.drills.start(groupId, wanted, "admin");
  await split.time.pass(beforeMs + 1_000);
  split.loadMasters.isBothActive = true;
  await split.time.pass(longMs);
  assert.match(newest(split).message, /both lm2 and lm1 said at the end that they are active/);
  assert.deepEqual(codes(split), ["drill-started", "drill-failed"]);
});

test("[LH13] an answer that was lost is no failure when the other unit says that it is active", async () => {
  const central = await centralWithGroup();
  central.loadMasters.answer = { kind: "unknown", message: "the connection broke" };
  assert.equal((await drilled(central)).state, "passed");
});

test("[LH13] a drill is interrupted, never passed, when its Central stops, is killed, or loses its office", async () => {
  const stopped = await centralWithGroup();
  await stopped.drills.start(groupId, wanted, "admin");
  await stopped.time.pass(beforeMs + 100);
  await stopped.drills.stop();
  assert.equal(newest(stopped).state, "interrupted");
  assert.match(newest(stopped).message, /was stopped; the role was last ordered to lm2/);
  assert.equal(stopped.probes.running, 0);

  const deposed = await centralWithGroup();
  await deposed.drills.start(groupId, wanted, "admin");
  await deposed.time.pass(100);
  deposed.isActing = false;
  deposed.notify("status");
  await deposed.time.pass(longMs);
  assert.equal(newest(deposed).state, "interrupted");
  assert.match(newest(deposed).message, /no longer acts; the role was not moved/);
  assert.deepEqual(deposed.loadMasters.asked, []);
  assert.deepEqual(codes(deposed), ["drill-started", "drill-interrupted"]);

  const unheard = await centralWithGroup();
  await unheard.drills.start(groupId, wanted, "admin");
  await unheard.time.pass(beforeMs + 100);
  unheard.isActing = false;
  await unheard.time.pass(longMs);
  assert.equal(newest(unheard).state, "interrupted", "nobody told it, and it looks at the end");

  const killed = await centralWithGroup();
  await killed.drills.start(groupId, wanted, "admin");
  await killed.time.pass(100);
  killed.kill();
  killed.restart();
  await killed.time.pass(100);
  assert.equal(newest(killed).state, "interrupted");
  assert.match(newest(killed).message, /ended during "probing before"/);
});

test("[LH13] the Central that takes over records the other's drill as interrupted, once that had its time to do so itself", async () => {
  const dead = await centralWithGroup();
  await dead.drills.start(groupId, wanted, "admin");
  await dead.time.pass(100);
  dead.kill();
  const heir = new VirtualCentral("e".repeat(16), dead);
  heir.isActing = false;
  await heir.time.pass(60_000);
  assert.equal(newest(heir).state, "running", "a Slave leaves it to others");
  heir.isActing = true;
  heir.notify("status");
  await heir.time.pass(5_000);
  assert.equal(newest(heir).state, "running");
  assert.equal((await refused(heir)).code, "drill-running");
  await heir.time.pass(15_000);
  assert.equal(newest(heir).state, "interrupted");
  assert.deepEqual(codes(heir), ["drill-interrupted"]);
  assert.equal((await drilled(heir)).state, "passed");
});

test("[LH13] the history is kept within its bound, and the oldest goes first", async () => {
  const central = await centralWithGroup();
  const begun = await central.drills.start(groupId, wanted, "admin");
  await central.time.pass(longMs);
  const { values } = begun;
  const past = Array.from({ length: drillsKeptMax - 1 }, (_, index) => ({
    ...newest(central),
    id: index.toString(16).padStart(16, "0"),
    startedAt: values.startedAt - 1_000 * (index + 1),
  }));
  await central.pair.write(
    past.map((row) => createRow(drillsTable, row)),
    "test",
    "test",
  );
  assert.equal(central.drills.ofGroup(groupId).length, drillsKeptMax);
  await drilled(central);
  const kept = central.drills.ofGroup(groupId);
  assert.equal(kept.length, drillsKeptMax);
  assert.equal(central.drills.drill(past.at(-1)?.id ?? ""), undefined);
});
