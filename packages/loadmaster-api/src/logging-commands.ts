/**
 * The unit's own log files, and looks at the machine and the network (vendor's interface description, 3.20 and 3.21).
 * Programs of the machine that they run get no shell, and nothing but what stands here.
 */
import type { Parameter } from "./parameters.ts";

/** Of all log files together: the present one and the one before it. */
export const logFileNames = ["messages", "messages.1"] as const;
export const tailLines = { max: 1_000, default: 200 } as const;
export const topRange = { min: 1, max: 30, iterations: 10, intervalSeconds: 1 } as const;
/** What a call may take; `top` asks for iterations and the time between them apart. */
export const topMaxSeconds = 60;
export const capture = { packetsMax: 200_000, packets: 10_000, secondsMax: 600, seconds: 10 } as const;

const host = {
  name: "addr",
  type: {
    kind: "text",
    pattern: /^[A-Za-z0-9:][A-Za-z0-9.:_-]{0,252}$/,
    allowed: "an IPv4 or IPv6 address, or a host's name",
  },
  required: true,
  about: "whom",
} as const satisfies Parameter;

const from = {
  name: "intf",
  type: { kind: "integer", min: 0, max: 255 },
  about: "the interface to send from; the machine chooses without",
} as const satisfies Parameter;

const file = {
  name: "fsel",
  type: { kind: "choice", values: logFileNames },
  about: "one file; all of them without",
} as const satisfies Parameter;

/** Reads nothing that the unit keeps, but what the machine shows only to its operators. */
const look = <const Name extends readonly Parameter[]>(about: string, parameters: Name) =>
  ({ parameters, changes: "nothing", permission: "root", answer: "text", about }) as const;

const clearing = {
  parameters: [file],
  changes: "unit",
  answer: "ok",
  about: "empties the unit's log files",
} as const;

const saving = {
  parameters: [file],
  changes: "nothing",
  permission: "root",
  answer: "data",
  about: "the unit's log files as a .tar.gz, in base64",
} as const;

const capturing = {
  ...look("packets of an interface as a .pcap file, in base64; needs tcpdump on the machine", [
    {
      name: "maxpackets",
      type: { kind: "integer", min: 1, max: capture.packetsMax },
      about: `ends after so many; ${capture.packets} without`,
    },
    {
      name: "maxtime",
      type: { kind: "integer", min: 1, max: capture.secondsMax, unit: "seconds" },
      about: `ends after so long; ${capture.seconds} without`,
    },
    {
      name: "interface",
      type: { kind: "text", pattern: /^(\d{1,3}|all)$/, allowed: "an interface's number, or all" },
      about: "where; 0 without",
    },
    { name: "port", type: { kind: "integer", min: 1, max: 65_535 }, about: "only packets of this port" },
    {
      name: "address",
      type: { kind: "text", pattern: /^[0-9A-Fa-f.:]{2,45}$/, allowed: "an IPv4 or IPv6 address" },
      about: "only packets of this host",
    },
    {
      name: "tcpoptions",
      type: {
        kind: "text",
        pattern: /^(?!-)(?!.*\s-)[A-Za-z0-9 .:/()<>=!&|[\]+*-]{0,255}$/,
        allowed: "up to 255 characters of a filter as of pcap-filter(7), such as udp or net 10.0.0.0/8",
      },
      emptyIsAbsent: true,
      about: "a further filter; options of the program are not taken",
    },
  ]),
  answer: "data",
} as const;

export const loggingCommands = {
  "logging.listsyslogfiles": {
    parameters: [],
    changes: "nothing",
    answer: "File",
    about: "the unit's log files with their sizes in bytes",
  },
  "logging.savelogs": saving,
  "logging.downloadlogs": saving,
  "logging.clearlogs": clearing,
  "logging.resetlogs": clearing,
  "logging.showlog": look("the last lines of a log file, the latest last; only units of ours have it", [
    file,
    {
      name: "lines",
      type: { kind: "integer", min: 1, max: tailLines.max },
      about: `how many; ${tailLines.default} without`,
    },
  ]),
  "logging.resetstats": {
    parameters: [],
    changes: "unit",
    answer: "ok",
    about: "begins all counters of stats anew",
  },
  "logging.ping": look("five echo requests to a host; needs ping on the machine", [host, from]),
  "logging.ping6": look("the same over IPv6", [host, from]),
  "logging.traceroute": look("the routers on the way to a host; needs traceroute on the machine", [host]),
  "logging.top": look(
    `processes with what they use, some times over; at most ${topMaxSeconds} s; needs top on the machine`,
    [
      {
        name: "iterations",
        type: { kind: "integer", min: topRange.min, max: topRange.max },
        about: `how often; ${topRange.iterations} without`,
      },
      {
        name: "interval",
        type: { kind: "integer", min: topRange.min, max: topRange.max, unit: "seconds" },
        about: `between two; ${topRange.intervalSeconds} without`,
      },
      { name: "threads", type: { kind: "boolean" }, about: "threads instead of processes" },
      { name: "mem", type: { kind: "boolean" }, about: "in the order of memory instead of processor time" },
    ],
  ),
  "logging.tcpdump": capturing,
  tcpdump: capturing,
  "logging.ps": look("processes of the machine", []),
  "logging.meminfo": look("memory of the machine", []),
  "logging.ifconfig": look("network devices of the machine with their addresses", []),
  listifconfig: look("the same", []),
  "logging.netstat": look("sockets of the machine", []),
  "logging.interrupts": look("interrupts of the machine", []),
  "logging.partitions": look("partitions of the machine", []),
  "logging.cpuinfo": look("processors of the machine", []),
  "logging.df": look("file systems of the machine", []),
  "logging.lsmod": look("modules of the kernel", []),
  "logging.slabinfo": look("caches of the kernel", []),
} as const;

export type LoggingCommandName = keyof typeof loggingCommands;
