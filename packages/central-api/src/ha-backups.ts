import { type Static, Type } from "@tandem/base/schema";
import { Acknowledged, closed, Moment } from "./errors.ts";

export const Backup = Type.Object({
  name: Type.String(),
  at: Moment,
  bytes: Type.Integer({ minimum: 0 }),
  overwritten: Type.Boolean({ description: "what joining the pair overwrote on this unit (SPEC CH13)" }),
});
export type Backup = Static<typeof Backup>;

/** Of this unit, the newest first. */
export const BackupList = Type.Object({ backups: Type.Array(Backup) });
export const BackupSaved = Type.Object({ name: Type.String() });

/** Differences listed in one answer; all of them are counted and restored. */
export const restoreDifferencesListedMax = 1_000;

export const RestoreDifference = Type.Object({
  table: Type.String(),
  row: Type.String({ description: "key of the row" }),
  column: Type.Union([Type.String(), Type.Null()], {
    description: "null: the whole row comes back, or goes",
  }),
  what: Type.Union([Type.Literal("comes back"), Type.Literal("goes"), Type.Literal("changes")]),
  secret: Type.Boolean({ description: "both values are secret and left out (null)" }),
  now: Type.Unknown(),
  saved: Type.Unknown(),
});
export type RestoreDifference = Static<typeof RestoreDifference>;

export const Restore = Type.Object(
  {
    backup: Type.Optional(
      Type.String({ maxLength: 256, description: "its name; what joining the pair overwrote when absent" }),
    ),
    apply: Type.Boolean({ description: "false only shows what would change" }),
    as: Type.Optional(
      Type.Union([Type.Literal("go back"), Type.Literal("replace a unit")], {
        description: "go back, when absent: every difference becomes a new edit, which the peer gets as well",
      }),
    ),
  },
  closed,
);
export type Restore = Static<typeof Restore>;

export const Restored = Type.Object({
  backup: Type.String(),
  differences: Type.Array(RestoreDifference, { description: `the first ${restoreDifferencesListedMax}` }),
  total: Type.Integer({ minimum: 0 }),
  applied: Type.Boolean(),
  acknowledged: Type.Union([Acknowledged, Type.Null()]),
});
export type Restored = Static<typeof Restored>;
