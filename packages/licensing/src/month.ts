/**
 * A calendar month (UTC) of throughput (SPEC ML6): the peak of each LoadMaster or pair, what is missing, the sum of
 * peaks, and what of it is billed. All of it follows from the samples; of LoadMasters that did not answer at the end,
 * or not at all, also from which are licensed at present.
 *
 *     slots:      |  .  |  x  |  x  |     |  x  | ...       x: measured, blank: missing, .: before the licence
 *     a line:       peak = the greatest slot; of a pair, in each slot, the greater of its members
 *     the month:    sum of all peaks, rounded up to whole Gbit/s
 */
import { assert } from "@tandem/base/assert";
import type { WallMillis } from "@tandem/base/time";
import { kindOf, type SampledUnit, sizeOf } from "./sampled-unit.ts";
import type { LicenceKind, LicensingId } from "./wire.ts";

/** Slots from `from` to before `to`. */
export type Slots = { readonly from: number; readonly to: number };

/** Such as 2026-11. */
export const monthOf = (at: WallMillis): string => new Date(at).toISOString().slice(0, 7);

/** From its first millisecond to before that of the next one. */
export function monthBounds(month: string): { readonly from: WallMillis; readonly to: WallMillis } {
  assert(/^\d{4}-(0[1-9]|1[0-2])$/.test(month), `"${month}" is no month`);
  const [year, number] = month.split("-").map(Number) as [number, number];
  return { from: Date.UTC(year, number - 1), to: Date.UTC(year, number) };
}

export const monthBefore = (month: string): string => monthOf(monthBounds(month).from - 1);

/** Whole slots within these bounds. */
export const slotsIn = (
  { from, to }: { readonly from: WallMillis; readonly to: WallMillis },
  slotMs: number,
): Slots => ({ from: Math.ceil(from / slotMs), to: Math.floor(to / slotMs) });

/** A slot of a LoadMaster that was measured; `bitsPerSecond` is null where counting begins. */
export type MeasuredSlot = {
  readonly slot: number;
  readonly bitsPerSecond: number | null;
  readonly sampled: SampledUnit;
};

/** What there is of one LoadMaster in a month or a day. */
export type UnitUsage = {
  readonly unit: LicensingId;
  /** In their order, each slot once. */
  readonly measured: readonly MeasuredSlot[];
  /** It was measured shortly before these slots, and after them. */
  readonly hasBefore: boolean;
  readonly hasAfter: boolean;
  /** Null: it is not licensed now. */
  readonly held: { readonly grantedSlot: number; readonly sampled: SampledUnit } | null;
};

export type LineMember = { readonly unit: LicensingId; readonly sampled: SampledUnit };

/** A LoadMaster, or a pair of them, in a month. */
export type UsageLine = {
  readonly members: readonly LineMember[];
  readonly peak: { readonly slot: number; readonly bitsPerSecond: number } | null;
  /** Slots that were measured of all members that should have been, and that were not, as stretches. */
  readonly measured: number;
  readonly missing: number;
  readonly missingSlots: readonly Slots[];
  /** Of the pool: how many slots were above the size that was licensed in them, and the size at the end. */
  readonly over: number;
  readonly mbps: number | null;
};

const bitsPerMbit = 1_000_000;
const bitsPerGbit = 1_000_000_000;

/** The pair that a LoadMaster was last one of in these slots; null: none. */
export const lastPairOf = ({ measured, held }: Pick<UnitUsage, "measured" | "held">): LicensingId | null =>
  measured.findLast(({ sampled }) => sampled.pair !== null)?.sampled.pair ?? held?.sampled.pair ?? null;

/** In which of these slots a LoadMaster should have been measured under a licence of this kind. */
function expectedOf(
  { measured, hasBefore, hasAfter, held }: UnitUsage,
  kind: LicenceKind,
  all: Slots,
): Slots {
  const [first, last] = [measured[0], measured.at(-1)];
  const isHeld = held !== null && kindOf(held.sampled) === kind;
  // Where the kind changed, each has its own part.
  const firstOwn = measured.find(({ sampled }) => kindOf(sampled) === kind);
  const lastOwn = measured.findLast(({ sampled }) => kindOf(sampled) === kind);
  const begun = Math.min(
    firstOwn === undefined ? all.to : firstOwn.slot + (firstOwn.bitsPerSecond === null ? 1 : 0),
    isHeld ? held.grantedSlot + 1 : all.to,
  );
  const from = firstOwn !== undefined && firstOwn === first && hasBefore ? all.from : begun;
  const ends = isHeld || (lastOwn !== undefined && lastOwn === last && hasAfter);
  const to = ends ? all.to : (lastOwn?.slot ?? all.from - 1) + 1;
  return { from: Math.max(all.from, from), to: Math.max(all.from, to) };
}

/**
 * A line of the report. `members` are one LoadMaster, or those of a pair. Null: it has nothing to do with licences of
 * this kind in these slots.
 */
export function usageLine(members: readonly UnitUsage[], kind: LicenceKind, all: Slots): UsageLine | null {
  const shown: LineMember[] = [];
  /** The greater of the members that were a pair, to which those that were not are added. */
  const paired = new Map<number, number>();
  const single = new Map<number, number>();
  const limit = new Map<number, number>();
  const expected = new Set<number>();
  const missing = new Set<number>();
  for (const member of members) {
    const own = member.measured.filter(({ sampled }) => kindOf(sampled) === kind);
    const heldNow =
      member.held !== null && kindOf(member.held.sampled) === kind ? member.held.sampled : undefined;
    const sampled = own.at(-1)?.sampled ?? heldNow;
    if (sampled === undefined) continue;
    shown.push({ unit: member.unit, sampled });
    const there = new Set<number>();
    for (const { slot, bitsPerSecond } of member.measured) if (bitsPerSecond !== null) there.add(slot);
    const { from, to } = expectedOf(member, kind, all);
    for (let slot = from; slot < to; slot += 1) {
      expected.add(slot);
      if (!there.has(slot)) missing.add(slot);
    }
    for (const { slot, bitsPerSecond, sampled: then } of own) {
      if (bitsPerSecond === null || slot < all.from || slot >= all.to) continue;
      if (then.pair === null) single.set(slot, (single.get(slot) ?? 0) + bitsPerSecond);
      else paired.set(slot, Math.max(paired.get(slot) ?? 0, bitsPerSecond));
      limit.set(slot, Math.max(limit.get(slot) ?? 0, sizeOf(then) ?? 0));
    }
  }
  if (shown.length === 0) return null;
  let peak: UsageLine["peak"] = null;
  let over = 0;
  for (const slot of [...limit.keys()].sort((a, b) => a - b)) {
    const value = (paired.get(slot) ?? 0) + (single.get(slot) ?? 0);
    if (peak === null || value > peak.bitsPerSecond) peak = { slot, bitsPerSecond: value };
    if (kind === "pool" && value > (limit.get(slot) ?? 0) * bitsPerMbit) over += 1;
  }
  const sizes = shown.map(({ sampled }) => sizeOf(sampled) ?? 0);
  return {
    members: shown,
    peak,
    measured: expected.size - missing.size,
    missing: missing.size,
    missingSlots: stretches([...missing].sort((a, b) => a - b)),
    over,
    mbps: kind === "pool" ? Math.max(...sizes) : null,
  };
}

function stretches(slots: readonly number[]): readonly Slots[] {
  const found: { from: number; to: number }[] = [];
  for (const slot of slots) {
    const last = found.at(-1);
    if (last?.to === slot) last.to = slot + 1;
    else found.push({ from: slot, to: slot + 1 });
  }
  return found;
}

export type Billed = {
  readonly sumBitsPerSecond: number;
  /** Rounded up to whole Gbit/s. */
  readonly billedGbps: number;
  /** What of it is beyond the tier; null: there is no tier. */
  readonly beyondTierGbps: number | null;
};

/** What a month costs, out of the peaks of its lines in bits per second. */
export function billedOf(peaks: readonly number[], tierGbps: number | null): Billed {
  const sumBitsPerSecond = peaks.reduce((sum, peak) => sum + peak, 0);
  const billedGbps = Math.ceil(sumBitsPerSecond / bitsPerGbit);
  return {
    sumBitsPerSecond,
    billedGbps,
    beyondTierGbps: tierGbps === null ? null : Math.max(0, billedGbps - tierGbps),
  };
}
