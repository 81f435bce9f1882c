/** The pair's modes between real processes on real interfaces: fast mode, foreign groups, HA checks, virtual MAC. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { needsRoot } from "@tandem/linux/network-namespace";
import { CarpdUnit, type CarpNetwork, eventually, sharedAddress, withNetwork } from "./carp-network.ts";

const skip = needsRoot();
const takeoverTimeoutMs = 6_000;

/** Starts keepalived on a host, for its own address 10.77.0.66. */
function keepalived(network: CarpNetwork, host: string, version: 2 | 3, vrid: number): void {
  const path = join(network.folder, `${host}-keepalived.conf`);
  writeFileSync(
    path,
    `global_defs {
  vrrp_version ${version}
}
vrrp_instance other {
  state MASTER
  interface eth0
  virtual_router_id ${vrid}
  priority 200
  advert_int 1
  virtual_ipaddress {
    10.77.0.66/24
  }
}
`,
  );
  const files = ["-p", "-r"].map((option) => `${option}${join(network.folder, `${host}${option}.pid`)}`);
  const child = network.run(host, ["keepalived", "-n", "-l", "-D", "-P", "-f", path, ...files]);
  child.stdout?.resume();
  child.stderr?.resume();
}

/** True when the shared address answers: with a refusal, since nothing listens there, but it answers. */
function connects(namespace: string): boolean {
  const { stderr } = spawnSync(
    "ip",
    ["netns", "exec", namespace, "bash", "-c", `echo > /dev/tcp/${sharedAddress}/9`],
    { encoding: "utf8", timeout: 1_000 },
  );
  return stderr.includes("refused");
}

describe("modes of the pair between processes", { skip, concurrency: 3 }, () => {
  test("[LH2] in fast mode a dead unit is replaced after less than 240 ms of silence", () =>
    withNetwork(["a", "b"], async (network) => {
      const [a, b] = [new CarpdUnit(network, "a"), new CarpdUnit(network, "b")];
      await a.keep({ advbase: 0, advskew: 10 });
      await b.keep({ advbase: 0, advskew: 20 });
      await a.start();
      await a.becomes("master", takeoverTimeoutMs);
      await b.start();
      await eventually("b hears a", takeoverTimeoutMs, () => (b.status?.counters.received ?? 0) >= 20);
      network.cable("a", "down");
      const { reason } = await b.becomes("master", 2_000);
      const silentMs = Number(/has been silent for (\d+) ms/.exec(reason)?.[1]);
      // The timer's own 234 ms; the rest is what a loaded machine adds before it is looked at.
      assert.ok(silentMs >= 234 && silentMs < 400, `silent for ${silentMs} ms`);
      assert.equal(network.holds("b"), true);
    }));

  test("[LH8] keepalived with our virtual ID is recognised, named and counted; with another one it is not", () =>
    withNetwork(["a", "k", "l", "m"], async (network) => {
      const unit = new CarpdUnit(network, "a");
      await unit.keep({ advskew: 0, vhid: 7 });
      await unit.start();
      keepalived(network, "k", 3, 7);
      keepalived(network, "l", 2, 7);
      keepalived(network, "m", 3, 9);
      const seen = await eventually("both are seen", 15_000, () => {
        const foreign = unit.status?.foreign ?? [];
        return foreign.length >= 2 && (unit.status?.rejects.vhid ?? 0) > 0 && foreign;
      });
      assert.deepEqual(seen.map(({ source, reason }) => [source, reason]).toSorted(), [
        [network.address("k"), "vrrp3"],
        [network.address("l"), "authlen"],
      ]);
      assert.ok((unit.status?.rejects.vrrp3 ?? 0) > 0);
      assert.ok((unit.status?.rejects.authlen ?? 0) > 0);
      assert.equal(unit.status?.counters.received, 0);
      const reported = unit.log
        .filter((entry) => entry.event === "carp-rejected")
        .map((entry) => entry.reject);
      assert.deepEqual(reported.toSorted(), ["authlen", "vrrp3"], "each is logged once, not each packet");
    }));

  test("[LH7] a checked interface without carrier hands over at once, a gateway that falls silent after three requests", () =>
    withNetwork(["a", "b", "g"], async (network) => {
      const [a, b] = [new CarpdUnit(network, "a"), new CarpdUnit(network, "b")];
      for (const host of ["a", "b"]) {
        network.ip(network.namespace(host), "link add eth1 type veth peer name far1");
        network.ip(network.namespace(host), "link set eth1 up");
        network.ip(network.namespace(host), "link set far1 up");
      }
      const further = [{ device: "eth1", addresses: ["10.78.0.100/24"] }];
      const checks = (host: string, gateway?: string) => [
        { device: "eth1", ownAddress: "10.78.0.1" },
        { device: "eth0", ownAddress: network.address(host), ...(gateway === undefined ? {} : { gateway }) },
      ];
      await a.keep({ advskew: 0, preempt: true, further, checks: checks("a") });
      await b.keep({ advskew: 1, further, checks: checks("b", network.address("g")) });
      await a.start();
      await a.becomes("master", takeoverTimeoutMs);
      await b.start();
      await eventually("b hears a", takeoverTimeoutMs, () => (b.status?.counters.received ?? 0) >= 1);
      const onFurther = (host: string): boolean =>
        network.ip(network.namespace(host), "-o -4 addr show dev eth1").includes("10.78.0.100/");
      assert.equal(onFurther("a"), true);

      network.ip(network.namespace("a"), "link set far1 down");
      await b.becomes("master", 1_000);
      assert.match(b.status?.reason ?? "", /more demoted/, "whatever the preference");
      assert.equal(onFurther("b"), true);
      assert.equal(onFurther("a"), false);
      assert.deepEqual(a.status?.checks?.[0], { device: "eth1", fault: "eth1 has no carrier" });

      network.ip(network.namespace("a"), "link set far1 up");
      await eventually("a is mended after the hold", 10_000, () => a.status?.demotion === 0);
      await a.becomes("master", takeoverTimeoutMs);
      await a.end("SIGTERM");
      await b.becomes("master", 1_000);
      assert.equal(b.status?.demotion, 0, "its gateway answers");
      network.cable("g", "down");
      await eventually("b is demoted", 8_000, () => b.status?.demotion === 1);
      assert.match(b.status?.checks?.[1]?.fault ?? "", /gateway 10\.77\.0\.3 on eth0 does not answer ARP/);
    }));

  test("[LH5] advertisements to the broadcast address are sent and heard", () =>
    withNetwork(["a", "b"], async (network) => {
      const [a, b] = [new CarpdUnit(network, "a"), new CarpdUnit(network, "b")];
      await a.keep({ advbase: 0, advskew: 10, broadcast: true });
      await b.keep({ advbase: 0, advskew: 20, broadcast: true });
      await a.start();
      await a.becomes("master", takeoverTimeoutMs);
      await b.start();
      await eventually("b hears a", takeoverTimeoutMs, () => (b.status?.counters.received ?? 0) >= 10);
      assert.equal(b.status?.role, "backup");
    }));

  test("[LH4] with a virtual MAC a client's ARP entry never changes, over an orderly stop and a death", () =>
    withNetwork(["a", "b", "c"], async (network) => {
      const [a, b] = [new CarpdUnit(network, "a"), new CarpdUnit(network, "b")];
      const mac = "00:00:5e:00:01:07";
      await a.keep({ advbase: 0, advskew: 10, vhid: 7, virtualInterface: 0 });
      await b.keep({ advbase: 0, advskew: 20, vhid: 7, virtualInterface: 0 });
      const client = network.namespace("c");
      const neighbour = (): string => network.ip(client, `neigh show ${sharedAddress}`);
      const monitor = network.run("c", ["ip", "monitor", "neigh"]);
      let seen = "";
      monitor.stdout!.on("data", (chunk) => {
        seen += chunk;
      });
      const reaches = (what: string) =>
        eventually(what, 3_000, () => connects(client) && neighbour().includes(mac));
      await a.start();
      await a.becomes("master", takeoverTimeoutMs);
      await reaches("the client reaches a");
      const macvlanOf = (host: string): string =>
        network.ip(network.namespace(host), "-o link show dev carp0.7");

      await b.start();
      await eventually("b hears a", takeoverTimeoutMs, () => (b.status?.counters.received ?? 0) >= 10);
      assert.match(macvlanOf("b"), /state DOWN/);
      assert.equal(await a.end("SIGTERM"), 0);
      await b.becomes("master", 1_000);
      assert.throws(() => macvlanOf("a"), "an orderly end leaves nothing behind");
      await reaches("the client reaches b");

      await a.start();
      await eventually("a hears b", takeoverTimeoutMs, () => (a.status?.counters.received ?? 0) >= 10);
      network.cable("b", "down");
      await a.becomes("master", 2_000);
      await reaches("the client reaches a again");
      await b.becomes("initial", 2_000);
      assert.match(macvlanOf("b"), /state DOWN/, "who is not active has no frame with that MAC");

      const others = seen.split("\n").filter((line) => line.includes(sharedAddress) && /lladdr/.test(line));
      assert.ok(others.length > 0);
      assert.deepEqual(
        others.filter((line) => !line.includes(mac)),
        [],
      );
      await a.end("SIGKILL");
      await a.start();
      assert.match(macvlanOf("a"), /state DOWN/, "the one left behind was removed, a new one is down");
    }));
});
