/** The schedule of two Centrals that are processes of their own: TLS between them, SQLite below, devices over HTTPS. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { minute, second } from "@tandem/base/time";
import { routes } from "@tandem/central-api/routes";
import type { Run, ScheduledActionNew } from "@tandem/central-api/schedule";
import type { Fence } from "@tandem/fencing/fence";
import { admit } from "@tandem/fencing/ledger";
import { eventually } from "../central-on-loopback.ts";
import {
  type LoopbackLoadMaster,
  loadMasterPassword,
  loadMasterUser,
  startLoadMaster,
} from "../fleet/loadmaster-on-loopback.ts";
import { setUpPair, stateBecomes } from "../ha/two-centrals.ts";
import { type CentralProcess, startCentralProcess } from "../process-on-loopback.ts";

/** A single time in UTC, to the second, so long after now by the clock of the Centrals. */
const once = (afterMs: number, clockAheadMs = 0): ScheduledActionNew["when"] => ({
  once: new Date(Date.now() + clockAheadMs + afterMs + second).toISOString().slice(0, 19),
  timeZone: "UTC",
});
const soonMs = 2 * second;

const add = ({ client }: CentralProcess, body: ScheduledActionNew) =>
  client.call(routes.addScheduledAction, { body });
const runsOf = async ({ client }: CentralProcess, action: string): Promise<readonly Run[]> =>
  (await client.call(routes.listRuns, { query: { action } })).runs;
/** The only run of an action, once it stands so on every one of these units. */
const runBecomes = (units: readonly CentralProcess[], action: string, state: Run["state"]): Promise<Run> =>
  eventually(`the run is ${state}`, async () => {
    const each = await Promise.all(units.map((unit) => runsOf(unit, action)));
    return each.every((runs) => runs.length === 1 && runs[0]?.state === state) && each[0]?.[0];
  });
const addDevice = async ({ client }: CentralProcess, lm: LoopbackLoadMaster): Promise<string> => {
  const { address, port } = lm;
  const body = { address, port, user: loadMasterUser, password: loadMasterPassword };
  return (await client.call(routes.addDevice, { body })).id;
};
/** Holds what the device answers to an action until it is let go. */
function holdAnswers(lm: LoopbackLoadMaster): () => void {
  let letGo = (): void => {};
  lm.holdsAnswers = new Promise((resolve) => {
    letGo = () => {
      lm.holdsAnswers = null;
      resolve();
    };
  });
  return letGo;
}

async function twoProcesses(t: TestContext): Promise<readonly [CentralProcess, CentralProcess]> {
  const [a, b] = await Promise.all([
    startCentralProcess(t, "central1", "127.0.0.1"),
    startCentralProcess(t, "central2", "127.0.0.2"),
  ]);
  await setUpPair(a, b, { preferredMaster: false });
  await a.client.call(routes.addNetwork, { body: { cidr: "127.0.0.0/24" } });
  return [a, b];
}

// Most of the time is waiting, so both go on side by side.
describe("two Centrals as processes", { concurrency: 2 }, () => {
  test("[CH9] [CH11] [CH22] a schedule made on the Slave is the Master's to run; a handover waits for it; a Master that is killed in the midst of it is succeeded", async (t) => {
    const [a, b] = await twoProcesses(t);
    const lm1 = await startLoadMaster(t, "127.0.0.21", "lm1");
    const lm2 = await startLoadMaster(t, "127.0.0.22", "lm2");
    const device = await addDevice(b, lm1);
    const other = await addDevice(b, lm2);
    // Nothing is ever asked of it but how it is.
    const lm3 = await startLoadMaster(t, "127.0.0.23", "lm3");
    await addDevice(b, lm3);

    // A backup that is made on the Slave, beside schedules of which both must say the same times.
    const backup = await add(b, { name: "backup", kind: "backup", devices: [device], when: once(soonMs) });
    assert.equal(backup.acknowledged, "both");
    for (const [name, cron, timeZone] of [
      ["nightly", "30 2 * * *", "Europe/Vienna"],
      ["weekly", "0 0 * * 0", "America/Santiago"],
      ["monthly", "15 4 31 * *", "Asia/Kathmandu"],
    ] as const)
      await add(b, { name, kind: "reboot", devices: [other], when: { cron, timeZone } });
    const proved = await runBecomes([a, b], backup.id, "proved");
    assert.deepEqual([proved.unit, proved.startedOn, proved.attempts.length], [a.unit, "both", 1]);
    assert.deepEqual(lm1.effects, ["backup"]);
    assert.deepEqual(
      lm1.fences.map(({ runId, epoch, dueAt }) => [runId, epoch, dueAt]),
      [[proved.id, { n: proved.epoch, unit: a.unit }, Date.parse(proved.due)]],
    );
    const [nextOfA, nextOfB] = await Promise.all(
      [a, b].map(async ({ client }) =>
        (await client.call(routes.listScheduledActions)).scheduledActions.map(({ name, nextDue }) => [
          name,
          nextDue,
        ]),
      ),
    );
    assert.deepEqual(nextOfA, nextOfB);
    assert.equal(nextOfA?.filter(([, nextDue]) => nextDue !== null).length, 3);
    await eventually("the Slave has the copy as well", async () => {
      const { snapshots } = await b.client.call(routes.listSnapshots, {});
      return snapshots.some(({ digest, here }) => digest === proved.evidence?.digest && here);
    });

    // The role is handed over while a device is at it.
    const letGo = holdAnswers(lm1);
    const slow = await add(a, { name: "slow", kind: "reboot", devices: [device], when: once(soonMs) });
    await eventually("the device is at it", () => lm1.effects.length === 2);
    await a.client.call(routes.handOver);
    await eventually("the handover waits for it, and says so", async () => {
      const { status } = await a.client.call(routes.ha);
      return status.handover?.phase === "draining" && /1 running/.test(status.handover.waitsFor);
    });
    assert.equal((await b.client.call(routes.ha)).status.ourState, "Slave");
    assert.equal((await runsOf(b, slow.id))[0]?.state, "started");
    letGo();
    await stateBecomes(b, "Master");
    await stateBecomes(a, "Slave");
    const ended = await runBecomes([a, b], slow.id, "proved");
    assert.deepEqual([ended.unit, ended.attempts.length], [a.unit, 1], "whoever began it has ended it");
    assert.deepEqual(lm1.effects, ["backup", "reboot"]);

    // The new Master is killed while two devices are at it.
    holdAnswers(lm1);
    holdAnswers(lm2);
    const reboot = await add(a, { name: "reboot", kind: "reboot", devices: [device], when: once(soonMs) });
    const copy = await add(a, { name: "copy", kind: "backup", devices: [other], when: once(soonMs) });
    await eventually("both devices are at it", () => lm1.effects.length === 3 && lm2.effects.length === 1);
    lm1.holdsAnswers = null;
    lm2.holdsAnswers = null;
    const killed = (await b.client.call(routes.ha)).status.epoch;
    assert.equal(killed?.unit, b.unit);
    await b.kill();
    await stateBecomes(a, "Master");
    const { ledger } = await eventually(
      "a device that nothing is asked of has heard of the new Master",
      () => lm3.ledger.greatest?.epoch.unit === a.unit && lm3,
      5_000,
    );
    const stale: Fence = {
      runId: "0".repeat(64),
      epoch: { n: killed.number, unit: b.unit },
      dueAt: Date.now(),
    };
    const asked = { command: "reboot", unit: "lm3", wall: Date.now() };
    assert.equal(admit(ledger, stale, asked).verdict, "fenced", "and refuses the one before");
    for (const [lm, action] of [
      [lm1, reboot],
      [lm2, copy],
    ] as const) {
      const found = await runBecomes([a], action.id, "proved");
      assert.equal(found.unit, a.unit);
      assert.deepEqual(
        found.attempts.map(({ unit, state }) => [unit, state]).sort(),
        [
          [a.unit, "proved"],
          [b.unit, "started"],
        ].sort(),
      );
      const asked = lm.fences.filter(({ runId }) => runId === found.id).map(({ epoch }) => epoch?.unit);
      assert.deepEqual(asked, [b.unit, a.unit], "the same run, asked for by the one and then the other");
      assert.ok(found.attempts.every(({ epoch }) => epoch !== null));
    }
    assert.deepEqual(lm1.effects, ["backup", "reboot", "reboot"], "the first result is given again");
    // Its bytes were lost with the answer: they are read under the new term, as a run of its own.
    assert.ok(lm2.fences.slice(2).every(({ epoch }) => epoch?.unit === a.unit));
    assert.deepEqual([lm1.unfenced, lm2.unfenced], [0, 0]);
  });

  test("[CH9] what was due while neither Central ran is run once, late, or skipped, as its schedule says", async (t) => {
    const [a, b] = await twoProcesses(t);
    const lm1 = await startLoadMaster(t, "127.0.0.21", "lm1");
    const device = await addDevice(a, lm1);
    const soon = { kind: "reboot" as const, devices: [device], when: once(30 * second) };
    const late = await add(b, { ...soon, name: "late", missedRule: "run once late" });
    const skipped = await add(b, { ...soon, name: "skipped", missedRule: "skip" });
    await Promise.all([a.kill(), b.kill()]);
    const aheadMs = 10 * minute;
    await Promise.all([a.start(aheadMs), b.start(aheadMs)]);
    const run = await runBecomes([a, b], late.id, "proved");
    assert.match(run.message, /run late/);
    await runBecomes([a, b], skipped.id, "skipped");
    assert.deepEqual(lm1.effects, ["reboot"]);
    // And neither again, whoever is Master next.
    const { status } = await a.client.call(routes.ha);
    const [master, slave] = status.ourState === "Master" ? [a, b] : [b, a];
    await master.kill();
    await stateBecomes(slave, "Master");
    const next = await add(slave, { ...soon, name: "next", when: once(soonMs, aheadMs) });
    await runBecomes([slave], next.id, "proved");
    assert.deepEqual(lm1.effects, ["reboot", "reboot"]);
    for (const { id } of [late, skipped]) assert.equal((await runsOf(slave, id)).length, 1);
  });
});
