/**
 * What a sample of throughput says of the LoadMaster beside its counters: under which licence it was taken, and whether
 * the LoadMaster was one of a pair. It stands in the sample, so that a month can be computed again when licences,
 * names and pairs have long become others (SPEC ML6).
 */
import { type LicenceKind, type LicensingId, licenceTypeOf } from "./wire.ts";

export type SampledUnit = {
  /** Of `licenceTypes`. */
  readonly type: string;
  /** The Central that held the licence, and its small number for the LoadMaster (SPEC ML3); 0: it had none yet. */
  readonly central: string;
  readonly deviceNumber: number;
  /** The tier of the licence of Central that sampled, in Gbit/s; null: it had none. */
  readonly tierGbps: number | null;
  readonly name: string;
  /** The smaller licensing id of both members; null: it was no member of a pair. */
  readonly pair: LicensingId | null;
};

export const kindOf = ({ type }: SampledUnit): LicenceKind => licenceTypeOf(type)?.kind ?? "local";
/** Of the pool, in Mbit/s. */
export const sizeOf = ({ type }: SampledUnit): number | null => licenceTypeOf(type)?.mbps ?? null;

/** How a pair is called: the smaller licensing id of its members. */
export const pairOf = (unit: LicensingId, partner: LicensingId | null): LicensingId | null =>
  partner === null ? null : partner < unit ? partner : unit;

const textMaxLength = 120;

/** As names of entities beside "", the LoadMaster itself: `licence TYPE CENTRAL NUMBER TIER NAME`, and `pair ID`. */
export function entitiesOf(sampled: SampledUnit): readonly string[] {
  const { type, central, deviceNumber, tierGbps, name, pair } = sampled;
  const licence = `licence ${type} ${central} ${deviceNumber} ${tierGbps ?? "-"} ${name}`;
  return [licence.slice(0, textMaxLength), ...(pair === null ? [] : [`pair ${pair}`])];
}

const licencePattern = /^licence (\S+) (\S+) (\d+) (\d+|-) (.*)$/s;

/** Undefined when nothing about a licence stands among these entities. */
export function sampledUnitIn(entities: readonly string[]): SampledUnit | undefined {
  let pair: LicensingId | null = null;
  let found: RegExpExecArray | null = null;
  for (const entity of entities)
    if (entity.startsWith("pair ")) pair = entity.slice("pair ".length);
    else found ??= licencePattern.exec(entity);
  if (found === null) return undefined;
  const [, type = "", central = "", number, tier, name = ""] = found;
  return {
    type,
    central,
    deviceNumber: Number(number),
    tierGbps: tier === "-" ? null : Number(tier),
    name,
    pair,
  };
}
