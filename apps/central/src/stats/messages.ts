/**
 * What two Centrals say to each other about statistics, over their channel. Right after polling, samples are shipped
 * and acknowledged slot by slot. Apart from that each unit fetches what it lacks: it asks for the digests of days,
 * then of the devices of a day that differs, then sends the heads it has and is answered with samples that beat them.
 * Every message stands for itself, and any of them may be lost.
 */

import type { Json } from "@tandem/base/canonical-json";
import { compiledCheck } from "@tandem/base/compiled-check";
import { type Static, Type } from "@tandem/base/schema";
import { type Head, type Sample, sampleFields, slotsPerDay } from "@tandem/storage/statistics-store";
import { entitiesPerSampleMax, entityNameMaxLength } from "./core.ts";

/** One body on the channel; of its bound of 256 KiB something is left for what is around the samples. */
const bodyMaxBytes = 250 * 1_024;
export const daysPerAnswerMax = 1_000;
export const devicesPerAnswerMax = 2_000;
export const samplesPerBodyMax = 2_000;

const count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const unit = Type.String({ maxLength: 64 });
const device = Type.String({ minLength: 1, maxLength: 64 });
const id = count;
const closed = { additionalProperties: false } as const;

const Samples = {
  /** Lists of entities; samples name theirs by its place here. */
  layouts: Type.Array(
    Type.Array(Type.String({ maxLength: entityNameMaxLength }), {
      minItems: 1,
      maxItems: entitiesPerSampleMax,
      uniqueItems: true,
    }),
    { maxItems: samplesPerBodyMax },
  ),
  samples: Type.Array(
    Type.Object(
      {
        device,
        slot: count,
        n: count,
        unit,
        offset: count,
        since: count,
        layout: count,
        values: Type.Array(count, { maxItems: entitiesPerSampleMax * sampleFields.length }),
      },
      closed,
    ),
    { maxItems: samplesPerBodyMax },
  ),
};
type WireSamples = { layouts: string[][]; samples: Static<typeof Samples.samples> };

const Body = Type.Union([
  /** New samples of a slot, in several parts when they are many. */
  Type.Object({ type: Type.Literal("ship"), slot: count, part: count, ...Samples }, closed),
  Type.Object({ type: Type.Literal("have"), slot: count, part: count }, closed),
  Type.Object({ type: Type.Literal("ask-days"), id, fromDay: count }, closed),
  Type.Object(
    {
      type: Type.Literal("days"),
      id,
      days: Type.Array(Type.Tuple([count, count, count]), { maxItems: daysPerAnswerMax }),
    },
    closed,
  ),
  Type.Object(
    { type: Type.Literal("ask-devices"), id, day: count, after: Type.String({ maxLength: 64 }) },
    closed,
  ),
  Type.Object(
    {
      type: Type.Literal("devices"),
      id,
      devices: Type.Array(Type.Tuple([device, count, count]), { maxItems: devicesPerAnswerMax }),
      more: Type.Boolean(),
    },
    closed,
  ),
  Type.Object(
    {
      type: Type.Literal("ask-samples"),
      id,
      device,
      day: count,
      units: Type.Array(unit, { maxItems: slotsPerDay }),
      /** Slot within the day, number and unit (by its place) of the epoch, digest. */
      heads: Type.Array(Type.Tuple([count, count, count, count]), { maxItems: slotsPerDay }),
    },
    closed,
  ),
  Type.Object({ type: Type.Literal("samples"), id, more: Type.Boolean(), ...Samples }, closed),
]);
export type StatisticsMessage = Static<typeof Body>;
export type Ask = Extract<StatisticsMessage, { type: `ask-${string}` }>;
export type Answer = Extract<StatisticsMessage, { type: "days" | "devices" | "samples" }>;

const isMessage = compiledCheck(Body);

/** Undefined when it is no message of this kind. */
export const readMessage = (body: Json): StatisticsMessage | undefined =>
  isMessage(body) ? (body as unknown as StatisticsMessage) : undefined;

/** Undefined when what is inside does not fit together. */
export function readSamples({ layouts, samples }: WireSamples): readonly Sample[] | undefined {
  const read: Sample[] = [];
  for (const { n, unit: by, offset, layout, ...rest } of samples) {
    const entities = layouts[layout];
    if (entities === undefined || rest.values.length !== entities.length * sampleFields.length)
      return undefined;
    read.push({ ...rest, epoch: { n, unit: by }, offsetMs: offset, entities });
  }
  return read;
}

/** As many of the samples, from the first, as go into one body. At least one does. */
export function bodyOf(samples: readonly Sample[]): WireSamples & { readonly taken: number } {
  const layouts = new Map<string, number>();
  const written: WireSamples = { layouts: [], samples: [] };
  let bytes = 0;
  for (const { device: of, slot, epoch, offsetMs, since, entities, values } of samples) {
    const text = JSON.stringify(entities);
    const known = layouts.get(text);
    const one = {
      device: of,
      slot,
      n: epoch.n,
      unit: epoch.unit,
      offset: offsetMs,
      since,
      layout: known ?? layouts.size,
      values: [...values],
    };
    bytes += Buffer.byteLength(JSON.stringify(one)) + 1;
    if (known === undefined) bytes += Buffer.byteLength(text) + 1;
    const isFull = bytes > bodyMaxBytes || written.samples.length >= samplesPerBodyMax;
    if (isFull && written.samples.length > 0) break;
    if (known === undefined) {
      layouts.set(text, layouts.size);
      written.layouts.push([...entities]);
    }
    written.samples.push(one);
  }
  return { ...written, taken: written.samples.length };
}

/** `first` is the first slot of the day. */
export function askForSamples(
  askId: number,
  of: string,
  day: number,
  first: number,
  heads: readonly Head[],
): Ask {
  const units = [...new Set(heads.map(({ epoch }) => epoch.unit))];
  return {
    type: "ask-samples",
    id: askId,
    device: of,
    day,
    units,
    heads: heads.map(({ slot, epoch, digest }) => [slot - first, epoch.n, units.indexOf(epoch.unit), digest]),
  };
}

export const headsIn = (
  ask: Extract<Ask, { type: "ask-samples" }>,
  first: number,
): ReadonlyMap<number, Head> =>
  new Map(
    ask.heads.map(([offset, n, by, digest]) => {
      const slot = first + offset;
      return [slot, { slot, epoch: { n, unit: ask.units[by] ?? "" }, digest }];
    }),
  );
