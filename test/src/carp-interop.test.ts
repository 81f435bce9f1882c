import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { needsRoot } from "@tandem/linux/network-namespace";
import {
  CarpdUnit,
  type CarpNetwork,
  ClientProcess,
  carpdPath,
  eventOf,
  eventually,
  sharedAddress,
  stillRuns,
  withNetwork,
} from "./carp-network.ts";

/** advbase 1, three missed, and the skew of a whole second at most; plus what a loaded machine may add. */
const takeoverTimeoutMs = 3_000 + 1_000 + 2_000;
/**
 * A step on the way to what is looked at; on a busy machine it may take long. Besides, ucarp looks at its timer only
 * when its capture wakes it, up to a second late.
 */
const stepWithinMs = 20_000;

const skip = needsRoot();

/** Starts ucarp on a host as its manual page has it; its scripts move the address. */
function ucarp(
  network: CarpNetwork,
  host: string,
  options: { skew: number; password?: string; preempt?: boolean },
) {
  const script = (name: string, verb: string): string => {
    const path = join(network.folder, `${host}-${name}`);
    writeFileSync(path, `#!/bin/sh\nexec ip addr ${verb} ${sharedAddress}/24 dev "$1"\n`);
    chmodSync(path, 0o700);
    return path;
  };
  const passwordFile = join(network.folder, `${host}-password`);
  writeFileSync(passwordFile, `${options.password ?? "secret"}\n`, { mode: 0o600 });
  const child = network.run(host, [
    ...["ucarp", "-i", "eth0", "-s", network.address(host), "-v", "1", "-a", sharedAddress],
    ...[`--passfile=${passwordFile}`, "-b", "1", "-k", String(options.skew), "-n", "-z"],
    ...["-u", script("up", "add"), "-d", script("down", "del"), ...(options.preempt ? ["-P"] : [])],
  ]);
  child.stdout?.resume();
  child.stderr?.resume();
  return child;
}

const roleChanges = (unit: CarpdUnit) => unit.log.filter((entry) => entry.event === "carp-role");
const timeOf = (entry: { readonly [detail: string]: unknown } | undefined): number =>
  Date.parse(String(entry?.time));

describe("CARP between processes", { skip, concurrency: 4 }, () => {
  test("[LH1] interop, ucarp first: in 5 rounds we take over when it stops or dies, and yield when it returns", () =>
    withNetwork(["a", "b"], async (network) => {
      let master = ucarp(network, "a", { skew: 0, preempt: true });
      await eventually("ucarp is master", stepWithinMs, () => network.holds("a"));
      const unit = new CarpdUnit(network, "b");
      await unit.keep({ advskew: 100, foreignPeer: true });
      await unit.start();
      await eventually("ucarp is heard", stepWithinMs, () => (unit.status?.counters.received ?? 0) >= 4);
      assert.equal(unit.status?.role, "backup", "it stays behind the lower skew");
      assert.equal(unit.status?.peer?.source, network.address("a"));
      for (const [round, way] of (["kill", "stop", "kill", "stop", "kill"] as const).entries()) {
        const what = `round ${round + 1}, ${way}`;
        const ended = eventOf(master, "exit");
        if (way === "kill") network.cable("a", "down");
        master.kill(way === "kill" ? "SIGKILL" : "SIGTERM");
        await ended;
        // It has no last word: its silence is what we go by.
        await unit.becomes("master", stepWithinMs);
        assert.equal(network.holds("b"), true, what);
        if (way === "kill") {
          network.ip(network.namespace("a"), `addr del ${sharedAddress}/24 dev eth0`);
          network.cable("a", "up");
        } else assert.equal(network.holds("a"), false, what);

        master = ucarp(network, "a", { skew: 0, preempt: true });
        await unit.becomes("backup", stepWithinMs);
        assert.equal(network.holds("b"), false, what);
        await eventually(`ucarp is master again, ${what}`, stepWithinMs, () => network.holds("a"));
      }
      assert.equal(unit.status?.counters.takeovers, 5);
      assert.deepEqual(
        Object.values(unit.status!.rejects).filter((count) => count > 0),
        [],
        "nothing was refused",
      );
    }));

  test("[LH1] interop, ours first: in 5 rounds ucarp takes over when we stop or die, and yields when we return", () =>
    withNetwork(["a", "b"], async (network) => {
      const unit = new CarpdUnit(network, "a");
      await unit.keep({ advskew: 0, preempt: true, foreignPeer: true });
      await unit.start();
      await unit.becomes("master", stepWithinMs);
      ucarp(network, "b", { skew: 100 });
      const sent = unit.status!.counters.sent!;
      await eventually(
        "ucarp had time to take over",
        10_000,
        () => (unit.status?.counters.sent ?? 0) >= sent + 6,
      );
      assert.equal(network.holds("b"), false, "ucarp stays behind the lower skew");
      for (const [round, way] of (["kill", "stop", "kill", "stop", "stop"] as const).entries()) {
        const what = `round ${round + 1}, ${way}`;
        if (way === "kill") {
          network.cable("a", "down");
          await unit.end("SIGKILL");
        } else {
          assert.equal(await unit.end("SIGTERM"), 0);
          assert.equal(network.holds("a"), false, what);
        }
        await eventually(`ucarp is master, ${what}`, stepWithinMs, () => network.holds("b"));

        network.cable("a", "up");
        await unit.start();
        await unit.becomes("master", stepWithinMs);
        await eventually(`ucarp yields, ${what}`, stepWithinMs, () => !network.holds("b"));
        assert.equal(network.holds("a"), true, what);
      }
    }));

  test("[LH1] a wrong password is rejected and counted", () =>
    withNetwork(["a", "b"], async (network) => {
      ucarp(network, "a", { skew: 0, password: "another" });
      await eventually("ucarp is master", stepWithinMs, () => network.holds("a"));
      const unit = new CarpdUnit(network, "b");
      await unit.keep({ advskew: 100, foreignPeer: true });
      await unit.start();
      const status = await unit.becomes("master", stepWithinMs);
      assert.ok((status.rejects.hmac ?? 0) >= 1, "each of its packets is counted under the reason");
      assert.equal(status.counters.received, 0);
      assert.equal(status.peer, null);
      const report = unit.log.find((entry) => entry.event === "carp-rejected");
      assert.equal(report?.reject, "hmac");
      assert.equal(report?.source, network.address("a"));
      assert.equal(JSON.stringify(unit.log).includes("secret"), false, "no password is in the log");
    }));

  test("[LH1] tshark decodes our advertisements without a checksum complaint", () =>
    withNetwork(["a", "b"], async (network) => {
      const capture = join(network.folder, "advertisements.pcap");
      const tcpdump = network.run("b", [
        "tcpdump",
        "-i",
        "eth0",
        "-Z",
        "root",
        "-c",
        "4",
        "-w",
        capture,
        "ip proto 112 or arp",
      ]);
      tcpdump.stderr!.setEncoding("utf8");
      const ended = eventOf(tcpdump, "exit");
      await once(tcpdump.stderr!, "data");
      const unit = new CarpdUnit(network, "a");
      await unit.keep({ advskew: 0 });
      await unit.start();
      await ended;
      const decode = (...options: string[]): string =>
        execFileSync(
          "tshark",
          ["-r", capture, "-o", "ip.check_checksum:TRUE", "-d", "ip.proto==112,carp", ...options],
          { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
        );
      const text = decode("-V", "-Y", "carp");
      assert.match(text, /Common Address Redundancy Protocol/);
      assert.match(text, /Virtual Host ID: 1/i);
      assert.match(text, /Time to Live: 255/);
      const field = (name: string) => decode("-Y", "carp", "-T", "fields", "-e", name).trim().split("\n");
      const statuses = [...field("ip.checksum.status"), ...field("carp.checksum.status")];
      assert.ok(statuses.length >= 4);
      assert.deepEqual([...new Set(statuses)], ["1"], "each checksum is good");
      assert.equal(
        decode("-Y", "_ws.expert.severity >= 0x600000 or _ws.malformed"),
        "",
        "no warning and no error",
      );
      const announced = decode("-Y", "arp.isgratuitous == 1", "-T", "fields", "-e", "arp.src.proto_ipv4");
      assert.match(announced, new RegExp(sharedAddress), "the new active announces the shared address");
    }));

  test("[LH2] an orderly stop hands over at once, and a dead unit within the timeout", () =>
    withNetwork(["a", "b"], async (network) => {
      const [a, b] = [new CarpdUnit(network, "a"), new CarpdUnit(network, "b")];
      const serviceAddresses = ["10.77.0.101/24", "192.0.2.7/32"];
      await a.keep({ advskew: 0, serviceAddresses });
      await b.keep({ advskew: 1, serviceAddresses });
      await a.start();
      await a.becomes("master", stepWithinMs);
      await b.start();
      assert.deepEqual(a.status?.addresses.toSorted(), ["10.77.0.100/24", "10.77.0.101/24", "192.0.2.7/32"]);
      await eventually("b hears a", stepWithinMs, () => (b.status?.counters.received ?? 0) >= 1);

      assert.equal(await a.end("SIGTERM"), 0);
      assert.equal(network.holds("a"), false);
      await b.becomes("master", 1_000);
      const stopping = timeOf(a.log.find((entry) => entry.event === "stopping"));
      const handover = timeOf(roleChanges(b).at(-1)) - stopping;
      assert.ok(handover < 500, `handed over ${handover} ms after the order to stop`);
      assert.equal(network.holds("b", "192.0.2.7"), true, "service addresses move along");

      await a.start();
      await eventually("a hears b", stepWithinMs, () => (a.status?.counters.received ?? 0) >= 4);
      assert.equal(a.status?.role, "backup", "without pre-emption the one that returns stays behind");

      network.cable("b", "down");
      await b.end("SIGKILL");
      const died = performance.now();
      await a.becomes("master", takeoverTimeoutMs);
      assert.ok(performance.now() - died > 1_000, "not before advertisements were missed");
      assert.equal(network.holds("a"), true);
    }));

  test("[LH7] a unit that loses its link lets go at once and comes back as standby", () =>
    withNetwork(["a", "b"], async (network) => {
      const unit = new CarpdUnit(network, "a");
      await unit.keep({ advskew: 0 });
      await unit.start();
      await unit.becomes("master", stepWithinMs);
      network.cable("a", "down");
      await unit.becomes("initial", 1_000);
      assert.equal(network.holds("a"), false);
      network.cable("a", "up");
      await unit.becomes("backup", 1_000);
      await unit.becomes("master", stepWithinMs);
      assert.equal(network.holds("a"), true);
    }));

  test("an address left behind by a killed carpd is removed first when it starts again", () =>
    withNetwork(["a", "b"], async (network) => {
      const unit = new CarpdUnit(network, "a");
      await unit.keep({ advskew: 0, serviceAddresses: ["10.77.0.101/24"] });
      await unit.start();
      await unit.becomes("master", stepWithinMs);
      await unit.end("SIGKILL");
      assert.equal(network.holds("a"), true, "nobody has removed it");
      await unit.start();
      assert.equal(network.holds("a"), false);
      assert.equal(network.holds("a", "10.77.0.101"), false);
      assert.equal(network.holds("a", network.address("a")), true, "its own address stays");
      await unit.becomes("master", stepWithinMs);
      assert.equal(await unit.end("SIGTERM"), 0);
    }));

  test("a carpd whose thread fails, or that cannot keep its configuration, lets go of its addresses and ends", () =>
    withNetwork(["a", "b"], async (network) => {
      const [a, b] = [new CarpdUnit(network, "a"), new CarpdUnit(network, "b")];
      await a.keep({ advskew: 0 });
      await b.keep({ advskew: 0, vhid: 2, sharedAddresses: ["10.77.0.102/24"] });
      await Promise.all([a.start(), b.start()]);
      const [{ pid }] = await Promise.all([
        a.becomes("master", stepWithinMs),
        b.becomes("master", stepWithinMs),
      ]);

      // A device made anew has to be opened anew, and by then this process may open nothing any more.
      const failed = a.ended();
      const namespace = network.namespace("a");
      network.ip(namespace, "link del eth0");
      await a.becomes("initial", 2_000);
      network.ip(namespace, "link add spare type veth peer name far");
      network.ip(namespace, `addr add ${sharedAddress}/24 dev spare`);
      execFileSync("prlimit", ["--pid", String(pid), "--nofile=3:3"]);
      network.ip(namespace, "link set spare name eth0");
      assert.equal(await failed, 1);
      assert.equal(network.holds("a"), false);
      assert.equal(a.log.find((entry) => entry.event === "failed")?.where, "CARP thread");

      const stopped = b.ended();
      rmSync(b.stateDir, { recursive: true });
      b.tell({ type: "configure", configuration: b.configuration({ advskew: 5 }) });
      assert.equal(await stopped, 1);
      assert.equal(network.holds("b", "10.77.0.102"), false);
      assert.equal(
        b.log.some((entry) => entry.event === "persist-failed"),
        true,
      );
    }));

  test("carpd refuses a message that it cannot heed, names the fault, and goes on; a second carpd does not start", () =>
    withNetwork(["a"], async (network) => {
      const unit = new CarpdUnit(network, "a");
      await unit.start();
      await unit.becomes("stopped", 2_000);
      unit.tell({ type: "configure", configuration: { ...unit.configuration({ advskew: 0 }), vhid: 0 } });
      const refused = await eventually("it is refused", 2_000, () => unit.refusals[0]);
      assert.equal(refused.field, "vhid");
      assert.equal(unit.status?.configurationDigest, null);
      unit.tell("not an object");
      await eventually("this as well", 2_000, () => unit.refusals[1]?.code === "message-malformed");

      unit.tell({ type: "configure", configuration: unit.configuration({ advskew: 0 }) });
      unit.tell({ type: "demote", demotion: 3, reason: "the gateway does not answer" });
      await unit.becomes("master", stepWithinMs);
      assert.equal(unit.status?.demotion, 3);
      unit.tell({
        type: "configure",
        configuration: unit.configuration({ advskew: 0, serviceAddresses: ["10.77.0.101/24"] }),
      });
      await eventually("a service address is carried", 2_000, () => network.holds("a", "10.77.0.101"));
      unit.tell({ type: "configure", configuration: unit.configuration({ advskew: 0 }) });
      await eventually("and let go of", 2_000, () => !network.holds("a", "10.77.0.101"));
      assert.equal(unit.status?.role, "master");

      const second = network.run("a", [process.execPath, carpdPath, "--config", unit.configPath]);
      assert.equal(await eventOf(second, "exit"), 1);
      assert.equal(network.holds("a"), true, "the first is not disturbed");
      const ended = unit.ended();
      unit.tell({ type: "stop" });
      assert.equal(await ended, 0);
      assert.equal(network.holds("a"), false);
    }));

  test("[LH1] loading the unit's event loop for 2 s or killing it causes no false take-over", () =>
    withNetwork(["a", "b"], async (network) => {
      const [a, b] = [new CarpdUnit(network, "a"), new CarpdUnit(network, "b")];
      const client = new ClientProcess(network, a, "spawn", { advskew: 0 });
      await client.says("role-master", stepWithinMs);
      a.adopt();
      const { pid } = await a.becomes("master", 2_000);
      await b.keep({ advskew: 1 });
      await b.start();
      const heard = () => b.status?.counters.received ?? 0;
      await eventually("b hears a", stepWithinMs, () => heard() >= 1);

      client.order("block 2000");
      await client.says("blocked", 10_000);
      const before = heard();
      await client.kill();
      await eventually("b hears a for four more seconds", 10_000, () => heard() >= before + 4);
      assert.equal(stillRuns(pid), true, "carpd outlives the unit");
      assert.equal(b.status?.counters.takeovers, 0, "the standby has never taken over");
      assert.equal(a.status?.counters.takeovers, 1);
      assert.deepEqual(
        roleChanges(b).map((entry) => entry.to),
        ["backup"],
      );

      const successor = new ClientProcess(network, a, "spawn", { advskew: 0 });
      const adopted = await successor.says("role-master", 10_000);
      assert.equal(adopted.pid, pid, "the next unit takes on the carpd that is there");
      successor.order("stop");
      await successor.says("stopped", 5_000);
      await b.becomes("master", 1_000);
      assert.equal(network.holds("a"), false);
    }));

  test("the unit removes the addresses of a carpd that was killed, and one that started it starts it again", () =>
    withNetwork(["a", "b"], async (network) => {
      const [a, b] = [new CarpdUnit(network, "a"), new CarpdUnit(network, "b")];
      await a.keep({ advskew: 0 });
      await a.start();
      const guard = new ClientProcess(network, a, "start", { advskew: 0 });
      const supervisor = new ClientProcess(network, b, "spawn", {
        advskew: 0,
        vhid: 2,
        sharedAddresses: ["10.77.0.102/24"],
      });
      await guard.says("role-master", stepWithinMs);
      const { pid } = await supervisor.says("role-master", stepWithinMs);

      await a.end("SIGKILL");
      await guard.says("carpd-gone", 2_000);
      assert.equal(network.holds("a"), true, "not at once: it may come back");
      await guard.says("addresses-removed", 3_000);
      assert.equal(network.holds("a"), false);

      supervisor.said.length = 0;
      process.kill(pid as number, "SIGKILL");
      const again = await supervisor.says("carpd-connected", 10_000);
      assert.notEqual(again.pid, pid);
      await supervisor.says("role-master", stepWithinMs);
      assert.equal(network.holds("b", "10.77.0.102"), true);
      supervisor.order("stop");
      await supervisor.says("stopped", 5_000);
      assert.equal(network.holds("b", "10.77.0.102"), false);
    }));
});
