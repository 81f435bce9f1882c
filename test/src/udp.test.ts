/** Services over UDP and on every port through a pair: what clients see that keep their port (SPEC LM1, LH12). */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { connect, createServer } from "node:net";
import { test } from "node:test";
import { needsRoot } from "@tandem/linux/network-namespace";
import type { Parameters } from "@tandem/loadmaster-api/client";
import { partsOf } from "./parts.ts";
import {
  Conversation,
  clientAddresses,
  Datagrams,
  httpPort,
  linePort,
  otherUnit,
  serverAddress,
  servers,
  sharedFront,
  TrafficNetwork,
  type UnitName,
  units,
  until,
} from "./traffic-network.ts";

const missing = ["haproxy", "nft", "conntrack"].filter((each) => !existsSync(`/usr/sbin/${each}`));
const skip = needsRoot() || (missing.length === 0 ? false : `${missing.join(", ")} not installed`);

const dnsPort = 53;
/** An address that is the services' alone. */
const everyAddress = "10.77.0.101";
/** Servers that have died are found out soon. */
const checked = { CheckType: "tcp", CheckPort: linePort, ChkInterval: 1, ChkTimeout: 1, ChkRetryCount: 1 };

test("UDP through a pair", { skip, timeout: 300_000 }, async (t) => {
  const network = new TrafficNetwork();
  const parts = partsOf(t);
  const { part } = parts;
  const bothHoldTheSame = (): Promise<void> =>
    until("both hold the same configuration", async () => {
      const [a, b] = await Promise.all(units.map((unit) => network.client(unit).revision()));
      return a?.ok === true && b?.ok === true && a.value === b.value;
    });
  const order = async (command: string, parameters: Parameters): Promise<void> => {
    const done = await network.client(await network.active(), sharedFront).call(command, parameters);
    assert.ok(done.ok, done.ok ? "" : `${command}: ${done.error.message}`);
    await bothHoldTheSame();
  };
  type Place = { readonly vs: string; readonly port: number | string; readonly prot: "tcp" | "udp" };
  const addService = async (place: Place, target: number | string, more: Parameters = {}) => {
    await order("addvs", { ...place, ...checked, ...more, Enable: "N" });
    for (const index of servers.keys())
      await order("addrs", { ...place, rs: serverAddress(index), rsport: target });
    await order("modvs", { ...place, Enable: "Y" });
  };
  const dns: Place = { vs: sharedFront, port: dnsPort, prot: "udp" };
  const statusOf = async (unit: UnitName, server: number): Promise<string | undefined> => {
    const shown = await network
      .client(unit)
      .showVirtualService({ address: sharedFront, port: dnsPort, protocol: "udp" });
    return shown.ok ? shown.value.Rs?.[server]?.Status : undefined;
  };
  const bothSee = (server: number, status: string): Promise<void> =>
    until(`both see ${servers[server]} ${status}`, async () =>
      (await Promise.all(units.map((unit) => statusOf(unit, server)))).every((each) => each === status),
    );
  /** Every client has an answer to something said after now. */
  const allAnswer = (all: readonly Datagrams[]): Promise<void> => {
    const from = all.map(({ said }) => said);
    return until("every client is answered", () =>
      all.every(({ answered }, at) => answered > (from[at] ?? 0)),
    );
  };
  const named = (all: readonly Datagrams[]): (string | undefined)[] => all.map(({ server }) => server);
  const leave = async (way: "kill" | "stop" | "cable"): Promise<UnitName> => {
    const active = await network.active();
    await network.becomesReady(otherUnit(active));
    if (way === "kill") await network.kill(active);
    else if (way === "stop") await network.stop(active);
    else network.cable(active, "down");
    await network.becomes(otherUnit(active), "Active");
    return active;
  };
  const comeBack = async (unit: UnitName): Promise<void> => {
    network.cable(unit, "up");
    if ((await network.status(unit)) === "no answer") await network.start(unit);
    await network.becomesReady(unit);
    await bothHoldTheSame();
  };

  const all = clientAddresses.map((client) => new Datagrams(client, 4_000, sharedFront, dnsPort));
  try {
    await Promise.all([network.start("a"), network.start("b")]);
    await network.pair();

    await part(
      "[LM1] clients that sent before the service was there are served once it is, beside one over TCP on its port",
      async () => {
        await until("all have sent to the shared address", () => all.every(({ said }) => said > 10));
        assert.deepEqual(
          named(all).filter((each) => each !== undefined),
          [],
        );
        await addService(dns, linePort);
        await allAnswer(all);
        assert.deepEqual([...new Set(named(all))].sort(), [...servers]);
        await addService({ ...dns, prot: "tcp" }, linePort, { ForceL4: true });
        const overTcp = new Conversation(clientAddresses[0] ?? "", dnsPort);
        await until("TCP is answered", () => overTcp.answered > 0);
        overTcp.end();
        await order("delvs", { ...dns, prot: "tcp" });
        await allAnswer(all);
        const figures = await network.client(await network.active()).statistics();
        assert.ok(figures.ok);
        const [row] = figures.value.Vs;
        assert.deepEqual([row?.VSProt, row?.VSPort, row?.Status], ["udp", dnsPort, "up"]);
        assert.ok((row?.TotalConns ?? 0) >= 30 && (row?.ActiveConns ?? 0) >= 30);
        assert.ok((row?.BytesRead ?? 0) > 0 && (row?.BytesWritten ?? 0) > 0);
      },
    );

    await part(
      "[LM1] clients of a server that dies, is disabled or is removed go on at another, from the same port",
      async () => {
        const before = named(all);
        await network.killServer("web2");
        await until("nobody is at web2", () => !named(all).includes("web2"));
        await allAnswer(all);
        network.startServer("web2");
        await bothSee(1, "Up");
        await order("modvs", { ...dns, Enable: "N" });
        await order("modvs", { ...dns, Enable: "Y" });
        await allAnswer(all);
        assert.deepEqual(named(all), before, "all begin anew");
        const web3 = { rs: serverAddress(2), rsport: linePort };
        await order("modrs", { ...dns, ...web3, Enable: "N" });
        await allAnswer(all);
        assert.ok(!named(all).includes("web3"));
        await order("delrs", { ...dns, rs: serverAddress(0), rsport: linePort });
        await allAnswer(all);
        assert.deepEqual([...new Set(named(all))], ["web2"]);
        await order("modrs", { ...dns, ...web3, Enable: "Y" });
        await order("addrs", { ...dns, rs: serverAddress(0), rsport: linePort });
        await bothSee(2, "Up");
        await order("modvs", { ...dns, Enable: "N" });
        await order("modvs", { ...dns, Enable: "Y" });
        await allAnswer(all);
        assert.deepEqual([...new Set(named(all))].sort(), [...servers]);
      },
    );

    await part(
      "[LH12] clients of UDP find the same server at the other unit, and at the first when the role returns",
      async () => {
        await allAnswer(all);
        const before = named(all);
        for (const way of ["kill", "cable", "stop", "cable"] as const) {
          const gone = await leave(way);
          await allAnswer(all);
          assert.deepEqual(named(all), before, way);
          await comeBack(gone);
          for (const server of servers.keys()) await bothSee(server, "Up");
        }
      },
    );

    await part(
      "[LH12] a server that dies with the active unit, or while that is away, keeps no client",
      async () => {
        await network.killServer("web1");
        const first = await leave("kill");
        await until("nobody is at web1", () => !named(all).includes("web1"));
        await allAnswer(all);
        await comeBack(first);
        network.startServer("web1");
        await bothSee(0, "Up");
        await allAnswer(all);
        const second = await leave("cable");
        await network.killServer("web3");
        await until("nobody is at web3", () => !named(all).includes("web3"));
        await comeBack(second);
        await leave("stop").then(comeBack);
        await allAnswer(all);
        assert.ok(!named(all).includes("web3"));
        network.startServer("web3");
        await Promise.all(servers.map((_, server) => bothSee(server, "Up")));
      },
    );

    await part(
      "[LH12] an answer that comes before the client's next packet is the service's all the same",
      async () => {
        const client = all[0];
        assert.ok(client);
        await allAnswer(all);
        const { server } = client;
        client.pause();
        client.say("after 1500 late");
        const active = await network.active();
        await new Promise((resolve) => setTimeout(resolve, 500));
        network.forgetDatagrams(active);
        await until("the late answer has come", () => client.heard === `${server} after 1500 late`);
        client.goOn();
        await allAnswer(all);
        assert.equal(client.server, server);
      },
    );

    await part(
      "[LM1] a service on every port takes what no other service at its address has, and nothing of the unit's own",
      async () => {
        const refused = await network
          .client(await network.active(), sharedFront)
          .call("addvs", { vs: sharedFront, port: "*", prot: "tcp" });
        assert.match(
          refused.ok ? "" : refused.error.message,
          /^port: a service on every port of 10\.77\.0\.100/,
        );
        const every = { vs: everyAddress, port: "*" };
        await addService({ ...every, prot: "udp" }, "*");
        await addService({ ...every, prot: "tcp" }, "*");
        const own = { vs: everyAddress, port: dnsPort, prot: "udp" } as const;
        await order("addvs", { ...own, ...checked });
        await order("addrs", { ...own, rs: serverAddress(1), rsport: linePort });
        const clients = clientAddresses
          .slice(0, 9)
          .map((from) => new Datagrams(from, 4_001, everyAddress, linePort));
        const atDns = clientAddresses
          .slice(0, 9)
          .map((from) => new Datagrams(from, 4_002, everyAddress, dnsPort));
        try {
          await allAnswer([...clients, ...atDns]);
          assert.ok(new Set(named(clients)).size > 1);
          assert.deepEqual([...new Set(named(atDns))], ["web2"]);
          const pages = await Promise.all(
            clientAddresses.slice(0, 9).map(async (from) => {
              const response = await ask(from, everyAddress, httpPort);
              return response.split("\r\n\r\n")[1] ?? "";
            }),
          );
          assert.ok(
            pages.every((page) => servers.some((server) => page.includes(server))),
            pages.join(),
          );
          await beginsItself(network, "web1");
          const gone = await leave("kill");
          await allAnswer([...clients, ...atDns]);
          await comeBack(gone);
          const back = await network.client(gone).get("hastatus");
          assert.ok(back.ok, "the unit is reached at its own address");
          await order("delvs", { ...every, prot: "udp" });
          await allAnswer(atDns);
        } finally {
          for (const each of [...clients, ...atDns]) each.end();
        }
      },
    );
  } catch (error) {
    parts.failed = true;
    throw error;
  } finally {
    for (const each of all) each.end();
    network.close();
    if (parts.failed) t.diagnostic(`the logs are in ${network.folder}`);
    else network.removeFolder();
  }
});

/** The whole answer to a request. */
const ask = (from: string, host: string, port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port, localAddress: from });
    let answer = "";
    socket.on("connect", () => socket.write("GET / HTTP/1.0\r\n\r\n"));
    socket.on("data", (part) => {
      answer += part;
    });
    socket.on("end", () => resolve(answer));
    socket.setTimeout(5_000, () => socket.destroy(new Error(`${host}:${port} does not answer`)));
    socket.on("error", reject);
  });

/** A server of a service on every port reaches clients' machines by connections of its own. */
async function beginsItself(network: TrafficNetwork, server: (typeof servers)[number]): Promise<void> {
  const [client = ""] = clientAddresses;
  network.routeToServers();
  const heard = await new Promise<string>((resolve, reject) => {
    const listener = createServer((socket) => {
      socket.on("error", reject);
      socket.once("data", (text) => {
        socket.destroy();
        listener.close();
        resolve(text.toString());
      });
    });
    listener.listen(5_000, client, () => network.sayFrom(server, client, 5_000, "news"));
  });
  assert.equal(heard, "news");
}
