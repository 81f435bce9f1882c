/** The statistics store without a disk, for tests and the simulator, and for a Central whose `stats.db` cannot be had. */
import {
  addDigest,
  beats,
  type DayDigest,
  dayOf,
  digestOf,
  finestLevel,
  type Head,
  type Keeping,
  type Period,
  periodOf,
  type Rollup,
  type RollupLevel,
  rollupLevels,
  type Sample,
  type StatisticsStore,
  statisticsKeeping,
} from "./statistics-store.ts";

type Kept = { readonly sample: Sample; readonly digest: number };

/** What stands in for the file: it outlives the stores opened on it. */
export type StatisticsMemory = {
  /** By device, then slot. */
  readonly samples: Map<string, Map<number, Kept>>;
  /** By level, then device and start. */
  readonly rollups: Map<number, Map<string, Rollup>>;
  readonly marked: Map<string, Period>;
  /** While set, whatever would write throws it and changes nothing. */
  failure: Error | null;
};

export const emptyStatisticsMemory = (): StatisticsMemory => ({
  samples: new Map(),
  rollups: new Map(rollupLevels.map(({ slots }) => [slots, new Map()])),
  marked: new Map(),
  failure: null,
});

const keyOf = ({ device, start }: Period): string => `${device} ${start}`;
const byStart = (a: Period, b: Period): number =>
  a.start - b.start || (a.device < b.device ? -1 : a.device > b.device ? 1 : 0);

export function openStatisticsMemory(
  memory: StatisticsMemory,
  keeping: Keeping = statisticsKeeping,
): StatisticsStore {
  const { slotsPerDay, rawKeptDays } = keeping;
  const ofDevice = (device: string): readonly Kept[] =>
    [...(memory.samples.get(device)?.values() ?? [])].sort((a, b) => a.sample.slot - b.sample.slot);
  const within = (device: string, from: number, to: number): readonly Kept[] =>
    ofDevice(device).filter(({ sample: { slot } }) => slot >= from && slot < to);
  const mark = (device: string, slot: number): void => {
    if (!keeping.hasRollups) return;
    const period = { device, start: periodOf(slot, finestLevel) };
    memory.marked.set(keyOf(period), period);
  };
  const everything = function* (): Generator<Kept> {
    for (const device of [...memory.samples.keys()].sort()) yield* ofDevice(device);
  };
  return {
    keeping,
    merge(samples) {
      if (memory.failure !== null) throw memory.failure;
      const taken: Sample[] = [];
      for (const sample of samples) {
        const slots = memory.samples.get(sample.device) ?? new Map<number, Kept>();
        memory.samples.set(sample.device, slots);
        const digest = digestOf(sample);
        const there = slots.get(sample.slot);
        if (there && !beats({ ...sample, digest }, { epoch: there.sample.epoch, digest: there.digest }))
          continue;
        slots.set(sample.slot, { sample, digest });
        taken.push(sample);
        mark(sample.device, sample.slot);
        const next = ofDevice(sample.device).find((each) => each.sample.slot > sample.slot);
        if (next) mark(sample.device, next.sample.slot);
      }
      return taken;
    },
    samples(device, from, to, withBefore = false) {
      const before = withBefore ? ofDevice(device).findLast(({ sample }) => sample.slot < from) : undefined;
      return [...(before ? [before] : []), ...within(device, from, to)].map(({ sample }) => sample);
    },
    heads: (device, from, to): readonly Head[] =>
      within(device, from, to).map(({ sample: { slot, epoch }, digest }) => ({ slot, epoch, digest })),
    days(fromDay, toDay = Number.MAX_SAFE_INTEGER) {
      const days = new Map<string, DayDigest>();
      for (const { sample, digest } of everything()) {
        const { device } = sample;
        const day = dayOf(sample.slot, slotsPerDay);
        if (day < fromDay || day > toDay) continue;
        const known = days.get(`${day} ${device}`) ?? { device, day, samples: 0, digest: 0 };
        days.set(`${day} ${device}`, {
          ...known,
          samples: known.samples + 1,
          digest: addDigest(known.digest, digest),
        });
      }
      return [...days.values()];
    },
    marked: (limit, before, device) =>
      [...memory.marked.values()]
        .filter((period) => period.start < before && (device === undefined || period.device === device))
        .sort(byStart)
        .slice(0, limit),
    putRollups(level, rollups) {
      if (memory.failure !== null) throw memory.failure;
      for (const rollup of rollups) {
        const key = keyOf(rollup);
        if (rollup.entities.length === 0) memory.rollups.get(level)?.delete(key);
        else memory.rollups.get(level)?.set(key, rollup);
        if (level === finestLevel) memory.marked.delete(key);
      }
    },
    rollups: (level: RollupLevel, device, from, to) =>
      [...(memory.rollups.get(level)?.values() ?? [])]
        .filter((rollup) => rollup.device === device && rollup.start >= from && rollup.start < to)
        .sort(byStart),
    trim(today) {
      if (memory.failure !== null) throw memory.failure;
      let removed = 0;
      for (const slots of memory.samples.values())
        for (const slot of [...slots.keys()])
          if (dayOf(slot, slotsPerDay) <= today - rawKeptDays) removed += slots.delete(slot) ? 1 : 0;
      for (const [key, { start }] of memory.marked)
        if (dayOf(start, slotsPerDay) <= today - rawKeptDays) memory.marked.delete(key);
      for (const { slots, keptDays } of rollupLevels)
        for (const [key, { start }] of memory.rollups.get(slots) ?? [])
          if (dayOf(start) <= today - keptDays) memory.rollups.get(slots)?.delete(key);
      return removed;
    },
    count: () => [...memory.samples.values()].reduce((sum, slots) => sum + slots.size, 0),
    *all() {
      for (const { sample } of everything()) yield sample;
    },
    close() {},
  };
}
