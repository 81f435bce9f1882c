import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import { after, before, describe, test } from "node:test";
import type { LoadMasterClient } from "@tandem/loadmaster-api/client";
import { loopback, portFor, startUnit, type TestUnit, value, waitFor } from "../unit.fixture.ts";
import { adaptiveWeights } from "./adaptive.ts";
import { AdaptiveWeights } from "./adaptive-weights.ts";
import { loadIn } from "./server-load.ts";

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";

const weightsOf = (
  rows: readonly (readonly [weight: number, load: number | undefined])[],
  minPercent = 5,
): number[] => {
  const servers = rows.map(([weight], at) => ({ weight, address: `${at}` }));
  return adaptiveWeights(servers, (address) => rows[Number(address)]?.[1], minPercent);
};

describe("weights by load", () => {
  test("[LM1] the more a server has to do, the less it gets, in proportion to its weight", () => {
    assert.deepEqual(
      weightsOf([
        [1_000, 50],
        [1_000, 75],
        [500, 50],
        [1_000, 100],
      ]),
      [128, 64, 64, 3],
    );
  });

  test("[LM1] idle servers have the weights that were set", () => {
    assert.deepEqual(
      weightsOf([
        [1_000, 8],
        [500, 1],
      ]),
      [256, 128],
    );
    assert.deepEqual(
      weightsOf(
        [
          [1_000, 8],
          [500, 1],
        ],
        0,
      ),
      [236, 127],
    );
  });

  test("[LM1] a server that is down gets nothing, one that says nothing counts as overloaded", () => {
    assert.deepEqual(
      weightsOf([
        [1_000, 101],
        [1_000, 102],
        [1_000, undefined],
        [1_000, 50],
      ]),
      [0, 0, 3, 128],
    );
  });

  test("[LM1] a load is a whole number up to 102 in the first line", () => {
    for (const text of ["40", "40\n", "40\r\nCPU", " 40 \n"]) assert.equal(loadIn(text), 40, text);
    for (const text of ["", "103", "-1", "4.5", "40%", "<html>40", "1000"])
      assert.equal(loadIn(text), undefined, text);
  });

  test("[LM1] a unit that carries no traffic asks nobody", async (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    let carries = false;
    const asked: string[] = [];
    const weights = new AdaptiveWeights({
      load: async (host) => {
        asked.push(host);
        return 50;
      },
      carriesTraffic: () => carries,
      runtimeState: { wantWeight: () => {} },
      changed: () => {},
    });
    weights.watch({ services: [service] });
    t.mock.timers.tick(60_000);
    assert.deepEqual(asked, []);
    carries = true;
    t.mock.timers.tick(1_000);
    assert.deepEqual(asked, ["192.0.2.1"]);
    weights.stop();
  });
});

const service = {
  index: 1,
  address: "192.0.2.9",
  port: 80,
  enabled: true,
  type: "gen" as const,
  schedule: "adaptive" as const,
  idletime: 0,
  addVia: 2,
  check: {
    type: "none" as const,
    use11: false,
    method: 0,
    codes: [],
    port: 0,
    intervalSeconds: 0,
    timeoutSeconds: 0,
    retries: 0,
  },
  servers: [1, 2].map((index) => ({
    index,
    address: "192.0.2.1",
    port: 80 + index,
    weight: 1_000,
    enabled: true,
    limit: 0,
  })),
};

describe("servers that say how loaded they are", { skip }, () => {
  let unit: TestUnit;
  let client: LoadMasterClient;
  const servers: Server[] = [];
  const loads = ["50", "101"];
  const vs = { vs: loopback(50), port: portFor(3), prot: "tcp" };
  const [serverPort, agentPort] = [portFor(4), portFor(5)];

  before(async () => {
    unit = await startUnit(1);
    client = unit.client();
    for (const at of [0, 1])
      for (const port of [serverPort, agentPort]) {
        const server = createServer(({ url }, response) => {
          if (port === agentPort && url !== "/agent") response.statusCode = 404;
          response.end(port === agentPort ? `${loads[at]}\n` : `${at}`);
        });
        await new Promise<void>((resolve) => server.listen(port, loopback(60 + at), resolve));
        servers.push(server);
      }
  });
  after(async () => {
    for (const each of servers) {
      each.close();
      each.closeAllConnections();
    }
    await unit?.remove();
  });

  const ask = (): Promise<string> =>
    new Promise((resolve) => {
      const outgoing = request({ host: vs.vs, port: vs.port, agent: false }, (response) => {
        let text = "";
        response.on("data", (part) => {
          text += part;
        });
        response.on("end", () => resolve(text));
      });
      outgoing.on("error", () => resolve(""));
      outgoing.end();
    });
  /** Of so many connections, how many reach each server. */
  const shares = async (count: number): Promise<number[]> => {
    const reached = [0, 0];
    for (let each = 0; each < count; each += 1) {
      const at = Number((await ask()) || Number.NaN);
      reached[at] = (reached[at] ?? 0) + 1;
    }
    return reached;
  };

  test("[LM1] connections follow what agents say, also after a reload", async () => {
    value(
      await client.call("modadaptive", {
        AdaptiveInterval: 1,
        AdaptiveURL: "/agent",
        AdaptivePort: agentPort,
      }),
    );
    value(await client.call("addvs", { ...vs, VStype: "gen", CheckType: "none", Schedule: "adaptive" }));
    for (const at of [0, 1])
      value(await client.call("addrs", { ...vs, rs: loopback(60 + at), rsport: serverPort }));
    await unit.unit.trafficSettled();
    await waitFor("one is taken out", async () => (await shares(8))[0] === 8);
    value(await client.call("modvs", { ...vs, Idletime: 300 }));
    await unit.unit.trafficSettled();
    await waitFor("it stays out after the reload", async () => (await shares(8))[0] === 8);
    loads[1] = "0";
    loads[0] = "75";
    await waitFor("the one with less to do gets more", async () => {
      const [busy = 0, idle = 0] = await shares(20);
      return busy > 0 && idle >= 3 * busy;
    });
  });

  test("[LM1] a schedule that goes by weights again has those that were set", async () => {
    value(await client.call("modvs", { ...vs, Schedule: "rr" }));
    await unit.unit.trafficSettled();
    await waitFor("both get the same", async () => {
      const [one, two] = await shares(8);
      return one === 4 && two === 4;
    });
  });

  test("[LM2] at layer 4 there is none", async () => {
    const refused = await client.call("modvs", { ...vs, Schedule: "adaptive", ForceL4: "Y" });
    assert.ok(!refused.ok);
    assert.match(refused.error.message, /^Schedule: adaptive is not done at layer 4/);
  });
});
