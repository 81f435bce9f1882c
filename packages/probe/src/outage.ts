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
  /** The HTTP status, or 0 when no complete answer came. Of a target of TCP alone, 200 is a connection that was accepted. */
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
  /** Requests that got no answer at all, of those that failed. */
  readonly lost: number;
  /** Of the lost ones: nobody answered in time. */
  readonly timeouts: number;
  /** Of the lost ones: nobody listened, or the machine was not there. */
  readonly refused: number;
  /** Of the lost ones: a connection that was there was cut. */
  readonly resets: number;
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

/** A time between the starts of two consecutive successful requests. */
export type Outage = { readonly from: number; readonly to: number };

const refusedReasons = ["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "EHOSTDOWN"];
/** `incomplete`: the connection ended in the middle of an answer. */
const resetReasons = ["ECONNRESET", "EPIPE", "ECONNABORTED", "incomplete"];

/** True for an answer that a client can use. */
export const succeeded = (sample: Sample): boolean => sample.status >= 200 && sample.status < 400;

/**
 * What the client saw of the requests begun between `from` and `to`. The last success before `from` and the first
 * after `to` count for the outage as well: one that crosses an edge is not cut short by it.
 */
export function clientView(samples: readonly Sample[], from: number, to: number): ClientView {
  const inside = samples.filter((sample) => sample.start >= from && sample.start <= to);
  const good = inside.filter(succeeded);
  const bad = inside.filter((sample) => !succeeded(sample));
  const lostFor = (reasons: readonly string[]): number =>
    bad.filter(({ failure }) => reasons.includes(failure)).length;
  return {
    requests: inside.length,
    succeeded: good.length,
    failed: bad.length,
    lost: bad.filter(({ status }) => status === 0).length,
    timeouts: lostFor(["timeout", "ETIMEDOUT"]),
    refused: lostFor(refusedReasons),
    resets: lostFor(resetReasons),
    failures: countBy(bad.map(reasonOf)),
    servers: countBy(good.map((sample) => sample.server)),
    outageMs: gapsOf(samples, from, to).reduce((longest, gap) => Math.max(longest, gap.to - gap.from), 0),
    slowestMs: good.reduce((slowest, sample) => Math.max(slowest, sample.end - sample.start), 0),
  };
}

/** Every outage that touches the window and lasted longer than `thresholdMs`, the earliest first; of too many the longest. */
export function outagesOf(
  samples: readonly Sample[],
  window: Outage,
  bounds: { readonly thresholdMs: number; readonly outagesMax: number },
): readonly Outage[] {
  const length = ({ from, to }: Outage): number => to - from;
  const found = gapsOf(samples, window.from, window.to).filter((gap) => length(gap) > bounds.thresholdMs);
  if (found.length <= bounds.outagesMax) return found;
  return found
    .sort((a, b) => length(b) - length(a))
    .slice(0, bounds.outagesMax)
    .sort((a, b) => a.from - b.from);
}

/** The times between consecutive successes, in their order, those across the window's edges included. */
function gapsOf(samples: readonly Sample[], from: number, to: number): Outage[] {
  const inside: number[] = [];
  let before = Number.NEGATIVE_INFINITY;
  let after = Number.POSITIVE_INFINITY;
  for (const sample of samples) {
    if (!succeeded(sample)) continue;
    if (sample.start < from) before = Math.max(before, sample.start);
    else if (sample.start > to) after = Math.min(after, sample.start);
    else inside.push(sample.start);
  }
  const points = [
    Number.isFinite(before) ? before : from,
    ...inside.sort((a, b) => a - b),
    Number.isFinite(after) ? after : to,
  ];
  return points.slice(1).map((point, index) => ({ from: points[index] as number, to: point }));
}

const reasonOf = (sample: Sample): string =>
  sample.failure === "" ? `HTTP ${sample.status}` : sample.failure;

/** How often each key occurs, in the keys' order. */
export function countBy(keys: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The value below which the given share (0…1) of the numbers lies (nearest rank); 0 of none. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? 0;
}
