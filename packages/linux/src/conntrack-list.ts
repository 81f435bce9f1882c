/** conntrack(8): how many established TCP connections the kernel knows by their mark. */
import { execFile } from "node:child_process";

const conntrackPath = "/usr/sbin/conntrack";
export const conntrackTimeoutMs = 5_000;
/** Some hundred thousand connections; with more of them they are not counted. */
const outputMaxBytes = 64 * 1024 * 1024;

/** By mark, of those whose mark has these bits under the mask; undefined where they cannot be listed. */
export const countEstablished = (
  mark: number,
  mask: number,
): Promise<ReadonlyMap<number, number> | undefined> =>
  new Promise((resolve) => {
    const marked = `0x${mark.toString(16)}/0x${mask.toString(16)}`;
    execFile(
      conntrackPath,
      ["-L", "-f", "ipv4", "-p", "tcp", "--state", "ESTABLISHED", "--mark", marked],
      { timeout: conntrackTimeoutMs, maxBuffer: outputMaxBytes },
      (error, stdout) => resolve(error === null ? countMarks(stdout) : undefined),
    );
  });

/** Lines of `conntrack -L`, of which each names its mark in decimal digits. */
export function countMarks(text: string): Map<number, number> {
  const counts = new Map<number, number>();
  for (const [, digits] of text.matchAll(/ mark=(\d+)/g)) {
    const mark = Number(digits);
    counts.set(mark, (counts.get(mark) ?? 0) + 1);
  }
  return counts;
}
