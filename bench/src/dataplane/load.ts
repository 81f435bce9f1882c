/** Load through wrk, and the ratios of runs that were made in pairs. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

export type Run = {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failed: number;
};
/** The same load on both, one directly after the other. */
export type PairOfRuns = { readonly ours: Run; readonly plain: Run };

/** One thread keeps up with two HAProxys on two cores. */
export const wrkArguments = (url: string, seconds: number): readonly string[] => [
  ...["-t1", "-c32", `-d${seconds}s`, "-s", fileURLToPath(new URL("wrk.lua", import.meta.url))],
  url,
];

export function load(url: string, seconds: number): Promise<Run> {
  return new Promise((resolve, reject) => {
    execFile(
      "wrk",
      [...wrkArguments(url, seconds)],
      { timeout: (seconds + 20) * 1_000 },
      (error, stdout, stderr) => {
        const line = stdout.split("\n").find((each) => each.startsWith("{"));
        if (error !== null || line === undefined)
          return reject(new Error(`wrk ${url}: ${error?.message ?? ""} ${stderr} ${stdout}`));
        const { requests, microseconds, p50, p99, failed } = JSON.parse(line) as Record<string, number>;
        resolve({
          perSecond: ((requests ?? 0) * 1e6) / (microseconds ?? 1),
          p50Ms: (p50 ?? 0) / 1_000,
          p99Ms: (p99 ?? 0) / 1_000,
          failed: failed ?? 0,
        });
      },
    );
  });
}

/** Which comes first changes from pair to pair, so that neither has the machine's better half. */
export async function loadInPairs(
  urls: { readonly ours: string; readonly plain: string },
  { pairs, seconds }: { readonly pairs: number; readonly seconds: number },
  said: (pair: PairOfRuns) => void,
): Promise<readonly PairOfRuns[]> {
  const all: PairOfRuns[] = [];
  for (const url of [urls.ours, urls.plain]) await load(url, Math.min(seconds, 2));
  for (let at = 0; at < pairs; at += 1) {
    const first = at % 2 === 0 ? "ours" : "plain";
    const one = await load(urls[first], seconds);
    const other = await load(urls[first === "ours" ? "plain" : "ours"], seconds);
    const pair = first === "ours" ? { ours: one, plain: other } : { ours: other, plain: one };
    all.push(pair);
    said(pair);
  }
  return all;
}

/** Median with the interval that holds it in at least 95 of 100 cases, whatever the distribution: two order statistics. */
export type MedianInterval = { readonly median: number; readonly low: number; readonly high: number };

export function medianInterval(samples: readonly number[]): MedianInterval {
  const sorted = [...samples].sort((a, b) => a - b);
  const count = sorted.length;
  const middle =
    ((sorted[Math.floor((count - 1) / 2)] ?? Number.NaN) + (sorted[Math.floor(count / 2)] ?? Number.NaN)) / 2;
  // Each end leaves out as many samples as half of them are beyond the median with a chance of at most 2.5 %.
  let outside = -1;
  let chance = 0;
  for (let below = 0; below < count / 2; below += 1) {
    chance += binomial(count, below);
    if (chance > 0.025) break;
    outside = below;
  }
  const left = Math.max(0, outside);
  return {
    median: middle,
    low: sorted[left] ?? Number.NaN,
    high: sorted[count - 1 - left] ?? Number.NaN,
  };
}

/** The chance that `below` of `count` samples lie below the median. */
function binomial(count: number, below: number): number {
  let value = 0.5 ** count;
  for (let at = 0; at < below; at += 1) value *= (count - at) / (at + 1);
  return value;
}
