/** What clients see of a failover of the pair: persistence, and connections of layer-4 services (SPEC LH12). */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { askHaproxy } from "@tandem/linux/haproxy-socket";
import { needsRoot } from "@tandem/linux/network-namespace";
import { partsOf } from "./parts.ts";
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
  units,
  until,
} from "./traffic-network.ts";

const missing = ["haproxy", "nft", "conntrack", "conntrackd"].filter(
  (each) => !existsSync(`/usr/sbin/${each}`),
);
const skip = needsRoot() || (missing.length === 0 ? false : `${missing.join(", ")} not installed`);

/** Where nothing should happen, a busy machine alone may make a gap as long as this; a take-over by silence takes 3 s. */
const undisturbedMs = 1_000;

test("traffic through a pair", { skip, timeout: 300_000 }, async (t) => {
  const network = new TrafficNetwork();
  const parts = partsOf(t);
  const { part } = parts;
  const addService = async (port: number, target: number, more: Record<string, string | boolean>) => {
    const client = network.client(await network.active(), sharedFront);
    const added = await client.addVirtualService(sharedFront, port, "tcp", more);
    assert.ok(added.ok, added.ok ? "" : added.error.message);
    for (const index of servers.keys()) {
      const server = await client.addRealServer({ address: sharedFront, port }, serverAddress(index), target);
      assert.ok(server.ok, server.ok ? "" : server.error.message);
    }
    await bothHoldTheSame();
    await everyServerIsUp(port);
    return added.value.Index;
  };
  /** As the active unit says, or another: each has checks of its own. */
  const everyServerIsUp = async (port: number, unit?: UnitName): Promise<void> => {
    const client = unit ? network.client(unit) : network.client(await network.active(), sharedFront);
    await until("every server of it is up", async () => {
      const view = await client.showVirtualService({ address: sharedFront, port });
      return view.ok && (view.value.Rs ?? []).every(({ Status }) => Status === "Up");
    });
  };
  const bothHoldTheSame = (): Promise<void> =>
    until("both hold the same configuration", async () => {
      const [a, b] = await Promise.all([network.client("a").revision(), network.client("b").revision()]);
      return a.ok && b.ok && a.value === b.value;
    });
  const restart = async (unit: UnitName): Promise<void> => {
    network.cable(unit, "up");
    await network.start(unit);
    await network.becomesReady(unit);
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
    await everyServerIsUp(port);
    const all = Array.from(
      { length: count },
      (_, index) => new Conversation(clientAddresses[index % clientAddresses.length] ?? "", port),
    );
    await allAnswer(all);
    return all;
  };
  const lost = (all: readonly Conversation[]): string[] =>
    all.flatMap((each) => (each.lost === undefined ? [] : [each.lost]));

  /** The active unit goes, and the other one is active. */
  const leave = async (way: "kill" | "stop" | "cable", active: UnitName): Promise<void> => {
    if (way === "kill") await network.kill(active);
    else if (way === "stop") await network.stop(active);
    else network.cable(active, "down");
    await network.becomes(otherUnit(active), "Active");
  };
  const comeBack = async (way: "kill" | "stop" | "cable", unit: UnitName): Promise<void> => {
    if (way !== "cable") return restart(unit);
    network.cable(unit, "up");
    await network.becomesReady(unit);
  };
  /** A unit that is killed more than three times within five minutes is pacified, so that the caller says when it is. */
  const tenFailovers = async (
    all: readonly Conversation[],
    ways: readonly ("kill" | "stop" | "cable")[],
    ready: (partner: UnitName) => Promise<void>,
  ): Promise<void> => {
    for (let round = 0; round < 10; round += 1) {
      const active = await network.active();
      await ready(otherUnit(active));
      const way = ways[round] ?? "stop";
      await leave(way, active);
      await allAnswer(all);
      assert.deepEqual(lost(all), [], `round ${round + 1}, ${way} of ${active}`);
      await comeBack(way, active);
    }
  };

  try {
    await Promise.all([network.start("a"), network.start("b")]);
    await network.pair();

    await part(
      "[LH12] 30 clients keep their server by persistence, by address and by cookie, over failovers",
      async () => {
        const [byAddress, byCookie] = [8080, 8081];
        const index = await addService(byAddress, httpPort, {
          VStype: "http",
          Persist: "src",
          PersistTimeout: "600",
        });
        await addService(byCookie, httpPort, { VStype: "http", Persist: "active-cookie", Cookie: "LM" });
        const ask = (port: number, cookies: readonly (string | undefined)[] = []) =>
          Promise.all(clientAddresses.map((client, at) => serverOf(client, port, cookies[at])));
        const named = (answers: readonly { readonly server: string }[]) =>
          answers.map(({ server }) => server);
        const before = { address: await ask(byAddress), cookie: await ask(byCookie) };
        const cookies = before.cookie.map(({ cookie }) => cookie);
        assert.equal(cookies.filter((cookie) => cookie?.startsWith("LM=")).length, 30);
        for (const each of [before.address, before.cookie])
          assert.deepEqual([...new Set(named(each))].sort(), [...servers]);
        for (const way of ["kill", "stop"] as const) {
          const active = await network.active();
          // HAProxy's peers find each other within 5 s after a change of the configuration, and then miss nothing.
          await until("the standby knows all of them", async () => {
            const table = await askHaproxy(
              join(network.stateDir(otherUnit(active)), "haproxy/runtime.sock"),
              `show table vs${index}`,
            );
            return table.ok && clientAddresses.every((client) => table.value.includes(`key=${client} `));
          });
          // What it takes for down it would pass over.
          for (const port of [byAddress, byCookie]) await everyServerIsUp(port, otherUnit(active));
          await leave(way, active);
          assert.deepEqual(named(await ask(byAddress)), named(before.address), way);
          assert.deepEqual(named(await ask(byCookie, cookies)), named(before.cookie), way);
          await comeBack(way, active);
        }
      },
    );

    await part(
      "[LH12] 100 layer-4 connections are taken up by the other unit over ten failovers, by the hash alone",
      async () => {
        const port = 7000;
        const index = await addService(port, linePort, { ForceL4: true, ChkInterval: "2" });
        const all = await begin(100, port);
        try {
          assert.deepEqual([...new Set(all.map(({ server }) => server))].sort(), [...servers]);
          const active = await network.active();
          const figures = await network.client(active).statistics();
          assert.ok(figures.ok);
          const row = figures.value.Vs.find((each) => each.Index === index);
          assert.deepEqual([row?.Status, row?.TotalConns, row?.ActiveConns], ["up", 100, 100]);
          assert.ok((row?.BytesRead ?? 0) > 0 && (row?.BytesWritten ?? 0) > 0);
          assert.ok((row?.TotalPkts ?? 0) > 0);
          await tenFailovers(all, ["kill", "stop", "cable"], async () => {});
        } finally {
          for (const each of all) each.end();
        }
      },
    );
    await part(
      "[LH2] [LH5] a longer timeout and another interface between the units cost neither role nor connection",
      async () => {
        const port = 7000;
        const all = await begin(30, port);
        try {
          const active = await network.active();
          const partner = otherUnit(active);
          const takeOvers = (): number[] => units.map((unit) => network.takeOvers(unit));
          const before = takeOvers();
          const atShared = network.client(active, sharedFront);
          /** Longer than the timeout that was: whoever went by it would have taken over. */
          const goOn = async (): Promise<void> => {
            const from = all.map(({ said }) => said);
            await until("they go on for 4 s", () => all.every(({ said }, at) => said > (from[at] ?? 0) + 40));
            await allAnswer(all);
          };
          for (const [name, given] of [
            ["hatimeout", 5],
            ["haif", 1],
            ["hatimeout", 1],
          ] as const) {
            const set = await atShared.set(name, given);
            assert.ok(set.ok, set.ok ? "" : set.error.message);
            await bothHoldTheSame();
            await goOn();
            assert.deepEqual(takeOvers(), before, `${name} ${given} moved no role`);
          }
          assert.deepEqual(
            units.map((unit) => network.carpDevice(unit)),
            ["eth1", "eth1"],
          );
          for (const unit of units)
            await until("the units speak to each other there", async () => {
              const report = await network.client(unit).get("hareport");
              return report.ok && report.value === "";
            });
          assert.deepEqual(lost(all), []);
          const gapMs = Math.max(...all.map(({ longestGapMs }) => longestGapMs));
          assert.ok(gapMs < undisturbedMs, `the longest time without an answer was ${Math.round(gapMs)} ms`);
          for (const way of ["stop", "kill"] as const) {
            const [from, to] = way === "stop" ? [active, partner] : [partner, active];
            await leave(way, from);
            assert.equal(await network.active(), to);
            await allAnswer(all);
            assert.deepEqual(lost(all), [], way);
            await comeBack(way, from);
          }
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
        units.every((unit) => existsSync(join(network.stateDir(unit), "conntrackd/process.json"))),
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
        await tenFailovers(all, ["stop", "kill", "cable"], (partner) =>
          until("the standby knows every connection", () => network.connections(partner, port) >= 100),
        );
      } finally {
        for (const each of all) each.end();
      }
    });
  } catch (error) {
    parts.failed = true;
    throw error;
  } finally {
    network.close();
    if (parts.failed) t.diagnostic(`the logs are in ${network.folder}`);
    else network.removeFolder();
  }
});
