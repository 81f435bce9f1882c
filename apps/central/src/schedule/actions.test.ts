import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { routes } from "@tandem/central-api/routes";
import type { Run, ScheduledActionNew } from "@tandem/central-api/schedule";
import {
  eventually,
  type LoopbackCentral,
  refusalOf,
  refused,
  startCentral,
} from "../central-on-loopback.ts";
import {
  type LoopbackLoadMaster,
  loadMasterPassword,
  loadMasterUser,
  startLoadMaster,
} from "../fleet/loadmaster-on-loopback.ts";

const nightly = { cron: "0 3 * * *", timeZone: "Europe/Vienna" };

async function withDevice(
  t: TestContext,
): Promise<{ here: LoopbackCentral; device: string; lm1: LoopbackLoadMaster }> {
  const here = await startCentral(t, "central1", "127.0.0.1");
  const lm1 = await startLoadMaster(t, "127.0.0.21", "lm1");
  await here.client.call(routes.addNetwork, { body: { cidr: "127.0.0.0/24" } });
  const { address, port } = lm1;
  const body = { address, port, user: loadMasterUser, password: loadMasterPassword };
  const { id } = await here.client.call(routes.addDevice, { body });
  return { here, device: id, lm1 };
}

const runsOf = async ({ client }: LoopbackCentral): Promise<readonly Run[]> =>
  (await client.call(routes.listRuns, {})).runs;

/** Presses *Run now*, and answers the runs once all of them are over. */
async function runNow(here: LoopbackCentral, id: string): Promise<readonly Run[]> {
  const begun = await here.client.call(routes.runScheduledAction, { params: { id } });
  return eventually("the runs are over", async () => {
    const runs = (await runsOf(here)).filter((run) => begun.runs.includes(run.id));
    return runs.length === begun.runs.length && runs.every(({ endedAt }) => endedAt !== null) && runs;
  });
}

test("[CH9] scheduled actions are added, listed, changed and removed, and are there after a restart", async (t) => {
  const { here, device } = await withDevice(t);
  const add = (body: ScheduledActionNew) => here.client.call(routes.addScheduledAction, { body });
  const added = await add({ name: "nightly backup", kind: "backup", devices: [device], when: nightly });
  assert.deepEqual(
    { ...added, id: "", tag: "", nextDue: "" },
    {
      id: "",
      name: "nightly backup",
      kind: "backup",
      devices: [device],
      when: nightly,
      missedRule: "run once late",
      ifUnknown: "leave it to the operator",
      enabled: true,
      author: "admin",
      nextDue: "",
      lastRun: null,
      tag: "",
      acknowledged: "this unit only",
    },
  );
  assert.ok(Date.parse(added.nextDue ?? "") > Date.now());
  const year = new Date().getUTCFullYear() + 1;
  const once = { once: `${year}-02-01T03:00`, timeZone: "UTC" };
  await add({ name: "a reboot", kind: "reboot", devices: [device], when: once, missedRule: "skip" });
  const params = { id: added.id };
  const changed = await here.client.call(routes.changeScheduledAction, {
    params,
    tag: added.tag,
    body: { enabled: false, when: once },
  });
  assert.deepEqual([changed.enabled, changed.when, changed.nextDue], [false, once, null]);

  await here.restart();
  await here.client.signIn("admin", here.firstPassword);
  const list = () => here.client.call(routes.listScheduledActions);
  assert.deepEqual(
    (await list()).scheduledActions.map(({ name, missedRule, nextDue }) => [name, missedRule, nextDue]),
    [
      ["a reboot", "skip", `${year}-02-01T03:00:00.000Z`],
      ["nightly backup", "run once late", null],
    ],
  );
  assert.equal(
    (await here.client.call(routes.removeScheduledAction, { params })).acknowledged,
    "this unit only",
  );
  assert.deepEqual(
    (await list()).scheduledActions.map(({ name }) => name),
    ["a reboot"],
  );
});

test("[CH9] what is wrong with an action stands beside its field, with the remedy, and nothing changes", async (t) => {
  const { here, device } = await withDevice(t);
  const good: ScheduledActionNew = { name: "n", kind: "backup", devices: [device], when: nightly };
  const tried = (change: object) =>
    refused(here.client.call(routes.addScheduledAction, { body: { ...good, ...change } }));
  const at = (when: object) => tried({ when: { timeZone: "UTC", ...when } });
  assert.deepEqual(await at({ cron: "61 * * * *" }), ["400 when/cron cron-malformed"]);
  assert.deepEqual(await at({ cron: "0 3 * * *", timeZone: "Vienna" }), [
    "400 when/timeZone time-zone-unknown",
  ]);
  assert.deepEqual(await at({ once: "2020-01-01T03:00" }), ["400 when/once time-in-the-past"]);
  assert.deepEqual(await at({ once: "soon" }), ["400 when/once time-malformed"]);
  assert.deepEqual(await at({}), ["400 when when-unclear"]);
  assert.deepEqual(await tried({ devices: [device, "f".repeat(16), device] }), [
    "400 devices/1 device-unknown",
    "400 devices/2 device-twice",
  ]);
  for (const [change, field] of [
    [{ devices: [] }, "devices"],
    [{ kind: "explode" }, "kind"],
    [{ name: "" }, "name"],
    [{ missedRule: "sometimes" }, "missedRule"],
    [{ surprise: 1 }, "surprise"],
  ] as const)
    assert.match((await tried(change)).join(), new RegExp(`^400 ${field} `), JSON.stringify(change));
  assert.deepEqual((await here.client.call(routes.listScheduledActions)).scheduledActions, []);
  const params = { id: "0".repeat(16) };
  for (const call of [
    here.client.call(routes.runScheduledAction, { params }),
    here.client.call(routes.removeScheduledAction, { params }),
    here.client.call(routes.changeScheduledAction, { params, body: { name: "x" } }),
  ])
    assert.deepEqual(await refused(call), ["404 id scheduled-action-unknown"]);
});

test("[CH20] a change over what its author had not read is refused with both values", async (t) => {
  const { here, device } = await withDevice(t);
  const body: ScheduledActionNew = { name: "n", kind: "backup", devices: [device], when: nightly };
  const read = await here.client.call(routes.addScheduledAction, { body });
  const params = { id: read.id };
  const change = (cron: string, tag: string) =>
    here.client.call(routes.changeScheduledAction, {
      params,
      tag,
      body: { when: { ...nightly, cron } },
    });
  await change("0 4 * * *", read.tag);
  const { status, errors } = await refusalOf(change("0 5 * * *", read.tag));
  assert.equal(status, 409);
  assert.match(errors[0]?.message ?? "", /0 4 \* \* \*/);
  assert.match(JSON.stringify(errors[0]?.value), /0 5 \* \* \*/);
  const other = await here.client.call(routes.changeScheduledAction, {
    params,
    tag: read.tag,
    body: { name: "another field" },
  });
  assert.equal(other.name, "another field");
});

test("[CH22] Run now takes a backup, keeps it by its digest, and each press is a run of its own", async (t) => {
  const { here, device, lm1 } = await withDevice(t);
  const body: ScheduledActionNew = { name: "n", kind: "backup", devices: [device], when: nightly };
  const { id } = await here.client.call(routes.addScheduledAction, { body });
  for (let press = 1; press <= 2; press += 1) {
    const [run] = await runNow(here, id);
    assert.ok(run);
    assert.equal(run.state, "proved", run.message);
    assert.deepEqual(
      [run.trigger, run.epoch, run.author, run.deviceName],
      ["operator", null, "admin", "lm1"],
    );
    const { digest = "", size = 0 } = run.evidence ?? {};
    const bytes = here.central.files.store.read(digest, 0, size);
    assert.equal(Buffer.from(bytes ?? []).toString(), "configuration of lm1");
  }
  assert.deepEqual(lm1.effects, ["backup", "backup"]);
  const [action] = (await here.client.call(routes.listScheduledActions)).scheduledActions;
  assert.equal(action?.lastRun?.state, "proved");
  const only = (query: object) => here.client.call(routes.listRuns, { query });
  assert.equal((await only({ limit: "1" })).runs.length, 1);
  assert.equal((await only({ state: "failed" })).runs.length, 0);
  assert.equal((await only({ action: id, device })).runs.length, 2);
  assert.deepEqual(await refused(only({ limit: "0" })), ["400 limit not-allowed"]);
});

test("[CH22] an answer that is lost is asked for again: a unit of ours rebooted once, one that cannot tell leaves it unknown", async (t) => {
  for (const isOurs of [true, false]) {
    const { here, device, lm1 } = await withDevice(t);
    lm1.isOurs = isOurs;
    lm1.losesNextAnswer = true;
    const body: ScheduledActionNew = { name: "n", kind: "reboot", devices: [device], when: nightly };
    const { id } = await here.client.call(routes.addScheduledAction, { body });
    const [run] = await runNow(here, id);
    assert.equal(run?.state, isOurs ? "proved" : "unknown", run?.message);
    assert.deepEqual(lm1.effects, ["reboot"]);
    await here.stop();
    await lm1.stop();
  }
});
