/** The commands about log files, counters, and looks at the machine and the network. */
import { readFile } from "node:fs/promises";
import { parseIpv4 } from "@tandem/base/ip";
import { isIpv6 } from "@tandem/base/ipv6";
import { err, ok, type Result } from "@tandem/base/result";
import { second } from "@tandem/base/time";
import { completedOk, type Failure } from "@tandem/loadmaster-api/envelope";
import {
  capture,
  type LoggingCommandName,
  logFileNames,
  tailLines,
  topMaxSeconds,
  topRange,
} from "@tandem/loadmaster-api/logging-commands";
import type { Handlers } from "../api/dispatch.ts";
import type { Author, Unit } from "../unit.ts";
import { archiveOf } from "./archive.ts";
import { runProgram } from "./programs.ts";

const pingCount = 5;
const pingSeconds = 10;
const hopsMax = 20;
const tracerouteSeconds = 60;
const lookMs = 10 * second;
/** In base64 it still fits into an answer that clients take. */
export const captureMaxBytes = 8 * 1_048_576;

const refuse = (message: string): Result<never, Failure> => err({ code: 422, message });

export function loggingHandlers(unit: Unit): Pick<Handlers, LoggingCommandName> {
  const { logFiles } = unit;
  const deviceOf = (id: number): string | undefined =>
    unit.configuration.interfaces.find((each) => each.id === id)?.device;

  const saved = async ({ fsel }: { fsel: string | undefined }) => {
    const files = await Promise.all(
      (await logFiles.list())
        .filter(({ name }) => fsel === undefined || fsel === name)
        .map(async ({ name }) => ({ name, content: await logFiles.read(name) })),
    );
    const archive = await archiveOf(files, Math.floor(Date.now() / second));
    return ok({ data: archive.toString("base64"), filename: `${unit.document.unit.hostname}-logs.tar.gz` });
  };
  const cleared = async ({ fsel }: { fsel: string | undefined }, caller: Author) => {
    try {
      await logFiles.clear(logFileNames.filter((each) => fsel === undefined || fsel === each));
    } catch (error) {
      return err<Failure>({
        code: 500,
        message: `fsel: the disk does not clear it: ${(error as Error).message}`,
      });
    }
    unit.tell("log-files-cleared", caller, { file: fsel ?? "all" });
    return ok({ message: completedOk });
  };
  /** What came of it, be it good or bad, in the program's words. */
  const words = async (program: string, parameters: readonly string[], withinMs: number) => {
    const ran = await runProgram(program, parameters, withinMs);
    if (!ran.ok) return ran;
    const { out, said } = ran.value;
    const text = [out.toString("utf8").trimEnd(), said].filter((each) => each !== "").join("\n");
    return ok({ message: text === "" ? `${program} said nothing` : text });
  };
  const ping = ({ addr, intf }: { addr: string; intf: number | undefined }, family?: 6) => {
    const host = unit.addressOfHost(addr);
    const device = intf === undefined ? undefined : deviceOf(intf);
    return words(
      "ping",
      [
        ...(family === 6 || isIpv6(host) ? ["-6"] : parseIpv4(host) === undefined ? [] : ["-4"]),
        ...["-n", "-c", String(pingCount), "-w", String(pingSeconds)],
        // Real units take no notice of an interface that is not there either.
        ...(device === undefined ? [] : ["-I", device]),
        "--",
        host,
      ],
      (pingSeconds + 2) * second,
    );
  };
  const captured: Handlers["logging.tcpdump"] = async (values, caller) => {
    const { interface: where = "0", port, address, tcpoptions } = values;
    const device = where === "all" ? "any" : deviceOf(Number(where));
    if (device === undefined)
      return refuse(`interface: there is no interface ${where}; showiface lists them`);
    if (address !== undefined && parseIpv4(address) === undefined && !isIpv6(address))
      return refuse(`address: "${address}" is no IPv4 or IPv6 address`);
    const filter = [
      ...(port === undefined ? [] : [`port ${port}`]),
      ...(address === undefined ? [] : [`host ${address}`]),
      ...(tcpoptions === undefined ? [] : [`(${tcpoptions})`]),
    ].join(" and ");
    unit.tell("packets-captured", caller, { device, filter });
    const packets = values.maxpackets ?? capture.packets;
    const ran = await runProgram(
      "tcpdump",
      ["-i", device, "-c", String(packets), "-n", "-U", "-w", "-", ...(filter === "" ? [] : ["--", filter])],
      (values.maxtime ?? capture.seconds) * second,
      captureMaxBytes,
    );
    if (!ran.ok) return ran;
    const { out, said } = ran.value;
    return out.length === 0
      ? refuse(`tcpdump: it has captured nothing: ${said}`)
      : ok({ data: out.toString("base64"), filename: `${unit.document.unit.hostname}.pcap` });
  };
  const fileOf = (path: string) => async () => {
    try {
      return ok({ message: await readFile(path, "utf8") });
    } catch (error) {
      return refuse(`${path} cannot be read on this machine: ${(error as Error).message}`);
    }
  };
  const look =
    (program: string, ...parameters: string[]) =>
    () =>
      words(program, parameters, lookMs);

  return {
    "logging.listsyslogfiles": async () =>
      ok({ File: (await logFiles.list()).map(({ name, bytes }) => ({ Name: name, Size: bytes })) }),
    "logging.savelogs": saved,
    "logging.downloadlogs": saved,
    "logging.clearlogs": cleared,
    "logging.resetlogs": cleared,
    "logging.showlog": async ({ fsel, lines = tailLines.default }) => {
      const text = (await logFiles.read(fsel === "messages.1" ? fsel : "messages")).toString("utf8");
      return ok({ message: text.trimEnd().split("\n").slice(-lines).join("\n") });
    },
    "logging.resetstats": async (_values, caller) => {
      await unit.resetStatistics();
      unit.tell("statistics-reset", caller);
      return ok({ message: completedOk });
    },
    "logging.ping": (values) => ping(values),
    "logging.ping6": (values) => ping(values, 6),
    "logging.traceroute": ({ addr }) =>
      words(
        "traceroute",
        ["-n", "-w", "2", "-q", "1", "-m", String(hopsMax), "--", unit.addressOfHost(addr)],
        tracerouteSeconds * second,
      ),
    "logging.top": async ({ iterations, interval, threads, mem }) => {
      const times = iterations ?? topRange.iterations;
      const between = interval ?? topRange.intervalSeconds;
      return times * between > topMaxSeconds
        ? refuse(
            `iterations: ${times} of ${between} s are more than the ${topMaxSeconds} s that a call may take; ask for fewer`,
          )
        : words(
            "top",
            [
              ...["-b", "-w", "160", "-n", String(times), "-d", String(between)],
              ...(threads === true ? ["-H"] : []),
              ...["-o", mem === true ? "%MEM" : "%CPU"],
            ],
            (topMaxSeconds + 5) * second,
          );
    },
    "logging.tcpdump": captured,
    tcpdump: captured,
    // Without parameters, since secrets may stand in those of other programs.
    "logging.ps": look("ps", "-e", "-o", "pid,ppid,user,stat,pcpu,pmem,rss,etime,comm"),
    "logging.meminfo": fileOf("/proc/meminfo"),
    "logging.ifconfig": look("ip", "-s", "address"),
    listifconfig: look("ip", "-s", "address"),
    "logging.netstat": look("ss", "-a", "-n", "-t", "-u"),
    "logging.interrupts": fileOf("/proc/interrupts"),
    "logging.partitions": fileOf("/proc/partitions"),
    "logging.cpuinfo": fileOf("/proc/cpuinfo"),
    "logging.df": look("df", "-k"),
    "logging.lsmod": fileOf("/proc/modules"),
    "logging.slabinfo": fileOf("/proc/slabinfo"),
  };
}
