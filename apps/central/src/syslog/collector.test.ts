import assert from "node:assert/strict";
import { createServer } from "node:net";
import { type TestContext, test } from "node:test";
import type { StoredLine } from "@tandem/storage/log-store";
import { emptyMemoryLogs, type MemoryLogs, openMemoryLogStore } from "@tandem/storage/memory-log-store";
import { syslogLineMaxBytes } from "@tandem/syslog/constants";
import { eventually } from "../central-on-loopback.ts";
import { realWorld } from "../real-world.ts";
import { Collector } from "./collector.ts";
import type { CollectorSettings, SyslogEvent } from "./collector-messages.ts";
import { pauseAboveLines, unknownLinesPerSecondMax, waitingLinesMax } from "./constants.ts";
import { counted, type LogTarget, sendTcp, sendUdp } from "./senders-on-loopback.ts";

const address = "127.0.0.31";
const device = "00000000000000d1";

type Collecting = {
  readonly collector: Collector;
  readonly logs: MemoryLogs;
  readonly events: SyslogEvent[];
  readonly target: LogTarget;
  lines(): readonly StoredLine[];
  messages(): readonly string[];
};

async function collect(
  t: TestContext,
  settings: Partial<CollectorSettings> = {},
  senders: ReadonlyMap<string, string> = new Map([[address, device]]),
): Promise<Collecting> {
  const logs = emptyMemoryLogs();
  const events: SyslogEvent[] = [];
  const collector = new Collector({
    world: realWorld,
    store: openMemoryLogStore(logs),
    settings: { address, port: 0, folder: "", retentionDays: 90, ...settings },
    report: (report) => {
      if (report.type === "event") events.push(report.event);
    },
  });
  t.after(() => collector.stop());
  collector.setSenders(senders);
  collector.start();
  if (settings.port === undefined)
    await eventually("it listens", () => collector.status().listeners.every(({ error }) => error === null));
  const lines = (): readonly StoredLine[] => [...logs.days.values()].flat();
  return {
    collector,
    logs,
    events,
    target: { address, port: collector.status().listeners[0]?.port ?? 0 },
    lines,
    messages: () => lines().map(({ message }) => message),
  };
}

const of5424 = (message: string): string =>
  `<165>1 2026-11-25T14:03:07.003Z lm1 l7d 8710 ID47 [a@1 b="c"] ${message}`;
const of3164 = (message: string): string => `<34>Nov 25 14:03:07 lm1 su[77]: ${message}`;

test("[CH2] UDP and TCP, RFC 3164 and 5424, both framings: each line is kept with its parts and its device", async (t) => {
  const { target, lines, collector } = await collect(t);
  await sendUdp(target, [of3164("udp 3164\n"), of5424("udp 5424")]);
  await sendTcp(target, counted([of3164("counted 3164"), of5424("counted 5424\nsecond line")]));
  await sendTcp(target, `${of3164("line 3164")}\n${of5424("line 5424")}\n${of3164("without an end")}`);
  await eventually("all are stored", () => lines().length === 7);
  const found = new Map(lines().map((line) => [line.message, line]));
  for (const message of ["udp 3164", "counted 3164", "line 3164", "without an end"]) {
    const { severity, facility, time, host, app, procid } = found.get(message) as StoredLine;
    assert.deepEqual(
      { severity, facility, time, host, app, procid },
      {
        severity: 2,
        facility: 4,
        time: "Nov 25 14:03:07",
        host: "lm1",
        app: "su",
        procid: "77",
      },
    );
  }
  for (const message of ["udp 5424", "counted 5424\nsecond line", "line 5424"]) {
    const { severity, facility, time, msgid, structuredData } = found.get(message) as StoredLine;
    assert.deepEqual(
      { severity, facility, time, msgid, structuredData },
      {
        severity: 5,
        facility: 20,
        time: "2026-11-25T14:03:07.003Z",
        msgid: "ID47",
        structuredData: '[a@1 b="c"]',
      },
    );
  }
  for (const line of lines()) assert.deepEqual([line.source, line.device], [address, device]);
  const { received, stored, waiting } = collector.status();
  assert.deepEqual({ received, stored, waiting }, { received: 7, stored: 7, waiting: 0 });
});

test("[CH2] malformed and overlong lines are kept, as far as the bound goes, and counted", async (t) => {
  const { target, lines, collector } = await collect(t);
  await sendUdp(target, ["no priority", `<13>${"x".repeat(2 * syslogLineMaxBytes)}`, "", "\n"]);
  await sendTcp(target, `${"y".repeat(3 * syslogLineMaxBytes)}\n<13>next\n`);
  await eventually("all are stored", () => lines().length === 4);
  assert.deepEqual(
    lines()
      .map(({ severity, message }) => [severity, message.length])
      .sort((a, b) => Number(a[1]) - Number(b[1])),
    [
      [5, 4],
      [null, 11],
      [5, syslogLineMaxBytes - 4],
      [null, syslogLineMaxBytes],
    ],
  );
  const { cut, malformed, dropped } = collector.status();
  assert.deepEqual([cut, malformed, dropped.empty], [2, 2, 2]);
});

test("unknown senders are kept as such, up to a bound that devices do not feel", async (t) => {
  const { target, lines, collector, events } = await collect(t);
  const many = 2 * unknownLinesPerSecondMax;
  await sendTcp(target, "<13>from a stranger\n".repeat(many), "127.0.0.32");
  await sendTcp(target, "<13>from a device\n".repeat(many));
  await eventually(
    "all of the device",
    () => lines().filter((line) => line.device === device).length === many,
  );
  const { unknownSenders, dropped } = collector.status();
  assert.deepEqual(unknownSenders, [{ address: "127.0.0.32", lines: many }]);
  assert.ok(dropped.unknownSenders > 0, "more than the bound was sent within a second");
  const kept = lines().filter((line) => line.device === null);
  assert.equal(kept.length, many - dropped.unknownSenders);
  assert.ok(kept.every(({ source }) => source === "127.0.0.32"));
  assert.equal(events.filter(({ code }) => code === "syslog-dropped").length, 1);
  collector.setSenders(new Map([["127.0.0.32", "00000000000000d2"]]));
  assert.deepEqual(collector.status().unknownSenders, []);
});

test("while lines cannot be written TCP senders wait, the queue is bounded, and afterwards everything is written", async (t) => {
  const { target, lines, collector, logs, events } = await collect(t);
  logs.failure = new Error("database or disk is full");
  const sent = 3 * waitingLinesMax;
  let isTaken = false;
  const texts = Array.from({ length: sent }, (_, number) => `<13>line ${number} ${"x".repeat(200)}\n`);
  const sending = sendTcp(target, texts.join("")).then(() => {
    isTaken = true;
  });
  await eventually("it pauses", () => collector.status().waiting > pauseAboveLines);
  const { waiting, writeError, dropped } = collector.status();
  assert.ok(waiting <= waitingLinesMax, `${waiting} wait`);
  assert.match(writeError ?? "", /disk is full.*check that the disk/);
  assert.equal(dropped.waitingLinesFull, 0);
  assert.equal(isTaken, false);
  logs.failure = null;
  await eventually("everything is written", () => lines().length === sent, 30_000);
  await sending;
  assert.deepEqual(
    lines().map(({ message }) => Number(message.split(" ")[1])),
    texts.map((_, number) => number),
  );
  assert.deepEqual(
    events.map(({ code }) => code),
    ["syslog-not-written", "syslog-written"],
  );
});

test("datagrams beyond the queue's bound are dropped and counted while lines cannot be written", async (t) => {
  const { target, collector, logs } = await collect(t);
  logs.failure = new Error("read-only");
  const batch = Array.from({ length: 500 }, () => "<13>x");
  await eventually(
    "the queue is full",
    async () => {
      await sendUdp(target, batch);
      return collector.status().dropped.waitingLinesFull > 0;
    },
    30_000,
  );
  assert.equal(collector.status().waiting, waitingLinesMax);
});

test("a port that is taken is told of once, with what to do, and is had as soon as it is free", async (t) => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, address, resolve));
  const { port } = other.address() as { port: number };
  const { collector, events, messages } = await collect(t, { port });
  const state = () => collector.status().listeners.map(({ protocol, error }) => [protocol, error === null]);
  await eventually("UDP is had", () => state()[0]?.[1]);
  assert.deepEqual(state(), [
    ["udp", true],
    ["tcp", false],
  ]);
  assert.match(events[0]?.message ?? "", /tcp 127\.0\.0\.31:\d+ is in use by another program: stop that one/);
  await sendUdp({ address, port }, ["<13>meanwhile"]);
  await eventually("UDP serves", () => messages().includes("meanwhile"));
  await new Promise((resolve) => other.close(resolve));
  await eventually("TCP is had", () => state()[1]?.[1]);
  assert.deepEqual(
    events.map(({ code }) => code),
    ["syslog-not-listening", "syslog-listening"],
  );
});
