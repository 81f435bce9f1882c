/**
 * A month of usage out of the stored samples (SPEC ML6), LoadMaster by LoadMaster: of those that are no members of a
 * pair only a line is kept in memory, and other work gets its turn after every few days of one.
 */
import type { WallMillis } from "@tandem/base/time";
import {
  lastPairOf,
  type MeasuredSlot,
  monthBounds,
  monthOf,
  type Slots,
  slotsIn,
  type UnitUsage,
  type UsageLine,
  usageLine,
} from "@tandem/licensing/month";
import { kindOf, type SampledUnit, sampledUnitIn } from "@tandem/licensing/sampled-unit";
import { bitsPerSecond, measuredSlot } from "@tandem/licensing/throughput";
import { type UsageReport, usageReport } from "@tandem/licensing/usage-report";
import type { LicensingId } from "@tandem/licensing/wire";
import { dayOf, type Sample, type StatisticsStore, sampleFields } from "@tandem/storage/statistics-store";
import { barReader, sinceUnknown } from "../stats/core.ts";
import type { MeteredUnit } from "./metered-units.ts";

export type MonthPorts = {
  readonly store: StatisticsStore;
  readonly slotMs: number;
  /** Those that are licensed now. */
  readonly units: readonly MeteredUnit[];
  /** Resolves when other work had its turn. */
  readonly othersTurn: () => Promise<void>;
};

export type MonthReports = { readonly metered: UsageReport; readonly pool: UsageReport };
type Lines = {
  readonly metered: readonly UsageLine[];
  readonly pool: readonly UsageLine[];
  readonly tierGbps: number | null;
};

const daysPerTurn = 3;
/** A part of a slot after its beginning its sample is there, or will not come. */
const sampledWithinPart = 0.2;

/** Months, the newest first: the one that runs, and those of which there is something and whose first day is still kept. */
export function monthsKept({ store, slotMs }: MonthPorts, now: WallMillis): readonly string[] {
  const { slotsPerDay, rawKeptDays } = store.keeping;
  const dayMs = slotsPerDay * slotMs;
  const firstKept = (Math.floor(now / dayMs) - rawKeptDays + 1) * dayMs;
  const months = new Set([monthOf(now)]);
  for (const { day } of store.days(Math.max(0, Math.ceil(firstKept / dayMs))))
    months.add(monthOf(day * dayMs));
  return [...months]
    .filter((month) => month === monthOf(now) || monthBounds(month).from >= firstKept)
    .filter((month) => monthBounds(month).from <= now)
    .sort()
    .reverse();
}

/** Both reports; of a month that is not over, of the slots that there were until `now`. */
export async function monthReports(ports: MonthPorts, month: string, now: WallMillis): Promise<MonthReports> {
  const { slotMs } = ports;
  const whole = slotsIn(monthBounds(month), slotMs);
  const sampledUntil = Math.floor((now - sampledWithinPart * slotMs) / slotMs);
  const slots = { from: whole.from, to: Math.max(whole.from, Math.min(whole.to, sampledUntil)) };
  const { metered, pool, tierGbps } = await usageLines(ports, slots);
  const about = { month, slotMs, slots, isOver: slots.to === whole.to, tierGbps };
  return {
    metered: usageReport({ ...about, kind: "metered" }, metered),
    pool: usageReport({ ...about, kind: "pool" }, pool),
  };
}

/** The lines of both reports in these slots, and the tier that the last sample of a metered licence names. */
export async function usageLines(ports: MonthPorts, slots: Slots): Promise<Lines> {
  const { store, units, othersTurn } = ports;
  const held = new Map(units.map((unit) => [unit.unit, unit]));
  const { slotsPerDay } = store.keeping;
  const days = Map.groupBy(
    store.days(dayOf(slots.from, slotsPerDay), dayOf(slots.to, slotsPerDay)),
    ({ device }) => device,
  );
  const metered: UsageLine[] = [];
  const pool: UsageLine[] = [];
  const add = (members: readonly UnitUsage[]): void => {
    const [ofMetered, ofPool] = [usageLine(members, "metered", slots), usageLine(members, "pool", slots)];
    if (ofMetered !== null) metered.push(ofMetered);
    if (ofPool !== null) pool.push(ofPool);
  };
  const paired = new Map<LicensingId, UnitUsage[]>();
  let tier: { readonly slot: number; readonly tierGbps: number | null } | undefined;
  for (const unit of [...new Set([...days.keys(), ...held.keys()])].sort()) {
    const read = await usageOf(ports, unit, days.get(unit)?.map(({ day }) => day) ?? [], slots);
    const licensed = held.get(unit);
    const grantedSlot = licensed === undefined ? 0 : Math.floor(licensed.grantedAt / ports.slotMs);
    const isHeld = licensed !== undefined && grantedSlot < slots.to;
    const usage = { ...read, held: isHeld ? { grantedSlot, sampled: licensed.sampled } : null };
    const last = usage.measured.findLast(({ sampled }) => kindOf(sampled) === "metered");
    if (last !== undefined && (tier === undefined || last.slot > tier.slot))
      tier = { slot: last.slot, tierGbps: last.sampled.tierGbps };
    const pair = lastPairOf(usage);
    if (pair === null) add([usage]);
    else paired.set(pair, [...(paired.get(pair) ?? []), usage]);
    await othersTurn();
  }
  for (const members of paired.values()) {
    add(members);
    await othersTurn();
  }
  return {
    metered,
    pool,
    tierGbps: tier === undefined ? (units[0]?.sampled.tierGbps ?? null) : tier.tierGbps,
  };
}

async function usageOf(
  { store, slotMs, othersTurn }: MonthPorts,
  unit: LicensingId,
  days: readonly number[],
  slots: Slots,
): Promise<Omit<UnitUsage, "held">> {
  const { slotsPerDay } = store.keeping;
  // A sample tells of the slot before its own.
  const [first, end] = [slots.from + 1, slots.to + 1];
  const measured: MeasuredSlot[] = [];
  const read = slotReader(slotMs);
  const earlier = store.samples(unit, Math.max(0, first - slotsPerDay), first, true);
  const hasBefore = earlier.filter((sample) => read(sample) !== undefined).length > 0;
  for (let at = 0; at < days.length; at += daysPerTurn) {
    const turn = days.slice(at, at + daysPerTurn);
    const from = Math.max(first, (turn[0] ?? 0) * slotsPerDay);
    const to = Math.min(end, ((turn.at(-1) ?? 0) + 1) * slotsPerDay);
    for (const sample of store.samples(unit, from, to)) {
      const slot = read(sample);
      if (slot !== undefined) measured.push(slot);
    }
    await othersTurn();
  }
  return {
    unit,
    measured,
    hasBefore: hasBefore && (earlier.at(-1)?.slot ?? 0) >= first - slotsPerDay,
    hasAfter: store.heads(unit, end, end + slotsPerDay).length > 0,
  };
}

/**
 * To be called for one sample after the other; undefined for one that tells nothing of its slot: it does not say under
 * which licence it was taken, or its counters are behind those of an earlier slot, which only a wrong clock brings
 * about. Such a slot counts as missing, and what it counted is in the next one.
 */
function slotReader(slotMs: number): (sample: Sample) => MeasuredSlot | undefined {
  const barOf = barReader(slotMs, "");
  let last: Sample | undefined;
  let entities: readonly string[] = [];
  let sampled: SampledUnit | undefined;
  return (sample) => {
    if (last !== undefined && isBehind(sample, last)) return undefined;
    last = sample;
    const { start, shares } = barOf(sample);
    // Most samples of a LoadMaster have the very same list.
    if (sample.entities !== entities) sampled = sampledUnitIn(sample.entities);
    entities = sample.entities;
    const share = shares.get("");
    if (sampled === undefined || share === undefined) return undefined;
    const counted = { slot: start, ...share };
    return { slot: measuredSlot(counted), bitsPerSecond: bitsPerSecond(counted, slotMs), sampled };
  };
}

const ownCounters = sampleFields.map((_, index) => index).filter((index) => sampleFields[index] !== "active");
/** Of the LoadMaster itself, whose counters come first. One that does not say when its counters began may begin anew. */
const isBehind = (sample: Sample, last: Sample): boolean =>
  sample.since === last.since &&
  sample.since !== sinceUnknown &&
  ownCounters.some((index) => (sample.values[index] ?? 0) < (last.values[index] ?? 0));
