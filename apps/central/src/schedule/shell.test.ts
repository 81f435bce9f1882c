import assert from "node:assert/strict";
import { test } from "node:test";
import { hour, minute, second } from "@tandem/base/time";
import { deleteRow, updateRow } from "@tandem/replica/edits";
import { snapshots } from "../files/tables.ts";
import { devices } from "../fleet/tables.ts";
import { runs, scheduledActions } from "./tables.ts";
import {
  actionId,
  actionRow,
  deviceId,
  eachHour,
  epochOf,
  type ScheduleUnit,
  twoSchedules,
} from "./two-schedules.ts";

const start = "2026-11-25T09:30:00Z";
const effectsOf = ({ device }: ScheduleUnit): readonly number[] => [...device.effects.values()];

test("[CH9] an action made on the Slave shows up on the Master, which alone carries it out", async () => {
  const { time, a, b, device } = await twoSchedules(start);
  const callers: string[] = [];
  a.beforeCall = () => callers.push("a");
  b.beforeCall = () => callers.push("b");
  await b.write(actionRow(time.world.wall(), eachHour));
  assert.equal(a.replica.rows(scheduledActions).length, 1);
  await time.pass(29 * minute);
  assert.deepEqual(a.attempts(), []);
  await time.pass(2 * hour);
  assert.deepEqual(callers, ["a", "a"]);
  assert.deepEqual(effectsOf(a), [1, 1]);
  for (const unit of [a, b]) {
    assert.deepEqual(unit.attempts(), [
      ["proved", 1],
      ["proved", 1],
    ]);
    assert.equal(unit.replica.rows(snapshots).length, 2);
  }
  const [row] = b.replica.rows(runs);
  const [kept] = b.replica.rows(snapshots).filter(({ values }) => values.runId === row?.values.run);
  assert.equal(row?.values.startedOn, "both");
  assert.equal(row?.values.evidence?.digest, kept?.values.digest);
  await a.write(deleteRow(scheduledActions, actionId));
  await time.pass(2 * hour);
  assert.equal(device.effects.size, 2, "what is deleted is due no more");
  assert.equal(a.attempts().length, 2, "and its past stays");
});

test("[CH22] a call carries the Master's epoch and its run id, and is on both disks as started before", async () => {
  const { time, a, b, device } = await twoSchedules(start);
  const seen: unknown[] = [];
  a.beforeCall = ({ runId }) => {
    const [row] = b.replica.rows(runs);
    assert.equal(row?.values.run, runId);
    seen.push([row?.values.state, row?.values.epoch, row?.values.unit]);
  };
  await a.write(actionRow(time.world.wall(), eachHour));
  await time.pass(31 * minute);
  assert.deepEqual(seen, [["started", 1, a.unit]]);
  const [fence] = device.fences;
  assert.deepEqual(fence?.epoch, epochOf(1, a.unit));
  assert.equal(fence?.dueAt, Date.parse("2026-11-25T10:00:00Z"));
});

test("[CH22] without a peer a run is marked as being on this unit only", async () => {
  const { time, a } = await twoSchedules(start);
  a.cut();
  await a.write(actionRow(time.world.wall(), eachHour));
  await time.pass(31 * minute);
  assert.equal(a.replica.rows(runs)[0]?.values.startedOn, "this unit only");
});

test("[CH22] a run that was started when the Master died is asked for again, and takes effect once", async () => {
  const { time, a, b, device } = await twoSchedules(start);
  await a.write(actionRow(time.world.wall(), eachHour, { kind: "reboot" }));
  device.line = "mute";
  a.beforeCall = () => a.kill();
  await time.pass(31 * minute);
  assert.deepEqual(b.attempts(), [["started", 1]]);
  device.line = "whole";
  b.act(true, epochOf(2, b.unit));
  await time.pass(1 * minute);
  assert.deepEqual(effectsOf(b), [1]);
  assert.deepEqual(b.attempts(), [
    ["started", 1],
    ["proved", 2],
  ]);
  assert.deepEqual(b.standing(), ["proved"]);
  assert.equal(device.fences.length, 2);
  assert.equal(device.fences[0]?.runId, device.fences[1]?.runId);
});

test("[CH22] a started backup whose copy is kept needs no call: that is its evidence", async () => {
  const { time, a, b, device } = await twoSchedules(start);
  await a.write(actionRow(time.world.wall(), eachHour));
  a.beforeCall = () => a.kill();
  await time.pass(31 * minute);
  const [started] = b.replica.rows(runs);
  assert.ok(started);
  const kept = (await import("./kept-snapshots.ts")).snapshotsIn(
    { put: () => ({ ok: true, value: { digest: "e".repeat(64), size: 3 } }) },
    a.pair,
  );
  const { run } = started.values;
  const held = kept.keep({ device: deviceId, run, at: 1, bytes: new Uint8Array(3), author: "admin" });
  assert.ok(held.ok);
  await b.write(...held.value.edits);
  const calls = device.fences.length;
  b.act(true, epochOf(2, b.unit));
  await time.pass(1 * minute);
  assert.deepEqual(b.standing(), ["proved"]);
  assert.equal(device.fences.length, calls);
  const proved = b.replica.rows(runs).find(({ values }) => values.state === "proved");
  assert.deepEqual(proved?.values.evidence, { digest: "e".repeat(64), size: 3 });
});

test("[CH22] a device that cannot tell leaves the run to the operator, or does it again if its schedule says so", async () => {
  for (const ifUnknown of ["leave it to the operator", "run again"] as const) {
    const { time, a, b, device } = await twoSchedules(start);
    b.remembers = false;
    await a.write(actionRow(time.world.wall(), eachHour, { kind: "reboot", ifUnknown }));
    device.line = "mute";
    a.beforeCall = () => a.kill();
    await time.pass(31 * minute);
    device.line = "whole";
    const calls = device.fences.length;
    b.act(true, epochOf(2, b.unit));
    await time.pass(1 * minute);
    const isLeft = ifUnknown === "leave it to the operator";
    assert.deepEqual(b.standing(), [isLeft ? "unknown" : "proved"]);
    assert.equal(device.fences.length - calls, isLeft ? 0 : 1);
    if (isLeft) assert.equal(b.events.at(-1)?.code, "run-unknown");
  }
});

test("[CH22] both think they are Master: a device lets one through per run, the stale one learns of it, nothing is in conflict", async () => {
  const { time, a, b, device } = await twoSchedules(start);
  await a.write(actionRow(time.world.wall(), eachHour));
  a.cut();
  b.act(true, epochOf(2, b.unit));
  await time.pass(3 * hour);
  assert.deepEqual(effectsOf(a), [1, 1, 1]);
  a.heal();
  a.act(false, epochOf(2, b.unit));
  await time.pass(1 * minute);
  for (const unit of [a, b]) {
    assert.deepEqual(unit.standing(), ["proved", "proved", "proved"]);
    assert.deepEqual(unit.replica.conflicts(), []);
  }
  assert.equal(a.replica.digest(), b.replica.digest());
  assert.deepEqual(effectsOf(a), [1, 1, 1]);
  // Alone with the device, the stale Master is refused, says so to the pair, and does nothing.
  const late = await twoSchedules(start);
  await late.a.write(actionRow(late.time.world.wall(), eachHour));
  late.a.cut();
  await late.device.perform("backup", { runId: "0".repeat(64), epoch: epochOf(7, late.b.unit), dueAt: 1 });
  await late.time.pass(31 * minute);
  assert.deepEqual(late.a.refusals[0]?.holder, epochOf(7, late.b.unit));
  assert.equal(late.a.refusals.length > 1, true, "it asks again, so that a holder that is gone is noticed");
  assert.equal(late.device.effects.size, 1);
  late.a.act(true, epochOf(8, late.a.unit));
  await late.time.pass(1 * minute);
  assert.deepEqual(late.a.standing(), ["proved"]);
  assert.equal(late.device.effects.size, 2);
  assert.equal(device.ledger.greatest?.epoch.n, 2);
});

test("[CH22] a term that ends between the claim and the call ends the attempt: nothing is called", async () => {
  const { time, a, b, device } = await twoSchedules(start);
  await a.write(actionRow(time.world.wall(), eachHour));
  // The peer has the row as started; then the role goes, before the call.
  const { receive } = b;
  b.receive = (delta) => {
    receive.call(b, delta);
    if (b.attempts()[0]?.[0] === "started") a.act(false, epochOf(2, b.unit));
  };
  await time.pass(31 * minute);
  assert.equal(device.fences.length, 0);
  assert.equal(a.runningActions, 0);
  b.act(true, epochOf(2, b.unit));
  await time.pass(1 * minute);
  assert.deepEqual(b.standing(), ["proved"]);
  assert.deepEqual(effectsOf(b), [1]);
});

test("[CH9] a missed run is run once, late, or skipped, as its schedule says; a young one is on time", async () => {
  for (const [missedRule, states] of [
    ["run once late", ["proved"]],
    ["skip", ["skipped"]],
  ] as const) {
    const { time, a, device } = await twoSchedules(start);
    await a.write(actionRow(time.world.wall(), eachHour, { missedRule }));
    a.act(false);
    await time.pass(3 * hour);
    a.act(true, epochOf(2, a.unit));
    await time.pass(1 * second);
    assert.deepEqual(a.standing(), states);
    const [row] = a.replica.rows(runs);
    assert.match(row?.values.message ?? "", /2 earlier occurrences were missed/);
    assert.equal(row?.values.due, Date.parse("2026-11-25T12:00:00Z"));
    assert.equal(device.effects.size, missedRule === "skip" ? 0 : 1);
    // A take-over of 30 s around a due time misses nothing.
    await time.pass(29 * minute);
    a.act(false);
    await time.pass(90 * second);
    a.act(true, epochOf(3, a.unit));
    await time.pass(1 * second);
    assert.deepEqual(a.standing(), [...states, "proved"]);
  }
});

test("[CH9] a unit that was restarted, or got the role back, does nothing twice", async () => {
  const { time, a, b, device } = await twoSchedules(start);
  await a.write(actionRow(time.world.wall(), eachHour));
  await time.pass(31 * minute);
  a.kill();
  a.restart();
  a.heal();
  a.act(true, epochOf(2, a.unit));
  await time.pass(20 * minute);
  a.act(false, epochOf(3, b.unit));
  b.act(true, epochOf(3, b.unit));
  await time.pass(1 * minute);
  assert.deepEqual(effectsOf(a), [1]);
  assert.equal(device.fences.length, 1);
});

test("[CH11] an action that is under way is counted until it has ended; one that waits for its device lets go at once", async () => {
  const { time, a, b, device } = await twoSchedules(start);
  await a.write(actionRow(time.world.wall(), eachHour));
  device.takesMs = 5 * minute;
  await time.pass(31 * minute);
  assert.equal(a.runningActions, 1);
  a.act(false);
  assert.equal(a.runningActions, 1);
  await time.pass(5 * minute);
  assert.equal(a.runningActions, 0);
  assert.deepEqual(a.standing(), ["proved"], "what it has begun it ends");

  device.line = "deaf";
  a.act(true);
  await time.pass(55 * minute);
  assert.equal(a.runningActions, 1);
  a.act(false);
  await time.pass(0);
  assert.equal(a.runningActions, 0);
  device.line = "whole";
  b.act(true, epochOf(2, b.unit));
  await time.pass(6 * minute);
  assert.deepEqual(b.standing(), ["proved", "proved"]);
});

test("a device that does not answer is asked again, with longer and longer waits, until it has failed", async () => {
  const { time, a, device } = await twoSchedules(start);
  await a.write(actionRow(time.world.wall(), eachHour));
  device.line = "deaf";
  let calls = 0;
  a.beforeCall = () => {
    calls += 1;
  };
  await time.pass(31 * minute);
  assert.ok(calls > 3 && calls < 10, `${calls} calls in a minute`);
  await time.pass(15 * minute);
  assert.deepEqual(a.standing(), ["failed"]);
  assert.ok(calls < 40, `${calls} calls`);
  assert.equal(a.events.at(-1)?.code, "run-failed");
  const [row] = a.replica.rows(runs);
  assert.match(row?.values.message ?? "", /no answer/);
});

test("[CH22] an answer that is lost is asked for again by the same run id", async () => {
  const { time, a, device } = await twoSchedules(start);
  await a.write(actionRow(time.world.wall(), eachHour));
  device.line = "mute";
  a.beforeCall = () => {
    if (device.fences.length > 0) device.line = "whole";
  };
  await time.pass(31 * minute);
  assert.deepEqual(a.standing(), ["proved"]);
  assert.deepEqual(effectsOf(a), [1]);
  assert.equal(device.fences.length, 2);
});

test("[CH22] an operator's run works on the Slave and in a cut, carries no epoch, and each time is another run", async () => {
  const { time, a, b, device } = await twoSchedules(start);
  await a.write(actionRow(time.world.wall(), eachHour));
  a.cut();
  const [action] = b.replica.rows(scheduledActions);
  assert.ok(action);
  for (let press = 0; press < 2; press += 1) await b.write(...b.schedule.runsByHand(action, "eve").edits);
  await time.pass(1 * second);
  assert.deepEqual(b.attempts(), [
    ["proved", null],
    ["proved", null],
  ]);
  assert.deepEqual(
    device.fences.map(({ epoch }) => epoch),
    [null, null],
  );
  assert.equal(device.effects.size, 2);
  a.heal();
  await time.pass(40 * minute);
  assert.deepEqual(a.standing(), ["proved", "proved", "proved"], "the schedule goes on beside it");
});

test("[CH22] an operator's run that its unit left open is unknown after an hour, until that unit says otherwise", async () => {
  const { time, a, b } = await twoSchedules(start);
  await a.write(actionRow(time.world.wall(), { kind: "cron", cron: "0 0 1 1 *", timeZone: "UTC" }));
  const [action] = b.replica.rows(scheduledActions);
  assert.ok(action);
  b.beforeCall = () => b.kill();
  await b.write(...b.schedule.runsByHand(action, "eve").edits);
  await time.pass(50 * minute);
  assert.deepEqual(a.standing(), ["started"]);
  await time.pass(15 * minute);
  assert.deepEqual(a.standing(), ["unknown"]);
});

test("an action or a device that is removed, and an action that is switched off, is due no more", async () => {
  const { time, a, device } = await twoSchedules(start);
  await a.write(actionRow(time.world.wall(), eachHour));
  const at = time.world.wall();
  await a.write(updateRow(scheduledActions, actionId, { enabled: false, enabledSince: at }));
  await time.pass(2 * hour);
  assert.equal(device.fences.length, 0);
  await a.write(updateRow(scheduledActions, actionId, { enabled: true, enabledSince: time.world.wall() }));
  await time.pass(1 * second);
  assert.equal(device.fences.length, 0, "what was due while it was off was not missed");
  await time.pass(1 * hour);
  assert.equal(device.fences.length, 1);
  await a.write(deleteRow(devices, deviceId));
  await time.pass(2 * hour);
  assert.equal(device.fences.length, 1);
});

test("a wall clock that jumps a year ahead and back runs what it passed once, and goes on as before", async () => {
  const { time, a, device } = await twoSchedules(start);
  await a.write(actionRow(time.world.wall(), eachHour));
  await time.pass(31 * minute);
  assert.equal(device.effects.size, 1);
  time.wallAtStart += 365 * 24 * hour;
  await time.pass(1 * minute);
  assert.equal(device.effects.size, 2);
  time.wallAtStart -= 365 * 24 * hour;
  await time.pass(2 * hour);
  assert.equal(device.effects.size, 4);
});

test("many devices that are due at once are all claimed in time, and called a few at a time", async () => {
  const { time, a } = await twoSchedules(start);
  const [known] = a.replica.rows(devices);
  assert.ok(known);
  const ids = Array.from({ length: 30 }, (_, n) => n.toString(16).padStart(16, "0"));
  const { createRow } = await import("@tandem/replica/edits");
  await a.write(
    ...ids.map((id) => createRow(devices, { ...known.values, id })),
    actionRow(time.world.wall(), eachHour, { missedRule: "skip" }),
    updateRow(scheduledActions, actionId, { devices: ids.map((id) => ({ id, since: time.world.wall() })) }),
  );
  a.device.takesMs = 4 * minute;
  let most = 0;
  a.beforeCall = () => {
    most = Math.max(most, a.runningActions);
  };
  await time.pass(31 * minute);
  assert.equal(a.attempts().length, 30);
  await time.pass(20 * minute);
  assert.deepEqual(new Set(a.standing()), new Set(["proved"]));
  assert.equal(a.device.effects.size, 30);
  assert.equal(most, 8);
});
