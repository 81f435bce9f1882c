import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, startCentral } from "@tandem/central/central-on-loopback";
import { deviceNumbers, licences } from "@tandem/central/licensing/tables";
import { routes } from "@tandem/central-api/routes";
import { fetchText, loopback, startUnit, startWebServer } from "@tandem/loadmaster/unit.fixture";
import { createRow } from "@tandem/replica/edits";

const slotMs = 500;
const requests = 40;
const bitsPerByte = 8;

test("[ML6] what clients and a LoadMaster send each other is what its report counts, once, and through a reload", async (t) => {
  const unit = await startUnit(33);
  t.after(() => unit.remove());
  const web = await startWebServer(43, "web1");
  t.after(() => web.close());
  const client = unit.client();
  const service = { address: loopback(53), port: 8_080, protocol: "tcp" } as const;
  const made = await client.addVirtualService(service.address, service.port, "tcp", {
    VStype: "http",
    CheckType: "none",
  });
  assert.ok(made.ok, JSON.stringify(made));
  const added = await client.addRealServer(service, loopback(43), web.port);
  assert.ok(added.ok, JSON.stringify(added));

  const { client: operator, central } = await startCentral(t, "central1", "127.0.4.91", {
    meteringSlotMs: slotMs,
  });
  await operator.call(routes.addNetwork, { body: { cidr: `${loopback(0)}/24` } });
  const { id: device } = await operator.call(routes.addDevice, {
    body: {
      address: loopback(33),
      port: unit.configuration.apiPort,
      user: "bal",
      password: unit.password,
    },
  });
  const self = central.pair.identity.unit;
  const licensingId = "1".repeat(16);
  const written = await central.pair.write(
    [
      createRow(licences, {
        unit: licensingId,
        central: self,
        number: 1,
        type: "metered",
        state: "held",
        grantedAt: Date.now(),
        machine: "e".repeat(16),
        formerMachines: [],
        name: "lb1",
        version: "1",
        serial: "1",
        address: loopback(33),
        port: unit.configuration.apiPort,
        certificateFingerprint: "f".repeat(64),
        partner: null,
        remark: "",
        device,
      }),
      createRow(deviceNumbers, { unit: licensingId, central: self, number: 1 }),
    ],
    "test",
    "licensed",
  );
  assert.ok(written.ok, JSON.stringify(written));
  const { store } = central.metering.statistics;
  await eventually("counting has begun", () => store.count() > 1);

  const carried = async (): Promise<number> => {
    const stats = await client.statistics();
    assert.ok(stats.ok, JSON.stringify(stats));
    return (stats.value.VStotals.BytesRead + stats.value.VStotals.BytesWritten) * bitsPerByte;
  };
  const before = await carried();
  for (let n = 0; n < requests; n += 1) await fetchText(service.address, service.port);
  // Another service: HAProxy reloads, and its workers' counters begin anew.
  const other = await client.addVirtualService(service.address, 8_081, "tcp");
  assert.ok(other.ok, JSON.stringify(other));
  for (let n = 0; n < requests; n += 1) await fetchText(service.address, service.port);
  const bits = (await carried()) - before;
  assert.ok(bits > 2 * requests * 100 * bitsPerByte, `${bits} bits for ${2 * requests} requests`);

  const month = new Date().toISOString().slice(0, 7);
  const sampled = (): number => {
    const samples = [...store.samples(licensingId, 0, Number.MAX_SAFE_INTEGER)];
    const [first, last] = [samples[0]?.values ?? [], samples.at(-1)?.values ?? []];
    const bytes = (values: readonly number[]): number => (values[2] ?? 0) + (values[3] ?? 0);
    return (bytes(last) - bytes(first)) * bitsPerByte;
  };
  await eventually("everything was sampled", () => sampled() === bits);
  const end = Date.now() + slotMs;
  const { metered } = await eventually("the report has come so far", async () => {
    const usage = await operator.call(routes.monthUsage, { params: { month } });
    return Date.parse(usage.metered.to) > end && usage;
  });
  const [line] = metered.lines;
  assert.equal(metered.lines.length, 1);
  assert.deepEqual(
    line?.members.map(({ name, deviceId, isPeer }) => [name, deviceId, isPeer]),
    [["lb1", 1, false]],
  );
  const peak = line?.peakBitsPerSecond ?? 0;
  // All of it in one slot at the most; spread evenly over all slots at the least.
  assert.ok(peak <= (bits * 1_000) / slotMs, `${peak} of ${bits}`);
  assert.ok(peak * (slotMs / 1_000) * ((line?.samples ?? 0) + (line?.missing ?? 0) + 2) >= bits, `${peak}`);
  assert.equal(metered.billedGbps, 1);
});
