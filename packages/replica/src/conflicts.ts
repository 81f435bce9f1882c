/**
 * Conflicts (SPEC CH20) are rows of a built-in shared table. A row's key is the id of the version that lost, and its
 * content a function of that version alone, so two replicas that notice the same loss write the same row. The
 * table never makes conflicts itself: its entries never change, and a resolution is never taken back.
 */
import type { Json } from "@tandem/base/canonical-json";
import type { UnitId } from "@tandem/base/ids";
import { type Static, Type } from "@tandem/base/schema";
import type { WallMillis } from "@tandem/base/time";
import { defineTable } from "./schema.ts";
import { type Version, type VersionId, versionId } from "./version.ts";

const entrySchema = Type.Object({
  table: Type.String(),
  row: Type.String(),
  field: Type.String(),
  incarnation: Type.String(),
  seq: Type.Integer(),
  life: Type.Integer(),
  clock: Type.Integer(),
  author: Type.String(),
  unit: Type.String(),
  at: Type.Integer(),
  value: Type.Unknown(),
});
const resolutionSchema = Type.Union([
  Type.Null(),
  Type.Object({
    how: Type.Union([Type.Literal("restored"), Type.Literal("dismissed")]),
    author: Type.String(),
    unit: Type.String(),
    at: Type.Integer(),
  }),
]);

export type ConflictEntry = Omit<Static<typeof entrySchema>, "value"> & { readonly value: Json };
export type Resolution = NonNullable<Static<typeof resolutionSchema>>;

export const conflictsTable = defineTable({
  name: "conflicts",
  key: (row) => versionId(row.entry),
  columns: {
    entry: { sync: "shared", schema: entrySchema },
    resolution: { sync: "shared", schema: resolutionSchema, default: null },
  },
});

/** Rows of the conflicts table have one life and no register: they are never deleted. */
export const conflictLife = 1;

/** A change that lost to a concurrent one, as an operator sees it. */
export type Conflict = {
  /** The id of the version that lost. */
  readonly id: VersionId;
  readonly table: string;
  readonly row: string;
  /** The field whose value lost; "@life" when creating or deleting the row itself did. */
  readonly field: string;
  /** The value that lost; null when it is secret. */
  readonly value: Json;
  readonly secret: boolean;
  readonly author: string;
  readonly unit: UnitId;
  readonly at: WallMillis;
  /** null while it waits for somebody to restore or dismiss it. */
  readonly resolution: Resolution | null;
};

export const conflictEntry = (loser: Version): Json => ({
  table: loser.table,
  row: loser.row,
  field: loser.field,
  incarnation: loser.incarnation,
  seq: loser.seq,
  life: loser.life,
  clock: loser.clock,
  author: loser.author,
  unit: loser.unit,
  at: loser.at,
  value: loser.value,
});
