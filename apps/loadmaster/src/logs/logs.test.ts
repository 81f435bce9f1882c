import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import type { StatisticsView } from "@tandem/loadmaster-api/views";
import {
  fetchText,
  loopback,
  startUnit,
  startWebServer,
  type TestUnit,
  value,
  waitFor,
} from "../unit.fixture.ts";
import { archiveOf } from "./archive.ts";
import { LogFiles, logFileMaxBytes, logLineMaxChars } from "./log-files.ts";
import { programsMax, runProgram } from "./programs.ts";

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";

describe("log files", () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "tandem-logs-"));
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  test("keep two files of a bounded size, the older lines in the second one", async () => {
    const files = new LogFiles(directory);
    const long = "x".repeat(2 * logLineMaxChars);
    for (let round = 0; round < 4; round += 1) {
      for (let line = 0; line < 100; line += 1) files.write("info", `event-${round}`, { long });
      await files.settled();
    }
    const listed = await files.list();
    assert.deepEqual(
      listed.map(({ name }) => name),
      ["messages", "messages.1"],
    );
    for (const { bytes } of listed) assert.ok(bytes > 0 && bytes <= logFileMaxBytes, String(bytes));
    assert.match((await files.read("messages")).toString(), /event-3/);
    assert.match((await files.read("messages.1")).toString(), /event-1/);
    assert.equal(statSync(join(directory, "logs/messages")).mode & 0o777, 0o600);
    await files.clear(["messages.1"]);
    assert.equal((await files.read("messages.1")).length, 0);
    assert.notEqual((await files.read("messages")).length, 0);
  });

  test("go on where they were, and survive a disk that takes nothing", async () => {
    const again = new LogFiles(directory);
    again.write("warn", "after", {});
    await again.settled();
    assert.match((await again.read("messages")).toString(), /event-3[\s\S]*warn after \{\}\n$/);
    const broken = join(directory, "broken");
    const files = new LogFiles(broken);
    // A file stands where the folder should be.
    mkdirSync(broken);
    execFileSync("touch", [join(broken, "logs")]);
    files.write("info", "lost", {});
    await files.settled();
    assert.deepEqual(await files.list(), []);
    rmSync(join(broken, "logs"));
    files.write("info", "kept", {});
    await files.settled();
    assert.match((await files.read("messages")).toString(), /kept \{\}\n.*messages-lost \{"lost":1\}/);
  });

  test("an archive of them is one that tar reads", async () => {
    const path = join(directory, "logs.tar.gz");
    const content = Buffer.from("one line\n".repeat(200));
    writeFileSync(
      path,
      await archiveOf(
        [
          { name: "messages", content },
          { name: "empty", content: Buffer.alloc(0) },
        ],
        1_000,
      ),
    );
    assert.equal(execFileSync("tar", ["tzf", path], { encoding: "utf8" }), "messages\nempty\n");
    execFileSync("tar", ["xzf", path, "-C", directory]);
    assert.deepEqual(readFileSync(join(directory, "messages")), content);
  });
});

describe("programs of the machine", () => {
  test("run without a shell, for a bounded time, with bounded output, and so many at a time", async () => {
    const said = value(await runProgram("echo", ["$HOME; id `id`"], 5_000));
    assert.equal(said.out.toString(), "$HOME; id `id`\n");
    const begun = performance.now();
    value(await runProgram("sleep", ["60"], 50));
    assert.ok(performance.now() - begun < 10_000);
    const flood = value(await runProgram("yes", [], 5_000, 100_000));
    assert.ok(flood.out.length <= 100_000);
    const missing = await runProgram("no-such-program", [], 1_000);
    assert.ok(!missing.ok && /not installed/.test(missing.error.message));
    const all = Array.from({ length: programsMax }, () => runProgram("sleep", ["60"], 100));
    const beyond = await runProgram("sleep", ["60"], 100);
    assert.ok(!beyond.ok && /running already/.test(beyond.error.message));
    await Promise.all(all);
  });
});

describe("logs and looks of a unit", { skip }, () => {
  let unit: TestUnit;
  const call = (command: string, parameters = {}) => unit.client().call(command, parameters);
  const messageOf = async (command: string, parameters = {}): Promise<string> => {
    const answer = await call(command, parameters);
    return answer.ok ? String(answer.value.message) : answer.error.message;
  };

  before(async () => {
    unit = await startUnit(41);
  });
  after(() => unit.remove());

  test("[LM2] what the unit logs can be listed, read, saved and cleared, and holds no secret", async () => {
    value(await call("set", { param: "hawait", value: 7 }));
    assert.match(await messageOf("logging.showlog", { lines: 5 }), /hawaitSeconds from 0 to 7/);
    assert.equal((await messageOf("logging.showlog", { lines: 1 })).split("\n").length, 1);
    const listed = value(await call("logging.listsyslogfiles")).File as { Name: string; Size: number }[];
    assert.equal(listed[0]?.Name, "messages");
    const saved = value(await call("logging.savelogs", { fsel: "messages" }));
    const archive = gunzipSync(Buffer.from(String(saved.data), "base64")).toString();
    assert.match(archive, /hawaitSeconds/);
    assert.ok(!archive.includes(unit.password));
    value(await call("logging.clearlogs"));
    const after = await messageOf("logging.showlog");
    assert.doesNotMatch(after, /hawaitSeconds/);
    assert.match(after, /log-files-cleared \{"user":"bal"/, "who did it is what stands there");
    assert.match(await messageOf("logging.clearlogs", { fsel: "../configuration.json" }), /^fsel: /);
    assert.match(await messageOf("logging.savelogs", { fsel: "/etc/passwd" }), /^fsel: /);
  });

  test("[LM2] hostile arguments reach no program", async () => {
    const hosts = [
      "-f",
      "--help",
      "a b",
      "a;id",
      "$(id)",
      "`id`",
      "a|b",
      "a\nb",
      "a&b",
      "../x",
      "",
      "x".repeat(300),
      "'a'",
      "10.0.0.1/24",
      "é",
    ];
    for (const command of ["logging.ping", "logging.ping6", "logging.traceroute"]) {
      for (const addr of hosts)
        assert.match(await messageOf(command, { addr }), /^addr: /, `${command} ${addr}`);
      assert.equal(await messageOf(command), "addr: String Value missing");
    }
    assert.match(await messageOf("logging.ping", { addr: "127.0.0.1", intf: "0; id" }), /^intf: /);
    for (const tcpoptions of [
      "-w /etc/cron.d/x",
      "tcp -z id",
      "--version",
      "tcp\n-w x",
      "`id`",
      "$(id)",
      "'x'",
      "x".repeat(256),
    ])
      assert.match(await messageOf("logging.tcpdump", { tcpoptions }), /^tcpoptions: /, tcpoptions);
    for (const wrong of [
      { maxpackets: 0 },
      { maxpackets: 200_001 },
      { maxtime: 601 },
      { port: 70_000 },
      { interface: "eth0" },
      { interface: 9 },
      { address: "1.2.3" },
    ])
      assert.match(
        await messageOf("tcpdump", wrong),
        new RegExp(`^${Object.keys(wrong)[0]}: `),
        JSON.stringify(wrong),
      );
    assert.match(await messageOf("logging.top", { iterations: 30, interval: 30 }), /^iterations: .*60 s/);
  });

  test("[LM2] looks at the machine answer in words, for those who may", async () => {
    const words: readonly (readonly [string, object, RegExp])[] = [
      ["logging.meminfo", {}, /MemTotal/],
      ["logging.cpuinfo", {}, /processor/],
      ["logging.df", {}, /Filesystem/],
      ["logging.ps", {}, /PID/],
      ["logging.top", { iterations: 1, mem: 1 }, /load average/],
      // Either it ran, or the machine has it not, which is said.
      ["logging.ping", { addr: "127.0.0.1" }, /5 packets transmitted|ping: this program is not installed/],
      ["logging.ifconfig", {}, /127\.0\.0\.1|not installed/],
      ["logging.netstat", {}, /State|not installed/],
    ];
    for (const [command, parameters, expected] of words)
      assert.match(await messageOf(command, parameters), expected, command);
  });

  test("[LM2] a capture is a .pcap file of what passes", async (context) => {
    if (!existsSync("/usr/bin/tcpdump") || process.getuid?.() !== 0)
      return context.skip("it needs tcpdump and root");
    const capturing = call("logging.tcpdump", {
      maxpackets: 2,
      maxtime: 8,
      port: unit.configuration.apiPort,
      tcpoptions: "tcp",
    });
    let done = false;
    void capturing.then(() => {
      done = true;
    });
    await waitFor("packets", async () => {
      await call("get", { param: "version" });
      return done;
    });
    const bytes = Buffer.from(String(value(await capturing).data), "base64");
    assert.ok([0xa1b2c3d4, 0xa1b23c4d].includes(bytes.readUInt32LE(0)), bytes.subarray(0, 4).toString("hex"));
    assert.match(
      await messageOf("logging.tcpdump", { tcpoptions: "no such filter", maxtime: 2 }),
      /captured nothing: .*syntax error/,
    );
  });

  test("[CH8] counters begin anew under another epoch", async () => {
    const web = await startWebServer(42, "web");
    const service = { vs: loopback(43), port: 8080, prot: "tcp" };
    value(await call("addvs", { ...service, VStype: "http", CheckType: "none" }));
    value(await call("addrs", { ...service, rs: loopback(42), rsport: web.port }));
    const stats = async () => value(await call("stats")) as unknown as StatisticsView;
    await stats();
    await fetchText(service.vs, service.port);
    await waitFor("the connection is counted", async () => Number((await stats()).Vs?.[0]?.TotalConns) >= 1);
    const before = await stats();
    value(await call("logging.resetstats"));
    const present = await stats();
    assert.equal(Number(present.Vs?.[0]?.TotalConns), 0);
    assert.notEqual(
      JSON.stringify(present).match(/"epoch":"[^"]*"/i)?.[0],
      JSON.stringify(before).match(/"epoch":"[^"]*"/i)?.[0],
    );
    await web.close();
  });

  test("[LM2] names are known by entries of the unit's own", async () => {
    value(await call("addhostsentry", { hostip: "127.0.0.1", hostfqdn: "logs.example" }));
    value(await call("addhostsentry", { hostip: "2001:DB8::1", hostfqdn: "six.example" }));
    assert.deepEqual(value(await call("gethosts")).HostsEntry, [
      { HostIPAddress: "127.0.0.1", HostFQDN: "logs.example" },
      { HostIPAddress: "2001:db8::1", HostFQDN: "six.example" },
    ]);
    assert.equal(unit.unit.addressOfHost("LOGS.example"), "127.0.0.1");
    assert.match(
      await messageOf("addhostsentry", { hostip: "127.0.0.1", hostfqdn: "b" }),
      /^hostip: .*already/,
    );
    assert.match(
      await messageOf("addhostsentry", { hostip: "127.0.0.2", hostfqdn: "Logs.Example" }),
      /^hostfqdn: /,
    );
    assert.match(await messageOf("addhostsentry", { hostip: "1.2.3", hostfqdn: "b" }), /^hostip: /);
    assert.match(await messageOf("addhostsentry", { hostip: "127.0.0.3", hostfqdn: "a b" }), /^hostfqdn: /);
    value(await call("delhostsentry", { hostip: "2001:db8:0::1" }));
    assert.match(await messageOf("delhostsentry", { hostip: "2001:db8::1" }), /no entry/);
    // Syslog goes to the name's address.
    const socket = createSocket("udp4");
    await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
    const received: string[] = [];
    socket.on("message", (message) => received.push(message.toString()));
    value(await call("set", { param: "syslogport", value: socket.address().port }));
    value(await call("set", { param: "sysloginfo", value: "logs.example" }));
    value(await call("set", { param: "hawait", value: 8 }));
    await waitFor("syslog at the entry's address", () => received.some((each) => each.includes("hawait")));
    socket.close();
  });

  test("[LM2] shutdown ends the unit, and it stays down", async () => {
    assert.match(await messageOf("shutdown"), /shuts down/);
    await waitFor("it was ended", () => unit.log.some(({ event }) => event === "shutdown"));
  });
});
