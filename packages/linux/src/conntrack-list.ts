/** conntrack(8): the connections and flows that the kernel knows, of IPv4. */
import { execFile, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { err, type FieldError, ok, type Result } from "@tandem/base/result";
import type { FlowEnds, FlowRemoval, UdpFlow } from "./layer4-flows.ts";
import type { Layer4Protocol } from "./layer4-ruleset.ts";

const conntrackPath = "/usr/sbin/conntrack";
export const conntrackTimeoutMs = 5_000;
/** Some hundred thousand connections; with more of them they are not counted. */
const outputMaxBytes = 64 * 1024 * 1024;

/** Established TCP connections, or flows of UDP, by mark: of those whose mark has these bits under the mask; undefined where they cannot be listed. */
export const countEstablished = (
  protocol: Layer4Protocol,
  mark: number,
  mask: number,
): Promise<ReadonlyMap<number, number> | undefined> =>
  new Promise((resolve) => {
    const state = protocol === "tcp" ? ["--state", "ESTABLISHED"] : [];
    execFile(
      conntrackPath,
      ["-L", "-f", "ipv4", "-p", protocol, ...state, "--mark", `${hex(mark)}/${hex(mask)}`],
      { timeout: conntrackTimeoutMs, maxBuffer: outputMaxBytes },
      (error, stdout) => resolve(error === null ? countMarks(stdout) : undefined),
    );
  });

const hex = (mark: number): string => `0x${mark.toString(16)}`;

/** Lines of `conntrack -L`, of which each names its mark in decimal digits. */
export function countMarks(text: string): Map<number, number> {
  const counts = new Map<number, number>();
  for (const [, digits] of text.matchAll(/ mark=(\d+)/g)) {
    const mark = Number(digits);
    counts.set(mark, (counts.get(mark) ?? 0) + 1);
  }
  return counts;
}

/** Shows every flow of UDP, one at a time: there may be a great many. */
export function listUdpFlows(visit: (flow: UdpFlow) => void): Promise<Result<void, FieldError>> {
  return new Promise((resolve) => {
    const child = spawn(conntrackPath, ["-L", "-f", "ipv4", "-p", "udp"], {
      stdio: ["ignore", "pipe", "ignore"],
      timeout: conntrackTimeoutMs,
    });
    createInterface({ input: child.stdout }).on("line", (line) => {
      const flow = flowIn(line);
      if (flow !== undefined) visit(flow);
    });
    child.on("error", (error) => resolve(err(unusable(error.message))));
    child.on("close", (status, signal) =>
      resolve(status === 0 ? ok(undefined) : err(unusable(`it ended with ${signal ?? status}`))),
    );
  });
}

/** A line of `conntrack -L -p udp`. */
export function flowIn(line: string): UdpFlow | undefined {
  const [there, back] = [...line.matchAll(/ src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)/g)].map(
    ([, from = "", to = "", fromPort, toPort]): FlowEnds => ({
      from,
      fromPort: Number(fromPort),
      to,
      toPort: Number(toPort),
    }),
  );
  if (there === undefined || back === undefined) return undefined;
  return { ...there, back, mark: Number(/ mark=(\d+)/.exec(line)?.[1] ?? 0) };
}

/** Makes the kernel forget flows of UDP: the next packet of each is looked at by the rules. */
export function removeUdpFlows(removal: FlowRemoval): Promise<Result<void, FieldError>> {
  const which =
    "mark" in removal
      ? ["--mark", hex(removal.mark)]
      : [
          ...("unmarkedTo" in removal
            ? ["--orig-dst", removal.unmarkedTo]
            : ["--orig-src", removal.unmarkedFrom]),
          "--mark",
          "0/0xffffffff",
        ];
  return new Promise((resolve) => {
    execFile(
      conntrackPath,
      ["-D", "-f", "ipv4", "-p", "udp", ...which],
      { timeout: conntrackTimeoutMs, maxBuffer: outputMaxBytes },
      (error) =>
        // 1: there were none any more.
        resolve(error === null || error.code === 1 ? ok(undefined) : err(unusable(error.message))),
    );
  });
}

const unusable = (why: string): FieldError => ({
  code: "conntrack-unusable",
  field: "conntrack",
  value: conntrackPath,
  message: `services over UDP need conntrack, which does not work: ${why}`,
  remedy: "install the package conntrack, and run the unit as root on a kernel with nf_conntrack_netlink",
});
