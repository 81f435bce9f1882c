import assert from "node:assert/strict";
import { test } from "node:test";
import { minute } from "@tandem/base/time";
import { decidingStanding, issuedBy } from "@tandem/licensing/holder";
import type { ActivationRule } from "@tandem/licensing/rules";
import { createRow } from "@tandem/replica/edits";
import { devices, networks } from "../fleet/tables.ts";
import { changeRules } from "./rules.ts";
import { deviceNumbers } from "./tables.ts";
import { type LicensingUnit, licenceFor, twoLicensings, unitA, unitB } from "./two-licensings.ts";

/** Who holds a LoadMaster's licence, as this unit sees it. */
const holderOf = (central: LicensingUnit, unit: string): string | null => {
  const deciding = decidingStanding(central.licensing.licences().filter((row) => row.unit === unit));
  return deciding?.state === "held" ? deciding.central : null;
};
const codeOf = (answer: { ok: true } | { ok: false; error: { code: string } }): string =>
  answer.ok ? "granted" : answer.error.code;
const issued = (central: LicensingUnit): number =>
  issuedBy(central.licensing.licences(), central.unit, "local");
const management = { user: "tandem-central", password: "secret" };

test("[ML2] a licence moves to the Central it was asked of last, and one holds it", async () => {
  const { time, a, b, loadMaster } = await twoLicensings();
  const one = loadMaster();
  assert.equal(codeOf(await one.activate(a)), "granted");
  assert.deepEqual([holderOf(a, one.unit), holderOf(b, one.unit)], [unitA, unitA]);
  assert.equal(codeOf(await one.activate(b)), "granted");
  await time.pass(1_000);
  assert.deepEqual([holderOf(a, one.unit), holderOf(b, one.unit)], [unitB, unitB]);
  assert.deepEqual([issued(a), issued(b)], [0, 1]);
  assert.equal(b.said("licence-migrated").length, 1);
  assert.equal((await one.check(b)).state, "held");
  assert.equal((await one.check(a)).state, "held", "the other knows of it as well");
});

test("[ML2] re-licensing against both while they are cut off converges to the last, without a further one", async () => {
  const { time, a, b, loadMaster } = await twoLicensings();
  const one = loadMaster();
  await one.activate(a);
  a.cut();
  assert.equal(codeOf(await one.activate(b)), "granted");
  assert.equal(codeOf(await one.activate(a)), "granted");
  assert.equal(codeOf(await one.activate(b)), "granted");
  assert.equal(holderOf(a, one.unit), unitA);
  a.heal();
  await time.pass(1_000);
  assert.deepEqual([holderOf(a, one.unit), holderOf(b, one.unit)], [unitB, unitB]);
  assert.equal((await one.check(b)).state, "held");
});

test("[ML7] units that are cut off never grant more than the licence allows, and the share moves when they meet", async () => {
  const { a, b, loadMaster } = await twoLicensings();
  a.cut();
  const answers = [];
  for (let index = 0; index < 3; index += 1) answers.push(codeOf(await loadMaster().activate(a)));
  assert.deepEqual(answers, ["granted", "granted", "share-used-up"]);
  a.heal();
  const third = loadMaster();
  assert.equal(codeOf(await third.activate(a)), "granted", "the peer gave one of its two");
  assert.equal(b.said("licence-share-given").length, 1);
  assert.equal(codeOf(await loadMaster().activate(a)), "granted");
  assert.equal(codeOf(await loadMaster().activate(a)), "allowance-used-up");
  assert.equal(codeOf(await loadMaster().activate(b)), "allowance-used-up");
  assert.equal(issued(a) + issued(b), 4);
  assert.equal(a.said("licence-refused").length, 2);
});

test("[ML2] [ML7] a licence moves to the other Central although everything is in use: its share goes with it", async () => {
  const { a, b, loadMaster } = await twoLicensings();
  const all = [a, a, b, b].map((central) => ({ central, one: loadMaster() }));
  for (const { central, one } of all) assert.equal(codeOf(await one.activate(central)), "granted");
  const [first] = all;
  assert.ok(first);
  assert.equal(codeOf(await first.one.activate(b)), "granted");
  assert.deepEqual([issued(a), issued(b)], [1, 3]);
  assert.equal(holderOf(a, first.one.unit), unitB);
});

test("[ML2] [ML7] a licence that was given up for a wish which came too late is held again, with the share that is there", async () => {
  const { time, a, b, loadMaster } = await twoLicensings();
  const [one, two, three, four] = [loadMaster(), loadMaster(), loadMaster(), loadMaster()];
  for (const unit of [one, two]) await unit.activate(a);
  for (const unit of [three, four]) await unit.activate(b);
  const late = b.licensing.activate(one.request("activate", "local", one.number + 1), null, one.address);
  b.holdsMessages = true;
  await time.pass(10_000);
  const refused = await late;
  assert.ok(!refused.ok && refused.error.code === "share-used-up");
  b.releaseMessages();
  await time.pass(1_000);
  assert.equal(holderOf(a, one.unit), null, "given up for B, which does not wait any more");
  assert.equal((await one.check(a)).state, "ended", "its share is B's now");
  await two.release(a);
  assert.equal((await one.check(a)).state, "held");
  assert.deepEqual([holderOf(a, one.unit), holderOf(b, one.unit)], [unitA, unitA]);
});

test("[ML7] the pool is never over-committed, and a recovered licence comes back to it", async () => {
  const pool = licenceFor(
    [
      { unit: unitA, local: 0, poolMbps: 1_000 },
      { unit: unitB, local: 0, poolMbps: 1_000 },
    ],
    { metered: null, local: null },
  );
  const { a, b, loadMaster } = await twoLicensings(pool);
  const one = loadMaster();
  assert.equal(codeOf(await one.activate(a, "pool-2000")), "granted");
  assert.equal(codeOf(await loadMaster().activate(b, "pool-50")), "allowance-used-up");
  assert.equal(codeOf(await loadMaster().activate(b, "metered")), "type-not-licensed");
  assert.equal(codeOf(await loadMaster().activate(b, "pool-51")), "type-not-licensed");
  assert.equal(await b.licensing.recover(one.unit, "admin"), "both", "on either unit");
  assert.equal((await one.check(a)).state, "ended");
  assert.equal(codeOf(await loadMaster().activate(b, "pool-50")), "granted");
});

test("[ML2] an answer that got lost is given again, and a number that was used is told", async () => {
  const { a, loadMaster } = await twoLicensings();
  const one = loadMaster();
  await one.activate(a);
  const again = await a.licensing.activate(one.request("activate", "local", 1), null, one.remote);
  assert.ok(again.ok && again.value.number === 1);
  const other = await a.licensing.activate(one.request("activate", "metered", 1), null, one.remote);
  assert.ok(!other.ok && other.error.code === "number-not-greater" && other.error.lastNumber === 1);
});

test("[ML7] a LoadMaster that asks ten times a second is told to wait, and counted", async () => {
  const { time, a, loadMaster } = await twoLicensings();
  const one = loadMaster();
  const codes: string[] = [];
  for (let index = 0; index < 40; index += 1) codes.push(codeOf(await one.activate(a)));
  assert.equal(codes.filter((code) => code === "granted").length, 6);
  assert.equal(codes.filter((code) => code === "too-often").length, 34);
  assert.equal(a.said("licence-refused").length, 1, "one entry, however many refusals");
  await time.pass(61 * minute);
  assert.match(a.said("licence-refused")[1] ?? "", /33 more such refusals/);
  assert.equal(codeOf(await one.activate(a)), "granted");
});

test("[ML7] a moved LoadMaster keeps its licence; of a copied one the machine that was licensed last is served", async () => {
  const { a, loadMaster } = await twoLicensings();
  const one = loadMaster();
  await one.activate(a, "local", management);
  const before = a.replica.rows(devices)[0];
  one.machine = "e".repeat(16);
  one.address = "10.9.0.7";
  assert.equal((await one.check(a)).state, "held");
  assert.equal(a.said("licence-rebound").length, 1);
  assert.equal(a.replica.rows(devices)[0]?.values.address, "10.9.0.7", "managed where it is now");
  one.machine = one.unit;
  assert.equal((await one.check(a)).state, "superseded", "the machine before it");
  assert.match(a.said("licence-refused")[0] ?? "", /two machines with one key/);
  assert.equal(codeOf(await one.activate(a, "local", management)), "granted");
  assert.match(a.said("licence-copied")[0] ?? "", /seen on two machines/);
  assert.equal((await one.check(a)).state, "held");
  const after = a.replica.rows(devices);
  assert.equal(after.length, 1, "the same device");
  assert.equal(after[0]?.key, before?.key);
  assert.equal(after[0]?.values.address, "10.9.0.7");
});

test("[ML7] activation adds the device and its network to the tree, and keeps one that is there", async () => {
  const { a, b, loadMaster } = await twoLicensings();
  const one = loadMaster();
  const granted = await one.activate(a, "local", management);
  assert.ok(granted.ok);
  assert.deepEqual(
    b.replica.rows(networks).map(({ key }) => key),
    ["10.1.0.0/24"],
  );
  const [device] = b.replica.rows(devices);
  assert.equal(device?.key, granted.value.device);
  assert.equal(device?.values.password, "secret");
  await one.activate(b, "local", management);
  assert.equal(a.replica.rows(devices).length, 1);
});

test("[ML7] who merely says that it is a device of the tree changes nothing about it; who answers there takes it over", async () => {
  const { time, a, loadMaster } = await twoLicensings();
  const one = loadMaster();
  const reached = { address: one.address, port: 443, certificateFingerprint: "9".repeat(64) };
  const account = { user: "bal", password: "by hand" };
  await a.write(createRow(devices, { id: "8".repeat(16), name: "by hand", ...reached, ...account }));
  assert.equal(codeOf(await one.activate(a, "local", management)), "granted");
  await time.pass(1_000);
  assert.equal(a.replica.rows(devices)[0]?.values.password, "by hand");
  assert.match(a.said("licence-device-kept")[0] ?? "", /stays as it is/);
  assert.equal(a.row(one.unit, unitA)?.device, "");

  a.answering.add(one.address);
  assert.equal(codeOf(await one.activate(a, "local", management)), "granted");
  await time.pass(1_000);
  const [device] = a.replica.rows(devices);
  assert.deepEqual([device?.values.name, device?.values.password], ["by hand", "secret"]);
  assert.equal(a.row(one.unit, unitA)?.device, "8".repeat(16));
});

test("[ML2] [ML7] given back to the Central that has not heard of it yet, a licence is given back on both", async () => {
  const { time, a, b, loadMaster } = await twoLicensings();
  const one = loadMaster();
  await one.activate(a);
  a.cut();
  await one.activate(b);
  assert.equal(await one.release(a), true);
  a.heal();
  await time.pass(1_000);
  assert.deepEqual([holderOf(a, one.unit), holderOf(b, one.unit)], [null, null]);
});

test("[ML4] a removed unit's LoadMasters are normal devices of the other, which can license them again, share and all", async () => {
  const { time, a, b, loadMaster } = await twoLicensings();
  const [one, two, three] = [loadMaster(), loadMaster(), loadMaster()];
  await one.activate(b, "local", management);
  await two.activate(b, "local", management);
  await three.activate(a, "local", management);
  b.becomes({ kind: "removed" });
  a.becomes({ kind: "alone" });
  a.cut();
  await time.pass(1_000);
  assert.deepEqual(
    [one, two, three].map(({ unit }) => holderOf(a, unit)),
    [null, null, unitA],
  );
  assert.match(a.said("licences-taken-over")[0] ?? "", /lm1, lm2/);
  assert.equal((await one.check(b)).state, "not-known", "who was removed vouches for nothing");
  assert.equal((await one.check(a)).state, "ended");
  assert.equal((await three.check(a)).state, "held");
  assert.equal(codeOf(await loadMaster().activate(b)), "not-entitled");
  for (const unit of [one, two, loadMaster()])
    assert.equal(codeOf(await unit.activate(a, "local", management)), "granted");
  assert.equal(codeOf(await loadMaster().activate(a)), "allowance-used-up");
  b.becomes({ kind: "alone" });
  assert.equal(holderOf(b, two.unit), null, "what it had licensed has ended, also when it is set up anew");
});

test("[ML3] [ML4] LoadMasters that are taken over together have numbers of their own on the unit that stays", async () => {
  const { time, a, b, loadMaster } = await twoLicensings();
  const all = [loadMaster(), loadMaster(), loadMaster()];
  await all[0]?.activate(b);
  await all[1]?.activate(b);
  await all[2]?.activate(a);
  b.becomes({ kind: "removed" });
  a.becomes({ kind: "alone" });
  await time.pass(1_000);
  const own = a.replica.rows(deviceNumbers).filter(({ values }) => values.central === unitA);
  assert.deepEqual(
    all.map(({ unit }) => own.find(({ values }) => values.unit === unit)?.values.number),
    [2, 3, 1],
  );
});

test("[ML4] a removed Central that is told to act again holds none of the licences that it had granted", async () => {
  const { time, b, loadMaster } = await twoLicensings();
  const one = loadMaster();
  await one.activate(b);
  b.cut();
  b.becomes({ kind: "removed" });
  b.becomes({ kind: "alone" });
  await time.pass(1_000);
  assert.equal((await one.check(b)).state, "ended");
  assert.deepEqual(b.licensing.usage("local")?.of(unitB), { share: 0, issued: 0 });
  assert.equal(codeOf(await one.activate(b)), "share-used-up", "its share is with the one that stayed");
});

test("[ML7] shared rows that were overwritten or restored are written anew from the unit's own ledger", async () => {
  const { time, a, b, loadMaster } = await twoLicensings();
  const one = loadMaster();
  await one.activate(a);
  const old = a.replica;
  const lone = await twoLicensings();
  a.replica = lone.a.replica;
  b.replica = lone.b.replica;
  a.notify("data");
  await time.pass(1_000);
  assert.equal(a.row(one.unit, unitA)?.number, 1);
  assert.notEqual(a.replica, old);
  assert.equal((await one.check(a)).state, "held");
});

test("[ML7] a grant of this Central's own that it lost its record of is recorded again if the share allows it", async () => {
  const { a, loadMaster } = await twoLicensings();
  const one = loadMaster();
  await one.activate(a);
  const lone = await twoLicensings();
  const fresh = lone.a;
  assert.equal((await one.check(lone.b)).state, "not-known");
  const checking = fresh.licensing.check(one.request("check", null, 1), one.grant as never, true);
  await lone.time.pass(100);
  assert.equal((await checking).state, "held");
  assert.equal(fresh.row(one.unit, unitA)?.number, 1);
});

test("[ML4] [ML7] only an operator's word moves a share: a unit whose disk has forgotten its pair takes nothing over", async () => {
  const { time, a, b, loadMaster } = await twoLicensings();
  await loadMaster().activate(b);
  a.cut();
  a.becomes({ kind: "joining", peer: unitB });
  await time.pass(1_000);
  assert.equal(a.licensing.usage("local")?.of(unitA).share, 2);
  a.becomes({ kind: "unsettled" });
  assert.equal(a.licensing.usage("local")?.of(unitA).share, 2);
  assert.equal(codeOf(await loadMaster().activate(a)), "not-entitled");
  a.becomes({ kind: "paired", peer: "f".repeat(16), isKnownThere: true });
  assert.equal(a.licensing.usage("local")?.of(unitA).share, 4, "another peer was set");
});

/** As an operator on one of the units. */
const setRule = async (central: LicensingUnit, activation: ActivationRule): Promise<void> => {
  await changeRules(central.shared, activation, undefined, "admin");
};

test("[ML7] closed, a LoadMaster that is licensed renews and moves to the other Central, and another is refused", async () => {
  const { time, a, b, loadMaster } = await twoLicensings();
  const one = loadMaster();
  await one.activate(a);
  await time.pass(1_000);
  await setRule(b, "closed");
  await time.pass(1_000);
  assert.equal(codeOf(await loadMaster().activate(a)), "not-allowed", "the rule is the pair's");
  assert.equal(codeOf(await one.activate(a)), "granted");
  assert.equal(codeOf(await one.activate(b)), "granted");
  assert.equal((await one.check(b)).state, "held");
  assert.equal(await one.release(b), true);
  assert.equal(codeOf(await one.activate(b)), "not-allowed", "given back, it is a stranger");
  await setRule(a, "open");
  assert.equal(codeOf(await one.activate(a)), "granted");
});

test("[ML7] from known networks alone: where it says it is, and where it asks from", async () => {
  const { time, a, loadMaster } = await twoLicensings();
  await setRule(a, "known-networks");
  const one = loadMaster();
  assert.equal(codeOf(await one.activate(a)), "not-allowed");
  await a.shared.write(
    [createRow(networks, { cidr: "10.1.0.0/16", name: "", description: "" })],
    "admin",
    "",
  );
  await time.pass(1_000);
  one.remote = "::ffff:10.1.9.9";
  assert.equal(codeOf(await one.activate(a)), "granted");
  const stranger = loadMaster();
  stranger.remote = "203.0.113.5";
  for (let index = 0; index < 3; index += 1) await stranger.activate(a);
  const others = [loadMaster(), loadMaster()];
  for (const other of others) {
    other.remote = "203.0.113.5";
    assert.equal(codeOf(await other.activate(a)), "not-allowed");
  }
  const told = a.said("licence-refused");
  assert.equal(told.length, 2, "one entry for each address that asks, however many keys it makes");
  assert.match(told[1] ?? "", /203\.0\.113\.5, from which it asks, is in no network/);
});

test("[ML7] of LoadMasters that nobody knew sixty are heard in ten minutes; those that are known go on", async () => {
  const { time, a, loadMaster } = await twoLicensings();
  const first = loadMaster();
  assert.equal(codeOf(await first.activate(a, "metered")), "granted");
  for (let index = 1; index < 60; index += 1) await loadMaster().activate(a, "metered");
  const late = loadMaster();
  const denied = await late.activate(a, "metered");
  assert.ok(!denied.ok && denied.error.code === "too-often");
  const wait = denied.error.retryAfterMs ?? 0;
  assert.ok(wait > 0 && wait <= 10 * minute, `${wait}`);
  for (let index = 0; index < 5; index += 1) await loadMaster().activate(a, "metered");
  assert.equal(a.said("licence-refused").length, 1, "one entry, however many keys");
  assert.equal(codeOf(await first.activate(a, "metered")), "granted");
  await time.pass(wait);
  assert.equal(codeOf(await late.activate(a, "metered")), "granted");
});
