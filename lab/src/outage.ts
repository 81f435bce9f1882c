/**
 * What a client saw: requests as samples, and the figures that are drawn from them. Pure; all times are
 * milliseconds of the machine's monotonic clock, which every process of the machine shares.
 */

/** One request over a connection of its own. */
export type Sample = {
  /** When it was begun. */
  readonly start: number;
  /** When its answer was complete, or it failed. */
  readonly end: number;
  /** The HTTP status, or 0 when no complete answer came. */
  readonly status: number;
  /** The server that answered, as it names itself; empty when none did. */
  readonly server: string;
  /** Why it failed: `timeout`, or the system's code such as `ECONNREFUSED`; empty when it did not. */
  readonly failure: string;
};

export type ClientView = {
  readonly requests: number;
  readonly succeeded: number;
  readonly failed: number;
  /** How many failed for each reason. */
  readonly failures: Readonly<Record<string, number>>;
  /** How many each server answered. */
  readonly servers: Readonly<Record<string, number>>;
  /**
   * The outage: the longest time between the starts of two consecutive successful requests. Where the last
   * success before the window, or the first after it, is not known, the window's edge stands for it.
   */
  readonly outageMs: number;
  /** The slowest successful answer: what a patient client waited. 0 when none succeeded. */
  readonly slowestMs: number;
};

/** True for an answer that a client can use. */
export const succeeded = (sample: Sample): boolean => sample.status >= 200 && sample.status < 400;

/**
 * What the client saw of the requests begun between `from` and `to`. The last success before `from` and the first
 * after `to` count for the outage as well: one that crosses an edge is not cut short by it.
 */
export function clientView(samples: readonly Sample[], from: number, to: number): ClientView {
  const inside = samples.filter((sample) => sample.start >= from && sample.start <= to);
  const successes = samples
    .filter(succeeded)
    .map((sample) => sample.start)
    .sort((a, b) => a - b);
  const points = [
    successes.findLast((start) => start < from) ?? from,
    ...successes.filter((start) => start >= from && start <= to),
    successes.find((start) => start > to) ?? to,
  ];
  const gaps = points.slice(1).map((point, index) => point - (points[index] as number));
  const good = inside.filter(succeeded);
  return {
    requests: inside.length,
    succeeded: good.length,
    failed: inside.length - good.length,
    failures: countBy(inside.filter((sample) => !succeeded(sample)).map(reasonOf)),
    servers: countBy(good.map((sample) => sample.server)),
    outageMs: gaps.reduce((longest, gap) => Math.max(longest, gap), 0),
    slowestMs: good.reduce((slowest, sample) => Math.max(slowest, sample.end - sample.start), 0),
  };
}

const reasonOf = (sample: Sample): string =>
  sample.failure === "" ? `HTTP ${sample.status}` : sample.failure;

function countBy(keys: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The value below which the given share (0…1) of the numbers lies (nearest rank); 0 of none. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? 0;
}
