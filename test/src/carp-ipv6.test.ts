/** IPv6 shared addresses between real carpd processes on real interfaces, with tcpdump as the judge of what they send. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { needsRoot } from "@tandem/linux/network-namespace";
import { CarpdUnit, type CarpNetwork, eventually, sharedAddress, withNetwork } from "./carp-network.ts";

const skip = needsRoot();
const takeoverTimeoutMs = 6_000;
const shared6 = "2001:db8::100";

/** Every host has an own address beside its IPv4 one. */
function numberHosts(network: CarpNetwork, hosts: readonly string[]): void {
  hosts.forEach((host, index) => {
    network.ip(network.namespace(host), `addr add 2001:db8::${index + 1}/64 dev eth0 nodad`);
  });
}

/** True when the shared address answers: with a refusal, since nothing listens there, but it answers. */
function answers(namespace: string): boolean {
  const { stderr } = spawnSync(
    "ip",
    ["netns", "exec", namespace, "bash", "-c", `echo > /dev/tcp/${shared6}/9`],
    { encoding: "utf8", timeout: 1_000 },
  );
  return stderr.includes("refused");
}

const macOf = (network: CarpNetwork, host: string): string =>
  /ether ([0-9a-f:]{17})/.exec(network.ip(network.namespace(host), "link show dev eth0"))![1]!;

const holds = (network: CarpNetwork, host: string): boolean =>
  network.ip(network.namespace(host), "-o -6 addr show").includes(`${shared6}/`);

/** The text that a program on a host writes, growing. */
function output(
  network: CarpNetwork,
  host: string,
  command: readonly string[],
): { text: string; said: string } {
  const seen = { text: "", said: "" };
  const child = network.run(host, command);
  child.stdout!.on("data", (chunk) => {
    seen.text += chunk;
  });
  child.stderr!.on("data", (chunk) => {
    seen.said += chunk;
  });
  return seen;
}

describe("IPv6 shared addresses between processes", { skip, concurrency: 2 }, () => {
  test("[LH4] an IPv6 shared address moves with the role: a client's neighbour entry follows at once", () =>
    withNetwork(["a", "b", "c"], async (network) => {
      numberHosts(network, ["a", "b", "c"]);
      const [a, b] = [new CarpdUnit(network, "a"), new CarpdUnit(network, "b")];
      const sharedAddresses = [`${sharedAddress}/24`, `${shared6}/64`];
      await a.keep({ advbase: 0, advskew: 10, sharedAddresses });
      await b.keep({ advbase: 0, advskew: 20, sharedAddresses });
      const client = network.namespace("c");
      const entry = (): string => network.ip(client, `-6 neigh show ${shared6}`);
      const capture = output(network, "c", [
        "tcpdump",
        "-l",
        "-n",
        "-vv",
        "-i",
        "eth0",
        "icmp6 and ip6[40] == 136 and ip6 dst ff02::1",
      ]);
      await eventually("tcpdump listens", 5_000, () => capture.said.includes("listening on"));
      await a.start();
      await a.becomes("master", takeoverTimeoutMs);
      await eventually("the client reaches a", 3_000, () => answers(client));
      assert.match(entry(), new RegExp(macOf(network, "a")));
      await eventually("the announcement was seen", 3_000, () => capture.text.includes(`tgt is ${shared6}`));
      assert.match(
        capture.text,
        new RegExp(
          `hlim 255, next-header ICMPv6 \\(58\\) payload length: 32\\) ${shared6} > ff02::1: \\[icmp6 sum ok\\].*Flags \\[override\\]\\s+destination link-address option \\(2\\), length 8 \\(1\\): ${macOf(network, "a")}`,
        ),
      );
      // A take-over is announced three times within a second.
      await eventually("it is repeated", 3_000, () => capture.text.split(`tgt is ${shared6}`).length > 3);

      await b.start();
      await eventually("b hears a", takeoverTimeoutMs, () => (b.status?.counters.received ?? 0) >= 10);
      assert.equal(b.status!.rejects.hmac ?? 0, 0, "both hold the same set");
      assert.equal(holds(network, "b"), false);
      assert.equal(await a.end("SIGTERM"), 0);
      await b.becomes("master", 1_000);
      assert.equal(holds(network, "a"), false, "an orderly end leaves nothing behind");
      // Nothing is sent by the client here: only what it is told changes its entry.
      await eventually("the entry follows a stop", 1_000, () => entry().includes(macOf(network, "b")));
      assert.equal(answers(client), true);

      await a.start();
      await eventually("a hears b", takeoverTimeoutMs, () => (a.status?.counters.received ?? 0) >= 10);
      // The death of a machine: its cable goes, and its processes with it.
      await b.end("SIGKILL");
      network.cable("b", "down");
      await a.becomes("master", 2_000);
      await eventually("the entry follows a death", 1_000, () => entry().includes(macOf(network, "a")));
      assert.equal(answers(client), true);

      assert.equal(holds(network, "b"), true, "the kernel of a killed carpd goes on holding it");
      await b.start();
      await eventually("what was left behind goes at start", 3_000, () => !holds(network, "b"));

      network.cable("b", "up");
      await eventually("b hears a again", takeoverTimeoutMs, () => b.status?.role === "backup");
      network.cable("a", "down");
      await b.becomes("master", 2_000);
      await a.becomes("initial", 2_000);
      assert.equal(holds(network, "a"), false, "a unit without carrier lets go");
      await eventually("the entry follows a cut", 1_000, () => entry().includes(macOf(network, "b")));
    }));

  test("[LH4] with a virtual MAC a client's neighbour entry never changes, over a stop and a death", () =>
    withNetwork(["a", "b", "c"], async (network) => {
      numberHosts(network, ["a", "b", "c"]);
      const [a, b] = [new CarpdUnit(network, "a"), new CarpdUnit(network, "b")];
      const mac = "00:00:5e:00:01:07";
      const mode = {
        advbase: 0,
        vhid: 7,
        virtualInterface: 0,
        sharedAddresses: [`${sharedAddress}/24`, `${shared6}/64`],
      };
      await a.keep({ ...mode, advskew: 10 });
      await b.keep({ ...mode, advskew: 20 });
      const client = network.namespace("c");
      const monitor = output(network, "c", ["ip", "monitor", "neigh"]);
      const reaches = (what: string) =>
        eventually(
          what,
          3_000,
          () => answers(client) && network.ip(client, `-6 neigh show ${shared6}`).includes(mac),
        );
      await a.start();
      await a.becomes("master", takeoverTimeoutMs);
      await reaches("the client reaches a");
      const macvlan = network.ip(network.namespace("a"), "-6 addr show dev carp0.7");
      assert.match(macvlan, /2001:db8::100\/128/);
      assert.doesNotMatch(macvlan, /fe80|tentative/, "it has no address of its own");

      await b.start();
      await eventually("b hears a", takeoverTimeoutMs, () => (b.status?.counters.received ?? 0) >= 10);
      assert.equal(await a.end("SIGTERM"), 0);
      await b.becomes("master", 1_000);
      await reaches("the client reaches b");

      await a.start();
      await eventually("a hears b", takeoverTimeoutMs, () => (a.status?.counters.received ?? 0) >= 10);
      network.cable("b", "down");
      await b.end("SIGKILL");
      await a.becomes("master", 2_000);
      await reaches("the client reaches a again");

      const entries = monitor.text
        .split("\n")
        .filter((line) => line.includes(shared6) && /lladdr/.test(line));
      assert.ok(entries.length > 0);
      assert.deepEqual(
        entries.filter((line) => !line.includes(mac)),
        [],
      );
      await b.start();
      await eventually("what was left behind goes at start", 3_000, () => !holds(network, "b"));
    }));
});
