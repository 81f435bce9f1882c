/** The pair's modes between real processes on real interfaces: fast mode, foreign groups, HA checks, virtual MAC. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { needsRoot } from "@tandem/linux/network-namespace";
import { CarpdUnit, type CarpNetwork, eventually, withNetwork } from "./carp-network.ts";

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
});
