import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { request } from "node:http";
import { after, before, beforeEach, describe, test } from "node:test";
import type { LoadMasterClient, Parameters } from "@tandem/loadmaster-api/client";
import type { SubServiceView, VirtualServiceView } from "@tandem/loadmaster-api/views";
import type { NetworkInterface } from "../configuration-file.ts";
import { uncheckedInUse } from "../ha/checks.ts";
import { digestOf, emptyShared, type SharedContent } from "../state/document.ts";
import {
  loopback,
  portFor,
  startUnit,
  startWebServer,
  type TestUnit,
  value,
  type WebServer,
  waitFor,
} from "../unit.fixture.ts";

import { allServices } from "./sub-services.ts";
import { connectionsFor } from "./traffic.ts";

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";

describe("SubVS", { skip }, () => {
  let unit: TestUnit;
  let client: LoadMasterClient;
  const web: WebServer[] = [];
  const at = { host: loopback(50), port: portFor(3) };
  const vs = { vs: at.host, port: at.port, prot: "tcp" };

  before(async () => {
    unit = await startUnit(1);
    client = unit.client();
    for (const name of ["a1", "a2", "b1"]) web.push(await startWebServer(60, name));
  });
  after(async () => {
    for (const each of web) await each.close();
    await unit?.remove();
  });
  beforeEach(async () => {
    await client.call("delvs", vs);
    await client.call("delrule", { name: "shop" });
    value(await client.addVirtualService(at.host, at.port, "tcp", { VStype: "http" }));
  });

  const call = async (command: string, parameters: Parameters) =>
    value(await client.call(command, parameters)) as unknown as Omit<VirtualServiceView, "SubVS"> & {
      SubVS: SubServiceView[];
    };
  /** A new SubVS with servers by their place in `web`. */
  const addSub = async (servers: readonly number[], parameters: Parameters = {}): Promise<SubServiceView> => {
    const made = (await call("modvs", { ...vs, createsubvs: "", ...parameters })).SubVS.at(-1);
    assert.ok(made !== undefined);
    for (const each of servers)
      await call("addrs", { vs: made.VSIndex, rs: loopback(60), rsport: web[each]?.port ?? 0 });
    return made;
  };
  const ask = (headers: { readonly [name: string]: string } = {}) =>
    new Promise<{ status: number; server: string; cookie: string }>((resolve, reject) => {
      const outgoing = request({ ...at, headers, agent: false }, (response) => {
        let text = "";
        response.on("data", (part) => {
          text += part;
        });
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            server: text.split(" ")[0] ?? "",
            cookie: response.headers["set-cookie"]?.[0]?.split(";")[0] ?? "",
          }),
        );
      });
      outgoing.on("error", reject);
      outgoing.end();
    });
  const settled = (): Promise<void> =>
    waitFor("every server is up", async () =>
      ((await call("listvs", {})) as unknown as { VS: VirtualServiceView[] }).VS.every(
        ({ Status, SubVS = [] }) => Status === "Up" && SubVS.every((each) => each.Status === "Up"),
      ),
    );
  /** How many of so many requests each server answered. */
  const spread = async (requests: number, headers: { readonly [name: string]: string } = {}) => {
    const counts: Record<string, number> = {};
    for (let each = 0; each < requests; each += 1) {
      const { status, server } = await ask(headers);
      const who = status === 200 ? server : String(status);
      counts[who] = (counts[who] ?? 0) + 1;
    }
    return counts;
  };

  test("[LM1] a SubVS is chosen by a rule on the host header, with its own servers and persistence", async () => {
    await call("addrule", { name: "shop", pattern: "^shop\\.", header: "Host" });
    const shop = await addSub([0, 1], { Persist: "active-cookie", Cookie: "SHOP", PersistTimeout: 600 });
    await addSub([2]);
    await call("addrsrule", { ...vs, rs: `!${shop.RsIndex}`, rule: "shop" });
    await settled();
    assert.deepEqual(await spread(4, { host: "www.example" }), { b1: 4 });
    const first = await ask({ host: "shop.example" });
    assert.match(first.server, /^a/);
    assert.match(first.cookie, /^SHOP=/);
    assert.deepEqual(await spread(6, { host: "shop.example", cookie: first.cookie }), { [first.server]: 6 });
    const stats = (await call("stats", {})) as unknown as {
      Vs: { Index: number; TotalConns: number; VSPort: number }[];
      VStotals: { TotalConns: number };
    };
    const counted = stats.Vs.find(({ Index }) => Index === shop.VSIndex);
    assert.ok(counted !== undefined && counted.TotalConns >= 7 && counted.VSPort === 0);
    const above = stats.Vs.find(({ VSPort }) => VSPort === at.port);
    assert.ok((above?.TotalConns ?? 0) >= 11, "the service counts what clients opened");
  });

  test("[LM1] without rules the lot decides by weight, among those that have a live server", async () => {
    await call("modvs", { ...vs, Schedule: "wrr" });
    const heavy = await addSub([0]);
    const light = await addSub([2]);
    await call("modrs", { ...vs, rs: `!${heavy.RsIndex}`, weight: 9_000 });
    await settled();
    const { a1 = 0, b1 = 0 } = await spread(60);
    assert.ok(a1 > 40 && b1 > 0 && a1 + b1 === 60, `${a1} and ${b1} of 60 at 9 to 1`);
    await call("modrs", { ...vs, rs: `!${heavy.RsIndex}`, Enable: "N" });
    assert.deepEqual(await spread(5), { b1: 5 });
    await call("modrs", { ...vs, rs: `!${heavy.RsIndex}`, Enable: "Y" });
    const [row] = (await call("showvs", vs)).SubVS;
    assert.equal(row?.Weight, 9_000);
    const server = (await call("showvs", { vs: light.VSIndex })).Rs?.[0]?.RsIndex;
    await call("delrs", { vs: light.VSIndex, rs: `!${server}` });
    assert.deepEqual(await spread(10), { a1: 10 }, "a SubVS without a live server is passed over");
    await call("modvs", { vs: heavy.VSIndex, Enable: "N" });
    assert.deepEqual(await spread(2), { 503: 2 });
  });

  test("[LM1] the client's address may choose the SubVS", async () => {
    await call("modvs", { ...vs, Schedule: "sh" });
    await addSub([0]);
    await addSub([2]);
    await settled();
    assert.equal(Object.keys(await spread(8)).length, 1, "one client stays at one SubVS");
  });

  test("[LM2] a SubVS is shown in its service, on its own and in the list, and goes with its service", async () => {
    const parent = (await call("showvs", vs)).Index;
    const first = await addSub([0], { NickName: "first", Schedule: "lc", Persist: "src" });
    const second = await addSub([]);
    const shown = await call("showvs", vs);
    assert.equal(shown.MasterVS, 2);
    assert.deepEqual(
      shown.SubVS.map(({ Name, VSIndex, RsIndex, Weight, Enable, Forward }) => ({
        Name,
        VSIndex,
        RsIndex,
        Weight,
        Enable,
        Forward,
      })),
      [
        {
          Name: "first",
          VSIndex: first.VSIndex,
          RsIndex: first.RsIndex,
          Weight: 1_000,
          Enable: true,
          Forward: "l7",
        },
        {
          Name: `SubVS ${second.VSIndex}`,
          VSIndex: second.VSIndex,
          RsIndex: second.RsIndex,
          Weight: 1_000,
          Enable: true,
          Forward: "l7",
        },
      ],
    );
    const own = await call("showvs", { vs: first.VSIndex });
    assert.equal(own.MasterVSID, parent);
    assert.equal(own.VSPort, "0");
    assert.equal(own.VSAddress, undefined);
    assert.equal(own.Schedule, "lc");
    assert.equal(own.Persist, "src");
    const listed = (await call("listvs", {})) as unknown as { VS: VirtualServiceView[] };
    assert.deepEqual(
      listed.VS.map(({ Index }) => Index),
      [parent, first.VSIndex, second.VSIndex],
    );
    await call("delvs", { vs: second.VSIndex });
    assert.equal((await call("showvs", vs)).MasterVS, 1);
    await call("delvs", vs);
    assert.equal(unit.unit.document.shared.services.length, 0);
    assert.equal((await client.call("showvs", { vs: first.VSIndex })).ok, false);
    await call("addvs", { ...vs, VStype: "http" });
  });

  test("[LM2] a server is added to all SubVS at once", async () => {
    const first = await addSub([]);
    const second = await addSub([]);
    await call("addrs", { vs: first.VSIndex, rs: loopback(60), rsport: 8_080, addtoallsubvs: 1 });
    for (const { VSIndex } of [first, second])
      assert.equal((await call("showvs", { vs: VSIndex })).Rs?.[0]?.Port, 8_080);
    await call("disablers", { rs: loopback(60) });
    for (const { VSIndex } of [first, second])
      assert.equal((await call("showvs", { vs: VSIndex })).Rs?.[0]?.Enable, false);
  });

  test("[LM2] what a SubVS, and a service with SubVS, cannot be is refused and changes nothing", async () => {
    const sub = await addSub([0]);
    const refused: readonly [string, Parameters, RegExp][] = [
      ["addrs", { ...vs, rs: loopback(61), rsport: 80 }, /has SubVS/],
      ["modvs", { ...vs, Schedule: "lc" }, /lc cannot choose/],
      ["modvs", { ...vs, Persist: "src" }, /persistences of their own/],
      ["modvs", { ...vs, ForceL4: "Y" }, /ForceL4|VStype|SubVS/],
      ["modvs", { vs: sub.VSIndex, createsubvs: "" }, /is a SubVS/],
      ["modvs", { vs: sub.VSIndex, SSLAcceleration: "Y" }, /SSLAcceleration.*service above/],
      ["modvs", { vs: sub.VSIndex, vsport: 99 }, /vsport|address/],
      ["modvs", { vs: sub.VSIndex, VStype: "gen" }, /VStype/],
      ["modrs", { ...vs, rs: `!${sub.RsIndex}`, Limit: 5 }, /Limit: 5/],
      ["modrs", { ...vs, rs: `!${sub.RsIndex}`, newport: 5 }, /newport: 5/],
      ["modrs", { ...vs, rs: "!99999", Weight: 5 }, /Unknown RS/],
    ];
    for (const [command, parameters, words] of refused) {
      const digest = digestOf(unit.unit.document.shared);
      const answer = await client.call(command, parameters);
      assert.ok(!answer.ok, `${command} ${JSON.stringify(parameters)} is not refused`);
      assert.match(answer.error.message, words);
      assert.equal(digestOf(unit.unit.document.shared), digest);
    }
    await call("delvs", { vs: sub.VSIndex });
    await call("addrs", { ...vs, rs: loopback(61), rsport: 80 });
    const answer = await client.call("modvs", { ...vs, createsubvs: "" });
    assert.ok(!answer.ok);
    assert.match(answer.error.message, /real servers of its own/);
  });
});

const inSub = (address: string): SharedContent =>
  ({
    ...emptyShared,
    services: [
      {
        index: 1,
        address: "10.1.0.20",
        servers: [],
        subServices: [{ index: 2, servers: [{ index: 1, address }], row: { index: 2, weight: 1 } }],
      },
    ],
  }) as unknown as SharedContent;

test("[LM1] real servers of SubVS take files as others do, so fewer connections are left", () => {
  const [service] = inSub("10.2.0.31").services;
  const servers = Array.from({ length: 4_000 }, () => service?.subServices?.[0]?.servers[0]);
  const whole = { services: [{ ...service, subServices: [{ ...service?.subServices?.[0], servers }] }] };
  const own = { services: [{ ...service, subServices: undefined, servers }] };
  const connections = (shared: object): number =>
    connectionsFor(allServices(shared as SharedContent), 20_000);
  assert.equal(connections(whole), connections(own));
  assert.ok(connections(whole) < connections(inSub("10.2.0.31")));
});

test("[LH7] an interface that only real servers of SubVS stand behind is told to be in use", () => {
  const interfaces = [
    { id: 0, device: "eth0", address: "10.1.0.21", prefix: 24 },
    { id: 1, device: "eth1", address: "10.2.0.21", prefix: 24 },
  ] as unknown as readonly NetworkInterface[];
  assert.deepEqual(
    uncheckedInUse(inSub("10.2.0.31"), interfaces, []).map(({ on, uses }) => [on.id, uses]),
    [[1, ["real servers"]]],
  );
});
