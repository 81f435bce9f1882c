import assert from "node:assert/strict";
import { test } from "node:test";
import { routes } from "@tandem/central-api/routes";
import type { Sample } from "@tandem/storage/statistics-store";
import { eventually, type LoopbackCentral, refused } from "../central-on-loopback.ts";
import { loadMasterPassword, loadMasterUser, startLoadMaster } from "../fleet/loadmaster-on-loopback.ts";
import { pairOfCentrals, signInAgain, stateBecomes } from "../ha/two-centrals.ts";
import { totalsOf } from "./core.ts";

const slotMs = 250;
const samplesOf = ({ central }: LoopbackCentral): readonly Sample[] => [...central.statistics.store.all()];
const pollerOf = ({ central }: LoopbackCentral): string => central.pair.identity.unit;

test("[CH8] two Centrals: the Master polls and ships, the other takes over, and both hold one series in the end", async (t) => {
  const [one, two] = await pairOfCentrals(t, ["127.0.0.61", "127.0.0.62"], { statisticsSlotMs: slotMs });
  const loadMaster = await startLoadMaster(t, "127.0.0.63", "lm1");
  await one.client.call(routes.addNetwork, { body: { cidr: "127.0.0.0/24", name: "loopback" } });
  const { id: device } = await one.client.call(routes.addDevice, {
    body: {
      address: loadMaster.address,
      port: loadMaster.port,
      user: loadMasterUser,
      password: loadMasterPassword,
    },
  });
  await eventually("the Slave has a few samples", () => samplesOf(two).length >= 6);
  assert.ok(samplesOf(two).every(({ epoch }) => epoch.unit === pollerOf(one)));
  const status = await two.client.call(routes.statisticsStatus);
  assert.deepEqual([status.isPolling, status.lastRound?.devices ?? 0], [false, 0]);
  const asMaster = await one.client.call(routes.statisticsStatus);
  assert.equal(asMaster.isPolling, true);
  assert.ok(asMaster.peer.isConnected && asMaster.peer.acknowledged > 0);

  await one.stop();
  await stateBecomes(two, "Master");
  await eventually("the new Master polls", () =>
    samplesOf(two).some(({ epoch }) => epoch.unit === pollerOf(two)),
  );
  await one.restart();
  await signInAgain(one);
  await stateBecomes(one, "Master");
  await eventually("the preferred one polls again", () =>
    samplesOf(two).some(
      ({ epoch, slot }) => epoch.unit === pollerOf(one) && slot > firstOf(samplesOf(two), pollerOf(two)),
    ),
  );
  await eventually("both hold the same", () => {
    // What is polled at this moment is on its way.
    const last = Math.min(...[one, two].map((unit) => samplesOf(unit).at(-1)?.slot ?? 0));
    const upTo = (unit: LoopbackCentral): string =>
      JSON.stringify(samplesOf(unit).filter(({ slot }) => slot <= last));
    return upTo(one) === upTo(two);
  });

  const samples = samplesOf(one);
  const slots = samples.map(({ slot }) => slot);
  assert.equal(new Set(slots).size, slots.length, "one sample for each slot");
  const [first, last] = [samples[0], samples.at(-1)];
  assert.ok(first && last);
  const counted = (last.values[1] ?? 0) - (first.values[1] ?? 0);
  assert.equal(totalsOf(samples).get(device)?.connections, counted, "nothing is lost or counted twice");

  const range = {
    from: new Date(first.slot * slotMs).toISOString(),
    to: new Date((last.slot + 1) * slotMs).toISOString(),
  };
  const byDevice = await one.client.call(routes.statistics, { query: { device, ...range } });
  assert.equal(byDevice.totals.connections, counted);
  assert.deepEqual(byDevice.services, [{ service: "10.9.0.1:80/tcp", servers: ["10.9.1.1:8080"] }]);
  const perSecond = byDevice.connectionsPerSecond.filter((value) => value !== null);
  const mean = perSecond.reduce((sum, value) => sum + value, 0) / perSecond.length;
  assert.ok(mean > 500 && mean < 1_500, `a thousand are counted in each second, and ${mean} are shown`);
  const server = await two.client.call(routes.statistics, {
    query: { device, service: "10.9.0.1:80/tcp", server: "10.9.1.1:8080", ...range, step: "1" },
  });
  assert.equal(server.totals.connections, counted);
  assert.equal(
    server.activeConnections.find((value) => value !== null),
    3,
  );
  const network = await two.client.call(routes.statistics, { query: { network: "127.0.0.0/24", ...range } });
  assert.deepEqual([network.totals, network.devices], [byDevice.totals, 1]);
});

const firstOf = (samples: readonly Sample[], unit: string): number =>
  samples.find(({ epoch }) => epoch.unit === unit)?.slot ?? Number.MAX_SAFE_INTEGER;

test("[CE3] a range, a step or a device that cannot be is refused with the field and the remedy", async (t) => {
  const [one] = await pairOfCentrals(t, ["127.0.0.64", "127.0.0.65"]);
  const asked = (query: { readonly [name: string]: string }) =>
    refused(one.client.call(routes.statistics, { query }));
  const moment = "2026-11-25T12:00:00Z";
  assert.deepEqual(await asked({ from: "yesterday" }), ["400 from moment-malformed"]);
  assert.deepEqual(await asked({ from: moment, to: moment }), ["400 from range-empty"]);
  assert.deepEqual(await asked({ from: "1990-01-01" }), ["400 from range-too-long"]);
  assert.deepEqual(await asked({ step: "90" }), ["400 step step-malformed"]);
  assert.deepEqual(await asked({ from: "2026-11-20T12:00:00Z", to: moment, step: "60" }), [
    "400 step step-too-small",
  ]);
  assert.deepEqual(await asked({ device: "f".repeat(16) }), ["404 id device-unknown"]);
  assert.deepEqual(await asked({ network: "10.7.0.0/16" }), ["404 network network-unknown"]);
  assert.deepEqual(await asked({ service: "10.0.0.1:80/tcp" }), ["400 device device-missing"]);
  const empty = await one.client.call(routes.statistics, { query: { network: "10.1.0.0/16" } });
  assert.equal(empty.stepSeconds, 60);
  assert.equal(empty.atUnixSeconds.length, 60);
  assert.ok(empty.activeConnections.every((value) => value === null));
});
