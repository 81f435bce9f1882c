import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Json } from "@tandem/base/canonical-json";
import { routes } from "@tandem/central-api/routes";
import { Database } from "@tandem/storage/database";
import { DocumentStore, documentMigrations } from "@tandem/storage/document-store";
import { openSecretBox } from "@tandem/storage/secret-box";
import { eventually, type LoopbackCentral, startCentral } from "../central-on-loopback.ts";
import { pairOfCentrals, signInAgain, stateBecomes } from "../ha/two-centrals.ts";

/** Listens for syslog; `told` are the texts of the events of one code, in order. */
async function receiver(t: TestContext, address: string) {
  const lines: string[] = [];
  const socket = createSocket("udp4").on("message", (line) => lines.push(line.toString()));
  await new Promise<void>((resolve) => socket.bind(0, address, resolve));
  t.after(() => socket.close());
  const told = (code: string): readonly string[] =>
    lines.filter((line) => line.includes(` - ${code} - `)).map((line) => line.replace(/^.* - /, ""));
  return { address: `${address}:${socket.address().port}`, told };
}

const listed = async (unit: LoopbackCentral): Promise<readonly string[]> =>
  (await unit.client.call(routes.listNotifications)).targets.map(({ name }) => name).sort();
const become = (unit: LoopbackCentral, names: readonly string[]) =>
  eventually(`${names} on ${unit.server.host}`, async () => `${await listed(unit)}` === `${names}`);
const note = (unit: LoopbackCentral, message: string): void =>
  unit.central.pair.note({ severity: "error", code: "check-failed", message });

test("[CH4] [CH25] two Centrals: with their switch on, targets of either are on both, each event is told once by the unit it happened on, also after a restart", async (t) => {
  const [one, two] = await pairOfCentrals(t, ["127.0.3.21", "127.0.3.22"]);
  const log = await receiver(t, "127.0.3.23");
  const secret = "token-of-the-webhook-itself";
  const add = (unit: LoopbackCentral, body: object) =>
    unit.client.call(routes.addNotification, { body: body as never });
  const toLog = { kind: "syslog", address: log.address };
  assert.equal((await add(one, { ...toLog, name: "log" })).acknowledged, "this unit only");
  const hook = { name: "hook", kind: "webhook", address: "https://127.0.3.24:1/", enabled: false, secret };
  const added = await add(two, hook);
  assert.deepEqual([await listed(one), await listed(two)], [["log"], ["hook"]], "off by default");
  note(two, "told to nobody");

  const turned = await one.client.call(routes.changeSynchronised, { body: { notifications: true } });
  assert.equal(turned.acknowledged, "both");
  for (const unit of [one, two]) await become(unit, ["hook", "log"]);
  const { targets, synchronised } = await one.client.call(routes.listNotifications);
  assert.ok(synchronised && targets.find(({ name }) => name === "hook")?.hasSecret);
  for (const { stateDir } of [one, two])
    for (const name of readdirSync(stateDir).filter((each) => /\.db/.test(each)))
      assert.ok(!readFileSync(join(stateDir, name)).includes(secret), `${stateDir}/${name}`);

  // A second entry for the same receiver, as when both units had been set up by hand.
  const twin = await add(two, { ...toLog, name: "same log" });
  assert.equal(twin.acknowledged, "both");
  const { targets: twins } = await one.client.call(routes.listNotifications);
  assert.deepEqual(
    twins
      .filter(({ note: why }) => /the same receiver as/.test(why ?? ""))
      .map(({ name }) => name)
      .sort(),
    ["log", "same log"],
  );
  note(one, "on one");
  note(two, "on two");
  await eventually("both are told", () => log.told("check-failed").length >= 2);

  await one.stop();
  await stateBecomes(two, "Master");
  note(two, "alone");
  await eventually("by the one that is left", () => log.told("check-failed").includes("alone"));
  const removed = await two.client.call(routes.removeNotification, { params: { id: twin.id } });
  assert.equal(removed.acknowledged, "this unit only");
  await one.restart();
  await signInAgain(one);
  await become(one, ["hook", "log"]);
  await eventually("it is in step", async () => (await one.client.call(routes.ha)).status.heartbeats.flowing);
  note(one, "after the restart");
  await eventually("told", () => log.told("check-failed").includes("after the restart"));

  await two.client.call(routes.removeNotification, { params: { id: added.id } });
  await become(one, ["log"]);
  const change = await one.client.call(routes.changeNotification, {
    params: { id: targets.find(({ name }) => name === "log")?.id ?? "" },
    body: { name: "renamed" },
  });
  await become(two, ["renamed"]);
  await two.client.call(routes.changeSynchronised, { body: { notifications: false } });
  await eventually(
    "off on both",
    async () => !(await one.client.call(routes.listNotifications)).synchronised,
  );
  await one.client.call(routes.removeNotification, { params: { id: change.id } });
  assert.deepEqual([await listed(one), await listed(two)], [[], ["renamed"]]);
  assert.deepEqual(log.told("check-failed").toSorted(), ["after the restart", "alone", "on one", "on two"]);
  assert.deepEqual(one.central.pair.conflicts(), []);
});

test("[CH4] a Central takes over the targets that its former version kept in a file of their own", async (t) => {
  const unit = await startCentral(t, "central1", "127.0.3.25");
  const log = await receiver(t, "127.0.3.26");
  await unit.stop();
  const path = join(unit.stateDir, "notifications.db");
  const database = new Database(path, documentMigrations);
  const id = "0123456789abcdef";
  const secret = openSecretBox(join(unit.stateDir, "secret.key")).seal(`target/${id}`, "a secret");
  const kept = { id, name: "log", kind: "syslog", address: log.address, severity: "warning", enabled: true };
  const former = { ...kept, secret, certificateAuthority: "" };
  new DocumentStore(database).set(`target/${id}`, former as unknown as Json);
  database.close();
  for (let start = 1; start <= 2; start += 1) {
    await unit.restart();
    await signInAgain(unit);
    assert.deepEqual(await listed(unit), ["log"]);
    assert.ok(!existsSync(path));
    note(unit, `start ${start}`);
    await eventually("it is told", () => log.told("check-failed").includes(`start ${start}`));
    await unit.stop();
  }
});
