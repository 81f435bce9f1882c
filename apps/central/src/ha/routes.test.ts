import assert from "node:assert/strict";
import { test } from "node:test";
import type { HaApply } from "@tandem/central-api/ha";
import { routes } from "@tandem/central-api/routes";
import {
  eventually,
  type LoopbackCentral,
  refusalOf,
  refused,
  startCentral,
} from "../central-on-loopback.ts";
import { loadMasterPassword, loadMasterUser, startLoadMaster } from "../fleet/loadmaster-on-loopback.ts";

const ha = ({ client }: LoopbackCentral) => client.call(routes.ha);
const keyOf = async (unit: LoopbackCentral) => (await ha(unit)).configuration.haKeyForThisPeer;
const apply = ({ client }: LoopbackCentral, body: HaApply) => client.call(routes.applyHa, { body });
const about = async (other: LoopbackCentral): Promise<HaApply> => ({
  haKeyForTheOtherPeer: await keyOf(other),
  ipAddressForTheOtherPeer: other.peerLink.address,
  peerPort: other.peerLink.port,
  heartbeatSeconds: 1,
  holdDownSeconds: 1,
});
const stateBecomes = (unit: LoopbackCentral, state: string) =>
  eventually(`Our State is ${state}`, async () => {
    const { status } = await ha(unit);
    return status.ourState === state && status;
  });

test("[CH14] bad input for the HA settings is told beside its field, and no state is lost", async (t) => {
  const one = await startCentral(t, "central1", "127.0.0.11");
  const two = await startCentral(t, "central2", "127.0.0.12");
  const before = (await ha(one)).configuration;
  assert.equal(before.haKeyForTheOtherPeer, "");
  const good = await about(two);
  const tried = (change: HaApply) => refused(apply(one, { ...good, ...change }));
  const key = good.haKeyForTheOtherPeer ?? "";
  const mistyped = `${key.slice(0, 12)}${key[12] === "7" ? "8" : "7"}${key.slice(13)}`;

  assert.deepEqual(await tried({ haKeyForTheOtherPeer: mistyped }), [
    "400 haKeyForTheOtherPeer ha-key-mistyped",
  ]);
  assert.deepEqual(await tried({ haKeyForTheOtherPeer: "hello" }), [
    "400 haKeyForTheOtherPeer ha-key-format",
  ]);
  assert.deepEqual(await tried({ haKeyForTheOtherPeer: await keyOf(one) }), [
    "400 haKeyForTheOtherPeer own-key",
  ]);
  for (const address of ["10.0.0.300", "10.0.0", "central2"])
    assert.deepEqual(await tried({ ipAddressForTheOtherPeer: address }), [
      "400 ipAddressForTheOtherPeer address-malformed",
    ]);
  assert.deepEqual(await tried({ ipAddressForTheOtherPeer: "" }), [
    "400 ipAddressForTheOtherPeer address-missing",
  ]);
  assert.deepEqual(await tried({ haKeyForTheOtherPeer: "" }), ["400 haKeyForTheOtherPeer ha-key-missing"]);
  assert.deepEqual(await tried({ haKeyForTheOtherPeer: mistyped, ipAddressForTheOtherPeer: "x" }), [
    "400 haKeyForTheOtherPeer ha-key-mistyped",
    "400 ipAddressForTheOtherPeer address-malformed",
  ]);
  const ownAddress = await refusalOf(
    apply(one, { ...good, ipAddressForTheOtherPeer: "127.0.0.11", peerPort: one.peerLink.port }),
  );
  assert.deepEqual(
    ownAddress.errors.map(({ field, code }) => `${field} ${code}`),
    ["ipAddressForTheOtherPeer own-address"],
  );
  assert.match(ownAddress.errors[0]?.remedy ?? "", /other unit/);

  // A key of a third unit: right in itself, and not the one that is found at that address.
  const three = await startCentral(t, "central3", "127.0.0.13");
  const wrongKey = await refusalOf(apply(one, { ...good, haKeyForTheOtherPeer: await keyOf(three) }));
  assert.equal(wrongKey.status, 400);
  assert.equal(wrongKey.errors[0]?.field, "haKeyForTheOtherPeer");
  assert.notEqual(wrongKey.errors[0]?.code, "ha-key-mistyped");

  const unreachable = await refusalOf(apply(one, { ...good, ipAddressForTheOtherPeer: "127.0.0.99" }));
  assert.equal(unreachable.status, 400);
  assert.equal(unreachable.errors[0]?.field, "ipAddressForTheOtherPeer");
  assert.match(unreachable.errors[0]?.code ?? "", /unreachable/);

  for (const [field, value] of [
    ["heartbeatSeconds", 0],
    ["heartbeatSeconds", 61],
    ["holdDownSeconds", -1],
    ["peerPort", 0],
  ] as const)
    assert.deepEqual(await tried({ [field]: value }), [`400 ${field} not-allowed`]);
  assert.deepEqual((await ha(one)).configuration, before);
  assert.equal((await ha(one)).status.ourState, "Standalone");
});

test("[CH14] [CH15] [CH2] [CH3] two Centrals are paired over the API as the operator does it; changes on either reach the other", async (t) => {
  const one = await startCentral(t, "central1", "127.0.0.11", { pollIntervalMs: 100 });
  const two = await startCentral(t, "central2", "127.0.0.12", { pollIntervalMs: 100 });
  const units = [one, two] as const;
  await one.client.call(routes.addNetwork, { body: { cidr: "127.0.0.0/24", name: "lab" } });
  await two.client.call(routes.addNetwork, { body: { cidr: "10.0.0.0/24", name: "overwritten" } });

  const applied = await apply(one, { ...(await about(two)), preferredMaster: true });
  assert.deepEqual(
    { ...applied.configuration },
    { ...(await about(two)), haKeyForThisPeer: await keyOf(one), preferredMaster: true, disable: false },
  );
  await stateBecomes(one, "Master");
  await apply(two, await about(one));
  const slave = await stateBecomes(two, "Slave");
  assert.equal(slave.ourName, "central2");
  assert.match(slave.overwrittenBackup ?? "", /before-initial-sync/);
  await eventually("both say the whole", async () => {
    const [a, b] = await Promise.all(units.map(async (unit) => (await ha(unit)).status));
    return (
      a?.peerState === "Slave" &&
      b?.peerState === "Master" &&
      [a, b].every((each) => each.heartbeats.flowing && each.inStep && each.digestEqual) &&
      a.ourSequence === b.ourSequence &&
      a.peerSequence === b.ourSequence
    );
  });

  const added = await two.client.call(routes.addNetwork, {
    body: { cidr: "192.0.2.0/24", name: "on the slave" },
  });
  assert.equal(added.acknowledged, "both");
  const seen = (await one.client.call(routes.listNetworks)).networks.map(({ cidr }) => cidr);
  assert.deepEqual(
    seen,
    ["127.0.0.0/24", "192.0.2.0/24"],
    "the Slave's own networks were overwritten (CH13)",
  );

  // A device added on one unit is contacted by the other as well, at once.
  const lm1 = await startLoadMaster(t, "127.0.0.21", "lm1");
  const device = await one.client.call(routes.addDevice, {
    body: { address: lm1.address, port: lm1.port, user: loadMasterUser, password: loadMasterPassword },
  });
  assert.equal(device.acknowledged, "both");
  await eventually("the other unit has contacted it", async () => {
    const [found] = (await two.client.call(routes.listDevices)).devices;
    return found?.id === device.id && found.status.state === "up";
  });

  const refreshed = await two.client.call(routes.refreshHa);
  const heard = Date.parse(refreshed.status.heartbeats.lastReceived ?? "");
  assert.ok(Date.now() - heard < 1_000, "a refresh exchanges a heartbeat now");
  const { events } = await two.client.call(routes.haEvents, { query: { limit: "50" } });
  assert.ok(
    events.some(({ code, unit }) => code === "role-changed" && unit === "central2"),
    JSON.stringify(events),
  );
  assert.ok(events.every(({ text }) => text !== ""));
});

test("[CH4] the list of what is synchronised is made from the tables: passwords of devices are, users are not, and API keys not by default", async (t) => {
  const { client } = await startCentral(t, "central1", "127.0.0.1");
  const { tables } = await client.call(routes.haSynchronised);
  const sync = Object.fromEntries(
    tables.flatMap(({ table, columns }) =>
      columns.map(({ column, sync, secret }) => [`${table}.${column}`, `${sync}${secret ? " secret" : ""}`]),
    ),
  );
  const listed = tables.map(({ table }) => table);
  for (const table of ["apiKeys", "devices", "haGroups", "networks", "users"])
    assert.ok(listed.includes(table), table);
  assert.equal(sync["networks.cidr"], "shared");
  assert.equal(sync["devices.password"], "shared secret");
  assert.equal(sync["devices.status"], "derived");
  assert.equal(sync["haGroups.active"], "derived");
  for (const [column, value] of Object.entries(sync))
    if (/^users\./.test(column)) assert.match(value, /^local/, column);
  assert.equal(sync["apiKeys.secretHash"], "shared secret");
  assert.equal(tables.find(({ table }) => table === "apiKeys")?.synchronised, false, "its switch is off");
});
