import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import type { Parameters } from "@tandem/loadmaster-api/client";
import {
  fetchText,
  loopback,
  portFor,
  startUnit,
  startWebServer,
  type TestUnit,
  value,
  type WebServer,
} from "../unit.fixture.ts";

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";

describe("a service once more, and how many there are", { skip }, () => {
  let unit: TestUnit;
  let web: WebServer;
  const of = { vs: loopback(50), port: portFor(5), prot: "tcp" };

  before(async () => {
    unit = await startUnit(1);
    web = await startWebServer(60, "web");
    await call("addvs", { ...of, VStype: "http", CheckType: "none", NickName: "shop", Idletime: 30 });
    for (const rsport of [web.port, 9]) await call("addrs", { ...of, rs: loopback(60), rsport });
    await call("addrule", { name: "images", pattern: "^/images/" });
    await call("addrsrule", { ...of, rs: "!2", rule: "images" });
    await call("addrsrule", { ...of, rs: "!1", rule: "default" });
  });
  after(async () => {
    await web?.close();
    await unit?.remove();
  });

  const call = async (command: string, parameters: Parameters = {}) =>
    value(await unit.client().call(command, parameters));
  const refusal = async (command: string, parameters: Parameters): Promise<string> => {
    const present = unit.unit.document;
    const answer = await unit.client().call(command, parameters);
    assert.ok(!answer.ok, `${command} ${JSON.stringify(parameters)} was not refused`);
    assert.equal(unit.unit.document, present);
    return answer.error.message;
  };

  test("[LM2] dupvs makes a service with the settings, servers and rules of another one, and serves by it", async () => {
    const { services, nextServerIndex } = unit.unit.document.shared;
    const view = await call("dupvs", { ...of, vsport: portFor(6), NickName: "second shop" });
    assert.deepEqual([view.Index, view.VSPort, view.NickName], [2, String(portFor(6)), "second shop"]);
    const [first, second] = unit.unit.document.shared.services;
    assert.deepEqual(services, [first]);
    const alike = {
      ...second,
      index: 1,
      port: of.port,
      nickname: "shop",
      servers: second?.servers.map((each, at) => ({ ...each, index: at + 1 })),
    };
    assert.deepEqual(alike, first);
    assert.deepEqual(
      second?.servers.map(({ index }) => index),
      [nextServerIndex, nextServerIndex + 1],
    );
    assert.match(await fetchText(of.vs, portFor(6)), /^web /);
    await call("delvs", { vs: 2 });
    assert.match(await fetchText(of.vs, of.port), /^web /);
  });

  test("[LM2] SubVS are copied with their service, and one by one within it", async () => {
    const parent = { ...of, port: portFor(7) };
    await call("addvs", { ...parent, VStype: "http", CheckType: "none" });
    const { SubVS } = await call("modvs", { ...parent, createsubvs: "" });
    const [{ VSIndex }] = SubVS as [{ VSIndex: number }];
    await call("addrs", { vs: VSIndex, rs: loopback(60), rsport: web.port });
    const copy = await call("dupvs", { vs: VSIndex });
    assert.equal((copy.Rs as unknown[]).length, 1);
    assert.match(
      await refusal("dupvs", { vs: VSIndex, vsport: 81 }),
      /^vsport: 81 is not possible for SubVS \d+, which has none/,
    );
    const whole = await call("dupvs", { ...parent, vsaddress: loopback(51) });
    const indexes = (whole.SubVS as { VSIndex: number }[]).map((each) => each.VSIndex);
    assert.equal(indexes.length, 2);
    assert.ok(indexes.every((index) => index > Number(copy.Index)));
    assert.match(await fetchText(loopback(51), parent.port), /^web /);
    assert.deepEqual(await call("vstotals"), {
      code: 200,
      status: "ok",
      VS: { Total: 3, Up: 3, Down: 0, Disabled: 0 },
      SubVS: { Total: 4, Up: 4, Down: 0, Disabled: 0 },
      RS: { Total: 6, Up: 6, Down: 0, Disabled: 0 },
    });
    await call("modvs", { vs: VSIndex, Enable: "N" });
    await call("modvs", { ...of, Enable: "N" });
    const { VS, SubVS: subs } = await call("vstotals");
    assert.deepEqual(
      [VS, subs],
      [
        { Total: 3, Up: 2, Down: 0, Disabled: 1 },
        { Total: 4, Up: 3, Down: 0, Disabled: 1 },
      ],
    );
  });

  test("[LM2] a copy that cannot stand where it is to is refused", async () => {
    for (const [parameters, words] of [
      [of, /^vs: .* already belongs to virtual service 1.*the copy needs an address or a port of its own/],
      [{ ...of, vsaddress: "198.51.100.7" }, /^vs: this unit cannot hold 198\.51\.100\.7/],
      [{ ...of, vsport: 0 }, /^vsport: 0 is not valid/],
      [{ vs: 99 }, /^Unknown VS$/],
    ] as const)
      assert.match(await refusal("dupvs", parameters), words);
  });
});
