/** What clients see of a failover of the pair: persistence, and connections of layer-4 services (SPEC LH12). */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { askHaproxy } from "@tandem/linux/haproxy-socket";
import { needsRoot } from "@tandem/linux/network-namespace";
import {
  Conversation,
  clientAddresses,
  httpPort,
  linePort,
  otherUnit,
  serverAddress,
  serverOf,
  servers,
  sharedFront,
  TrafficNetwork,
  type UnitName,
  until,
} from "./traffic-network.ts";

const missing = ["haproxy", "nft", "conntrack", "conntrackd"].filter(
  (each) => !existsSync(`/usr/sbin/${each}`),
);
const skip = needsRoot() || (missing.length === 0 ? false : `${missing.join(", ")} not installed`);

test("traffic through a pair", { skip, timeout: 300_000 }, async (t) => {
  const network = new TrafficNetwork();
  let failed = false;
  const part = (title: string, act: () => Promise<void>): Promise<void> =>
    t.test(title, { skip: failed && "an earlier part failed" }, async () => {
      try {
        await act();
      } catch (error) {
        failed = true;
        throw error;
      }
    });
  const addService = async (port: number, target: number, more: Record<string, string | boolean>) => {
    const client = network.client(await network.active(), sharedFront);
    const added = await client.addVirtualService(sharedFront, port, "tcp", more);
    assert.ok(added.ok, added.ok ? "" : added.error.message);
    for (const index of servers.keys()) {
      const server = await client.addRealServer({ address: sharedFront, port }, serverAddress(index), target);
      assert.ok(server.ok, server.ok ? "" : server.error.message);
    }
    await bothHoldTheSame();
    return added.value.Index;
  };
  const bothHoldTheSame = (): Promise<void> =>
    until("both hold the same configuration", async () => {
      const [a, b] = await Promise.all([network.client("a").revision(), network.client("b").revision()]);
      return a.ok && b.ok && a.value === b.value;
    });
  const restart = async (unit: UnitName): Promise<void> => {
    network.cable(unit, "up");
    await network.start(unit);
    await network.becomes(unit, "Standby");
    await bothHoldTheSame();
  };
  /** Every conversation has an answer to something said after now. */
  const allAnswer = (all: readonly Conversation[]): Promise<void> => {
    const from = all.map(({ said }) => said);
    return until("every conversation goes on", () =>
      all.every(({ answered, lost }, index) => lost !== undefined || answered > (from[index] ?? 0)),
    );
  };
  const begin = async (count: number, port: number): Promise<Conversation[]> => {
    const client = network.client(await network.active(), sharedFront);
    await until("every server of it is up", async () => {
      const view = await client.showVirtualService({ address: sharedFront, port });
      return view.ok && (view.value.Rs ?? []).every(({ Status }) => Status === "Up");
    });
    const all = Array.from(
      { length: count },
      (_, index) => new Conversation(clientAddresses[index % clientAddresses.length] ?? "", port),
    );
    await allAnswer(all);
    return all;
  };
  const lost = (all: readonly Conversation[]): string[] =>
    all.flatMap((each) => (each.lost === undefined ? [] : [each.lost]));

  try {
    await Promise.all([network.start("a"), network.start("b")]);
    await network.pair();

    await part("[LH12] 30 clients keep their server by persistence when the active dies", async () => {
      const port = 8080;
      const index = await addService(port, httpPort, {
        VStype: "http",
        Persist: "src",
        PersistTimeout: "600",
      });
      const before = await Promise.all(clientAddresses.map((client) => serverOf(client, port)));
      assert.deepEqual([...new Set(before)].sort(), [...servers]);
      const active = await network.active();
      // HAProxy's peers find each other within 5 s after a change of the configuration, and then miss nothing.
      await until("the standby knows all of them", async () => {
        const table = await askHaproxy(
          join(network.stateDir(otherUnit(active)), "haproxy/runtime.sock"),
          `show table vs${index}`,
        );
        return table.ok && clientAddresses.every((client) => table.value.includes(`key=${client} `));
      });
      await network.kill(active);
      await network.becomes(otherUnit(active), "Active");
      const after = await Promise.all(clientAddresses.map((client) => serverOf(client, port)));
      assert.deepEqual(after, before);
      await restart(active);
    });

    await part(
      "[LH12] a layer-4 connection is taken up by the other unit, which finds its server",
      async () => {
        const port = 7000;
        const index = await addService(port, linePort, { ForceL4: true, ChkInterval: "2" });
        const all = await begin(30, port);
        try {
          assert.deepEqual([...new Set(all.map(({ server }) => server))].sort(), [...servers]);
          const active = await network.active();
          const figures = await network.client(active).statistics();
          assert.ok(figures.ok);
          const row = figures.value.Vs.find((each) => each.Index === index);
          assert.deepEqual([row?.Status, row?.TotalConns], ["up", 30]);
          assert.ok((row?.BytesRead ?? 0) > 0 && (row?.BytesWritten ?? 0) > 0);
          await network.stop(active);
          await network.becomes(otherUnit(active), "Active");
          await allAnswer(all);
          assert.deepEqual(lost(all), []);
          await restart(active);
        } finally {
          for (const each of all) each.end();
        }
      },
    );
    await part("[LH12] 100 established layer-4 connections survive ten failovers, none lost", async () => {
      const port = 7000;
      const client = network.client(await network.active(), sharedFront);
      const set = await client.set("hal4update", "Y");
      assert.ok(set.ok, set.ok ? "" : set.error.message);
      await bothHoldTheSame();
      await until("both exchange connections", () =>
        (["a", "b"] as const).every((unit) =>
          existsSync(join(network.stateDir(unit), "conntrackd/process.json")),
        ),
      );
      const all = await begin(100, port);
      try {
        assert.deepEqual([...new Set(all.map(({ server }) => server))].sort(), [...servers]);
        // From now on the hash alone would send most of them to a server that does not know them.
        const changed = await client.modifyRealServer(
          { address: sharedFront, port },
          { address: serverAddress(2), port: linePort },
          { Enable: "N" },
        );
        assert.ok(changed.ok, changed.ok ? "" : changed.error.message);
        await bothHoldTheSame();
        for (let round = 0; round < 10; round += 1) {
          const active = await network.active();
          const partner = otherUnit(active);
          await until("the standby knows every connection", () => network.connections(partner, port) >= 100);
          const way = (["kill", "stop", "cable", "stop", "stop"] as const)[round] ?? "stop";
          if (way === "kill") await network.kill(active);
          else if (way === "stop") await network.stop(active);
          else network.cable(active, "down");
          await network.becomes(partner, "Active");
          await allAnswer(all);
          assert.deepEqual(lost(all), [], `round ${round + 1}, ${way} of ${active}`);
          if (way === "cable") {
            network.cable(active, "up");
            await network.becomes(active, "Standby");
          } else await restart(active);
        }
      } finally {
        for (const each of all) each.end();
      }
    });
  } catch (error) {
    failed = true;
    throw error;
  } finally {
    network.close();
    if (failed) t.diagnostic(`the logs are in ${network.folder}`);
    else network.removeFolder();
  }
});
