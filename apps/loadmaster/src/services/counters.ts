/**
 * Counters that only grow while the unit's process lives, from those of HAProxy's workers, which begin at nothing with
 * every reload (SPEC CH8). Pure: samples in, counters out. What a worker counts between its last sample and its end is
 * lost, so one is taken before each reload; connections that an old worker goes on carrying are not counted further.
 */
import type { StatRow } from "@tandem/haproxy-config/statistics";

export type Counts = {
  readonly connections: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly requests: number;
  /** Of layer-4 services only. */
  readonly packets: number;
  /** By a limit or a rule. */
  readonly refusedConnections: number;
  readonly refusedRequests: number;
};

/** What one worker says at one time. */
export type Sample = {
  readonly worker: number;
  readonly rows: readonly StatRow[];
  /** Of services that no worker carries: a reload does not begin their counters anew. */
  readonly steady?: readonly StatRow[];
};

/** Shortest time that rates are worked out over. */
export const rateIntervalMinMs = 1_000;

const none: Counts = {
  connections: 0,
  bytesIn: 0,
  bytesOut: 0,
  requests: 0,
  packets: 0,
  refusedConnections: 0,
  refusedRequests: 0,
};
export const frontendRow = "FRONTEND";
export const backendRow = "BACKEND";

const countsOf = (row: StatRow): Counts => ({
  connections: row.totalSessions,
  bytesIn: row.bytesIn,
  bytesOut: row.bytesOut,
  requests: row.requests,
  packets: row.packets ?? 0,
  refusedConnections: row.refusedConnections ?? 0,
  refusedRequests: row.refusedRequests ?? 0,
});
const plus = (a: Counts, b: Counts): Counts => ({
  connections: a.connections + b.connections,
  bytesIn: a.bytesIn + b.bytesIn,
  bytesOut: a.bytesOut + b.bytesOut,
  requests: a.requests + b.requests,
  packets: a.packets + b.packets,
  refusedConnections: a.refusedConnections + b.refusedConnections,
  refusedRequests: a.refusedRequests + b.refusedRequests,
});
/** What was counted since; a counter that has fallen was begun anew. */
const since = (now: Counts, before: Counts): Counts => {
  const grown = (name: keyof Counts): number =>
    now[name] >= before[name] ? now[name] - before[name] : now[name];
  return {
    connections: grown("connections"),
    bytesIn: grown("bytesIn"),
    bytesOut: grown("bytesOut"),
    requests: grown("requests"),
    packets: grown("packets"),
    refusedConnections: grown("refusedConnections"),
    refusedRequests: grown("refusedRequests"),
  };
};

export class Counters {
  #worker: number | undefined;
  /** By proxy and server: what the present worker said last, and the sum over all workers. */
  #last = new Map<string, Counts>();
  #sums = new Map<string, Counts>();
  #total = none;
  #rateFrom: { readonly at: number; readonly sums: ReadonlyMap<string, Counts>; readonly total: Counts };
  #rates: { readonly seconds: number; readonly sums: ReadonlyMap<string, Counts>; readonly total: Counts };

  /** `now`: monotonic milliseconds. */
  constructor(now: number) {
    this.#rateFrom = { at: now, sums: new Map(), total: none };
    this.#rates = { seconds: 1, sums: new Map(), total: none };
  }

  /** What HAProxy had counted before the first sample belongs to an earlier process of the unit. */
  take({ worker, rows, steady = [] }: Sample, now: number): void {
    const first = this.#worker === undefined;
    const before = this.#worker === worker ? this.#last : new Map<string, Counts>();
    const last = new Map<string, Counts>();
    const sums = new Map<string, Counts>();
    const staying = new Set(steady);
    for (const row of [...rows, ...steady]) {
      const key = keyOf(row.proxy, row.server);
      const counts = countsOf(row);
      const was = (staying.has(row) ? this.#last : before).get(key) ?? none;
      const more = first ? none : since(counts, was);
      last.set(key, counts);
      sums.set(key, plus(this.#sums.get(key) ?? none, more));
      if (row.server === frontendRow) this.#total = plus(this.#total, more);
    }
    // A service that is gone has no counters any more; the total keeps what it had counted.
    this.#worker = worker;
    this.#last = last;
    this.#sums = sums;
    if (now - this.#rateFrom.at < rateIntervalMinMs) return;
    this.#rates = {
      seconds: (now - this.#rateFrom.at) / 1_000,
      sums: difference(sums, this.#rateFrom.sums),
      total: since(this.#total, this.#rateFrom.total),
    };
    this.#rateFrom = { at: now, sums, total: this.#total };
  }

  counts(proxy: string, server: string): Counts {
    return this.#sums.get(keyOf(proxy, server)) ?? none;
  }

  get total(): Counts {
    return this.#total;
  }

  connectionsPerSecond(proxy: string, server: string): number {
    return Math.round((this.#rates.sums.get(keyOf(proxy, server))?.connections ?? 0) / this.#rates.seconds);
  }

  get totalPerSecond(): Counts {
    const { seconds, total } = this.#rates;
    const per = (value: number): number => Math.round(value / seconds);
    return {
      connections: per(total.connections),
      bytesIn: per(total.bytesIn),
      bytesOut: per(total.bytesOut),
      requests: per(total.requests),
      packets: per(total.packets),
      refusedConnections: per(total.refusedConnections),
      refusedRequests: per(total.refusedRequests),
    };
  }
}

const keyOf = (proxy: string, server: string): string => `${proxy}/${server}`;

const difference = (
  now: ReadonlyMap<string, Counts>,
  before: ReadonlyMap<string, Counts>,
): ReadonlyMap<string, Counts> =>
  new Map([...now].map(([key, counts]) => [key, since(counts, before.get(key) ?? none)]));
