/**
 * The fleet's statistics as one Central keeps them (SPEC CH8): raw samples, one for each device and slot, and what is
 * derived from them over longer periods. Of two samples of one slot the same one stays whichever came first, so that
 * merging is commutative and idempotent, and two units that exchanged everything hold the same.
 */
import { canonicalJson } from "@tandem/base/canonical-json";
import { sha256Hex } from "@tandem/base/digest";
import { compareEpochs, type Epoch } from "@tandem/base/epoch";

/** What is counted of each entity, in this order: a gauge, then four counters that only grow until a reset. */
export const sampleFields = ["active", "connections", "bytesIn", "bytesOut", "requests"] as const;
/** What a period holds of each entity, in this order; the last four are increments within the period. */
export const rollupFields = [
  "samples",
  "coveredMs",
  "activeSum",
  "activeMax",
  "connections",
  "bytesIn",
  "bytesOut",
  "requests",
] as const;

/** One answer of a device. Every number is an integer from 0 to 2^53 - 1. */
export type Sample = {
  readonly device: string;
  /** Which slot since 1970 it was polled for: which minute, of statistics. */
  readonly slot: number;
  /** The term under which it was polled; its unit is who polled. */
  readonly epoch: Epoch;
  /** How long after the beginning of its slot it was answered, by the clock of who polled. */
  readonly offsetMs: number;
  /** The device's counter-epoch: another value means that its counters began anew. */
  readonly since: number;
  /** "" is the device itself, then a service, or a service and a server with a space between. */
  readonly entities: readonly string[];
  /** Those of `sampleFields`, for one entity after the other. */
  readonly values: readonly number[];
};

/** What a period of `level` slots holds of a device. */
export type Rollup = {
  readonly device: string;
  /** The slot that it begins with, a multiple of its level. */
  readonly start: number;
  readonly entities: readonly string[];
  /** Those of `rollupFields`, for one entity after the other. */
  readonly values: readonly number[];
};

/** How one kind of samples is kept. */
export type Keeping = {
  /** Slots in a day: the unit of retention and of comparing with the peer. */
  readonly slotsPerDay: number;
  /** Of the raw samples. */
  readonly rawKeptDays: number;
  /** Whether longer periods are derived from them. */
  readonly hasRollups: boolean;
};

export const slotsPerDay = 1_440;
export const rawKeptDays = 7;
/** Of the fleet's statistics: a slot is a minute. */
export const statisticsKeeping: Keeping = { slotsPerDay, rawKeptDays, hasRollups: true };
/** Of what is billed (SPEC ML6): a slot is 300 s; the last 13 whole months are kept beside the one that runs. */
export const meteringKeeping: Keeping = { slotsPerDay: 288, rawKeptDays: 428, hasRollups: false };

/** How long each rollup is kept, by the slots that its periods have. */
export const rollupLevels = [
  { slots: 15, keptDays: 90 },
  { slots: 60, keptDays: 396 },
  { slots: slotsPerDay, keptDays: 1_827 },
] as const;
export type RollupLevel = (typeof rollupLevels)[number]["slots"];
export const finestLevel = rollupLevels[0].slots;

export const trimmedDaysMax = 20;

/** Enough to tell two samples of one slot apart, and to find which of them stays. */
export type Head = { readonly slot: number; readonly epoch: Epoch; readonly digest: number };
/** All samples of one device on one day; `digest` is the sum of theirs, so that their order does not matter. */
export type DayDigest = {
  readonly device: string;
  readonly day: number;
  readonly samples: number;
  readonly digest: number;
};
export type Period = { readonly device: string; readonly start: number };

export type StatisticsStore = {
  readonly keeping: Keeping;
  /**
   * Takes over those that {@link beats} what is there for their device and slot, all in one transaction, and marks
   * the finest periods whose rollup they change, where there are rollups. Returns those taken over. Throws when they cannot be kept.
   */
  merge(samples: readonly Sample[]): readonly Sample[];
  /** Those of slots `from` to before `to`, in their order, with the last one before `from` where it is asked for. */
  samples(device: string, from: number, to: number, withBefore?: boolean): readonly Sample[];
  heads(device: string, from: number, to: number): readonly Head[];
  /** From `fromDay` to `toDay`, both included, by device. */
  days(fromDay: number, toDay?: number): readonly DayDigest[];
  /** The periods marked by `merge` that begin before `before`, the earliest first; of one device when it is named. */
  marked(limit: number, before: number, device?: string): readonly Period[];
  /** Keeps rollups; those of the finest level are not marked any more. One without entities is removed. */
  putRollups(level: RollupLevel, rollups: readonly Rollup[]): void;
  rollups(level: RollupLevel, device: string, from: number, to: number): readonly Rollup[];
  /**
   * Removes raw samples of days that are no longer kept, at most `trimmedDaysMax` days of a device in one call, and
   * once there are none, rollups. Returns how many samples were removed: call it until there are none.
   */
  trim(today: number): number;
  /** How many samples there are. */
  count(): number;
  /** Every raw sample, by device and slot; for checkers. */
  all(): Iterable<Sample>;
  close(): void;
};

export const dayOf = (slot: number, perDay = slotsPerDay): number => Math.floor(slot / perDay);
export const periodOf = (slot: number, level: number): number => slot - (slot % level);

const digestModulus = 2 ** 48;
/** 48 bits of a hash over everything in it. */
export const digestOf = ({ device, slot, epoch, offsetMs, since, entities, values }: Sample): number =>
  Number.parseInt(
    sha256Hex(canonicalJson([device, slot, epoch.n, epoch.unit, offsetMs, since, entities, values])).slice(
      0,
      12,
    ),
    16,
  );
export const addDigest = (a: number, b: number): number => (a + b) % digestModulus;
export const subtractDigest = (a: number, b: number): number => (a - b + digestModulus) % digestModulus;

/**
 * Which of two samples of one slot stays: the greater epoch's. One term polls a slot twice only when its clock went
 * back: then the one whose digest is greater, so that both units agree.
 */
export const beats = (a: Omit<Head, "slot">, b: Omit<Head, "slot">): boolean =>
  (compareEpochs(a.epoch, b.epoch) || a.digest - b.digest) > 0;
