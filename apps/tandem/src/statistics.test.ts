import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, startCentral } from "@tandem/central/central-on-loopback";
import { routes } from "@tandem/central-api/routes";
import { fetchText, loopback, startUnit, startWebServer } from "@tandem/loadmaster/unit.fixture";

const requests = 25;

test("[CH8] what passes through a LoadMaster is what its Central shows: of the device, the service and the server, and through a reload", async (t) => {
  const unit = await startUnit(31);
  t.after(() => unit.remove());
  const web = await startWebServer(41, "web1");
  t.after(() => web.close());
  const client = unit.client();
  const service = { address: loopback(51), port: 8_080, protocol: "tcp" } as const;
  const made = await client.addVirtualService(service.address, service.port, "tcp", {
    VStype: "http",
    CheckType: "none",
  });
  assert.ok(made.ok, JSON.stringify(made));
  const added = await client.addRealServer(service, loopback(41), web.port);
  assert.ok(added.ok, JSON.stringify(added));

  const central = await startCentral(t, "central1", "127.0.0.1", { statisticsSlotMs: 500 });
  const network = `${loopback(0)}/24`;
  await central.client.call(routes.addNetwork, { body: { cidr: network } });
  const { id: device } = await central.client.call(routes.addDevice, {
    body: {
      address: loopback(31),
      port: unit.configuration.apiPort,
      user: "bal",
      password: unit.password,
    },
  });
  const ofService = `${service.address}:${service.port}/tcp`;
  const counted = (query: { readonly [name: string]: string }) =>
    central.client.call(routes.statistics, { query: { ...query, device } });
  const from = new Date(Date.now() - 60_000).toISOString();
  await eventually("the device was polled", async () => {
    const { activeConnections } = await counted({ from, service: ofService });
    return activeConnections.some((value) => value !== null);
  });

  for (let n = 0; n < requests; n += 1) await fetchText(service.address, service.port);
  const shows = (total: number) =>
    eventually(`${total} connections are shown`, async () => {
      const { totals } = await counted({ from, service: ofService });
      return totals.connections >= total && totals;
    });
  const totals = await shows(requests);
  assert.deepEqual([totals.connections, totals.requests], [requests, requests]);
  assert.ok(totals.bytesIn > 0 && totals.bytesOut > 0);

  // Another service: HAProxy reloads, and its workers' counters begin anew.
  const other = await client.addVirtualService(service.address, 8_081, "tcp");
  assert.ok(other.ok, JSON.stringify(other));
  for (let n = 0; n < requests; n += 1) await fetchText(service.address, service.port);
  assert.equal((await shows(2 * requests)).connections, 2 * requests);
  const whole = await counted({ from });
  assert.equal(whole.totals.connections, 2 * requests);
  const server = await counted({ from, service: ofService, server: `${loopback(41)}:${web.port}` });
  assert.equal(server.totals.requests, 2 * requests);
});
