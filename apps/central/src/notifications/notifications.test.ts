import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { World } from "@tandem/base/world";
import { routes } from "@tandem/central-api/routes";
import { loadOrCreateIdentity } from "@tandem/peer-link/identity";
import { eventually, refused, startCentral } from "../central-on-loopback.ts";
import type { TimelineEntry } from "../ha/timeline.ts";
import { ConflictWatch } from "./conflict-watch.ts";
import { signatureOf, syslogAddress, syslogMessage } from "./deliver.ts";
import { Notifier, queueMaxEntries } from "./notifier.ts";
import type { Target } from "./target.ts";

const entry = (overrides: Partial<TimelineEntry> = {}): TimelineEntry => ({
  at: Date.UTC(2026, 0, 2, 3, 4, 5),
  unit: "0".repeat(16),
  unitName: "central 1",
  severity: "warning",
  code: "heartbeat-missed",
  message: "missed\nagain",
  details: null,
  ...overrides,
});
const target: Target = {
  id: "t",
  name: "t",
  kind: "webhook",
  address: "https://192.0.2.1/",
  severity: "warning",
  enabled: true,
  secret: "",
  certificateAuthority: "",
  security: "none",
  user: "",
  from: "",
  to: [],
  tag: "",
};

async function receiver(t: TestContext, address: string) {
  const folder = mkdtempSync(join(tmpdir(), "tandem-webhook-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const identity = await loadOrCreateIdentity(folder, { commonName: "receiver", addresses: [address] });
  const received: { body: string; signature: string | undefined }[] = [];
  const server = createServer(
    { key: identity.privateKeyPem, cert: identity.certificatePem },
    (request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (part: string) => {
        body += part;
      });
      request.on("end", () => {
        received.push({ body, signature: request.headers["x-tandem-signature"] as string | undefined });
        response.end();
      });
    },
  );
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  return { received, url: `https://${address}:${port}/hook`, certificate: identity.certificatePem };
}

test("[CH25] events are told by webhook, signed, and by syslog; a test says whether it arrives; secrets stay sealed", async (t) => {
  const unit = await startCentral(t, "central1", "127.0.3.1");
  const { client } = unit;
  const hook = await receiver(t, "127.0.3.2");
  const secret = "a secret of the receiver's";
  const added = await client.call(routes.addNotification, {
    body: {
      name: "hook",
      kind: "webhook",
      address: hook.url,
      severity: "info",
      secret,
      certificateAuthority: hook.certificate,
    },
  });
  assert.ok(added.hasSecret && !JSON.stringify(added).includes(secret));
  for (const name of readdirSync(unit.stateDir).filter((each) => each.startsWith("unit.db")))
    assert.ok(!readFileSync(join(unit.stateDir, name)).includes(secret), name);
  const params = { id: added.id };
  assert.deepEqual(await client.call(routes.testNotification, { params }), {
    delivered: true,
    error: null,
    remedy: null,
  });
  assert.equal(hook.received[0]?.signature, signatureOf(secret, hook.received[0]?.body ?? ""));

  const lines: string[] = [];
  const socket = createSocket("udp4").on("message", (line) => lines.push(line.toString()));
  await new Promise<void>((resolve) => socket.bind(0, "127.0.3.3", resolve));
  t.after(() => socket.close());
  await client.call(routes.addNotification, {
    body: { name: "log", kind: "syslog", address: `127.0.3.3:${socket.address().port}` },
  });
  unit.central.pair.note({ severity: "error", code: "check-failed", message: "a check failed" });
  await eventually("both have it", () => hook.received.length === 2 && lines.length === 1);
  const told = JSON.parse(hook.received[1]?.body ?? "{}") as { [member: string]: unknown };
  assert.deepEqual(
    [told.unit, told.severity, told.code, told.text],
    ["central1", "error", "check-failed", "a check failed"],
  );
  assert.match(lines[0] ?? "", /^<131>1 \S+Z central1 tandem-central - check-failed - a check failed$/);

  await client.call(routes.changeNotification, { params, body: { certificateAuthority: "" } });
  const untrusted = await client.call(routes.testNotification, { params });
  assert.match(untrusted.error ?? "", /^the certificate of 127\.0\.3\.2:\d+ is not signed by/);
  assert.equal(hook.received.length, 2);
  await client.call(routes.changeNotification, { params, body: { address: "https://127.0.3.2:1/" } });
  const failed = await client.call(routes.testNotification, { params });
  assert.ok(!failed.delivered && failed.error);
  for (const address of ["http://192.0.2.1/", "192.0.2.1"])
    assert.deepEqual(await refused(client.call(routes.changeNotification, { params, body: { address } })), [
      "400 address address-malformed",
    ]);
  await client.call(routes.removeNotification, { params });
  assert.deepEqual(
    (await client.call(routes.listNotifications)).targets.map(({ name }) => name),
    ["log"],
  );
  assert.deepEqual(await refused(client.call(routes.testNotification, { params })), [
    "404 id target-unknown",
  ]);
});

test("[CH25] below the threshold nothing is told; what both units notice is told by the one that executes; retries and queue are bounded", async () => {
  const timers: { readonly delayMs: number; readonly body: () => void }[] = [];
  const world: World = {
    now: () => 0,
    wall: () => 0,
    randomHex: () => "",
    after: (delayMs, body) => {
      timers.push({ delayMs, body });
      return () => {};
    },
  };
  let isActing = false;
  let isBroken = false;
  let isEnabled = true;
  const told: string[] = [];
  const notes: string[] = [];
  const notifier = new Notifier({
    world,
    targets: () => [{ ...target, enabled: isEnabled }],
    isActing: () => isActing,
    note: ({ severity, code, message }) => notes.push(`${severity} ${code}: ${message}`),
    deliver: async (_, [{ code }]) => {
      if (isBroken) throw new Error("no answer");
      told.push(code);
    },
  });
  // Before the targets are known nothing is told, and nothing forgotten.
  notifier.happened(entry({ code: "early" }));
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  await settled();
  assert.deepEqual(told, []);
  notifier.start();
  await settled();
  assert.deepEqual(told.splice(0), ["early"]);
  notifier.happened(entry({ severity: "info", code: "role-changed" }));
  notifier.happened(entry({ code: "clocks-differ" }));
  await settled();
  assert.deepEqual(told, []);
  isActing = true;
  notifier.happened(entry({ code: "clocks-differ" }));
  await settled();
  assert.deepEqual(told, ["clocks-differ"]);

  // A conflict is told once, by the unit that executes, when the shared list has become longer.
  let conflicts = [{ id: "old" }];
  let changed = (_: "data" | "status"): void => {};
  const counts: number[] = [];
  new ConflictWatch(
    world,
    {
      conflicts: () => conflicts as never,
      get isActing() {
        return isActing;
      },
      onChange: (listener) => {
        changed = listener;
        return () => {};
      },
    },
    (count) => counts.push(count),
  );
  for (const [ids, acts] of [
    [["old"], true],
    [["old", "new", "newer"], true],
    [["old", "new", "newer"], true],
    [["old", "new", "newer", "elsewhere"], false],
  ] as const) {
    conflicts = ids.map((id) => ({ id }));
    isActing = acts;
    changed("data");
    timers.shift()?.body();
  }
  assert.deepEqual(counts, [2]);
  isActing = true;

  isBroken = true;
  for (let count = 0; count < queueMaxEntries + 5; count++) notifier.happened(entry());
  await settled();
  const delays: number[] = [];
  while (delays.length < 4) {
    const retry = timers.shift();
    assert.ok(retry);
    delays.push(retry.delayMs);
    retry.body();
    await settled();
  }
  assert.deepEqual(delays, [1_000, 5_000, 30_000, 120_000]);
  const remedy = "see that 192.0.2.1 runs and that this unit reaches it, then send it a test";
  assert.deepEqual(notifier.state("t"), { sent: 2, dropped: 6, lastError: `no answer; ${remedy}` });
  // Said once it was given up, and once when it works again; not again right after.
  const failure = `warning notification-failed: webhook "t" (192.0.2.1) is not told what happens: no answer; ${remedy}`;
  assert.deepEqual(notes, [failure]);
  isBroken = false;
  for (const timer of timers.splice(0)) timer.body();
  notifier.happened(entry());
  await settled();
  assert.match(notes[1] ?? "", /^info notification-works: webhook "t" is told again; 6 notification/);
  isBroken = true;
  notifier.happened(entry());
  for (let round = 0; round < 5; round += 1) {
    await settled();
    for (const timer of timers.splice(0)) timer.body();
  }
  assert.equal(notes.length, 2);

  // Turned off while something waits: it is dropped, and the next one goes out at once when it is on again.
  notifier.happened(entry());
  await settled();
  isEnabled = false;
  isBroken = false;
  for (const timer of timers.splice(0)) timer.body();
  isEnabled = true;
  const { sent, dropped } = notifier.state("t");
  notifier.happened(entry({ code: "on-again" }));
  await settled();
  assert.equal(told.at(-1), "on-again");
  assert.deepEqual([notifier.state("t").sent - sent, dropped], [1, 8]);
  notifier.stop();
});

test("syslog messages and addresses are as RFC 5424 wants them", () => {
  assert.equal(
    syslogMessage(entry()),
    "<132>1 2026-01-02T03:04:05.000Z central_1 tandem-central - heartbeat-missed - missed again",
  );
  assert.deepEqual(syslogAddress("192.0.2.1"), { host: "192.0.2.1", port: 514 });
  assert.deepEqual(syslogAddress("[2001:db8::1]:1514"), { host: "2001:db8::1", port: 1514 });
  for (const wrong of ["", "a b", "host:0", "host:70000"]) assert.equal(syslogAddress(wrong), undefined);
});
