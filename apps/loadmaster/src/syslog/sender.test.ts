import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { createServer, type Server, type Socket } from "node:net";
import { test } from "node:test";
import type { SyslogSettings } from "@tandem/loadmaster-api/syslog-levels";
import fc from "fast-check";
import { loopback, portFor, waitFor } from "../unit.fixture.ts";
import { framed, severityOf, syslogLineMaxBytes, syslogMessage } from "./message.ts";
import { queuedMessagesMax, SyslogSender } from "./sender.ts";

const settings = (changes: Partial<SyslogSettings>): SyslogSettings => ({
  hosts: [{ host: loopback(201), level: "info" }],
  port: portFor(8),
  protocol: "tcp",
  framing: "newline",
  ...changes,
});

type Receiver = { readonly text: () => string; readonly sockets: Socket[]; close(): Promise<void> };

async function tcpReceiver(address: string): Promise<Receiver> {
  let text = "";
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.on("data", (part) => {
      text += part.toString("utf8");
    });
  });
  await new Promise<void>((resolve) => server.listen(portFor(8), address, resolve));
  return {
    text: () => text,
    sockets,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

test("a message has the form of RFC 5424", () => {
  const message = syslogMessage({
    severity: 4,
    at: Date.UTC(2026, 10, 25, 15, 0, 0, 7),
    hostname: "lm 1",
    event: "real-server-down",
    details: { server: "10.0.0.1:80", check: "L4CON\nforged" },
    sequence: 7,
  }).toString("utf8");
  assert.equal(
    message,
    `<28>1 2026-11-25T15:00:00.007Z lm1 tandem-loadmaster ${process.pid} real-server-down [meta sequenceId="7"] real-server-down: server=10.0.0.1:80, check=L4CON forged`,
  );
  assert.equal(framed(Buffer.from("ä"), "octet-counting").toString("utf8"), "2 ä");
  assert.deepEqual(
    [
      severityOf("error", "x"),
      severityOf("warn", "x"),
      severityOf("info", "ha-role"),
      severityOf("info", "x"),
    ],
    [3, 4, 5, 6],
  );
});

test("whatever is logged makes one line of a bounded length", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary" }),
      fc.string({ unit: "binary", maxLength: 4_000 }),
      (event, text) => {
        const details = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`d${at}`, text]));
        const bytes = syslogMessage({ severity: 6, at: 0, hostname: event, event, details, sequence: 1 });
        assert.ok(bytes.length <= syslogLineMaxBytes);
        assert.ok(!/\p{Cc}/u.test(bytes.toString("utf8")));
      },
    ),
  );
});

test("[CH2] UDP: each host gets what its level asks for, from the unit's own address", async () => {
  const received: { text: string; from: string }[] = [];
  const sockets = [201, 202].map((host) => {
    const socket = createSocket("udp4");
    socket.on("message", (message, { address }) =>
      received.push({ text: `${host} ${message.toString("utf8")}`, from: address }),
    );
    socket.bind(portFor(8), loopback(host));
    return socket;
  });
  const sender = new SyslogSender(() => loopback(200));
  sender.configure(
    settings({
      protocol: "udp",
      hosts: [
        { host: loopback(201), level: "info" },
        { host: loopback(202), level: "warn" },
      ],
    }),
    "lm1",
  );
  sender.send("info", "ready", {});
  sender.send("error", "trouble", { part: "HAProxy" });
  await waitFor("three datagrams", () => received.length === 3);
  assert.deepEqual(received.map(({ text }) => `${text.slice(0, 3)} ${text.split(" ")[6]}`).sort(), [
    "201 ready",
    "201 trouble",
    "202 trouble",
  ]);
  assert.ok(received.every(({ from }) => from === loopback(200)));
  await sender.close();
  for (const socket of sockets) socket.close();
});

test("[CH2] TCP: what is sent while a host is away waits for it, and a dead host delays no other", async () => {
  const receiver = await tcpReceiver(loopback(202));
  const sender = new SyslogSender(() => undefined);
  sender.configure(
    settings({
      framing: "octet-counting",
      hosts: [
        { host: loopback(203), level: "info" },
        { host: loopback(202), level: "info" },
      ],
    }),
    "lm1",
  );
  sender.send("info", "ready", { n: 1 });
  await waitFor("the living host has it", () => receiver.text().includes("n=1"));
  assert.match(receiver.text(), /^\d+ <29>1 /);
  await waitFor("the dead one is known as such", () => sender.report[0]?.reason !== undefined);
  assert.deepEqual([sender.report[0]?.state, sender.report[0]?.queued], ["connecting", 1]);
  const late = await tcpReceiver(loopback(203));
  await waitFor("it gets it once it is there", () => late.text().includes("n=1"));
  // A host that closes is connected to again.
  for (const socket of late.sockets) socket.destroy();
  await waitFor("the loss is seen", () => sender.report[0]?.state === "connecting");
  sender.send("info", "ready", { n: 2 });
  await waitFor("and what came meanwhile arrives", () => late.text().includes("n=2"));
  await sender.close();
  await receiver.close();
  await late.close();
});

test("a full queue loses its oldest messages, counts them, and tells the host", async () => {
  const sender = new SyslogSender(() => undefined);
  sender.configure(settings({ hosts: [{ host: loopback(204), level: "info" }] }), "lm1");
  for (let n = 0; n < queuedMessagesMax + 5; n += 1) sender.send("info", "event", { n: `<${n}>` });
  assert.deepEqual([sender.report[0]?.queued, sender.report[0]?.dropped], [queuedMessagesMax, 5]);
  const receiver = await tcpReceiver(loopback(204));
  await waitFor("all that was kept arrives", () => receiver.text().includes(`n=<${queuedMessagesMax + 4}>`));
  assert.ok(!receiver.text().includes("n=<4>"));
  assert.match(receiver.text(), /sequenceId="6"\] event: n=<5>, messagesLostBefore=5/);
  assert.equal(receiver.text().trimEnd().split("\n").length, queuedMessagesMax);
  await sender.close();
  await receiver.close();
});
