import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { enterOwnNetworkNamespace, needsRoot } from "@tandem/linux/network-namespace";
import { startUnit, type TestUnit, value, waitFor } from "../unit.fixture.ts";

// All that follows happens in a network namespace of this file's own.
const skip = needsRoot() || (existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed");
const ip = (command: string): string => execFileSync("ip", command.split(" "), { encoding: "utf8" });
if (!skip) {
  enterOwnNetworkNamespace();
  ip("link set lo up");
  ip("link add inside type veth peer name outside");
  ip("link set outside up");
  ip("link set inside up");
  ip("addr add 10.213.8.1/24 dev inside");
  ip("route add 10.60.0.0/16 via 10.213.8.9");
}

describe("static routes of a unit", { skip }, () => {
  let unit: TestUnit;
  const inside = { id: 1, device: "inside", address: "10.213.8.1", prefix: 24 };
  const messageOf = async (command: string, parameters = {}): Promise<string> => {
    const answer = await unit.client().call(command, parameters);
    return answer.ok ? String(answer.value.message) : answer.error.message;
  };
  const shown = async () => value(await unit.client().call("showroute")).Route;
  const route = { dest: "10.50.0.0/16", gateway: "10.213.8.254" };

  before(async () => {
    unit = await startUnit(91, { furtherInterfaces: [inside] });
  });
  after(() => unit.remove());

  test("[LM2] a route is in the kernel, comes back when it went, and is deleted", async () => {
    assert.equal(await messageOf("addroute", route), "Command completed ok");
    assert.deepEqual(await shown(), [{ Destination: "10.50.0.0/16", Gateway: "10.213.8.254" }]);
    assert.match(ip("route show 10.50.0.0/16"), /via 10\.213\.8\.254 dev inside/);
    ip("route del 10.50.0.0/16");
    await waitFor("it is there again", () => ip("route show 10.50.0.0/16") !== "");
    assert.match(await messageOf("addroute", route), /already/);
    assert.equal(await messageOf("delroute", { dest: "10.50.0.0/16" }), "Command completed ok");
    assert.equal(ip("route show 10.50.0.0/16"), "");
    assert.deepEqual(await shown(), []);
    assert.equal(
      await messageOf("addroute", { dest: "10.51.0.7", gateway: "10.213.8.254" }),
      "Command completed ok",
    );
    assert.match(ip("route show 10.51.0.7"), /via/);
    assert.equal(await messageOf("delroute", { dest: "10.51.0.7/32" }), "Command completed ok");
  });

  test("[LM2] what cannot be a route is refused, and neither the machine's routes nor the unit's change", async () => {
    const routes = ip("route show");
    const refusals: readonly (readonly [string, string, RegExp])[] = [
      ["10.50.0.0/33", route.gateway, /^dest: /],
      ["10.50.0.1/16", route.gateway, /^dest: .*write 10\.50\.0\.0\/16/],
      ["0.0.0.0/0", route.gateway, /^dest: the default route/],
      ["127.0.0.0/16", route.gateway, /^dest: .*loopback/],
      ["224.0.0.0/24", route.gateway, /^dest: .*multicast/],
      ["10.213.8.0/25", route.gateway, /^dest: .*10\.213\.8\.0\/24/],
      ["10.50.0.0/16", "192.0.2.1", /^gateway: .*none of this unit's networks/],
      ["10.50.0.0/16", "10.213.8.1", /^gateway: .*own address/],
      ["10.50.0.0/16", "somewhere", /^gateway: /],
      ["10.60.0.0/16", route.gateway, /^dest: the machine has a route there already/],
    ];
    for (const [dest, gateway, words] of refusals)
      assert.match(await messageOf("addroute", { dest, gateway }), words, `${dest} ${gateway}`);
    assert.match(await messageOf("delroute", { dest: "10.60.0.0/16" }), /no route to/);
    assert.match(
      await messageOf("addadditional", { interface: 1, addr: "10.213.8.7/24" }),
      /configuration file/,
    );
    assert.equal(ip("route show"), routes);
    assert.deepEqual(await shown(), []);
  });
});
