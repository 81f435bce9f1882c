/**
 * Statistics (SPEC CH8) without effects: how an answer of a device becomes a sample, how samples become rates, and
 * how these are drawn together over longer periods.
 *
 * Counters are cumulative, and what was added is the difference of one sample and the next, whichever unit polled
 * them: nothing is lost between them and nothing counted twice. For each counter-epoch of a device (`since`) the
 * greatest value seen is remembered. So a reset begins anew; samples that two clocks put in the wrong order add
 * nothing; and no difference is ever negative.
 */
import type { Epoch } from "@tandem/base/epoch";
import { minute } from "@tandem/base/time";
import {
  finestLevel,
  periodOf,
  type Rollup,
  type RollupLevel,
  rawKeptDays,
  rollupFields,
  rollupLevels,
  type Sample,
  type StatisticsStore,
  sampleFields,
  slotsPerDay,
} from "@tandem/storage/statistics-store";

export const slotMsDefault = 1 * minute;

export type Counters = {
  /** Connections at this moment. */
  readonly active: number;
  readonly connections: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly requests: number;
};

/** What a device answers when it is asked for its statistics. All but `active` have been counted since `since`. */
export type DeviceStatistics = {
  /** The device's counter-epoch: changes whenever its counters begin anew. `sinceUnknown`: it does not say. */
  readonly since: number;
  readonly totals: Counters;
  readonly services: readonly (Counters & {
    /** Such as 10.0.0.1:80/tcp. */
    readonly service: string;
    readonly servers: readonly (Counters & {
      /** Such as 10.1.0.1:8080. */
      readonly server: string;
    })[];
  })[];
};

/** Of such a device a counter that has fallen is taken for one that began anew. */
export const sinceUnknown = 0;

/** A sample must fit into one message to the peer. What is beyond is counted in the device's totals alone. */
export const entitiesPerSampleMax = 1_000;
export const entityNameMaxLength = 120;

const integer = (value: number): number =>
  Number.isFinite(value) ? Math.min(Math.max(0, Math.round(value)), Number.MAX_SAFE_INTEGER) : 0;
const valuesOf = (counters: Counters): readonly number[] =>
  sampleFields.map((field) => integer(counters[field]));

/** How an entity is named within a sample. */
export const entityOf = (service: string, server?: string): string =>
  server === undefined ? service : `${service} ${server}`;

export function sampleOf(
  answered: DeviceStatistics,
  polled: {
    readonly device: string;
    readonly slot: number;
    readonly epoch: Epoch;
    readonly offsetMs: number;
  },
): Sample {
  const entities = new Map<string, Counters>([["", answered.totals]]);
  for (const service of answered.services) entities.set(entityOf(service.service), service);
  for (const service of answered.services)
    for (const server of service.servers) entities.set(entityOf(service.service, server.server), server);
  const kept = [...entities]
    .filter(([name]) => name.length <= entityNameMaxLength)
    .slice(0, entitiesPerSampleMax);
  return {
    ...polled,
    offsetMs: integer(polled.offsetMs),
    since: integer(answered.since),
    entities: kept.map(([name]) => name),
    values: kept.flatMap(([, counters]) => valuesOf(counters)),
  };
}

// Rates.

/** What a stretch of time holds of one entity; the members are `rollupFields`. */
type Share = { readonly [field in (typeof rollupFields)[number]]: number };
/** What a stretch of slots holds of a device. */
export type Bar = { readonly start: number; readonly shares: ReadonlyMap<string, Share> };

/** Counter-epochs remembered: two units' samples may alternate between the one before a reset and the one after. */
const countersRememberedMax = 8;
const counterFields = ["connections", "bytesIn", "bytesOut", "requests"] as const;
type CounterValues = { readonly [field in (typeof counterFields)[number]]: number };

const noCounters: CounterValues = { connections: 0, bytesIn: 0, bytesOut: 0, requests: 0 };
const eachCounter = (of: (field: keyof CounterValues) => number): CounterValues => ({
  connections: of("connections"),
  bytesIn: of("bytesIn"),
  bytesOut: of("bytesOut"),
  requests: of("requests"),
});

const countersAt = ({ values }: Sample, index: number): Counters => {
  const at = index * sampleFields.length;
  return {
    active: values[at] ?? 0,
    connections: values[at + 1] ?? 0,
    bytesIn: values[at + 2] ?? 0,
    bytesOut: values[at + 3] ?? 0,
    requests: values[at + 4] ?? 0,
  };
};

/** Of an elapsed time that two units' clocks make out to be less than this part of a slot, no rate is computed. */
const elapsedMinPart = 0.1;

/** What a sample is to the counter-epochs seen before it. */
type Place = {
  /** The greatest values of each entity since the counters began. */
  readonly known: Map<string, CounterValues>;
  /** What it counted before is not known, so it is only where counting begins. */
  readonly isBeginning: boolean;
};

class CounterEpochs {
  readonly #greatest = new Map<number, Map<string, CounterValues>>();

  place({ since }: Sample): Place {
    const remembered = this.#greatest.get(since);
    const known = remembered ?? new Map<string, CounterValues>();
    // A counter-epoch that is met late, after a newer one, had begun before what is looked at here.
    const isLate = remembered === undefined && [...this.#greatest.keys()].some((other) => other > since);
    const isBeginning = this.#greatest.size === 0 || isLate;
    // The last one met stands last; the first is forgotten when there are too many.
    this.#greatest.delete(since);
    this.#greatest.set(since, known);
    const [oldest] = this.#greatest.keys();
    if (this.#greatest.size > countersRememberedMax && oldest !== undefined) this.#greatest.delete(oldest);
    return { known, isBeginning };
  }
}

/**
 * What each sample adds to those before it: call it for one after the other, in the order of their slots. Of all
 * entities, or only of the one named. The first sample is only where counting begins: when a device counted what it
 * had counted before is not known.
 */
export function barReader(slotMs: number, only?: string): (sample: Sample) => Bar {
  const counterEpochs = new CounterEpochs();
  let before: Sample | undefined;
  return (sample) => {
    const { known, isBeginning } = counterEpochs.place(sample);
    const isInOrder = sample.since === sinceUnknown || !isBehind(countersAt(sample, 0), known.get(""));
    const elapsedMs = before === undefined ? 0 : timeOf(sample, slotMs) - timeOf(before, slotMs);
    const coveredMs = isBeginning ? 0 : Math.round(Math.max(elapsedMs, elapsedMinPart * slotMs));
    const shares = new Map<string, Share>();
    for (const [index, entity] of sample.entities.entries()) {
      // The device itself tells whether its sample is in order.
      if (only !== undefined && entity !== only && entity !== "") continue;
      const now = countersAt(sample, index);
      const there = known.get(entity);
      // A service that was removed and made again counts from nothing, while its device goes on counting.
      const base = there && !(isInOrder && isBehind(now, there)) ? there : noCounters;
      shares.set(entity, {
        samples: 1,
        coveredMs,
        activeSum: now.active,
        activeMax: now.active,
        ...(isBeginning ? noCounters : eachCounter((field) => Math.max(0, now[field] - base[field]))),
      });
      known.set(
        entity,
        eachCounter((field) => Math.max(now[field], base[field])),
      );
    }
    before = sample;
    return { start: sample.slot, shares };
  };
}

/** One bar for each sample, as {@link barReader} says. */
export const barsOf = (samples: readonly Sample[], slotMs: number, only?: string): readonly Bar[] =>
  samples.map(barReader(slotMs, only));

const timeOf = ({ slot, offsetMs }: Sample, slotMs: number): number => slot * slotMs + offsetMs;
const isBehind = (now: CounterValues, known: CounterValues | undefined): boolean =>
  known !== undefined && counterFields.some((field) => now[field] < known[field]);

/** How much each device counted, as its samples tell; for checkers. */
export function totalsOf(samples: Iterable<Sample>): ReadonlyMap<string, CounterValues> {
  const byDevice = Map.groupBy(samples, ({ device }) => device);
  const totals = new Map<string, CounterValues>();
  for (const [device, own] of byDevice) {
    const bars = barsOf(
      own.toSorted((a, b) => a.slot - b.slot),
      slotMsDefault,
    );
    totals.set(
      device,
      eachCounter((field) => bars.reduce((sum, { shares }) => sum + (shares.get("")?.[field] ?? 0), 0)),
    );
  }
  return totals;
}

// Longer periods.

const emptyShare: Share = { samples: 0, coveredMs: 0, activeSum: 0, activeMax: 0, ...noCounters };

const together = (a: Share, b: Share): Share => ({
  samples: a.samples + b.samples,
  coveredMs: a.coveredMs + b.coveredMs,
  activeSum: integer(a.activeSum + b.activeSum),
  activeMax: Math.max(a.activeMax, b.activeMax),
  ...eachCounter((field) => integer(a[field] + b[field])),
});

function rollupOf(device: string, start: number, bars: readonly Bar[]): Rollup {
  const shares = new Map<string, Share>();
  for (const bar of bars)
    for (const [entity, share] of bar.shares)
      shares.set(entity, together(shares.get(entity) ?? emptyShare, share));
  return {
    device,
    start,
    entities: [...shares.keys()],
    values: [...shares.values()].flatMap((share) => rollupFields.map((field) => share[field])),
  };
}

const barOf = ({ start, entities, values }: Rollup, only?: string): Bar => ({
  start,
  shares: new Map(
    entities.flatMap((entity, index): [string, Share][] => {
      if (only !== undefined && entity !== only) return [];
      const at = index * rollupFields.length;
      const numbers = rollupFields.map((field, offset) => [field, values[at + offset] ?? 0]);
      return [[entity, Object.fromEntries(numbers) as Share]];
    }),
  ),
});

/** Derives the rollups of a device's period of the finest level, and of those around it, from what is there now. */
export function derive(store: StatisticsStore, device: string, start: number, slotMs: number): void {
  const bars = barsOf(store.samples(device, start, start + finestLevel, true), slotMs);
  const own = bars.filter((bar) => bar.start >= start);
  store.putRollups(finestLevel, [rollupOf(device, start, own)]);
  let finer: RollupLevel = finestLevel;
  for (const { slots } of rollupLevels.slice(1)) {
    const around = periodOf(start, slots);
    const within = store.rollups(finer, device, around, around + slots).map((rollup) => barOf(rollup));
    store.putRollups(slots, [rollupOf(device, around, within)]);
    finer = slots;
  }
}

// Series.

/** Points in one answer. */
export const pointsMax = 2_000;
/** Samples and rollups read for one answer, and at a time, so that nothing else waits for it long. */
export const rowsPerAnswerMax = 100_000;
export const rowsPerTurnMax = 2_000;
/** Steps that are chosen from, in slots. */
const steps = [1, 5, 15, 60, 360, slotsPerDay] as const;

/** Raw samples (1), or the coarsest rollup that a step is made of. */
export const levelFor = (step: number): 1 | RollupLevel =>
  rollupLevels.findLast(({ slots }) => step % slots === 0)?.slots ?? 1;

const keptDaysOf = (level: number): number =>
  rollupLevels.find(({ slots }) => slots === level)?.keptDays ?? rawKeptDays;

/** How many points and rows a step costs. */
export const costOf = (step: number, slots: number, devices: number): { points: number; rows: number } => ({
  points: Math.ceil(slots / step) + 1,
  rows: Math.ceil(slots / levelFor(step)) * devices,
});

/** The finest step that is within the bounds and whose rows are still kept at `from`; the coarsest where none is. */
export function stepFor(from: number, to: number, today: number, devices: number): number {
  const age = today - Math.floor(from / slotsPerDay);
  const fitting = steps.find((step) => {
    const { points, rows } = costOf(step, to - from, devices);
    return points <= pointsMax && rows <= rowsPerAnswerMax && age < keptDaysOf(levelFor(step));
  });
  return fitting ?? slotsPerDay;
}

/** What one entity of a device has within a range, in bars of the level that belongs to the step. */
export function readBars(
  store: StatisticsStore,
  device: string,
  entity: string,
  range: { readonly from: number; readonly to: number; readonly step: number; readonly slotMs: number },
): {
  readonly bars: readonly Bar[] /** All that there are in it. */;
  readonly entities: ReadonlySet<string>;
} {
  const { from, to, step, slotMs } = range;
  const level = levelFor(step);
  const entities = new Set<string>();
  // Most have the very same list, which is looked through once.
  const lists = new Set<readonly string[]>();
  const rows = level === 1 ? store.samples(device, from, to, true) : store.rollups(level, device, from, to);
  for (const row of rows) lists.add(row.entities);
  for (const list of lists) for (const name of list) entities.add(name);
  const bars =
    level === 1
      ? barsOf(rows as readonly Sample[], slotMs, entity).filter(({ start }) => start >= from)
      : (rows as readonly Rollup[]).map((row) => barOf(row, entity));
  return { bars, entities };
}

export type Point = {
  readonly active: number | null;
  readonly connectionsPerSecond: number | null;
  readonly bytesInPerSecond: number | null;
  readonly bytesOutPerSecond: number | null;
  readonly requestsPerSecond: number | null;
};

const noPoint: Point = {
  active: null,
  connectionsPerSecond: null,
  bytesInPerSecond: null,
  bytesOutPerSecond: null,
  requestsPerSecond: null,
};

function pointOf(share: Share): Point {
  const perSecond = (counted: number): number | null =>
    share.coveredMs === 0 ? null : (counted * 1_000) / share.coveredMs;
  return {
    active: share.samples === 0 ? null : share.activeSum / share.samples,
    connectionsPerSecond: perSecond(share.connections),
    bytesInPerSecond: perSecond(share.bytesIn),
    bytesOutPerSecond: perSecond(share.bytesOut),
    requestsPerSecond: perSecond(share.requests),
  };
}

const sum = (a: number | null, b: number | null): number | null => (a === null ? b : b === null ? a : a + b);
const plus = (a: Point, b: Point): Point => ({
  active: sum(a.active, b.active),
  connectionsPerSecond: sum(a.connectionsPerSecond, b.connectionsPerSecond),
  bytesInPerSecond: sum(a.bytesInPerSecond, b.bytesInPerSecond),
  bytesOutPerSecond: sum(a.bytesOutPerSecond, b.bytesOutPerSecond),
  requestsPerSecond: sum(a.requestsPerSecond, b.requestsPerSecond),
});

export type Series = { readonly points: readonly Point[]; readonly totals: CounterValues };

/**
 * One point for each step; where there is nothing its members are null. Several devices are added up, where any of
 * them has something.
 */
export function seriesOf(
  devices: readonly (readonly Bar[])[],
  entity: string,
  range: { readonly from: number; readonly to: number; readonly step: number },
): Series {
  const { from, to, step } = range;
  const points: Point[] = Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, () => noPoint);
  let totals = noCounters;
  for (const bars of devices) {
    const shares = new Map<number, Share>();
    for (const bar of bars) {
      const share = bar.shares.get(entity);
      if (share === undefined) continue;
      const index = Math.floor((bar.start - from) / step);
      shares.set(index, together(shares.get(index) ?? emptyShare, share));
    }
    for (const [index, share] of shares) {
      const point = points[index];
      if (point === undefined) continue;
      points[index] = plus(point, pointOf(share));
      const before = totals;
      totals = eachCounter((field) => before[field] + share[field]);
    }
  }
  return { points, totals };
}
