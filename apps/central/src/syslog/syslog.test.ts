import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { LogPage, LogsQuery } from "@tandem/central-api/logs";
import { routes } from "@tandem/central-api/routes";
import { dayOf } from "@tandem/storage/log-store";
import { SqliteLogStore } from "@tandem/storage/sqlite-log-store";
import { eventually, type LoopbackCentral, refused, startCentral } from "../central-on-loopback.ts";
import { loadMasterPassword, loadMasterUser, startLoadMaster } from "../fleet/loadmaster-on-loopback.ts";
import { counted, type LogTarget, sendTcp, sendUdp } from "./senders-on-loopback.ts";

const search = (at: LoopbackCentral, query: LogsQuery = {}): Promise<LogPage> =>
  at.client.call(routes.searchLogs, { query });
const messages = async (at: LoopbackCentral, query: LogsQuery = {}): Promise<readonly string[]> =>
  (await search(at, query)).lines.map(({ message }) => message);

/** Where it listens, once it does. */
function listening(at: LoopbackCentral): Promise<LogTarget> {
  return eventually("syslog is received", async () => {
    const { listeners } = await at.client.call(routes.logStatus);
    const [udp] = listeners;
    return udp && listeners.every(({ error }) => error === null) && { address: udp.address, port: udp.port };
  });
}
const stored = (at: LoopbackCentral, count: number): Promise<unknown> =>
  eventually(
    `${count} lines are stored`,
    async () => (await search(at, { limit: "1000" })).lines.length >= count,
  );

async function addDevice(
  t: Parameters<typeof startLoadMaster>[0],
  at: LoopbackCentral,
  address: string,
  name: string,
) {
  const lm = await startLoadMaster(t, address, name);
  const { networks } = await at.client.call(routes.listNetworks);
  if (networks.length === 0) await at.client.call(routes.addNetwork, { body: { cidr: "127.0.0.0/24" } });
  return at.client.call(routes.addDevice, {
    body: { address, port: lm.port, user: loadMasterUser, password: loadMasterPassword },
  });
}

test("[CH2] received lines are searched by device, severity, text and time, newest first, page by page", async (t) => {
  const here = await startCentral(t, "central1", "127.0.0.1");
  const target = await listening(here);
  const [lm1, lm2] = [
    await addDevice(t, here, "127.0.0.41", "lm1"),
    await addDevice(t, here, "127.0.0.42", "lm2"),
  ];
  const group = await here.client.call(routes.addHaGroup, {
    body: { name: "web", sharedAddress: "127.0.0.40", members: [lm1.id, lm2.id] },
  });
  await sendUdp(target, ["<34>Nov 25 14:03:07 lm1 su: one FAILED"], "127.0.0.41");
  await sendTcp(target, counted(["<30>1 - lm2 l4d 812 - - two"]), "127.0.0.42");
  await sendTcp(target, "<31>from the shared address\n", "127.0.0.40");
  await sendUdp(target, ["a stranger's, without a priority: 100%"], "127.0.0.49");
  await stored(here, 4);

  const ofDevice = await search(here, { device: lm1.id });
  const [line] = ofDevice.lines;
  assert.deepEqual(
    { ...line, id: "", receivedAt: "" },
    {
      id: "",
      receivedAt: "",
      source: "127.0.0.41",
      device: lm1.id,
      deviceName: "lm1",
      severity: "critical",
      facility: "auth",
      time: "Nov 25 14:03:07",
      host: "lm1",
      app: "su",
      procid: null,
      msgid: null,
      structuredData: null,
      message: "one FAILED",
    },
  );
  const sorted = async (query: LogsQuery) => [...(await messages(here, query))].sort();
  assert.deepEqual(await messages(here, { device: "127.0.0.42" }), ["two"]);
  assert.deepEqual(await sorted({ device: group.id }), ["from the shared address", "one FAILED", "two"]);
  assert.deepEqual(await messages(here, { device: "127.0.0.49" }), [
    "a stranger's, without a priority: 100%",
  ]);
  assert.deepEqual(await messages(here, { severity: "error" }), ["one FAILED"]);
  assert.deepEqual(await sorted({ severity: "6" }), ["one FAILED", "two"]);
  assert.deepEqual(await messages(here, { text: "failed" }), ["one FAILED"]);
  assert.deepEqual(await messages(here, { text: "L4D" }), ["two"], "the application's name");
  assert.deepEqual(await messages(here, { text: "0%" }), ["a stranger's, without a priority: 100%"]);
  assert.deepEqual(await messages(here, { text: "failed", severity: "alert" }), []);

  const all: string[] = [];
  let before: string | undefined;
  for (;;) {
    const page = await search(here, { limit: "3", ...(before === undefined ? {} : { before }) });
    all.push(...page.lines.map(({ receivedAt }) => receivedAt));
    if (page.next === null) break;
    before = page.next;
  }
  assert.equal(all.length, 4);
  assert.deepEqual(all, [...all].sort().reverse());
  const newest = all[0] as string;
  assert.ok((await messages(here, { from: newest })).length >= 1);
  assert.ok((await messages(here, { to: newest })).length <= 3);
  assert.deepEqual(await messages(here, { from: "2099-01-01T00:00:00Z" }), []);
  assert.deepEqual(await messages(here, { to: "2020-01-01T00:00:00+02:00" }), []);

  const status = await eventually("the status counts them", async () => {
    const now = await here.client.call(routes.logStatus);
    return now.stored === 4 && now;
  });
  assert.deepEqual([status.state, status.restarts, status.malformed], ["running", 0, 1]);
  assert.deepEqual(status.unknownSenders, [{ address: "127.0.0.49", lines: 1 }]);
  assert.ok(status.linesPerSecond > 0);
  assert.deepEqual(
    status.days.map(({ day, bytes }) => [day, bytes > 0]),
    [[dayOf(Date.now()), true]],
  );
});

test("bad searches are answered with the field and the remedy", async (t) => {
  const here = await startCentral(t, "central1", "127.0.0.1");
  const bad = (query: LogsQuery) => refused(search(here, query));
  assert.deepEqual(await bad({ severity: "loud" }), ["400 severity not-allowed"]);
  assert.deepEqual(await bad({ severity: "8" }), ["400 severity not-allowed"]);
  assert.deepEqual(await bad({ limit: "1001" }), ["400 limit not-allowed"]);
  assert.deepEqual(await bad({ text: "x".repeat(257) }), ["400 text not-allowed"]);
  assert.deepEqual(await bad({ before: "yesterday" }), ["400 before not-allowed"]);
  assert.deepEqual(await bad({ from: "yesterday" }), ["400 from moment-malformed"]);
  assert.deepEqual(await bad({ to: "2026-11-25T14:00:00" }), ["400 to moment-malformed"]);
  assert.deepEqual(await bad({ device: "lm9" }), ["400 device device-unknown"]);
  assert.deepEqual(await bad({ devise: "lm9" } as LogsQuery), ["400 devise unknown-field"]);
  assert.equal((await here.raw("GET", "/api/v1/logs")).status, 401);
});

test("[CH2] both Centrals receive what one device sends, and killing either loses none on the other", async (t) => {
  const [one, two] = await Promise.all([
    startCentral(t, "central1", "127.0.0.1"),
    startCentral(t, "central2", "127.0.0.2"),
  ]);
  const targets = new Map([
    [one, await listening(one)],
    [two, await listening(two)],
  ]);
  let number = 0;
  /** As a unit does: the same line to both, over UDP and over TCP. */
  const send = async (up: readonly LoopbackCentral[]): Promise<void> => {
    const line = () => {
      number += 1;
      return `<30>Nov 25 14:03:07 lm1 l4d: line ${number}`;
    };
    const [udp, tcp] = [line(), line()];
    for (const central of up) {
      const target = targets.get(central) as LogTarget;
      await sendUdp(target, [udp]);
      await sendTcp(target, counted([tcp]));
    }
  };
  const numbers = async (at: LoopbackCentral): Promise<readonly number[]> =>
    (await messages(at, { limit: "1000" })).map((text) => Number(text.split(" ")[1])).sort((a, b) => a - b);
  const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);

  for (let round = 0; round < 10; round += 1) await send([one, two]);
  await Promise.all([stored(one, 20), stored(two, 20)]);
  for (const central of [one, two]) assert.deepEqual(await numbers(central), upTo(20));

  await one.stop();
  for (let round = 0; round < 10; round += 1) await send([two]);
  await stored(two, 40);
  assert.deepEqual(await numbers(two), upTo(40));

  await one.restart();
  await one.client.signIn("admin", one.firstPassword);
  targets.set(one, await listening(one));
  assert.deepEqual(await numbers(one), upTo(20), "what it had is there after the restart");
  await two.stop();
  for (let round = 0; round < 10; round += 1) await send([one]);
  await stored(one, 40);
  assert.deepEqual(await numbers(one), [...upTo(20), ...upTo(60).slice(40)]);
});

test("[CH2] Central starts and serves while the port of syslog is taken, says so, and has it later", async (t) => {
  const other = createSocket("udp4");
  await new Promise<void>((resolve) => other.bind({ address: "127.0.0.1" }, resolve));
  const here = await startCentral(t, "central1", "127.0.0.1", { syslogPort: other.address().port });
  await here.client.call(routes.addNetwork, { body: { cidr: "10.0.0.0/24" } });
  await eventually("the status says so", async () => {
    const { listeners } = await here.client.call(routes.logStatus);
    return listeners.some(
      ({ protocol, error }) => protocol === "udp" && /in use by another/.test(error ?? ""),
    );
  });
  await eventually("and the timeline", async () => {
    const { events } = await here.client.call(routes.haEvents, {});
    return events.some(
      ({ code, text }) => code === "syslog-not-listening" && /another syslog\/port/.test(text),
    );
  });
  other.close();
  await listening(here);
});

test("what is older than the retention is deleted, and a damaged day is kept aside and told of", async (t) => {
  const here = await startCentral(t, "central1", "127.0.0.1");
  await here.stop();
  const folder = join(here.stateDir, "logs");
  const dayMs = 24 * 60 * 60 * 1_000;
  const store = new SqliteLogStore(folder);
  for (const age of [91, 89, 1])
    store.append([
      {
        receivedAt: Date.now() - age * dayMs,
        source: "192.0.2.1",
        device: null,
        severity: 6,
        facility: 3,
        time: null,
        host: null,
        app: null,
        procid: null,
        msgid: null,
        structuredData: null,
        message: `${age} days ago`,
      },
    ]);
  store.close();
  mkdirSync(folder, { recursive: true });
  const today = dayOf(Date.now());
  writeFileSync(join(folder, `${today}.db`), "no database ".repeat(1_000));
  await here.restart();
  await here.client.signIn("admin", here.firstPassword);
  const target = await listening(here);
  await sendUdp(target, ["<13>today"]);
  await stored(here, 3);
  assert.deepEqual(await messages(here), ["today", "1 days ago", "89 days ago"]);
  await eventually("both are told", async () => {
    const { events } = await here.client.call(routes.haEvents, {});
    const codes = events.map(({ code }) => code);
    return codes.includes("syslog-expired") && codes.includes("syslog-day-damaged");
  });
  assert.ok(readdirSync(folder).includes(`${today}.damaged-1.db`));
  assert.ok(!existsSync(join(folder, `${dayOf(Date.now() - 91 * dayMs)}.db`)));
});
