import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import type { LoadMasterClient } from "@tandem/loadmaster-api/client";
import type { StatisticsView } from "@tandem/loadmaster-api/views";
import {
  fetchText,
  loopback,
  portFor,
  startUnit,
  startWebServer,
  type TestUnit,
  type WebServer,
  waitFor,
} from "../unit.fixture.ts";

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";

describe("statistics of a unit", { skip }, () => {
  let unit: TestUnit;
  let client: LoadMasterClient;
  let web: WebServer;
  const vs = { address: loopback(150), port: portFor(5) };

  before(async () => {
    unit = await startUnit(52);
    client = unit.client();
    web = await startWebServer(61, "web");
    assert.ok(
      (await client.addVirtualService(vs.address, vs.port, "tcp", { VStype: "http", ChkInterval: 9 })).ok,
    );
    assert.ok((await client.addRealServer(vs, loopback(61), web.port)).ok);
  });
  after(async () => {
    await web?.close();
    await unit?.remove();
  });

  const statistics = async (): Promise<StatisticsView> => {
    const answer = await client.statistics();
    assert.ok(answer.ok, answer.ok ? "" : answer.error.message);
    return answer.value;
  };

  test("[CH8] connections, requests and bytes of unit, service and server; a reload takes none away", async () => {
    await waitFor("the server is up", async () => (await statistics()).Rs[0]?.Status === "up");
    for (let n = 0; n < 5; n += 1) await fetchText(vs.address, vs.port);
    const first = await statistics();
    const [service, server] = [first.Vs[0], first.Rs[0]];
    assert.ok(service && server);
    assert.deepEqual(
      [service.VSAddress, service.VSPort, service.TotalConns, service.Requests],
      [vs.address, vs.port, 5, 5],
    );
    assert.deepEqual([server.VSIndex, server.Conns, server.Requests], [service.Index, 5, 5]);
    assert.ok(service.BytesRead > 0 && service.BytesWritten > service.BytesRead);
    assert.equal(service.TotalBytes, service.BytesRead + service.BytesWritten);
    assert.equal(first.VStotals.TotalConns, 5);
    assert.ok((await client.modifyVirtualService(vs, { NickName: "renamed" })).ok);
    assert.ok((await client.addVirtualService(vs.address, portFor(6), "tcp")).ok);
    await fetchText(vs.address, vs.port);
    const after = await statistics();
    assert.equal(after.Vs[0]?.TotalConns, 6);
    assert.equal(after.VStotals.TotalConns, 6);
    assert.deepEqual(after.Counters, first.Counters);
  });

  test("[CE3] a real server that goes down is told of", async () => {
    assert.ok(
      (await client.modifyVirtualService(vs, { CheckType: "tcp", ChkInterval: 1, ChkTimeout: 1 })).ok,
    );
    const told = (event: string) => () => unit.log.some((line) => line.event === event);
    await waitFor("the server is up", async () => (await statistics()).Rs[0]?.Status === "up");
    const { port } = web;
    await web.close();
    await waitFor("it is down", told("real-server-down"), 20_000);
    const line = unit.log.find((each) => each.event === "real-server-down");
    assert.ok(line && "server" in line.details);
    assert.equal(line.details.server, `${loopback(61)}:${port}`);
  });

  test("[CH8] statistics of the machine are of the time since it was looked at before, its interfaces those of the unit", async () => {
    const { CPU, Memory, Network, DiskUsage, TPS } = await statistics();
    const { User = 0, System = 0, Idle = 0, IOWaiting = 0 } = CPU?.total ?? {};
    assert.ok(User + System + Idle + IOWaiting > 90, "shares of one whole, but for interrupts and rounding");
    assert.ok((CPU?.cpu.length ?? 0) >= 1);
    assert.ok((Memory?.MBtotal ?? 0) > (Memory?.MBused ?? 0));
    assert.equal((Memory?.percentmemused ?? 0) + (Memory?.percentmemfree ?? 0), 100);
    assert.equal(DiskUsage?.partition[0]?.name, unit.configuration.stateDir);
    assert.deepEqual(
      Network?.Interface.map(({ Name, ifaceID }) => [Name, ifaceID]),
      [["lo", 0]],
    );
    assert.equal(TPS?.SSL, 0);
  });
});
