/** Log files, counters, and looks at the machine and the network. Programs that the machine lacks are refused with the reason. */
import { type Area, type Case, data, done, refused, type Value } from "../case.ts";

const logs = "API 3.20.1";

const wrong = (
  command: string,
  name: string,
  value: Value,
  from: string,
  beside: { readonly [name: string]: Value } = {},
): Case => ({
  name: `${command} with ${name} = ${JSON.stringify(value).slice(0, 40)}`,
  from,
  ask: { command, with: { ...beside, [name]: value } },
  expect: refused(422, new RegExp(`^${name}: `)),
});

const known = (command: string, from: string, given: { readonly [name: string]: Value } = {}): Case => ({
  name: `${command}${Object.keys(given).length === 0 ? "" : ` ${JSON.stringify(given)}`}`,
  from,
  ask: { command, with: given },
  expect: { is: "known" },
});

const says = (command: string, words: RegExp): Case => ({
  name: command,
  from: "API 3.21.3",
  ask: { command },
  expect: { is: "done", words },
});

export const logging: Area = {
  name: "logging",
  cases: [
    {
      name: "log files are listed",
      from: logs,
      ask: { command: "logging.listsyslogfiles" },
      expect: data({ "File.0.Name": "messages" }),
    },
    {
      name: "all log files are saved",
      from: logs,
      ask: { command: "logging.savelogs" },
      expect: { is: "file" },
    },
    {
      name: "one log file is saved",
      from: logs,
      ask: { command: "logging.savelogs", with: { fsel: "messages" } },
      expect: { is: "file" },
    },
    {
      name: "the former name of that",
      from: logs,
      ask: { command: "logging.downloadlogs" },
      expect: { is: "file" },
    },
    {
      name: "one log file is cleared",
      from: logs,
      ask: { command: "logging.clearlogs", with: { fsel: "messages" } },
      expect: done,
    },
    { name: "all log files are cleared", from: logs, ask: { command: "logging.clearlogs" }, expect: done },
    { name: "the former name of clearing", from: logs, ask: { command: "logging.resetlogs" }, expect: done },
    wrong("logging.savelogs", "fsel", "nosuch", logs),
    wrong("logging.savelogs", "fsel", "../../etc/passwd", logs),
    wrong("logging.clearlogs", "fsel", "nosuch", logs),
    wrong("logging.clearlogs", "fsel", "/etc/passwd", logs),
    {
      name: "statistics are reset",
      from: "API 3.20.4.4",
      ask: { command: "logging.resetstats" },
      expect: done,
    },
    known("logging.ping", "API 3.20.2", { addr: "127.0.0.1" }),
    known("logging.ping", "API 3.20.2", { addr: "127.0.0.1", intf: 200 }),
    known("logging.ping6", "API 3.20.2", { addr: "::1" }),
    known("logging.traceroute", "API 3.20.3", { addr: "127.0.0.1" }),
    ...["logging.ping", "logging.ping6", "logging.traceroute"].flatMap((command) => [
      {
        name: `${command} without a host`,
        from: "API 3.20.2",
        ask: { command },
        expect: refused(400, "addr: String Value missing"),
      },
      ...["-f", "a;id", "$(id)", "a b", ""].map((addr) => wrong(command, "addr", addr, "API 3.20.2")),
    ]),
    wrong("logging.ping", "intf", "eth0", "API 3.20.2", { addr: "127.0.0.1" }),
    known("logging.top", "API 3.21.2", { iterations: 1, interval: 1 }),
    known("logging.top", "API 3.21.2", { iterations: 1, threads: 1, mem: 1 }),
    wrong("logging.top", "iterations", 0, "API 3.21.2"),
    wrong("logging.top", "iterations", 31, "API 3.21.2"),
    wrong("logging.top", "interval", 31, "API 3.21.2"),
    wrong("logging.top", "threads", "perhaps", "API 3.21.2"),
    says("logging.meminfo", /MemTotal/),
    says("logging.cpuinfo", /processor|cpu/i),
    says("logging.interrupts", /CPU0/),
    says("logging.partitions", /major/),
    says("logging.df", /Filesystem/),
    says("logging.ps", /PID/),
    known("logging.ifconfig", "API 3.21.3"),
    known("listifconfig", "API 3.21.3"),
    known("logging.netstat", "API 3.21.3"),
    known("logging.lsmod", "API 3.21.3"),
    known("logging.slabinfo", "API 3.21.3"),
    ...(["tcpdump", "logging.tcpdump"] as const).flatMap((command) => [
      wrong(command, "maxpackets", 200_001, "API 3.21.4"),
      wrong(command, "maxtime", 601, "API 3.21.4"),
      wrong(command, "port", 70_000, "API 3.21.4"),
      wrong(command, "address", "nowhere", "API 3.21.4"),
      wrong(command, "tcpoptions", "-w /tmp/x", "API 3.21.4"),
      wrong(command, "tcpoptions", "x".repeat(256), "API 3.21.4"),
      wrong(command, "interface", 250, "API 3.21.4"),
    ]),
  ],
};
