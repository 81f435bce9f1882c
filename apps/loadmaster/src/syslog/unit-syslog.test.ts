import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { existsSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { after, before, describe, test } from "node:test";
import { LoadMasterClient } from "@tandem/loadmaster-api/client";
import type { SyslogSettings } from "@tandem/loadmaster-api/syslog-levels";
import fc from "fast-check";
import { loopback, portFor, startUnit, type TestUnit, waitFor } from "../unit.fixture.ts";

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";

describe("the syslog of a unit", { skip }, () => {
  let unit: TestUnit;
  let client: LoadMasterClient;
  let udp: Socket;
  let tcp: Server;
  const [central, other] = [loopback(211), loopback(212)];
  let lines: { readonly text: string; readonly from: string }[] = [];
  let stream = "";

  before(async () => {
    unit = await startUnit(53);
    client = unit.client();
    udp = createSocket("udp4");
    udp.on("message", (message, { address }) =>
      lines.push({ text: message.toString("utf8"), from: address }),
    );
    await new Promise<void>((resolve) => udp.bind(portFor(8), central, resolve));
    tcp = createServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", (part) => {
        stream += part.toString("utf8");
      });
    });
    await new Promise<void>((resolve) => tcp.listen(portFor(8), other, resolve));
  });
  after(async () => {
    await unit?.remove();
    udp?.close();
    await new Promise((resolve) => tcp.close(resolve));
  });

  const settings = (changes: Partial<SyslogSettings> = {}): SyslogSettings => ({
    hosts: [{ host: central, level: "info" }],
    port: portFor(8),
    protocol: "udp",
    framing: "octet-counting",
    ...changes,
  });
  const heard = (pattern: RegExp) => () => lines.some(({ text }) => pattern.test(text));

  test("hosts are set and read, a host has one level, and there are ten at most", async () => {
    const two: SyslogSettings = settings({
      hosts: [
        { host: central, level: "error" },
        { host: other, level: "info" },
      ],
    });
    assert.ok((await client.setSyslogHosts(two)).ok);
    const read = await client.getSyslogHosts();
    assert.ok(read.ok);
    assert.deepEqual(read.value.hosts, two.hosts);
    assert.ok((await client.setSyslogHosts(settings())).ok, "a host may go to another level");
    const now = await client.getSyslogHosts();
    assert.deepEqual(now.ok && { ...now.value, framing: "octet-counting" }, settings());
    const before = JSON.stringify(unit.unit.document);
    for (const [param, value, words] of [
      ["syslogerror", central, /already stands in sysloginfo/],
      ["sysloginfo", Array.from({ length: 11 }, (_, n) => `10.0.0.${n}`).join(","), /up to 10/],
      ["syslogwarn", Array.from({ length: 10 }, (_, n) => `10.0.0.${n}`).join(","), /11 syslog hosts/],
      ["sysloginfo", "10.0.0.1;10.0.0.2", /not valid/],
      ["sysloginfo", "-", /not valid/],
      ["syslogport", 0, /1 to 65535/],
      ["syslogprot", "tls", /udp, tcp/],
      ["syslogreport", "x", /only read/],
    ] as const) {
      const refused = await client.set(param, value);
      assert.ok(!refused.ok && refused.error.kind === "refused", `${param} ${value}`);
      assert.match(refused.error.message, words);
    }
    assert.equal(JSON.stringify(unit.unit.document), before);
  });

  test("any text in the syslog parameters is taken or answered in words, and a refusal changes nothing", async () => {
    const param = fc.constantFrom("sysloginfo", "syslogerror", "syslogport", "syslogprot", "syslogframing");
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(fc.constantFrom("10.9.0.1", "host.example", " ", "", "-"), { maxLength: 12 }).map(String),
      fc.integer().map(String),
    );
    await fc.assert(
      fc.asyncProperty(param, text, async (name, value) => {
        const before = JSON.stringify(unit.unit.document.unit.syslog);
        const answer = await client.set(name, value);
        if (answer.ok) return;
        assert.ok(answer.error.kind === "refused" && answer.error.code < 500, answer.error.message);
        assert.equal(JSON.stringify(unit.unit.document.unit.syslog), before);
      }),
      { numRuns: 20 },
    );
    assert.ok((await client.setSyslogHosts(settings())).ok);
  });

  test("[CH2] changes with their author, failed sign-ins, roles and refused actions are sent from the unit's address", async () => {
    assert.ok((await client.set("hostname", "edge53")).ok);
    await waitFor(
      "the change",
      heard(/ edge53 .*configuration-changed: user=bal, client=127\..*hostname from lm53 to edge53/),
    );
    const wrong = new LoadMasterClient({
      address: loopback(53),
      port: unit.configuration.apiPort,
      credentials: { kind: "password", user: "mallory\n<0>1 forged", password: "wrong" },
    });
    assert.ok(!(await wrong.get("hamode")).ok);
    await waitFor("the sign-in", heard(/^<28>1 .*sign-in-failed: client=127\.\S+, user=mallory <0>1 forged/));
    const fence = { runId: "1".repeat(64), dueAt: 1_000 };
    for (const n of [2, 1])
      await client.call(
        "delvs",
        { vs: "4711" },
        { ...fence, runId: String(n).repeat(64), epoch: { n, unit: "a".repeat(16) } },
      );
    await waitFor("the refusal", heard(/action-refused: command=delvs.*older-epoch/));
    unit.carp.become("backup");
    await waitFor("the role", heard(/^<29>1 .*ha-role: from=\S+, to=backup/));
    assert.ok(lines.every(({ from }) => from === loopback(53)));
    assert.ok(lines.every(({ text }) => !text.includes(unit.password)));
    const report = await client.get("syslogreport");
    assert.match(report.ok ? String(report.value) : "", /: sending, 0 waiting, 0 lost$/);
  });

  test("[CH2] over TCP too, the end of the unit included; it starts with what was set", async () => {
    const tcpSettings = settings({ hosts: [{ host: other, level: "notice" }], protocol: "tcp" });
    assert.ok((await client.setSyslogHosts(tcpSettings)).ok);
    await waitFor("the connection", async () => {
      const report = await client.get("syslogreport");
      return report.ok && String(report.value).includes("sending");
    });
    const { stateDir } = unit.configuration;
    await unit.stop();
    await waitFor("the last words", () => /\d+ <29>1 \S+ edge53 tandem-loadmaster .* stopped$/.test(stream));
    lines = [];
    unit = await startUnit(53, { stateDir, password: unit.password });
    client = unit.client();
    stream = "";
    assert.ok((await client.set("hostname", "lm54")).ok);
    await waitFor("it sends again", () => stream.includes("configuration-changed"));
    assert.equal(lines.length, 0);
  });
});
