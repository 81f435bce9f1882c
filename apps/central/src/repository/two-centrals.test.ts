import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { sha256Hex } from "@tandem/base/digest";
import { Prng } from "@tandem/base/prng";
import type { HaApply } from "@tandem/central-api/ha";
import { routes } from "@tandem/central-api/routes";
import { createRow } from "@tandem/replica/edits";
import { administrator } from "../access/access.ts";
import { eventually, type LoopbackCentral, startCentral } from "../central-on-loopback.ts";
import { snapshots } from "../files/tables.ts";

const randomBytes = (seed: number, bytes: number): Buffer => {
  const random = new Prng(seed);
  const words = new Uint32Array(bytes / 4);
  for (let index = 0; index < words.length; index += 1) words[index] = random.below(2 ** 32);
  return Buffer.from(words.buffer);
};

async function pairUp(one: LoopbackCentral, two: LoopbackCentral): Promise<void> {
  const about = async (other: LoopbackCentral): Promise<HaApply> => ({
    haKeyForTheOtherPeer: (await other.client.call(routes.ha)).configuration.haKeyForThisPeer,
    ipAddressForTheOtherPeer: other.peerLink.address,
    peerPort: other.peerLink.port,
    heartbeatSeconds: 1,
    holdDownSeconds: 1,
  });
  const becomes = (unit: LoopbackCentral, state: string) =>
    eventually(`${state}`, async () => (await unit.client.call(routes.ha)).status.ourState === state);
  for (const unit of [one, two]) await unit.client.call(routes.addNetwork, { body: { cidr: "127.0.0.0/8" } });
  await one.client.call(routes.applyHa, { body: { ...(await about(two)), preferredMaster: true } });
  await becomes(one, "Master");
  await two.client.call(routes.applyHa, { body: await about(one) });
  await becomes(two, "Slave");
}

async function store(unit: LoopbackCentral, name: string, content: Buffer): Promise<string> {
  const { id } = await unit.client.call(routes.addRepositoryFile, { body: { name, kind: "backup" } });
  await unit.client.upload(
    routes.uploadRepositoryFile,
    { params: { id } },
    Readable.from([content]),
    content.length,
  );
  return id;
}

const held = async (unit: LoopbackCentral): Promise<readonly string[]> =>
  (await unit.client.call(routes.listRepositoryFiles)).files
    .map(({ name, here }) => `${name}${here ? "" : " elsewhere"}`)
    .sort();
const become = (unit: LoopbackCentral, names: readonly string[]) =>
  eventually(`${names} on ${unit.server.host}`, async () => `${await held(unit)}` === `${names}`);
const turn = (unit: LoopbackCentral, on: boolean) =>
  unit.client.call(routes.changeSynchronised, { body: { repository: on } });

test("[CH4] [CH5] two Centrals: the repository is each one's own, then both units' with its files, then each one's own again", async (t) => {
  const one = await startCentral(t, "central1", "127.0.0.41");
  const two = await startCentral(t, "central2", "127.0.0.42");
  const [ofOne, ofTwo] = [randomBytes(1, 1_500_000), randomBytes(2, 700_000)];
  const idOfOne = await store(one, "of one", ofOne);
  await store(two, "of two", ofTwo);
  // What is each one's own is not what the Slave's initial synchronisation overwrites.
  await pairUp(one, two);

  // A device's snapshot is synchronised in any case, also from the Slave to the Master.
  const snapshot = two.central.files.store.put(randomBytes(3, 300_000));
  assert.ok(snapshot.ok);
  const row = { id: "5".repeat(16), device: "d".repeat(16), at: 1, author: "operator", ...snapshot.value };
  await two.central.pair.write([createRow(snapshots, row)], "operator", "snapshot");
  await eventually("the snapshot's file is on the Master", () => one.central.files.store.has(row.digest));
  const { snapshots: listed } = await one.client.call(routes.listSnapshots, {
    query: { device: row.device },
  });
  assert.deepEqual(
    listed.map(({ id, here, runId }) => [id, here, runId]),
    [[row.id, true, null]],
  );
  const ofDevice = await buffer(
    await one.client.download(routes.downloadSnapshot, { params: { id: row.id } }),
  );
  assert.equal(sha256Hex(ofDevice), row.digest);
  assert.deepEqual([await held(one), await held(two)], [["of one"], ["of two"]], "off by default");

  const turned = await turn(two, true);
  assert.equal(turned.acknowledged, "both");
  for (const unit of [one, two]) await become(unit, ["of one", "of two"]);
  const copy = await buffer(
    await two.client.download(routes.downloadRepositoryFile, { params: { id: idOfOne } }),
  );
  assert.equal(sha256Hex(copy), sha256Hex(ofOne));
  for (const unit of [one, two]) {
    const { missing, broken, error } = await unit.client.call(routes.haFiles);
    assert.deepEqual([missing, broken, error], [0, 0, null]);
  }

  const renamed = await two.client.call(routes.changeRepositoryFile, {
    params: { id: idOfOne },
    body: { name: "renamed on two" },
  });
  assert.equal(renamed.acknowledged, "both");
  await become(one, ["of two", "renamed on two"]);

  await turn(one, false);
  for (const unit of [one, two]) {
    await eventually(
      "off on both",
      async () => !(await unit.client.call(routes.listRepositoryFiles)).synchronised,
    );
    await become(unit, ["of two", "renamed on two"]);
  }
  await one.client.call(routes.removeRepositoryFile, { params: { id: idOfOne } });
  await store(two, "new on two", randomBytes(4, 1_000));
  assert.deepEqual(await held(one), ["of two"]);
  assert.deepEqual(await held(two), ["new on two", "of two", "renamed on two"]);
  assert.deepEqual(one.central.pair.conflicts(), []);
});

test("[CH5] two Centrals: a unit that is restarted in the middle of a file asks for the rest of it alone", async (t) => {
  const one = await startCentral(t, "central1", "127.0.0.43");
  const two = await startCentral(t, "central2", "127.0.0.44");
  await pairUp(one, two);
  await turn(one, true);
  const content = randomBytes(5, 48 * 1_024 * 1_024);
  const digest = sha256Hex(content);
  await store(one, "large", content);
  await eventually("a part of it is there", () => two.central.files.store.partial(digest) > 1_000_000);
  await two.stop();
  await two.restart();
  await two.client.signIn(administrator, two.firstPassword);
  const { received } = await eventually("all of it is there", async () => {
    const { missing, receivedBytes, sentBytes } = await two.client.call(routes.haFiles);
    assert.equal(sentBytes, 0);
    return two.central.files.store.has(digest) && missing === 0 && { received: receivedBytes };
  });
  assert.ok(received > 0, "it was stopped in the middle");
  assert.ok(received <= content.length - 1_000_000, `${received} bytes came after the restart`);
});

test("[CH4] two Centrals: API keys work on both while their switch is on; each unit's administrator stays its own", async (t) => {
  const one = await startCentral(t, "central1", "127.0.0.45");
  const two = await startCentral(t, "central2", "127.0.0.46");
  await pairUp(one, two);
  const { id, key } = await one.client.call(routes.makeApiKey, { body: { name: "of one" } });
  const authorization = `Bearer ${key}`;
  const accepts = async (unit: LoopbackCentral): Promise<boolean> =>
    (await unit.raw("GET", "/api/v1/networks", { authorization })).status === 200;
  assert.deepEqual([await accepts(one), await accepts(two)], [true, false], "off by default");

  const turned = await two.client.call(routes.changeSynchronised, { body: { users: true } });
  assert.equal(turned.acknowledged, "both");
  await eventually("the key works on both", async () => (await accepts(one)) && accepts(two));
  await assert.rejects(two.client.signIn(administrator, one.firstPassword), "passwords are not shared");

  await two.client.call(routes.removeApiKey, { params: { id } });
  await eventually("removed on two, it works on neither", async () => !(await accepts(one)));
  assert.equal(await accepts(two), false);
});
