/** Services as people run them, under steady traffic, while a server and then the active unit die (SPEC LM1, LH12). */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { needsRoot } from "@tandem/linux/network-namespace";
import { issue } from "@tandem/loadmaster/certificates/issue.fixture";
import type { Parameters } from "@tandem/loadmaster-api/client";
import { Customer, longestGapMs, type Question } from "./customer.ts";
import { partsOf } from "./parts.ts";
import {
  clientAddresses,
  httpPort,
  otherUnit,
  serverAddress,
  servers,
  sharedFront,
  TrafficNetwork,
  units,
  until,
} from "./traffic-network.ts";

const skip = needsRoot() || (existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed");

/** The HA timeout of the network's pair is 3 s; the rest is for a machine that is busy with two of everything. */
const outageMaxMs = 10_000;
const steadyMs = 2_000;
const ports = { tls: 8443, shop: 8081, paths: 8082, hosts: 8083 } as const;
type Site = keyof typeof ports;

test("services of a pair under traffic", { skip, timeout: 240_000 }, async (t) => {
  const network = new TrafficNetwork();
  const { part } = partsOf(t);
  const all = new Map<Site, Customer[]>();
  const customers = (site: Site): readonly Customer[] => all.get(site) ?? [];
  const everyone = (): readonly Customer[] => [...all.values()].flat();
  const come = (site: Site, questions: readonly Omit<Question, "client" | "port">[]): void => {
    const already = everyone().length;
    all.set(
      site,
      questions.map(
        (question, at) =>
          new Customer({
            ...question,
            port: ports[site],
            client: clientAddresses[(already + at) % clientAddresses.length] ?? "",
          }),
      ),
    );
  };
  const call = async (command: string, parameters: Parameters) => {
    const client = network.client(await network.active(), sharedFront);
    const answer = await client.call(command, parameters);
    assert.ok(answer.ok, answer.ok ? "" : `${command}: ${answer.error.message}`);
    return answer.value;
  };
  const of = (site: Site): Parameters => ({ vs: sharedFront, port: ports[site], prot: "tcp" });
  const addService = async (site: Site, more: Parameters): Promise<void> => {
    await call("addvs", { ...of(site), VStype: "http", CheckType: "tcp", ChkInterval: 2, ...more });
    for (const index of servers.keys())
      await call("addrs", { ...of(site), rs: serverAddress(index), rsport: httpPort });
  };
  /** One SubVS for each host: the blog's is web1 and web2, the wiki's is web3. */
  const addHosts = async (): Promise<void> => {
    await call("addvs", { ...of("hosts"), VStype: "http" });
    for (const [at, host] of ["blog", "wiki"].entries()) {
      const { SubVS } = await call("modvs", { ...of("hosts"), createsubvs: "" });
      const made = (SubVS as readonly { VSIndex: number; RsIndex: number }[])[at];
      assert.ok(made !== undefined);
      await call("modvs", { vs: made.VSIndex, CheckType: "tcp", ChkInterval: 2 });
      await call("addrule", { name: host, type: 0, header: "host", pattern: `^${host}\\.` });
      await call("addrsrule", { ...of("hosts"), rs: `!${made.RsIndex}`, rule: host });
      for (const index of host === "blog" ? [0, 1] : [2])
        await call("addrs", { vs: made.VSIndex, rs: serverAddress(index), rsport: httpPort });
    }
  };
  const isBlog = ({ host }: Question): boolean => host === "blog.example.org";
  const addressOf = (name: string): string =>
    serverAddress(servers.indexOf(name as (typeof servers)[number]));
  const serversAre = (status: string, names: readonly string[]): Promise<void> =>
    until(`${names} are ${status} in every service`, async () => {
      const client = network.client(await network.active(), sharedFront);
      const views = await client.listVirtualServices();
      return (
        views.ok &&
        views.value.every(({ Rs = [] }) =>
          Rs.every(
            ({ Addr, Status }) => !names.some((name) => Addr === addressOf(name)) || Status === status,
          ),
        )
      );
    });
  const bothHoldTheSame = (): Promise<void> =>
    until("both hold the same configuration", async () => {
      const [a, b] = await Promise.all(units.map((unit) => network.client(unit).revision()));
      return a?.ok === true && b?.ok === true && a.value === b.value;
    });
  const goOn = (ms: number): Promise<void> => {
    const to = performance.now() + ms;
    return until("the traffic goes on for a while", () => performance.now() >= to);
  };
  const failuresSince = (start: number): string[] =>
    everyone().flatMap((customer) =>
      customer
        .since(start)
        .flatMap(({ failure }) =>
          failure === undefined
            ? []
            : [`port ${customer.question.port} ${customer.question.path ?? ""}: ${failure}`],
        ),
    );
  const serverOf = (customer: Customer): string | undefined =>
    customer.asked.findLast(({ server }) => server !== undefined)?.server;
  const seenBy = (site: Site, start: number, is: (question: Question) => boolean): string[] =>
    [
      ...new Set(
        customers(site)
          .filter(({ question }) => is(question))
          .flatMap((customer) => customer.since(start).flatMap(({ server }) => server ?? [])),
      ),
    ].sort();

  try {
    await Promise.all([network.start("a"), network.start("b")]);
    await network.pair();
    for (const name of ["shop", "mail"]) {
      const { pem } = await issue(`${name}.example.org`);
      await call("addcert", { cert: name, data: Buffer.from(pem).toString("base64") });
    }
    await addService("tls", { SSLAcceleration: 1, CertFile: "shop mail" });
    await addService("shop", { Persist: "active-cookie", Cookie: "SHOP", PersistTimeout: 600 });
    await addService("paths", {});
    await call("addrule", { name: "images", pattern: "^/images/", type: 0 });
    await call("addrule", { name: "rest", pattern: "^/images/", type: 0, negate: 1 });
    for (const [index] of servers.entries())
      await call("addrsrule", {
        ...of("paths"),
        rs: serverAddress(index),
        rsport: httpPort,
        rule: index === 2 ? "images" : "rest",
      });
    await addHosts();
    await bothHoldTheSame();
    await serversAre("Up", servers);
    come("tls", [{ name: "shop.example.org" }, { name: "mail.example.org" }]);
    come(
      "shop",
      Array.from({ length: 6 }, () => ({ keepsCookie: true as const })),
    );
    come("paths", [{ path: "/images/logo" }, { path: "/" }, { path: "/about" }]);
    come("hosts", [{ host: "blog.example.org" }, { host: "wiki.example.org" }]);

    await part("[LM1] each is served as it was configured, and no request fails", async () => {
      await until("everyone was served", () => everyone().every(({ asked }) => asked.length > 5));
      const start = performance.now();
      await goOn(steadyMs);
      assert.deepEqual(failuresSince(start), []);
      assert.deepEqual(
        seenBy("tls", start, () => true),
        [...servers],
      );
      assert.deepEqual(
        seenBy("paths", start, ({ path }) => path === "/images/logo"),
        ["web3"],
      );
      assert.deepEqual(
        seenBy("paths", start, ({ path }) => path !== "/images/logo"),
        ["web1", "web2"],
      );
      assert.deepEqual(seenBy("hosts", start, isBlog), ["web1", "web2"]);
      assert.deepEqual(
        seenBy("hosts", start, (question) => !isBlog(question)),
        ["web3"],
      );
      for (const customer of customers("shop"))
        assert.equal(new Set(customer.since(start).map(({ server }) => server)).size, 1);
      assert.deepEqual([...new Set(customers("shop").map(serverOf))].sort(), [...servers]);
    });

    await part("[LM1] a server dies: what was under way may fail, and nothing else", async () => {
      const before = new Map(customers("shop").map((customer) => [customer, serverOf(customer)]));
      const start = performance.now();
      await network.killServer("web1");
      const killed = performance.now();
      await serversAre("Down", ["web1"]);
      await goOn(steadyMs);
      const failures = everyone().flatMap(({ asked }) =>
        asked.filter(({ failure, end }) => failure !== undefined && end >= start),
      );
      const requests = everyone().reduce((sum, customer) => sum + customer.since(start).length, 0);
      const slowest = Math.max(
        ...everyone().flatMap((each) => each.since(start).map(({ start, end }) => end - start)),
      );
      t.diagnostic(
        `death of a server: ${requests} requests, ${failures.length} failed, which were under way; the slowest took ${Math.round(slowest)} ms; longest time without an answer ${Math.round(Math.max(...everyone().map((each) => longestGapMs(each, start))))} ms`,
      );
      assert.deepEqual(
        failures.filter((each) => each.start > killed),
        [],
      );
      for (const [customer, server] of before)
        if (server !== "web1") assert.equal(serverOf(customer), server, "the other sessions stay");
        else assert.notEqual(serverOf(customer), "web1");
      assert.deepEqual(
        seenBy("paths", killed, ({ path }) => path === "/images/logo"),
        ["web3"],
      );
      network.startServer("web1");
      await serversAre("Up", ["web1"]);
    });

    await part(
      "[LH12] the active unit dies: an outage of its timeout, then everything as before",
      async () => {
        await network.becomesReady(otherUnit(await network.active()));
        const before = new Map(customers("shop").map((customer) => [customer, serverOf(customer)]));
        const active = await network.active();
        const start = performance.now();
        await network.kill(active);
        await network.becomes(otherUnit(active), "Active");
        await until("everyone is served again", () =>
          everyone().every((customer) => customer.since(start).some(({ server }) => server !== undefined)),
        );
        const back = performance.now();
        await goOn(steadyMs);
        for (const site of Object.keys(ports) as Site[]) {
          const gaps = customers(site).map((customer) => longestGapMs(customer, start));
          const lost = customers(site).flatMap((each) =>
            each.since(start).filter(({ failure }) => failure),
          ).length;
          t.diagnostic(
            `death of the active unit, ${site}: outage ${Math.round(Math.min(...gaps))} to ${Math.round(Math.max(...gaps))} ms, ${lost} requests failed`,
          );
          assert.ok(Math.max(...gaps) < outageMaxMs, `${site} was away for ${Math.max(...gaps)} ms`);
        }
        assert.deepEqual(failuresSince(back), [], "nothing fails once it is back");
        for (const [customer, server] of before)
          assert.equal(serverOf(customer), server, "each session is on its server");
        assert.deepEqual(
          seenBy("tls", back, () => true),
          [...servers],
        );
        assert.deepEqual(
          seenBy("paths", back, ({ path }) => path === "/images/logo"),
          ["web3"],
        );
        assert.deepEqual(
          seenBy("paths", back, ({ path }) => path !== "/images/logo"),
          ["web1", "web2"],
        );
        assert.deepEqual(seenBy("hosts", back, isBlog), ["web1", "web2"]);
        assert.deepEqual(
          seenBy("hosts", back, (question) => !isBlog(question)),
          ["web3"],
        );
      },
    );
  } finally {
    await Promise.all(everyone().map((customer) => customer.end()));
    network.close();
  }
});
