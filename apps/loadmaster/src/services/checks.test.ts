import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { LoadMasterClient, Parameters } from "@tandem/loadmaster-api/client";
import {
  fetchText,
  loopback,
  portFor,
  startUnit,
  startWebServer,
  storedService,
  type TestUnit,
  value,
  waitFor,
} from "../unit.fixture.ts";
import { healthCheck } from "./proxy-model.ts";
import type { RuntimeState } from "./runtime-state.ts";
import {
  type Behaviour,
  type ScriptedServer,
  type ScriptName,
  scripts,
  startChecked,
  startScripted,
} from "./scripted-servers.fixture.ts";
import { serverChecker } from "./server-check.ts";
import { UnitChecks } from "./unit-checks.ts";

const skip = !existsSync("/usr/sbin/haproxy")
  ? "HAProxy is not installed"
  : process.getuid?.() === 0
    ? false
    : "raw sockets need root";

const names = Object.keys(scripts) as ScriptName[];
const behaviours: readonly Behaviour[] = ["healthy", "wrong", "silent"];
const isUp = (how: Behaviour): "Up" | "Down" => (how === "healthy" ? "Up" : "Down");
const quick = { ChkInterval: 1, ChkTimeout: 1, ChkRetryCount: 1 };
const bytes = { CheckUrl: "50494e47", CheckPattern: "504f4e47", MatchLen: 6 };
const content = { CheckType: "http", CheckUseGet: 2, CheckPostData: "a=b", CheckHeaders: "X-Check:deep" };
/** The kernel refuses to send there. */
const nowhere = "255.255.255.255";

describe("health checks of a unit", { skip }, () => {
  let unit: TestUnit;
  let client: LoadMasterClient;
  let nextPort = 2;
  const scripted = new Map<string, ScriptedServer>();
  const web: { close(): Promise<void> }[] = [];

  const started = async (name: ScriptName, how: Behaviour): Promise<ScriptedServer> => {
    const key = `${name} ${how}`;
    const server = scripted.get(key) ?? (await startScripted(loopback(90), name, how));
    scripted.set(key, server);
    return server;
  };
  const addService = async (parameters: Parameters): Promise<{ index: number; port: number }> => {
    const port = portFor(nextPort);
    nextPort += 1;
    const made = value(
      await client.call("addvs", { vs: loopback(91), port, prot: "tcp", VStype: "gen", ...parameters }),
    );
    return { index: Number(made.Index), port };
  };
  const addServer = async (
    vs: number,
    port: number,
    parameters: Parameters = {},
    rs = loopback(90),
  ): Promise<number> => {
    const made = value(await client.call("addrs", { vs, rs, rsport: port, ...parameters }));
    return Number((made.Rs as { RsIndex: number }[])[0]?.RsIndex);
  };
  type Shown = { Index: number; Status: string; Rs?: { RsIndex: number; Status: string }[] };
  const shown = async (index: number): Promise<Shown> =>
    value(await client.call("showvs", { vs: index })) as unknown as Shown;
  const states = async (index: number): Promise<string[]> => {
    const { Status, Rs = [] } = await shown(index);
    return [Status, ...Rs.map((each) => each.Status)];
  };
  const becomes = (what: string, index: number, ...wanted: string[]): Promise<void> =>
    waitFor(`${what}: ${wanted}`, async () => (await states(index)).join() === wanted.join());

  before(async () => {
    unit = await startUnit(92);
    client = unit.client();
  });
  after(async () => {
    await unit.remove();
    for (const each of [...scripted.values(), ...web]) await each.close();
  });

  test("[LM1] servers of each protocol are up when they answer as it says, and not else", async () => {
    const services: { name: ScriptName; index: number }[] = [];
    for (const name of names) {
      // Nothing is in force before all of it is there.
      const { index } = await addService({
        CheckType: name,
        Enable: false,
        ...quick,
        ...(name === "bdata" ? bytes : {}),
      });
      services.push({ name, index });
      for (const how of behaviours) await addServer(index, (await started(name, how)).port);
    }
    for (const { index } of services) value(await client.call("modvs", { vs: index, Enable: true }));
    for (const { name, index } of services) {
      await becomes(name, index, "Up", ...behaviours.map(isUp));
      const healthy = await started(name, "healthy");
      await waitFor(`${name} was asked twice`, () => healthy.connections >= 2);
      assert.deepEqual(await states(index), ["Up", ...behaviours.map(isUp)], name);
    }
    for (const { index } of services) value(await client.call("delvs", { vs: index }));
  });

  test("[LM1] the unit's own checks find out the same of each protocol", async () => {
    const check = serverChecker(async () => false);
    const stored = (name: ScriptName) =>
      storedService({
        check: {
          ...storedService().check,
          type: name,
          timeoutSeconds: 1,
          ...(name === "bdata" ? { sends: "50494E47", seeks: "504F4E47", within: 6 } : {}),
        },
      });
    const verdicts = await Promise.all(
      names.flatMap((name) =>
        behaviours.map(async (how) => {
          const { port } = await started(name, how);
          const { alive } = await check(healthCheck(stored(name), undefined), {
            address: loopback(90),
            port,
          });
          return `${name} ${how} ${alive}`;
        }),
      ),
    );
    assert.deepEqual(
      verdicts,
      names.flatMap((name) => behaviours.map((how) => `${name} ${how} ${how === "healthy"}`)),
    );
  });

  test("[LM1] a check by POST sends its data and header, and judges what it is answered", async () => {
    const alive = await startChecked(loopback(90), "all systems alive");
    const dead = await startChecked(loopback(90), "nothing works");
    web.push(alive, dead);
    const { index, port } = await addService({
      ...content,
      ...quick,
      VStype: "http",
      CheckPattern: "systems? (alive|well)",
    });
    for (const each of [alive, dead]) await addServer(index, each.port);
    await becomes("the pattern is there", index, "Up", "Up", "Down");
    value(await client.call("modvs", { vs: index, CheckPattern: "^works|fails" }));
    await becomes("the pattern must not be there", index, "Up", "Up", "Down");
    value(await client.call("modvs", { vs: index, CheckPattern: "" }));
    await becomes("the code alone", index, "Up", "Up", "Up");
    value(await client.call("modvs", { vs: index, CheckHeaders: "" }));
    await becomes("without the header it is another question", index, "Down", "Down", "Down");
    const check = serverChecker(async () => false);
    const stored = storedService({
      check: {
        ...storedService().check,
        type: "http",
        method: 2,
        body: "a=b",
        headers: [{ name: "X-Check", value: "deep" }],
        pattern: "alive",
        timeoutSeconds: 1,
      },
    });
    for (const [server, wanted] of [
      [alive, true],
      [dead, false],
    ] as const)
      assert.equal(
        (await check(healthCheck(stored, undefined), { address: loopback(90), port: server.port })).alive,
        wanted,
      );
    await assert.rejects(fetchText(loopback(91), port), /503/);
    value(await client.call("delvs", { vs: index }));
  });

  test("[LM1] by ICMP the unit asks, HAProxy is told, and again after a reload", async () => {
    const one = await startWebServer(90, "one");
    web.push(one);
    const { index, port } = await addService({ VStype: "http", CheckType: "icmp", ...quick });
    await addServer(index, one.port);
    const lost = await addServer(index, one.port, {}, nowhere);
    await becomes("one answers", index, "Up", "Up", "Down");
    for (let request = 0; request < 4; request += 1)
      assert.match(await fetchText(loopback(91), port), /^one /);
    value(await client.call("modvs", { vs: index, Idletime: 61 }));
    assert.deepEqual(await states(index), ["Up", "Up", "Down"], "after the reload");
    for (let request = 0; request < 4; request += 1)
      assert.match(await fetchText(loopback(91), port), /^one /);
    const stats = value(await client.call("stats")) as unknown as {
      Rs: { RSIndex: number; Status: string }[];
    };
    assert.equal(stats.Rs.find((each) => each.RSIndex === lost)?.Status, "down");
    const follower = await addServer(index, one.port + 1, { Follow: lost }, loopback(89));
    await becomes("a follower shares it", index, "Up", "Up", "Down", "Down");
    value(await client.call("modrs", { vs: index, rs: `!${follower}`, Follow: 0 }));
    await becomes("and is asked itself", index, "Up", "Up", "Down", "Up");
    value(await client.call("modvs", { vs: index, CheckType: "none" }));
    await becomes("nobody decides", index, "Unchecked", "Unchecked", "Unchecked", "Unchecked");
    value(await client.call("delvs", { vs: index }));
  });

  test("[LM1] a service is down without its critical server, and with fewer servers than it needs", async () => {
    const one = await startWebServer(90, "one");
    const two = await startWebServer(90, "two");
    web.push(one, two);
    const { index, port } = await addService({ VStype: "http", CheckType: "tcp", ...quick });
    const first = await addServer(index, one.port);
    const second = await addServer(index, two.port, { Critical: true });
    await becomes("both are up", index, "Up", "Up", "Up");
    value(await client.call("modrs", { vs: index, rs: `!${second}`, Enable: false }));
    await becomes("the critical one is disabled", index, "Down", "Up", "Disabled");
    await waitFor("requests are turned away", () =>
      fetchText(loopback(91), port).then(
        () => false,
        (error: Error) => error.message === "HTTP 503",
      ),
    );
    value(await client.call("modrs", { vs: index, rs: `!${second}`, Critical: false }));
    await becomes("it is not critical", index, "Up", "Up", "Disabled");
    await waitFor("requests are served", async () => (await fetchText(loopback(91), port)).startsWith("one"));
    value(await client.call("modvs", { vs: index, EnhancedHealthChecks: true, RsMinimum: 2 }));
    await becomes("two are needed", index, "Down", "Up", "Disabled");
    await waitFor("requests are turned away", () =>
      fetchText(loopback(91), port).then(
        () => false,
        (error: Error) => error.message === "HTTP 503",
      ),
    );
    value(await client.call("modrs", { vs: index, rs: `!${second}`, Enable: true }));
    await becomes("two are there", index, "Up", "Up", "Up");
    await waitFor("requests are served", () => fetchText(loopback(91), port).then(Boolean, () => false));
    const other = await addService({ VStype: "http", CheckType: "tcp", ...quick });
    await addServer(other.index, one.port, { Follow: second });
    await becomes("the followed one is up", other.index, "Up", "Up");
    await two.close();
    await becomes("the follower is down with it", other.index, "Down", "Down");
    await becomes("one of two", index, "Down", "Up", "Down");
    value(await client.call("delrs", { vs: index, rs: `!${second}` }));
    await becomes("it is checked itself again", other.index, "Up", "Up");
    const { Follow } = (
      value(await client.call("showvs", { vs: other.index })).Rs as { Follow: number }[]
    )[0]!;
    assert.equal(Follow, 0);
    assert.ok(first > 0);
    for (const each of [index, other.index]) value(await client.call("delvs", { vs: each }));
  });

  test("[LM1] a service without values of its own has those of all", async () => {
    const { index } = await addService({ CheckType: "tcp", ChkTimeout: 7 });
    await addServer(index, 9);
    const text = (): string => readFileSync(join(unit.configuration.stateDir, "haproxy/haproxy.cfg"), "utf8");
    await waitFor("the defaults", () => text().includes("check inter 9s fastinter 1s fall 2 "));
    value(await client.call("modhealth", { Timeout: 10, RetryCount: 3 }));
    const health = async (): Promise<unknown[]> => {
      const { RetryInterval, Timeout, RetryCount } = value(await client.call("showhealth"));
      return [RetryInterval, Timeout, RetryCount];
    };
    assert.deepEqual(await health(), [31, 10, 3], "the interval is longer than what the others take");
    await waitFor("in force", () => text().includes("check inter 31s fastinter 1s fall 3 "));
    assert.match(text(), /timeout check 7s/, "what the service says itself stays");
    const refused = await client.call("modhealth", { RetryInterval: 30 });
    assert.match(refused.ok ? "" : refused.error.message, /^RetryInterval: 30 .*give 31 to 120/);
    value(await client.call("modhealth", { RetryInterval: 120 }));
    value(await client.call("modhealth", { Timeout: 4, RetryCount: 2 }));
    value(await client.call("modhealth", { RetryInterval: 9 }));
    assert.equal(unit.unit.document.shared.health, undefined, "as in a document that never had any");
    value(await client.call("delvs", { vs: index }));
  });

  test("[LM1] what cannot be is refused with field, value and remedy", async () => {
    const four = await addService({ ForceL4: true, Enable: false });
    const seven = await addService({ Enable: false });
    const [inFour, inSeven] = [await addServer(four.index, 80), await addServer(seven.index, 80)];
    const follower = await addServer(seven.index, 81, { Follow: inSeven });
    const refusals: [command: string, Parameters, RegExp][] = [
      ["modvs", { CheckType: "bdata", CheckUrl: "/a" }, /^CheckUrl: \/a is a path.*hexadecimal/],
      ["modvs", { CheckType: "bdata", CheckUrl: "abc" }, /^CheckUrl: /],
      ["modvs", { CheckType: "bdata", CheckPattern: "xyz" }, /^CheckPattern: "xyz".*hexadecimal/],
      ["modvs", { CheckType: "http", CheckUrl: "abcd" }, /^CheckUrl: abcd is no path/],
      ["modvs", { CheckPattern: "^" }, /^CheckPattern: \^ alone/],
      ["modvs", { CheckHeaders: "a:b|c:d|e:f|g:h|i:j" }, /^CheckHeaders: .*up to four/],
      ["modvs", { CheckHeaders: "a b:c" }, /^CheckHeaders: /],
      ["modvs", { RsMinimum: 2 }, /^RsMinimum: 2 needs EnhancedHealthChecks/],
      ["modvs", { EnhancedHealthChecks: true, RsMinimum: 3 }, /^RsMinimum: 3 servers.*has 2/],
      ["modvs", { LdapEndpoint: "ad" }, /^LdapEndpoint: /],
      ["modrs", { rs: `!${inSeven}`, Follow: 999 }, /^Follow: there is no real server 999/],
      ["modrs", { rs: `!${inSeven}`, Follow: inFour }, /^Follow: real server \d+ is of a service at layer 4/],
      ["modrs", { rs: `!${inSeven}`, Follow: follower }, /^Follow: real server \d+ follows \d+ itself/],
      ["modvs", { ForceL4: true, CheckType: "https" }, /https/],
    ];
    for (const [command, parameters, words] of refusals) {
      const before = unit.unit.document.shared;
      const answer = await client.call(command, { vs: seven.index, ...parameters });
      assert.ok(!answer.ok, JSON.stringify(parameters));
      assert.match(answer.error.message, words);
      assert.equal(unit.unit.document.shared, before);
    }
    const pattern = { CheckType: "http", CheckUseGet: 1, CheckPattern: "(" };
    const atFour = await client.call("modvs", { vs: four.index, ...pattern });
    assert.match(atFour.ok ? "" : atFour.error.message, /^CheckPattern: "\(" is no regular expression/);
    const atSeven = await client.call("modvs", { vs: seven.index, ...pattern, Enable: true });
    assert.equal(atSeven.ok, false, "HAProxy says it");
    for (const each of [four, seven]) value(await client.call("delvs", { vs: each.index }));
  });
});

test("[LM1] HAProxy is told what checks have come to, and nothing before", async () => {
  const told: string[] = [];
  let alive = false;
  const runtimeState = {
    wantHealth: (service: number, server: number, health: { up: boolean; check: string } | undefined) =>
      void told.push(`${service}/${server} ${health === undefined ? "free" : health.up ? "up" : "down"}`),
  } as unknown as RuntimeState;
  const checks = new UnitChecks({
    check: async () => ({ alive, check: alive ? "L3OK" : "L3TOUT" }),
    runtimeState,
  });
  const { check } = storedService();
  const servers = [{ index: 7, address: "192.0.2.1", port: 80, weight: 1, limit: 0, enabled: true }];
  const pinged = { ...check, type: "icmp", retries: 2, intervalSeconds: 1 } as const;
  checks.watch({ services: [storedService({ check: pinged, servers })] });
  await waitFor("it is down", () => told.length > 0);
  assert.deepEqual(told, ["1/7 down"], "not up after the first of two failures");
  alive = true;
  await waitFor("it is up", () => told.at(-1) === "1/7 up");
  checks.watch({ services: [storedService({ servers })] });
  assert.equal(told.at(-1), "1/7 free", "HAProxy checks it");
  checks.stop();
});

test("[LM1] where nothing can be asked, nothing is held against a server", async () => {
  const check = serverChecker(() => Promise.reject(new Error("EPERM")));
  const timing = { intervalSeconds: 1, timeoutSeconds: 1, retries: 1 };
  const server = { address: "192.0.2.1", port: 80 };
  assert.deepEqual(await check({ kind: "icmp", timing }, server), { alive: true, check: "SOCKERR" });
});
