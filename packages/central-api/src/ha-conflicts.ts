import { type Static, Type } from "@tandem/base/schema";
import { Acknowledged, closed, Moment } from "./errors.ts";

export const conflictsListedMax = 1_000;

const ConflictResolution = Type.Object({
  how: Type.Union([Type.Literal("restored"), Type.Literal("dismissed")]),
  author: Type.String(),
  unit: Type.String({ description: "name of the unit it was done on" }),
  at: Moment,
});

/** A change that lost to another one made on the other unit at the same time (SPEC CH20). */
export const Conflict = Type.Object({
  id: Type.String(),
  table: Type.String(),
  row: Type.String({ description: "key of the row" }),
  field: Type.String({
    description:
      'a column, a group of columns that change together, or "@life": creating or deleting the row',
  }),
  secret: Type.Boolean({ description: "both values are secret and left out (null)" }),
  lost: Type.Unknown({ description: "the value that lost" }),
  stands: Type.Unknown({ description: "the value that stands now; null when the row does not exist" }),
  rowExists: Type.Boolean(),
  author: Type.String({ description: "who made the change that lost" }),
  unit: Type.String({ description: "name of the unit it was made on" }),
  at: Moment,
  resolution: Type.Union([Type.Null(), ConflictResolution], { description: "null while it is open" }),
  tag: Type.String({ description: "what stands; send it back as If-Match with restore and dismiss" }),
});
export type Conflict = Static<typeof Conflict>;

export const ConflictQuery = Type.Object(
  {
    state: Type.Optional(
      Type.Union([Type.Literal("open"), Type.Literal("resolved"), Type.Literal("all")], {
        description: "open when absent",
      }),
    ),
  },
  closed,
);

/** The newest first, at most {@link conflictsListedMax}. */
export const ConflictList = Type.Object({
  conflicts: Type.Array(Conflict),
  open: Type.Integer({ minimum: 0, description: "how many are open, listed or not" }),
  resolved: Type.Integer({ minimum: 0 }),
});

export const ConflictParams = Type.Object({ id: Type.String({ maxLength: 64 }) }, closed);

export const ConflictResolved = Type.Object({ ...Conflict.properties, acknowledged: Acknowledged });
export type ConflictResolved = Static<typeof ConflictResolved>;
