import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { updateRow } from "@tandem/replica/edits";
import { Replica } from "@tandem/replica/replica";
import { emptyMemoryDisk, openMemoryStore } from "@tandem/storage/memory-store";
import { openSecretBox } from "@tandem/storage/secret-box";
import { readBackup } from "./backup.ts";
import {
  addNetwork,
  Cable,
  eventually,
  formFor,
  inStep,
  names,
  networks,
  rename,
  setUp,
  startCentral,
  stateOf,
} from "./pair-on-loopback.ts";

test("[CH14] [CH13] set up as the operator does it: Master, then Slave, whose own configuration is saved and overwritten", async (t) => {
  const a = await startCentral(t, "central1", "127.0.0.1");
  const b = await startCentral(t, "central2", "127.0.0.2");
  await addNetwork(a, "10.1.0.0/16", "of A");
  await addNetwork(b, "10.2.0.0/16", "of B");
  const changed = await b.ha.write(
    [updateRow(networks, "10.2.0.0/16", { password: "only B knows" })],
    "admin",
    "secret",
  );
  assert.deepEqual(changed, { ok: true, value: "this unit only" });
  await setUp(a, b);
  assert.deepEqual(names(b), { "10.1.0.0/16": "of A" });
  assert.ok(inStep(a, b));
  assert.equal(a.ha.status().digest, b.ha.status().digest);
  assert.ok(a.ha.isActing && !b.ha.isActing);

  const file = b.ha.status().overwrittenBackup;
  assert.ok(file !== null && a.ha.status().overwrittenBackup === null);
  const path = join(b.stateDir, "backups", file);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.ok(!readFileSync(path, "utf8").includes("only B knows"));
  const box = openSecretBox(join(b.stateDir, "secret.key"));
  const { replica } = await readBackup(path, box, Replica.loading([networks], ""));
  const saved = [...replica.versions()];
  assert.ok(saved.some((version) => version.field === "password" && version.value === "only B knows"));
  assert.ok(saved.some((version) => version.field === "name" && version.value === "of B"));
});

test("[CH14] a mistyped, wrong or own key, an own or unreachable address: an error at the field, and nothing changes", async (t) => {
  const a = await startCentral(t, "central1", "127.0.0.1");
  const b = await startCentral(t, "central2", "127.0.0.2");
  const c = await startCentral(t, "central3", "127.0.0.3");
  const before = JSON.stringify([a.ha.settings, stateOf(a)]);
  const form = formFor(b);
  const codeOf = async (peer: object): Promise<string> => {
    const answer = await a.ha.apply({ ...form, peer: { ...form.peer, ...peer } as typeof form.peer });
    assert.ok(!answer.ok && answer.error[0] !== undefined && answer.error[0].remedy !== "");
    assert.equal(JSON.stringify([a.ha.settings, stateOf(a)]), before);
    return answer.error[0].code;
  };
  const swap = (key: string): string => key.slice(0, -1) + (key.endsWith("0") ? "1" : "0");
  assert.equal(await codeOf({ key: swap(b.ha.haKey) }), "ha-key-mistyped");
  assert.equal(await codeOf({ key: c.ha.haKey }), "wrong-key");
  assert.equal(await codeOf({ key: a.ha.haKey }), "own-key");
  assert.equal(await codeOf({ address: a.address, port: a.ha.listening.port }), "own-address");
  await c.kill();
  assert.equal(await codeOf({ address: c.address, port: c.ha.listening.port }), "unreachable");
});

test("[CH1] a third unit is told that it is not known, says so, and the pair stays as it is", async (t) => {
  const a = await startCentral(t, "central1", "127.0.0.1");
  const b = await startCentral(t, "central2", "127.0.0.2");
  const c = await startCentral(t, "central3", "127.0.0.3");
  for (const [index, each] of [a, b, c].entries()) await addNetwork(each, `10.${index}.0.0/16`);
  await setUp(a, b);
  const data = a.ha.status().digest;
  assert.ok((await c.ha.apply(formFor(a))).ok);
  await eventually("A says that somebody was turned away", () =>
    a.ha.events(100).some(({ code }) => code === "unknown-peer-rejected"),
  );
  assert.equal(stateOf(c), "Master", "set up first, as far as it can know");
  await eventually("it says what it waits for", () =>
    /waiting for the other unit to be given our key/.test(c.ha.status().ourReason),
  );
  assert.deepEqual(Object.keys(names(c)), ["10.2.0.0/16"]);
  assert.deepEqual([stateOf(a), stateOf(b)], ["Master", "Slave"]);
  assert.equal(a.ha.status().digest, data);
});

test("[CH21] [CH2] an edit on either unit is on both disks when it is acknowledged as such", async (t) => {
  const a = await startCentral(t, "central1", "127.0.0.1");
  const b = await startCentral(t, "central2", "127.0.0.2");
  await addNetwork(a, "10.1.0.0/16", "of A");
  await addNetwork(b, "10.2.0.0/16", "of B");
  await setUp(a, b);
  assert.deepEqual(await rename(a, "10.1.0.0/16", "renamed on A"), { ok: true, value: "both" });
  assert.deepEqual(names(b), { "10.1.0.0/16": "renamed on A" });
  assert.deepEqual(await addNetwork(b, "10.3.0.0/16", "added on B"), { ok: true, value: "both" });
  assert.deepEqual(names(a), { "10.1.0.0/16": "renamed on A", "10.3.0.0/16": "added on B" });
  await b.kill();
  const alone = await rename(a, "10.1.0.0/16", "renamed alone");
  assert.deepEqual(alone, { ok: true, value: "this unit only" });
  assert.equal(a.ha.status().onlyHere.count, 1);
  await b.restart();
  await eventually(
    "B has it, and A no longer lists it",
    () => names(b)["10.1.0.0/16"] === "renamed alone" && a.ha.status().onlyHere.count === 0,
  );
  const bad = await addNetwork(a, "10.1.0.0/16", "again");
  assert.ok(!bad.ok);
});

test("[CH17] after an edit on either unit both show equal sequence numbers at once, not at the next heartbeat", async (t) => {
  const a = await startCentral(t, "central1", "127.0.0.1");
  const b = await startCentral(t, "central2", "127.0.0.2");
  await addNetwork(a, "10.1.0.0/16", "of A");
  await addNetwork(b, "10.2.0.0/16", "of B");
  await setUp(a, b);
  for (const unit of [a, b]) {
    const slower = await unit.ha.apply({
      ...formFor(unit === a ? b : a),
      preferredMaster: unit === a,
      heartbeatMs: 30_000,
    });
    assert.ok(slower.ok, JSON.stringify(slower));
  }
  const equal = ({ ha }: typeof a): boolean => ha.status().ourSequence === ha.status().peerSequence;
  await eventually("in step before the edits", () => equal(a) && equal(b));
  for (const unit of [b, b, a, a, b]) {
    const sequence = a.ha.status().ourSequence;
    await rename(unit, "10.1.0.0/16", `change ${sequence + 1}, made on ${unit.name}`);
    await eventually(
      `one more on both after an edit on ${unit.name}`,
      () => equal(a) && equal(b) && a.ha.status().ourSequence === sequence + 1,
      5_000,
    );
  }
});

test("[CH7] [CH11] a killed Master is replaced within 1 s; preferred, it returns, is brought up to date and gets the role back in order", async (t) => {
  const a = await startCentral(t, "central1", "127.0.0.1");
  const b = await startCentral(t, "central2", "127.0.0.2");
  await addNetwork(a, "10.1.0.0/16", "of A");
  await addNetwork(b, "10.2.0.0/16", "of B");
  await setUp(a, b);
  await a.kill();
  const took = await eventually("B is Master", () => stateOf(b) === "Master", 3_000);
  assert.ok(took <= 1_000, `took ${Math.round(took)} ms`);
  assert.ok(b.ha.isActing);
  await rename(b, "10.1.0.0/16", "changed while A was dead");

  await a.restart();
  await eventually(
    "A is Slave and has what changed",
    () => stateOf(a) === "Slave" && names(a)["10.1.0.0/16"] === "changed while A was dead",
  );
  let wereBothActing = false;
  await eventually(
    "A is Master again",
    () => {
      wereBothActing ||= a.ha.isActing && b.ha.isActing;
      return stateOf(a) === "Master" && stateOf(b) === "Slave";
    },
    20_000,
  );
  assert.equal(wereBothActing, false);
  assert.ok(
    b.ha.events(100).some((event) => event.code === "handover-offered"),
    "in order, not by a take-over",
  );
  assert.equal(a.ha.status().digest, b.ha.status().digest);
});

test("[CH7] an orderly stop hands the role over at once", async (t) => {
  const a = await startCentral(t, "central1", "127.0.0.1");
  const b = await startCentral(t, "central2", "127.0.0.2");
  await addNetwork(a, "10.1.0.0/16", "of A");
  await addNetwork(b, "10.2.0.0/16", "of B");
  await setUp(a, b);
  void a.ha.stop();
  const took = await eventually("B is Master", () => stateOf(b) === "Master", 3_000);
  assert.ok(took <= 1_000, `took ${Math.round(took)} ms`);
});

test("[CH20] cut in two, both accept changes; healed, both hold both, one value wins and the other is in Conflicts", async (t) => {
  const a = await startCentral(t, "central1", "127.0.0.1");
  const b = await startCentral(t, "central2", "127.0.0.2");
  await addNetwork(a, "10.1.0.0/16", "of A");
  await addNetwork(b, "10.2.0.0/16", "of B");
  const toA = await Cable.before(t, a.address, () => a.ha.listening.port);
  const toB = await Cable.before(t, b.address, () => b.ha.listening.port);
  await setUp(a, b, { a: toA.port, b: toB.port });
  toA.isCut = true;
  toB.isCut = true;
  await eventually("B has become Master as well", () => stateOf(b) === "Master" && stateOf(a) === "Master");
  assert.deepEqual(await addNetwork(a, "10.3.0.0/16", "made on A"), { ok: true, value: "this unit only" });
  assert.deepEqual(await addNetwork(b, "10.4.0.0/16", "made on B"), { ok: true, value: "this unit only" });
  assert.deepEqual(await rename(a, "10.1.0.0/16", "renamed on A"), { ok: true, value: "this unit only" });
  assert.deepEqual(await rename(b, "10.1.0.0/16", "renamed on B"), { ok: true, value: "this unit only" });
  assert.ok(!inStep(a, b));

  toA.isCut = false;
  toB.isCut = false;
  const took = await eventually(
    "in step again, with one Master",
    () => inStep(a, b) && [stateOf(a), stateOf(b)].sort().join() === "Master,Slave",
    30_000,
  );
  assert.ok(took <= 3_500, `two Masters for ${Math.round(took)} ms after the cut was healed`);
  assert.equal(a.ha.status().digest, b.ha.status().digest);
  assert.deepEqual(names(a), names(b));
  assert.equal(names(a)["10.3.0.0/16"], "made on A");
  assert.equal(names(a)["10.4.0.0/16"], "made on B");
  const winner = names(a)["10.1.0.0/16"];
  const loser = winner === "renamed on A" ? "renamed on B" : "renamed on A";
  assert.deepEqual(
    a.ha.conflicts().map((conflict) => [conflict.row, conflict.field, conflict.value, conflict.resolution]),
    [["10.1.0.0/16", "name", loser, null]],
  );
  assert.deepEqual(a.ha.conflicts(), b.ha.conflicts());
  await eventually(
    "nothing is listed as being on one unit only",
    () => a.ha.status().onlyHere.count === 0 && b.ha.status().onlyHere.count === 0,
  );
});

test("what was kept is there after a restart: settings, role data, timeline, and secrets", async (t) => {
  const a = await startCentral(t, "central1", "127.0.0.1");
  const b = await startCentral(t, "central2", "127.0.0.2");
  await addNetwork(a, "10.1.0.0/16", "of A");
  await addNetwork(b, "10.2.0.0/16", "of B");
  await setUp(a, b);
  await a.ha.write([updateRow(networks, "10.1.0.0/16", { password: "shared secret" })], "admin", "secret");
  const settings = b.ha.settings;
  await b.ha.stop();
  await b.restart();
  assert.deepEqual(b.ha.settings, settings);
  assert.equal(b.ha.row(networks, "10.1.0.0/16")?.values.password, "shared secret");
  await eventually("B is Slave again", () => stateOf(b) === "Slave");
  const codes = b.ha.events(1_000).map((event) => event.code);
  assert.ok(codes.includes("joined-pair") && codes.includes("overwritten-saved"));
  assert.ok(!JSON.stringify(b.ha.events(1_000)).includes("shared secret"));
});

test("a disk that fails stops the unit: the link is let go and the owner told", async (t) => {
  const disk = emptyMemoryDisk();
  const a = await startCentral(t, "central1", "127.0.0.1");
  const b = await startCentral(t, "central2", "127.0.0.2", openMemoryStore(disk));
  await addNetwork(a, "10.1.0.0/16", "of A");
  await addNetwork(b, "10.2.0.0/16", "of B");
  await setUp(a, b);
  disk.failure = new Error("no space left on device");
  await assert.rejects(addNetwork(b, "10.9.0.0/16"), /no space left/);
  await eventually("the owner is told", () => b.fatal.length === 1);
  assert.match(b.fatal[0]?.message ?? "", /no space left/);
  await assert.rejects(addNetwork(b, "10.10.0.0/16"), /no space left/);
  await eventually("A notices that B is gone", () => !a.ha.status().heartbeats.flowing, 5_000);
});
