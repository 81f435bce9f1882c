/** A pair with a shared IPv6 address, as its operator sets it up, and what a client over IPv6 sees when the active dies (SPEC LH4). */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { get } from "node:http";
import { test } from "node:test";
import { needsRoot } from "@tandem/linux/network-namespace";
import type { LoadMasterClient } from "@tandem/loadmaster-api/client";
import { partsOf } from "./parts.ts";
import {
  httpPort,
  neighbourEntry,
  otherUnit,
  ownFront6,
  serverAddress,
  serverAddress6,
  sharedFront,
  sharedFront6,
  TrafficNetwork,
  type UnitName,
  until,
} from "./traffic-network.ts";

const missing = ["haproxy", "conntrack"].filter((each) => !existsSync(`/usr/sbin/${each}`));
const skip = needsRoot() || (missing.length === 0 ? false : `${missing.join(", ")} not installed`);
const servicePort = 8080;
/** Of a service of a unit that has no partner yet. */
const singleFront6 = "2001:db8:77::50";
const virtualMac = "00:00:5e:00:01:01";

type Answer<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: { readonly message: string } };
const value = <Value>(answer: Answer<Value>): Value => {
  assert.ok(answer.ok, answer.ok ? "" : answer.error.message);
  return answer.value;
};

/** Which server answers a new connection over IPv6; undefined when none does. */
const served = (host = sharedFront6): Promise<string | undefined> =>
  new Promise((resolve) => {
    const request = get({ host, port: servicePort, agent: false, timeout: 1_000 }, (response) => {
      let body = "";
      response.on("data", (part) => {
        body += part;
      });
      response.on("end", () => resolve(response.statusCode === 200 ? body : undefined));
    });
    request.on("error", () => resolve(undefined));
    request.on("timeout", () => request.destroy());
  });

test("a pair with a shared IPv6 address", { skip, timeout: 180_000 }, async (t) => {
  const network = new TrafficNetwork({ ipv6: true });
  const parts = partsOf(t);
  const { part } = parts;
  const atShared = async (address = sharedFront): Promise<LoadMasterClient> =>
    network.client(await network.active(), address);
  const bothHoldTheSame = (): Promise<void> =>
    until("both hold the same configuration", async () => {
      const [a, b] = await Promise.all([network.client("a").revision(), network.client("b").revision()]);
      return a.ok && b.ok && a.value === b.value;
    });
  const comesBack = async (unit: UnitName): Promise<void> => {
    network.cable(unit, "up");
    await network.start(unit);
    await network.becomes(unit, "Standby");
    await bothHoldTheSame();
  };

  try {
    await Promise.all([network.start("a"), network.start("b")]);

    await part(
      "[LH4] [LM1] a single unit serves on an IPv6 address of its network, until it does not",
      async () => {
        const client = network.client("a");
        const service = { address: singleFront6, port: servicePort };
        value(await client.addVirtualService(singleFront6, servicePort, "tcp", { VStype: "http" }));
        value(await client.addRealServer(service, serverAddress6(2), httpPort));
        await until("it serves", async () => (await served(singleFront6)) === "web3");
        value(await client.deleteVirtualService(service));
        await until("the address is gone", async () => (await served(singleFront6)) === undefined);
      },
    );
    await network.pair();

    await part(
      "[LH4] [LH11] it is given at the pair's address and reaches the standby, which keeps its own; nonsense is refused and changes nothing",
      async () => {
        const client = await atShared();
        await until("the units know of each other", async () => {
          const made = await client.modifyInterface(0, "sharedv6", ownFront6("b"));
          return !made.ok && /own address/.test(made.error.message);
        });
        const before = value(await client.revision());
        for (const [given, words] of [
          [ownFront6("a"), /^sharedv6: .*own address/],
          [ownFront6("b"), /^sharedv6: .*own address/],
          ["fe80::100", /link-local/],
          ["2001:db8:99::100", /not in the network of interface 0; use an address in 2001:db8:77::\/64/],
          ["10.77.0.101", /not an IPv6 address; give one of IPv4 as shared/],
        ] as const) {
          const refused = await client.modifyInterface(0, "sharedv6", given);
          assert.match(refused.ok ? "" : refused.error.message, words);
        }
        assert.equal(value(await client.revision()), before);

        value(await client.modifyInterface(0, "sharedv6", "2001:DB8:77:0::0100"));
        await bothHoldTheSame();
        const standby = otherUnit(await network.active());
        const [shown] = value(await network.client(standby).listInterfaces());
        assert.equal(shown?.SharedIPv6Address, sharedFront6);
        assert.equal(shown?.IPv6Address, `${ownFront6(standby)}/64`);
        await network.becomes(otherUnit(standby), "Active");
        assert.equal(await network.status(standby), "Standby", "both go on by one set of addresses");
      },
    );

    await part("[LH4] [LM1] a service on it, added there, has servers of IPv4 and of IPv6", async () => {
      const client = await atShared(sharedFront6);
      const service = { address: sharedFront6, port: servicePort };
      value(await client.addVirtualService(sharedFront6, servicePort, "tcp", { VStype: "http" }));
      value(await client.addRealServer(service, serverAddress(0), httpPort));
      value(await client.addRealServer(service, serverAddress6(1), httpPort));
      const refused = await client.addVirtualService(sharedFront6, 5_432, "tcp", { ForceL4: true });
      assert.match(refused.ok ? "" : refused.error.message, /^ForceL4: 2001:db8:77::100 is an IPv6 address/);
      await bothHoldTheSame();
      const answered = new Set<string | undefined>();
      await until("both servers answer", async () => {
        answered.add(await served());
        return answered.has("web1") && answered.has("web2");
      });
      value(await client.modifyVirtualService(service, { Persist: "src" }));
      await bothHoldTheSame();
    });

    await part(
      "[LH4] [LH12] the active dies: the client's neighbour entry follows, and the same server serves it again",
      async () => {
        const active = await network.active();
        const other = otherUnit(active);
        const before = await served();
        assert.match(neighbourEntry(sharedFront6), new RegExp(network.macOf(active)));
        await network.kill(active);
        // Nothing is sent by the client meanwhile: only what it is told changes its entry.
        await until("the entry follows", () => neighbourEntry(sharedFront6).includes(network.macOf(other)));
        let after: string | undefined;
        await until(
          "it is served again",
          async () => {
            after = await served();
            return after !== undefined;
          },
          5_000,
        );
        assert.equal(after, before, "by persistence");
        await comesBack(active);
        assert.match(neighbourEntry(sharedFront6), new RegExp(network.macOf(other)));
      },
    );

    await part(
      "[LH4] with a virtual MAC the entry never changes, and the client is served again",
      async () => {
        value(await (await atShared(sharedFront6)).set("vmac", true));
        await bothHoldTheSame();
        await until("the entry is that of the pair", () => neighbourEntry(sharedFront6).includes(virtualMac));
        const monitor = spawn("ip", ["monitor", "neigh"], { stdio: ["ignore", "pipe", "ignore"] });
        let changes = "";
        monitor.stdout.on("data", (chunk) => {
          changes += chunk;
        });
        try {
          const active = await network.active();
          await network.kill(active);
          await network.becomes(otherUnit(active), "Active");
          await until("it is served again", async () => (await served()) !== undefined, 5_000);
          assert.match(neighbourEntry(sharedFront6), new RegExp(virtualMac));
        } finally {
          monitor.kill();
          await once(monitor, "close");
        }
        const others = changes
          .split("\n")
          .filter((line) => line.includes(`${sharedFront6} `) && line.includes("lladdr"))
          .filter((line) => !line.includes(virtualMac));
        assert.deepEqual(others, []);
      },
    );
  } finally {
    network.close();
    if (parts.failed) t.diagnostic(`the logs are in ${network.folder}`);
    else network.removeFolder();
  }
});
