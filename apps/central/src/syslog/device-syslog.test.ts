import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { routes } from "@tandem/central-api/routes";
import { eventually, type LoopbackCentral, startCentral } from "../central-on-loopback.ts";
import {
  type LoopbackLoadMaster,
  loadMasterPassword,
  loadMasterUser,
  startLoadMaster,
} from "../fleet/loadmaster-on-loopback.ts";

const hosts = (lm: LoopbackLoadMaster): string => lm.syslog.get("sysloginfo") ?? "";
const sendsTo = (lm: LoopbackLoadMaster, wanted: string) =>
  eventually(`it sends to ${wanted}, not ${hosts(lm)}`, () => hosts(lm) === wanted);
const add = (at: LoopbackCentral, lm: LoopbackLoadMaster) =>
  at.client.call(routes.addDevice, {
    body: { address: lm.address, port: lm.port, user: loadMasterUser, password: loadMasterPassword },
  });
const withNetwork = async (t: TestContext, name: string, address: string): Promise<LoopbackCentral> => {
  const central = await startCentral(t, name, address, { syslogPort: 5_514 });
  await central.client.call(routes.addNetwork, { body: { cidr: "127.0.0.0/24" } });
  return central;
};
const eventCodes = async (at: LoopbackCentral): Promise<readonly string[]> =>
  (await at.client.call(routes.haEvents, {})).events.map(({ code }) => code);

test("[CH2] an added device sends its syslog to both Centrals, also when the pair is formed later and when it is added on the Slave", async (t) => {
  const one = await withNetwork(t, "central1", "127.0.0.61");
  const two = await withNetwork(t, "central2", "127.0.0.62");
  const lm1 = await startLoadMaster(t, "127.0.0.63", "lm1");
  const added = await add(one, lm1);
  await sendsTo(lm1, "127.0.0.61");
  assert.equal(lm1.syslog.get("syslogport"), "5514");

  const about = async (other: LoopbackCentral) => ({
    haKeyForTheOtherPeer: (await other.client.call(routes.ha)).configuration.haKeyForThisPeer,
    ipAddressForTheOtherPeer: other.peerLink.address,
    peerPort: other.peerLink.port,
  });
  const becomes = (unit: LoopbackCentral, state: string) =>
    eventually(`Our State is ${state}`, async () => {
      const { status } = await unit.client.call(routes.ha);
      return status.ourState === state;
    });
  await one.client.call(routes.applyHa, { body: { ...(await about(two)), preferredMaster: true } });
  await becomes(one, "Master");
  await sendsTo(lm1, "127.0.0.61,127.0.0.62");
  await two.client.call(routes.applyHa, { body: await about(one) });
  await becomes(two, "Slave");

  const lm2 = await startLoadMaster(t, "127.0.0.64", "lm2");
  await eventually("the Slave has the network", async () => {
    const { networks } = await two.client.call(routes.listNetworks);
    return networks.length > 0;
  });
  await add(two, lm2);
  await sendsTo(lm2, "127.0.0.61,127.0.0.62");

  // What was changed is known to the other unit too.
  await eventually("both know", async () => {
    const { devices } = await two.client.call(routes.listDevices);
    return devices.some(({ id }) => id === added.id);
  });
  await two.client.call(routes.removeDevice, { params: { id: added.id } });
  assert.deepEqual([hosts(lm1), lm1.syslog.get("syslogport")], ["", "514"]);
});

test("[CE1] removing a device takes away what adding it brought, and leaves what was there", async (t) => {
  const here = await withNetwork(t, "central1", "127.0.0.65");
  const lm = await startLoadMaster(t, "127.0.0.66", "lm1");
  lm.syslog.set("syslogerror", "198.51.100.1").set("sysloginfo", "198.51.100.2").set("syslogport", "5514");
  const { id } = await add(here, lm);
  await sendsTo(lm, "198.51.100.2,127.0.0.65");
  await here.client.call(routes.removeDevice, { params: { id } });
  assert.deepEqual(
    [lm.syslog.get("syslogerror"), hosts(lm), lm.syslog.get("syslogport")],
    ["198.51.100.1", "198.51.100.2", "5514"],
  );
});

test("[CH2] a device that cannot be made to send here is shown with the problem; one that is away when it is removed is told of", async (t) => {
  const here = await withNetwork(t, "central1", "127.0.0.67");
  const lm = await startLoadMaster(t, "127.0.0.68", "lm1");
  // Somebody else is sent to, at another port than this Central's.
  lm.syslog.set("sysloginfo", "198.51.100.2");
  const { id } = await add(here, lm);
  const problems = async () => (await here.client.call(routes.listDevices)).devices[0]?.problems ?? [];
  const [problem] = await eventually("the problem is shown", async () => {
    const found = await problems();
    return found.length > 0 && found;
  });
  assert.match(problem ?? "", /sends syslog to port 514, where 198\.51\.100\.2 may listen/);
  assert.ok((await eventCodes(here)).includes("syslog-hosts-not-set"));
  assert.equal(hosts(lm), "198.51.100.2");

  lm.syslog.set("syslogport", "5514");
  await here.client.call(routes.changeDevice, {
    params: { id },
    body: { user: loadMasterUser, password: loadMasterPassword, name: "renamed" },
  });
  await here.restart();
  await here.client.signIn("admin", here.firstPassword);
  await sendsTo(lm, "198.51.100.2,127.0.0.67");
  await eventually("the problem is over", async () => (await problems()).length === 0);
  await lm.stop();
  await here.client.call(routes.removeDevice, { params: { id } });
  assert.ok((await eventCodes(here)).includes("syslog-hosts-left"));
});
