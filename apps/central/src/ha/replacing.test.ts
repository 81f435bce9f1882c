import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import type { HaAnswer, SettingCheck } from "@tandem/central-api/ha";
import type { BackupDownload, Restored } from "@tandem/central-api/ha-backups";
import { routes } from "@tandem/central-api/routes";
import { eventually, type LoopbackCentral, refused, startCentral } from "../central-on-loopback.ts";
import { SigningLoadMaster } from "../licensing/signing-load-master.ts";
import { pairOfCentrals, signInAgain, stateBecomes } from "./two-centrals.ts";

const passPhrase = "correct horse battery staple";
const as = "replace a unit";

const download = async (unit: LoopbackCentral, body: BackupDownload): Promise<Buffer> =>
  Buffer.concat(await (await unit.client.download(routes.downloadBackup, { body })).toArray());
const upload = (unit: LoopbackCentral, file: Buffer) =>
  unit.client.upload(routes.uploadBackup, {}, Readable.from([file]), file.length);
const ha = (unit: LoopbackCentral): Promise<HaAnswer> => unit.client.call(routes.ha);
const networksOf = async (unit: LoopbackCentral): Promise<readonly string[]> =>
  (await unit.client.call(routes.tree)).networks.map(({ name }) => name).sort();
const holdersOf = async (unit: LoopbackCentral): Promise<readonly string[]> =>
  (await unit.client.call(routes.listLicensedUnits)).units
    .map(({ unit: id, central, state }) => `${id} ${central} ${state}`)
    .sort();
const addNetwork = (unit: LoopbackCentral, second: number, name: string) =>
  unit.client.call(routes.addNetwork, { body: { cidr: `10.${second}.0.0/16`, name } });

/** Restores with `apply`, and waits until the unit has started anew. */
async function replace(unit: LoopbackCentral, backup: string): Promise<Restored> {
  const before = unit.central;
  const restored = await unit.client.call(routes.restoreOverwritten, {
    body: { backup, passPhrase, as, apply: true },
  });
  await eventually("the unit has started anew", () => unit.central !== before);
  await signInAgain(unit);
  return restored;
}

/** One Master, one Slave, and proof that both hold the same. */
async function inStep(...units: readonly LoopbackCentral[]): Promise<void> {
  await eventually("the two are a pair in step", async () => {
    const all = await Promise.all(units.map(ha));
    const states = all.map(({ status }) => status.ourState).sort();
    return (
      states.join() === "Master,Slave" &&
      all.every(
        ({ status }) => status.inStep === true && status.digestEqual === true && status.heartbeats.flowing,
      )
    );
  });
}

const settingsOf = async (unit: LoopbackCentral): Promise<string> =>
  JSON.stringify([(await ha(unit)).configuration, (await unit.client.call(routes.about)).unit]);
const ownLicenceOf = async (unit: LoopbackCentral): Promise<string> =>
  JSON.stringify((await unit.client.call(routes.ownLicence)).licence);

for (const [title, from, on] of [
  ["the Slave restored on the Master", 1, 0],
  ["the Master restored on the Slave", 0, 1],
] as const)
  test(`[ML5] a backup of ${title}: a pair in step again, with what the other unit did since; identity, HA settings and licences stay`, async (t) => {
    const pair = await pairOfCentrals(t, ["127.0.51.1", "127.0.51.2"], { resuming: true });
    const [source, target] = [pair[from], pair[on]];
    const units = [21, 22, 23, 24].map((host) => new SigningLoadMaster(`10.1.0.${host}`));
    const [early, earlyThere, late, lateThere] = units as [
      SigningLoadMaster,
      SigningLoadMaster,
      SigningLoadMaster,
      SigningLoadMaster,
    ];
    await early.activate(target.client);
    await earlyThere.activate(source.client);
    await addNetwork(source, 30, "in the backup");
    await inStep(...pair);
    const file = await download(source, { passPhrase });
    assert.ok(!file.includes("in the backup"));
    await addNetwork(source, 31, "since, on the other unit");
    await addNetwork(target, 32, "since, on the replaced unit");
    await late.activate(target.client);
    await lateThere.activate(source.client);
    await inStep(...pair);
    const holders = await holdersOf(target);
    assert.equal(holders.length, 4);
    const before = [await settingsOf(target), await ownLicenceOf(target)];

    const { name, unitName, ofThisPair } = await upload(target, file);
    assert.deepEqual([unitName, ofThisPair], [from === 0 ? "central1" : "central2", true]);
    const shown = await target.client.call(routes.restoreOverwritten, {
      body: { backup: name, passPhrase, as, apply: false },
    });
    assert.ok(!shown.applied && shown.note?.includes("merging"));
    assert.deepEqual(
      shown.differences.filter(({ table }) => table === "networks").map(({ row, what }) => [row, what]),
      [
        ["10.31.0.0/16", "goes"],
        ["10.32.0.0/16", "goes"],
      ],
    );
    assert.equal((await networksOf(target)).length, 4, "nothing was changed by looking");

    const restored = await replace(target, name);
    assert.ok(restored.applied && restored.savedAs !== null);
    await inStep(...pair);
    for (const unit of pair) {
      // What the replaced unit itself had changed had reached the other before, and comes back from it.
      assert.deepEqual(await networksOf(unit), [
        "in the backup",
        "of one",
        "since, on the other unit",
        "since, on the replaced unit",
      ]);
      assert.deepEqual(await holdersOf(unit), holders);
      assert.deepEqual((await unit.client.call(routes.listConflicts, { query: {} })).conflicts, []);
    }
    for (const [each, central] of [
      [early, target],
      [late, target],
      [earlyThere, source],
      [lateThere, source],
    ] as const)
      assert.equal((await each.check(central.client)).state, "held");
    assert.deepEqual([await settingsOf(target), await ownLicenceOf(target)], before);
    const { status } = await eventually("the checks are answered", async () => {
      const answer = await ha(target);
      return answer.status.checks.every(({ fits }) => fits === "yes") && answer;
    });
    assert.equal(status.checks.length, 4);
    assert.equal(status.overwrittenBackup, restored.savedAs);
    const { events } = await source.client.call(routes.haEvents, { query: {} });
    const told = events.find(({ code }) => code === "unit-replaced");
    assert.ok(
      told?.text.includes(name) && told.text.includes(restored.savedAs) && /as admin ordered/.test(told.text),
    );
  });

test("[ML5] replaced while the other unit is down: it goes on with the backup and what its own ledger granted, and merges when they meet", async (t) => {
  const [a, b] = await pairOfCentrals(t, ["127.0.51.1", "127.0.51.2"], { resuming: true });
  const file = await download(b, { passPhrase });
  const [late, lateThere] = [new SigningLoadMaster("10.1.0.21"), new SigningLoadMaster("10.1.0.22")];
  await late.activate(a.client);
  await lateThere.activate(b.client);
  await addNetwork(b, 31, "since");
  await inStep(a, b);
  await b.stop();
  const epochBefore = (await ha(a)).status.epoch?.number ?? 0;
  await replace(a, (await upload(a, file)).name);
  const { epoch } = await stateBecomes(a, "Master");
  assert.ok((epoch?.number ?? 0) > epochBefore, "it acts under no term that it held before");
  await eventually("what it had granted comes back from its ledger", async () =>
    (await holdersOf(a)).some((holder) => holder.startsWith(late.unit)),
  );
  assert.deepEqual(await networksOf(a), ["of one"]);
  assert.equal((await late.check(a.client)).state, "held");
  const again = await ha(a);
  assert.deepEqual(
    again.status.checks.map(({ fits }) => fits),
    ["unknown", "unknown", "unknown", "unknown"],
  );
  await addNetwork(a, 32, "while alone");
  await b.restart();
  await signInAgain(b);
  await inStep(a, b);
  for (const unit of [a, b]) {
    assert.deepEqual(await networksOf(unit), ["of one", "since", "while alone"]);
    assert.deepEqual((await holdersOf(unit)).length, 2);
    assert.deepEqual((await unit.client.call(routes.listConflicts, { query: {} })).conflicts, []);
  }
  assert.equal((await lateThere.check(b.client)).state, "held");
});

test("[ML5] a backup of another pair or of none is refused before anything changes; a unit without a peer executes nothing by a pair's backup", async (t) => {
  const [a, b] = await pairOfCentrals(t, ["127.0.51.1", "127.0.51.2"]);
  const c = await startCentral(t, "central3", "127.0.51.3", { resuming: true });
  await addNetwork(c, 3, "of three");
  const restore = (unit: LoopbackCentral, backup: string) =>
    unit.client.call(routes.restoreOverwritten, { body: { backup, passPhrase, as, apply: true } });
  const before = (await ha(b)).status.digest;
  const alone = await upload(b, await download(c, { passPhrase }));
  assert.deepEqual([alone.unitName, alone.ofThisPair], ["central3", null]);
  assert.deepEqual(await refused(restore(b, alone.name)), ["409 backup backup-of-no-pair"]);
  const { name } = await b.client.call(routes.saveBackup);
  const saved = JSON.parse(readFileSync(join(b.stateDir, "backups", name), "utf8"));
  saved.writer.pairId = "f".repeat(32);
  writeFileSync(join(b.stateDir, "backups", "other.json"), JSON.stringify(saved));
  assert.deepEqual(await refused(restore(b, "other.json")), ["409 backup other-pair"]);
  assert.equal((await ha(b)).status.digest, before);

  const fromPair = await upload(c, await download(a, { passPhrase }));
  const restored = await replace(c, fromPair.name);
  assert.match(restored.note ?? "", /executes nothing until/);
  const { status } = await ha(c);
  assert.deepEqual([status.ourState, status.acting], ["Standalone", false]);
  assert.deepEqual(await networksOf(c), ["of one"]);
  assert.deepEqual(
    status.checks.map(({ fits }) => fits),
    ["unknown", "unknown", "no", "no"],
  );

  // CH24: a dead unit is replaced by a new one, with a new exchange of keys; the configuration is there already.
  await addNetwork(a, 31, "since");
  await b.stop();
  const about = async (other: LoopbackCentral) => ({
    haKeyForTheOtherPeer: (await ha(other)).configuration.haKeyForThisPeer,
    ipAddressForTheOtherPeer: other.peerLink.address,
    peerPort: other.peerLink.port,
    heartbeatSeconds: 1,
  });
  await a.client.call(routes.applyHa, { body: await about(c) });
  await c.client.call(routes.applyHa, { body: await about(a) });
  await inStep(a, c);
  assert.deepEqual(await networksOf(c), ["of one", "since"]);
  assert.equal(
    (await ha(c)).status.overwrittenBackup,
    restored.savedAs,
    "it merged, and was not overwritten",
  );

  const d = await startCentral(t, "central4", "127.0.51.4", { resuming: true });
  await replace(d, (await upload(d, await download(a, { passPhrase }))).name);
  assert.ok(!(await ha(d)).status.acting);
  await d.client.call(routes.removeHa, { body: { removes: "the other unit" } });
  assert.ok((await ha(d)).status.acting, "where no other unit is left, an operator says so");
});

test("[ML5] bad backups are refused by name, and nothing is changed", async (t) => {
  const a = await startCentral(t, "central1", "127.0.51.1");
  await addNetwork(a, 1, "kept");
  const { name } = await a.client.call(routes.saveBackup);
  const folder = join(a.stateDir, "backups");
  const own = readFileSync(join(folder, name));
  const good = await download(a, { backup: name, passPhrase });
  const changed = (change: object): Buffer =>
    Buffer.from(JSON.stringify({ ...JSON.parse(good.toString()), ...change }));
  for (const [file, code] of [
    [good.subarray(0, good.length - 100), "backup-not-whole"],
    [changed({ cipher: null }), "backup-not-whole"],
    [changed({ about: { unit: "?" } }), "backup-not-whole"],
    [changed({ format: "tandem-central-portable-2" }), "backup-of-later-version"],
    [changed({ format: "tandem-loadmaster-sealed-1" }), "not-a-backup"],
    [Buffer.from("PK\u0003\u0004"), "not-a-backup"],
    [Buffer.from("[]"), "not-a-backup"],
    [own, "backup-not-portable"],
  ] as const)
    assert.deepEqual(await refused(upload(a, file)), [`400 backup ${code}`]);
  assert.deepEqual(readdirSync(folder), [name]);

  const { name: uploaded } = await upload(a, good);
  const restore = (backup: string, phrase?: string) =>
    refused(
      a.client.call(routes.restoreOverwritten, {
        body: { backup, as, apply: true, ...(phrase === undefined ? {} : { passPhrase: phrase }) },
      }),
    );
  const tampered = await upload(
    a,
    changed({ about: { unit: "a".repeat(16), name: "x", at: 1, pairId: null } }),
  );
  assert.deepEqual(await restore(uploaded, "not the pass phrase"), ["400 passPhrase pass-phrase-wrong"]);
  assert.deepEqual(await restore(uploaded), ["400 passPhrase pass-phrase-missing"]);
  assert.deepEqual(await restore(uploaded, "short"), ["400 passPhrase not-allowed"]);
  assert.deepEqual(await restore(tampered.name, passPhrase), ["400 passPhrase pass-phrase-wrong"]);
  assert.deepEqual(await restore("../first-password", passPhrase), ["404 backup backup-unknown"]);
  assert.deepEqual(await networksOf(a), ["kept"]);

  await addNetwork(a, 2, "since");
  await a.client.call(routes.restoreOverwritten, { body: { backup: uploaded, passPhrase, apply: true } });
  assert.deepEqual(await networksOf(a), ["kept"], "an uploaded backup can also be gone back to");
});

test("[ML5] HA Status says which of the four settings does not fit the other unit, on both, until it is mended", async (t) => {
  const [a, b] = await pairOfCentrals(t, ["127.0.51.1", "127.0.51.2"]);
  const becomes = (unit: LoopbackCentral, setting: SettingCheck["setting"], fits: string, words: RegExp) =>
    eventually(`${setting} is ${fits}: ${words}`, async () => {
      const { status } = await ha(unit);
      const check = status.checks.find((each) => each.setting === setting);
      assert.ok(check !== undefined && (check.fits === "yes") === (check.remedy === ""));
      return check.fits === fits && words.test(check.message);
    });
  const allFit = () =>
    eventually("everything fits on both", async () =>
      (await Promise.all([a, b].map(ha))).every(({ status }) =>
        status.checks.every(({ fits }) => fits === "yes"),
      ),
    );
  const apply = (unit: LoopbackCentral, body: object) => unit.client.call(routes.applyHa, { body });
  /** As after a restore on another machine: the file says what no Apply would have taken. */
  const withSettings = async (unit: LoopbackCentral, peer: object): Promise<void> => {
    await unit.stop();
    const path = join(unit.stateDir, "ha-settings.json");
    const settings = JSON.parse(readFileSync(path, "utf8"));
    writeFileSync(path, JSON.stringify({ ...settings, peer: { ...settings.peer, ...peer } }));
    await unit.restart();
    await signInAgain(unit);
  };
  await allFit();

  await apply(b, { disable: true });
  await becomes(b, "Disable", "no", /this unit is taken out/);
  await becomes(a, "Disable", "no", /central2 is taken out/);
  await apply(b, { disable: false });
  await allFit();

  await apply(b, { preferredMaster: true });
  for (const unit of [a, b]) await becomes(unit, "Preferred Master", "no", /on both/);
  for (const unit of [a, b]) await apply(unit, { preferredMaster: false });
  for (const unit of [a, b]) await becomes(unit, "Preferred Master", "no", /on neither/);
  await apply(a, { preferredMaster: true });
  await allFit();

  await withSettings(a, { port: 9 });
  await becomes(a, "IP Address for the Other Peer", "no", /central2 reaches this unit, and does not answer/);
  await becomes(b, "IP Address for the Other Peer", "yes", /HA key belongs to/);
  await withSettings(a, { address: a.peerLink.address, port: a.peerLink.port });
  await becomes(a, "IP Address for the Other Peer", "no", /this very unit/);
  await apply(a, { ipAddressForTheOtherPeer: b.peerLink.address, peerPort: b.peerLink.port });
  await allFit();

  await withSettings(b, { unit: "c".repeat(16), fingerprint: "c".repeat(64) });
  await becomes(b, "HA Key for the Other Peer", "no", /has another key/);
  await becomes(b, "IP Address for the Other Peer", "no", /another than the HA key's/);
  await becomes(a, "HA Key for the Other Peer", "no", /another than this unit's is set there/);
  await apply(b, { haKeyForTheOtherPeer: (await ha(a)).configuration.haKeyForThisPeer });
  await allFit();
});
