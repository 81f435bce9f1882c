/** The pair's modes between real processes on real interfaces: fast mode, foreign groups, HA checks, virtual MAC. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { needsRoot } from "@tandem/linux/network-namespace";
import { CarpdUnit, type CarpNetwork, eventually, sharedAddress, withNetwork } from "./carp-network.ts";

const skip = needsRoot();
const forgerPath = fileURLToPath(new URL("./carp-forger-process.ts", import.meta.url));
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

  test("[LH8] keepalived with our virtual ID is recognised, named and counted, and does the pair no harm", () =>
    withNetwork(["a", "b", "k", "l", "m"], async (network) => {
      const [a, b] = [new CarpdUnit(network, "a"), new CarpdUnit(network, "b")];
      await a.keep({ advskew: 0, vhid: 7 });
      await b.keep({ advskew: 1, vhid: 7 });
      await a.start();
      await a.becomes("master", takeoverTimeoutMs);
      await b.start();
      await eventually("b hears a", takeoverTimeoutMs, () => (b.status?.counters.received ?? 0) >= 1);
      keepalived(network, "k", 3, 7);
      keepalived(network, "l", 2, 7);
      keepalived(network, "m", 3, 9);
      for (const unit of [a, b]) {
        const seen = await eventually("both are seen", 15_000, () => {
          const foreign = unit.status?.foreign ?? [];
          return foreign.length >= 2 && (unit.status?.rejects.vhid ?? 0) > 0 && foreign;
        });
        assert.deepEqual(seen.map(({ source, reason }) => [source, reason]).toSorted(), [
          [network.address("k"), "vrrp3"],
          [network.address("l"), "authlen"],
        ]);
        const { rejects } = unit.status!;
        assert.ok((rejects.vrrp3 ?? 0) > 0 && (rejects.authlen ?? 0) > 0);
        const reported = unit.log
          .filter((entry) => entry.event === "carp-rejected")
          .map((entry) => entry.reject);
        assert.deepEqual(reported.toSorted(), ["authlen", "vrrp3"], "each is logged once, not each packet");
      }
      const heard = b.status!.counters.received!;
      await eventually(
        "b goes on hearing a",
        takeoverTimeoutMs,
        () => (b.status?.counters.received ?? 0) >= heard + 3,
      );
      assert.deepEqual([a.status?.role, b.status?.role], ["master", "backup"]);
      assert.deepEqual([a.status?.counters.takeovers, b.status?.counters.takeovers], [1, 0]);
      assert.equal(a.status?.counters.received, 0, "no advertisement of theirs was taken for the partner's");
      assert.deepEqual([network.holds("a"), network.holds("b")], [true, false]);
    }));

  test("[LH1] [LH8] malformed and forged packets are counted by their reason, and move no role", () =>
    withNetwork(["a", "b", "f"], async (network) => {
      const units = [new CarpdUnit(network, "a"), new CarpdUnit(network, "b")] as const;
      const [a, b] = units;
      await a.keep({ advskew: 0, vhid: 7 });
      await b.keep({ advskew: 1, vhid: 7 });
      await a.start();
      await a.becomes("master", takeoverTimeoutMs);
      await b.start();
      await eventually("b hears a", takeoverTimeoutMs, () => (b.status?.counters.received ?? 0) >= 1);
      const seed = randomInt(2 ** 31);
      const forger = network.run("f", [process.execPath, forgerPath, "7", sharedAddress, String(seed)]);
      forger.stderr!.pipe(process.stderr);
      const sent = JSON.parse(await text(forger.stdout!)) as {
        readonly each: { readonly [reason: string]: number };
        readonly repeated: number;
        readonly random: number;
      };
      // The kernel itself drops what its own receive path refuses, such as a wrong checksum of the IP header.
      for (const unit of [b, a])
        await eventually(`${unit.host} has counted each kind, seed ${seed}`, 10_000, () =>
          Object.entries(sent.each).every(([reason, count]) => (unit.status?.rejects[reason] ?? 0) >= count),
        );
      // The kernel of the unit whose packet is repeated takes none from its own address.
      await eventually(
        `b has counted the repetitions, seed ${seed}`,
        10_000,
        () => (b.status?.rejects.replay ?? 0) >= sent.repeated,
      );
      assert.ok(sent.random >= 2_000);
      const heard = b.status!.counters.received!;
      await eventually(
        "b goes on hearing a",
        takeoverTimeoutMs,
        () => (b.status?.counters.received ?? 0) >= heard + 3,
      );
      for (const [unit, role, takeovers] of [
        [a, "master", 1],
        [b, "backup", 0],
      ] as const) {
        assert.equal(unit.status?.role, role, `seed ${seed}`);
        assert.equal(unit.status?.counters.takeovers, takeovers, `seed ${seed}`);
        const moved = unit.log.filter((entry) => entry.event === "carp-role").map((entry) => entry.to);
        assert.deepEqual(moved, role === "master" ? ["backup", "master"] : ["backup"], `seed ${seed}`);
      }
      assert.equal(b.status?.peer?.source, network.address("a"));
      assert.equal(a.status?.peer, null);
      assert.deepEqual([network.holds("a"), network.holds("b")], [true, false]);
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

  test("[LH1] a carpd that is refused SCHED_FIFO says so in its status, and works", () =>
    withNetwork(["a", "b"], async (network) => {
      const [a, b] = [new CarpdUnit(network, "a"), new CarpdUnit(network, "b")];
      await a.keep({ advbase: 0, advskew: 10 });
      await b.keep({ advbase: 0, advskew: 20 });
      await a.start(["setpriv", "--bounding-set=-sys_nice", "--inh-caps=-sys_nice"]);
      const status = await a.becomes("master", takeoverTimeoutMs);
      assert.equal(status.realtimeRefused, "EPERM");
      assert.ok(a.log.some(({ event, code }) => event === "realtime-refused" && code === "EPERM"));
      await b.start();
      await eventually("b hears a", takeoverTimeoutMs, () => (b.status?.counters.received ?? 0) >= 10);
      assert.equal(b.status?.realtimeRefused, undefined);
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

  test("[LH4] with a virtual MAC a client's ARP entry never changes, over a stop, a cut and its healing, and a death", () =>
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
      const macvlanIndex = (): string | undefined =>
        /^(\d+): carp0\.7@/m.exec(network.ip(network.namespace("a"), "-o link show"))?.[1];

      await b.start();
      await eventually("b hears a", takeoverTimeoutMs, () => (b.status?.counters.received ?? 0) >= 10);
      assert.match(macvlanOf("b"), /state DOWN/);
      assert.equal(await a.end("SIGTERM"), 0);
      await b.becomes("master", 1_000);
      assert.throws(() => macvlanOf("a"), "an orderly end leaves nothing behind");
      await reaches("the client reaches b");

      await a.start();
      await eventually("a hears b", takeoverTimeoutMs, () => (a.status?.counters.received ?? 0) >= 10);
      // Isolated ports reach the client, but not each other.
      const isolate = (state: "on" | "off"): void => {
        for (const host of ["a", "b"])
          network.ip(network.namespace("sw"), `link set p${host} type bridge_slave isolated ${state}`);
      };
      isolate("on");
      await a.becomes("master", 2_000);
      assert.equal(b.status?.role, "master", "cut off from each other, both are active");
      await reaches("the client reaches either");
      isolate("off");
      await eventually("one of them yields", 2_000, () => {
        const roles = [a.status?.role, b.status?.role].toSorted();
        return roles[0] === "backup" && roles[1] === "master";
      });
      await reaches("the client reaches whoever stays");
      if (a.status?.role === "master") {
        assert.equal(await a.end("SIGTERM"), 0);
        await b.becomes("master", 1_000);
        await a.start();
        await eventually("a hears b", takeoverTimeoutMs, () => (a.status?.counters.received ?? 0) >= 10);
      }
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
      const left = macvlanIndex();
      await a.end("SIGKILL");
      assert.equal(macvlanIndex(), left, "nobody has removed it");
      await a.start();
      await eventually("the one left behind was removed, and there is a new one", 3_000, () => {
        const now = macvlanIndex();
        return now !== undefined && now !== left;
      });
      assert.match(macvlanOf("a"), /state DOWN/);
      // With what carpd had written down gone as well, it is known by its name and MAC.
      await a.end("SIGKILL");
      rmSync(join(a.stateDir, "carpd.json"));
      assert.notEqual(macvlanIndex(), undefined);
      await a.start();
      assert.equal(macvlanIndex(), undefined);
      assert.ok(a.log.some(({ event }) => event === "macvlans-removed"));
    }));
});
