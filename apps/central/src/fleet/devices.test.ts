import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { routes } from "@tandem/central-api/routes";
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
} from "./loadmaster-on-loopback.ts";

const credentials = { user: loadMasterUser, password: loadMasterPassword };
const add = ({ client }: LoopbackCentral, { address, port }: LoopbackLoadMaster, more: object = {}) =>
  client.call(routes.addDevice, { body: { address, port, ...credentials, ...more } });
const devicesOf = async ({ client }: LoopbackCentral) => (await client.call(routes.listDevices)).devices;

test("[CE1] a device is contacted before it is added; its certificate is pinned and its password never shown", async (t) => {
  const here = await startCentral(t, "central1", "127.0.0.1");
  const lm1 = await startLoadMaster(t, "127.0.0.21", "lm1");
  await here.client.call(routes.addNetwork, { body: { cidr: "127.0.0.0/24", name: "lab" } });
  const added = await add(here, lm1);
  assert.equal(added.name, "lm1");
  assert.equal(added.certificateFingerprint, lm1.fingerprint);
  assert.equal(added.network, "127.0.0.0/24");
  assert.deepEqual(
    [added.status.state, added.status.version, added.status.haRole],
    ["up", "7.2.54.0.1", "single"],
  );
  const tree = await here.client.call(routes.tree);
  assert.deepEqual(tree.networks[0]?.devices, [added.id]);
  for (const path of ["/api/v1/devices", "/api/v1/tree"]) {
    const { key } = await here.client.call(routes.makeApiKey, { body: { name: path } });
    const { body } = await here.raw("GET", path, { authorization: `Bearer ${key}` });
    assert.ok(body.includes(added.id));
    assert.ok(!body.includes(loadMasterPassword));
  }
  assert.ok(
    !readFileSync(join(here.stateDir, "config.db")).includes(loadMasterPassword),
    "the password is kept in the clear",
  );
});

test("[CE1] what is wrong with a device's address, credentials or certificate stands beside its field; nothing is added", async (t) => {
  const here = await startCentral(t, "central1", "127.0.0.1");
  const lm1 = await startLoadMaster(t, "127.0.0.21", "lm1");
  assert.deepEqual(await refused(add(here, lm1)), ["400 address address-outside-networks"]);
  await here.client.call(routes.addNetwork, { body: { cidr: "127.0.0.0/24" } });

  assert.deepEqual(await refused(add(here, lm1, { password: "wrong" })), [
    "400 password credentials-refused",
  ]);
  assert.deepEqual(await refused(add(here, lm1, { address: "127.0.0" })), ["400 address address-malformed"]);
  assert.deepEqual(await refused(add(here, lm1, { address: "127.0.1.21" })), [
    "400 address address-outside-networks",
  ]);
  assert.deepEqual(await refused(add(here, lm1, { port: 1 })), ["400 address device-unreachable"]);
  assert.deepEqual(await refused(add(here, lm1, { port: 0 })), ["400 port not-allowed"]);
  assert.deepEqual(await refused(add(here, lm1, { certificateFingerprint: "0".repeat(64) })), [
    "400 certificateFingerprint certificate-differs",
  ]);
  assert.deepEqual(await refused(add(here, lm1, { address: here.server.host, port: here.server.port })), [
    "400 address not-a-loadmaster",
  ]);
  const { errors } = await refusalOf(add(here, lm1, { password: "a wrong secret" }));
  assert.doesNotMatch(JSON.stringify(errors), /a wrong secret/);
  assert.deepEqual(await devicesOf(here), []);

  const added = await add(here, lm1);
  assert.deepEqual(await refused(add(here, lm1)), ["409 address device-exists"]);
  const change = (body: object) => here.client.call(routes.changeDevice, { params: { id: added.id }, body });
  assert.deepEqual(await refused(change({ password: "wrong" })), ["400 password credentials-refused"]);
  assert.deepEqual(await refused(change({ address: "127.0.0.99" })), ["400 address device-unreachable"]);
  assert.deepEqual(
    (await devicesOf(here)).map(({ address, tag }) => ({ address, tag })),
    [{ address: lm1.address, tag: added.tag }],
  );
  assert.equal((await change({ name: "renamed" })).name, "renamed");
});

test("[CE1] each device is really contacted again and again: down after three failed attempts, up when it returns", async (t) => {
  const here = await startCentral(t, "central1", "127.0.0.1", { pollIntervalMs: 50 });
  const lm1 = await startLoadMaster(t, "127.0.0.21", "lm1");
  await here.client.call(routes.addNetwork, { body: { cidr: "127.0.0.0/24" } });
  await add(here, lm1);
  const calls = lm1.calls;
  await eventually("it is contacted again", () => lm1.calls > calls + 10);
  const status = async () => (await devicesOf(here))[0]?.status;
  const { lastSeen } = (await status()) ?? assert.fail();
  await lm1.stop();
  const down = await eventually("it is down", async () => {
    const now = await status();
    // The state changes at the third failed attempt, not before.
    if (now !== undefined && now.failedAttempts < 3) assert.equal(now.state, "up");
    return now?.state === "down" && now;
  });
  assert.ok(down.failedAttempts >= 3);
  assert.match(down.error ?? "", /ECONNREFUSED/);
  assert.ok((down.lastSeen ?? "") >= (lastSeen ?? ""));
  await lm1.start();
  await eventually("it is up", async () => (await status())?.state === "up");
});

test("[CE1] a device whose certificate was replaced is not spoken to until somebody accepts the new one", async (t) => {
  const here = await startCentral(t, "central1", "127.0.0.1", { pollIntervalMs: 50 });
  const lm1 = await startLoadMaster(t, "127.0.0.21", "lm1");
  await here.client.call(routes.addNetwork, { body: { cidr: "127.0.0.0/24" } });
  const { id } = await add(here, lm1);
  await lm1.replaceCertificate();
  const calls = lm1.calls;
  await eventually("it is down", async () => (await devicesOf(here))[0]?.status.state === "down");
  assert.equal(lm1.calls, calls, "nothing was sent to it");
  const change = (body: object) => here.client.call(routes.changeDevice, { params: { id }, body });
  assert.deepEqual(await refused(change({ user: loadMasterUser })), [
    "400 certificateFingerprint certificate-differs",
  ]);
  const accepted = await change({ certificateFingerprint: lm1.fingerprint });
  assert.equal(accepted.status.state, "up");
});

test("[CE1] a network is not removed from under a device, unless a larger one holds it", async (t) => {
  const here = await startCentral(t, "central1", "127.0.0.1");
  const lm1 = await startLoadMaster(t, "127.0.0.21", "lm1");
  await here.client.call(routes.addNetwork, { body: { cidr: "127.0.0.0/24" } });
  const { id } = await add(here, lm1);
  const remove = (cidr: string) => here.client.call(routes.removeNetwork, { params: { cidr } });
  assert.deepEqual(await refused(remove("127.0.0.0/24")), ["409 cidr network-in-use"]);
  await here.client.call(routes.addNetwork, { body: { cidr: "127.0.0.0/8" } });
  await remove("127.0.0.0/24");
  assert.equal((await devicesOf(here))[0]?.network, "127.0.0.0/8");
  await here.client.call(routes.removeDevice, { params: { id } });
  await remove("127.0.0.0/8");
  assert.deepEqual((await here.client.call(routes.tree)).networks, []);
});

test("[CH19] two devices and their shared address are one group, which shows the active member as it changes", async (t) => {
  const here = await startCentral(t, "central1", "127.0.0.1", { pollIntervalMs: 50 });
  const lm1 = await startLoadMaster(t, "127.0.0.21", "lm1");
  const lm2 = await startLoadMaster(t, "127.0.0.22", "lm2");
  lm1.hastatus = "Active";
  lm2.hastatus = "Standby";
  await here.client.call(routes.addNetwork, { body: { cidr: "127.0.0.0/24" } });
  const members = [(await add(here, lm1)).id, (await add(here, lm2)).id];
  const addGroup = (body: object) =>
    here.client.call(routes.addHaGroup, {
      body: { name: "web", sharedAddress: "127.0.0.20", members, ...body },
    });
  assert.deepEqual(await refused(addGroup({ members: [members[0], "x"] })), ["400 members/1 device-unknown"]);
  assert.deepEqual(await refused(addGroup({ members: [members[0], members[0]] })), [
    "400 members/1 members-equal",
  ]);
  assert.deepEqual(await refused(addGroup({ members: [members[0]] })), ["400 members not-allowed"]);
  assert.deepEqual(await refused(addGroup({ sharedAddress: lm1.address })), [
    "409 sharedAddress shared-address-taken",
  ]);
  assert.deepEqual(await refused(addGroup({ sharedAddress: "10.0.0.1" })), [
    "400 sharedAddress address-outside-networks",
  ]);
  const group = await addGroup({});
  assert.deepEqual([group.active, group.state, group.members], [members[0], "ready", members]);
  assert.deepEqual(await refused(addGroup({ name: "again" })), ["409 members/0 device-in-group"]);
  assert.deepEqual(
    await refused(here.client.call(routes.removeDevice, { params: { id: members[0] as string } })),
    ["409 id device-in-group"],
  );

  await lm1.stop();
  lm2.hastatus = "Active";
  await eventually("the other member is shown as active", async () => {
    const [now] = (await here.client.call(routes.listHaGroups)).haGroups;
    return now !== undefined && now.active === members[1] && now.state === "degraded";
  });
  await here.client.call(routes.removeHaGroup, { params: { id: group.id } });
  assert.equal((await devicesOf(here)).length, 2, "the devices stay");
});

test("[CH19] two units that say they are a pair become a group by themselves; a change of role is one event; a dissolved pair ends it", async (t) => {
  const here = await startCentral(t, "central1", "127.0.0.1", { pollIntervalMs: 50 });
  const lm1 = await startLoadMaster(t, "127.0.0.21", "lm1");
  const lm2 = await startLoadMaster(t, "127.0.0.22", "lm2");
  const sharedAddress = "127.0.0.20";
  Object.assign(lm1, {
    hastatus: "Active",
    activetime: 1_700_000_000,
    pair: { hamode: 1, havhid: 3, own: lm1.address, partner: lm2.address, shared: sharedAddress },
  });
  Object.assign(lm2, {
    hastatus: "Standby",
    pair: { hamode: 2, havhid: 4, own: lm2.address, partner: lm1.address, shared: sharedAddress },
  });
  await here.client.call(routes.addNetwork, { body: { cidr: "127.0.0.0/24" } });
  const groups = async () => (await here.client.call(routes.listHaGroups)).haGroups;
  const events = async (code: string) =>
    (await here.client.call(routes.haEvents, { query: {} })).events.filter((event) => event.code === code);
  const first = await add(here, lm1);
  const second = await add(here, lm2);
  const problems = await eventually("why there is no group stands beside the device", async () => {
    const [one] = await devicesOf(here);
    return one?.problems?.length === 1 && one.problems;
  });
  assert.deepEqual(problems, ["their HA Virtual IDs differ: lm1 has 3, lm2 4"]);
  if (lm2.pair) lm2.pair.havhid = 3;
  const group = await eventually("the group", async () => (await groups())[0]);
  assert.deepEqual(
    [group.members, group.sharedAddress, group.origin, group.state, group.active],
    [[first.id, second.id], sharedAddress, "units", "ready", first.id],
  );
  assert.deepEqual(group.activeSince, "2023-11-14T22:13:20.000Z");
  assert.deepEqual(group.warnings, []);
  const named = await here.client.call(routes.addHaGroup, {
    body: { name: "web", sharedAddress, members: [first.id, second.id] },
  });
  assert.deepEqual(
    [named.id, named.name],
    [group.id, "web"],
    "the operator names what the units have formed",
  );
  assert.deepEqual(await refused(here.client.call(routes.removeHaGroup, { params: { id: group.id } })), [
    "409 id ha-group-of-units",
  ]);

  await lm1.stop();
  lm2.activetime = 1_800_000_000;
  lm2.hastatus = "Active";
  const [told] = await eventually("the event", async () => {
    const all = await events("ha-group-role");
    return all.length > 0 && all;
  });
  assert.match(told?.text ?? "", /web: the active role went from lm1 to lm2 at 2027-01-15T08:00:00/);
  lm1.hastatus = "Standby";
  await lm1.start();
  const after = await eventually("sound again", async () =>
    (await groups()).find(({ state }) => state === "ready"),
  );
  assert.deepEqual([after.active, after.activeSince], [second.id, "2027-01-15T08:00:00.000Z"]);
  assert.deepEqual(after.roleChanges, [{ at: "2027-01-15T08:00:00.000Z", from: first.id, to: second.id }]);
  assert.equal((await events("ha-group-role")).length, 1, "once for each change");

  lm1.hastatus = lm2.hastatus = "HA not configured";
  await eventually("the group ends", async () => (await groups()).length === 0);
  assert.match((await events("ha-group-ended"))[0]?.text ?? "", /lm1 and lm2 say that they are single/);
  assert.equal((await devicesOf(here)).length, 2);

  lm1.hastatus = "Standby";
  lm2.hastatus = "Active";
  await eventually("a pair again", async () => (await groups()).length === 1);
  await here.client.call(routes.removeDevice, { params: { id: second.id } });
  assert.deepEqual(await groups(), [], "what its units form goes with one of them");
  assert.deepEqual(
    (await devicesOf(here)).map(({ problems }) => problems),
    [
      [
        "it says that it is HA1 of a pair with 127.0.0.22, which is no device here: add that unit, and both become a group",
      ],
    ],
  );
});
