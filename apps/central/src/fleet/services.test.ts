import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { err, ok } from "@tandem/base/result";
import type { DeviceServicePut } from "@tandem/central-api/device-services";
import type { Fence } from "@tandem/fencing/fence";
import type { AddressedServiceView, CallResult, Parameters } from "@tandem/loadmaster-api/client";
import { createRow } from "@tandem/replica/edits";
import { startCentral as startWhole } from "../central-on-loopback.ts";
import { type Central, setUp } from "../ha/pair-on-loopback.ts";
import { realWorld } from "../real-world.ts";
import { Refusal } from "../refusal.ts";
import { DevicePoller } from "./device-poller.ts";
import {
  type ConfiguredDevice,
  commandsFor,
  listServices,
  putService,
  removeService,
  type ServicesWorld,
} from "./services.ts";
import { devices, networks, services } from "./tables.ts";

const id = "00000000000000aa";
const wanted: DeviceServicePut = {
  address: "10.0.0.1",
  port: 80,
  protocol: "tcp",
  parameters: { NickName: "web" },
  servers: [{ address: "10.0.0.21", port: 80 }],
};

/** As far as these changes see one: services, and a revision that every change moves on and that a change must know. */
class ModelDevice implements ConfiguredDevice {
  readonly services = new Map<string, AddressedServiceView>();
  readonly said: string[] = [];
  number = 1;

  revision() {
    return Promise.resolve(ok(`r${this.number}`));
  }
  listVirtualServices() {
    return Promise.resolve(ok([...this.services.values()]));
  }
  call(command: string, parameters: Parameters = {}, fence?: Fence): CallResult {
    if (fence?.baseRevision !== `r${this.number}`)
      return Promise.resolve(
        err({
          kind: "moved-on",
          message: "the configuration has changed",
          revision: `r${this.number}`,
          difference: { since: "known", changes: [{ what: "virtual service 1", change: "changed" }] },
        }),
      );
    assert.equal(fence.epoch, null, "an operator's change carries no epoch");
    this.said.push(`${command} ${parameters.rs ?? parameters.vs}`);
    const at = String(parameters.vs);
    const rs = (this.services.get(at)?.Rs ?? []).filter(({ Addr }) => Addr !== parameters.rs);
    if (command === "addrs")
      rs.push({ Addr: String(parameters.rs), Port: Number(parameters.rsport) } as (typeof rs)[0]);
    if (command === "delvs") this.services.clear();
    else
      this.services.set(at, {
        ...this.services.get(at),
        Index: 1,
        VSAddress: at,
        VSPort: "80",
        Protocol: "tcp",
        Status: "Up",
        Rs: rs,
      } as AddressedServiceView);
    this.number += 1;
    return Promise.resolve(ok({ code: 200, status: "ok", revision: `r${this.number}` }));
  }
}

const worldOf = (central: Central, device: ConfiguredDevice): ServicesWorld => ({
  shared: central.ha,
  poller: new DevicePoller({ contact: () => Promise.resolve(err({ kind: "malformed", message: "" })) }),
  contact: () => Promise.resolve(err({ kind: "malformed", message: "" })),
  world: realWorld,
  configured: () => device,
});

/** A whole Central, seen as one side of a pair. */
async function startCentral(t: TestContext, name: string, address: string): Promise<Central> {
  const { central } = await startWhole(t, name, address);
  return { name, address, ha: central.pair } as Central;
}

const addDevice = (central: Central) =>
  central.ha.write(
    [
      createRow(networks, { cidr: "10.0.0.0/8" }),
      createRow(devices, {
        id,
        address: "10.0.0.1",
        port: 443,
        user: "bal",
        password: "secret",
        certificateFingerprint: "a".repeat(64),
      }),
    ],
    "admin",
    "device",
  );

test("[CH2] on either unit an operator changes a device's configuration, and both know it", async (t) => {
  const a = await startCentral(t, "a", "127.0.0.1");
  const b = await startCentral(t, "b", "127.0.0.2");
  await addDevice(a);
  await b.ha.write([createRow(networks, { cidr: "172.16.0.0/12" })], "admin", "network");
  await setUp(a, b);
  const device = new ModelDevice();
  const onMaster = await putService(worldOf(a, device), id, wanted, "alice");
  assert.deepEqual(onMaster, {
    service: "tcp 10.0.0.1 80",
    revision: "r3",
    commands: 2,
    acknowledged: "both",
  });
  const more = { ...wanted, servers: [...wanted.servers, { address: "10.0.0.22", port: 80 }] };
  const onSlave = await putService(worldOf(b, device), id, more, "bob");
  assert.equal(onSlave.acknowledged, "both");
  for (const central of [a, b]) {
    const [row] = central.ha.rows(services);
    assert.equal(row?.values.servers.length, 2);
    assert.equal(row?.values.basedOn, onSlave.revision);
    const { services: shown } = await listServices(worldOf(central, device), id);
    assert.deepEqual(
      shown.map(({ service, managed, servers }) => [service, managed, servers.length]),
      [["tcp 10.0.0.1 80", true, 2]],
    );
  }
  const removed = await removeService(worldOf(b, device), id, "tcp 10.0.0.1 80", undefined, "bob");
  assert.equal(removed.acknowledged, "both");
  assert.deepEqual(a.ha.rows(services), []);
});

test("[CE2] an IPv6 address in another spelling is the service and the server that are there already", async (t) => {
  const a = await startCentral(t, "a", "127.0.0.1");
  await addDevice(a);
  const device = new ModelDevice();
  const put = (address: string, server: string) =>
    putService(
      worldOf(a, device),
      id,
      { address, port: 80, protocol: "tcp", servers: [{ address: server, port: 80 }] },
      "alice",
    );
  const first = await put("2001:db8::1", "2001:db8::21");
  const again = await put("2001:DB8:0::0001", "2001:0db8::0:21");
  assert.deepEqual([first.commands, again.commands], [2, 0]);
  assert.equal(again.service, "tcp 2001:db8::1 80");
  assert.deepEqual(device.said, ["addvs 2001:db8::1", "addrs 2001:db8::21"]);
  assert.equal(a.ha.rows(services).length, 1);
});

test("[CH22] a device that has moved on refuses an operator's change with the difference; nothing is kept", async (t) => {
  const a = await startCentral(t, "a", "127.0.0.1");
  await addDevice(a);
  const device = new ModelDevice();
  const world = worldOf(a, device);
  const { revision } = await listServices(world, id);
  await putService(world, id, wanted, "alice");
  const said = device.said.length;
  const late = putService(world, id, { ...wanted, servers: [], basedOn: revision ?? "" }, "bob");
  await assert.rejects(late, (error: unknown) => {
    assert.ok(error instanceof Refusal);
    assert.equal(error.status, 409);
    assert.equal(error.errors[0]?.code, "device-moved-on");
    assert.match(error.errors[0]?.message ?? "", /revision r3 \(nothing was changed\)/);
    assert.deepEqual(error.errors[0]?.value, {
      since: "known",
      changes: [{ what: "virtual service 1", change: "changed" }],
    });
    return true;
  });
  assert.equal(device.said.length, said);
  assert.equal(a.ha.rows(services)[0]?.values.servers.length, 1);
});

test("what a device is told: the service first, servers that leave last, nothing that is so already", () => {
  const live = {
    Rs: [
      { Addr: "10.0.0.21", Port: 80 },
      { Addr: "10.0.0.23", Port: 80 },
    ],
  } as AddressedServiceView;
  const servers = [
    { address: "10.0.0.21", port: 80 },
    { address: "10.0.0.22", port: 80, parameters: { Weight: "500" } },
  ];
  const told = (of: AddressedServiceView | undefined, put: DeviceServicePut) =>
    commandsFor(of, put).map(({ command, parameters }) => `${command} ${parameters.rs ?? ""}`.trim());
  assert.deepEqual(told(undefined, { ...wanted, servers }), ["addvs", "addrs 10.0.0.21", "addrs 10.0.0.22"]);
  assert.deepEqual(told(live, { ...wanted, servers }), ["modvs", "addrs 10.0.0.22", "delrs 10.0.0.23"]);
  assert.deepEqual(told(live, { ...wanted, parameters: {}, servers: [...servers.slice(0, 1)] }), [
    "delrs 10.0.0.23",
  ]);
});
