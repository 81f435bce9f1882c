/** Datagrams that the kernel dropped because a socket's receive buffer was full, as `/proc/net/udp` counts them. */
import { isIPv4 } from "node:net";
import { parseIpv4 } from "@tandem/base/ip";

/** The count of the socket that is bound to this address and port; undefined when the table does not hold it. */
export function dropsIn(table: string, address: string, port: number): number | undefined {
  const hexPort = port.toString(16).toUpperCase().padStart(4, "0");
  const local = isIPv4(address) ? `${hexAddress(address)}:${hexPort}` : `:${hexPort}`;
  for (const line of table.split("\n")) {
    const columns = line.trim().split(/\s+/);
    if (columns[1]?.endsWith(local)) return Number(columns.at(-1));
  }
  return undefined;
}

/** As the kernel prints it on a little-endian machine: the last of the four bytes first. */
const hexAddress = (address: string): string =>
  [0, 8, 16, 24]
    .map((shift) => (((parseIpv4(address) ?? 0) >>> shift) & 255).toString(16).toUpperCase().padStart(2, "0"))
    .join("");

export const tableOf = (address: string): string =>
  isIPv4(address) ? "/proc/thread-self/net/udp" : "/proc/thread-self/net/udp6";
