import { type Static, Type } from "@tandem/base/schema";
import { Acknowledged, closed, Moment } from "./errors.ts";

export const Backup = Type.Object({
  name: Type.String(),
  at: Moment,
  bytes: Type.Integer({ minimum: 0 }),
  overwritten: Type.Boolean({
    description:
      "what joining the pair, or a backup of another unit, overwrote on this unit (SPEC CH13, ML5)",
  }),
});
export type Backup = Static<typeof Backup>;

/** Of this unit, the newest first. */
export const BackupList = Type.Object({ backups: Type.Array(Backup) });
export const BackupSaved = Type.Object({ name: Type.String() });

const passPhraseMinCharacters = 10;
const PassPhrase = Type.String({
  minLength: passPhraseMinCharacters,
  maxLength: 1_024,
  description: "what a portable backup is sealed under; kept nowhere",
});

export const portableBackupMaxBytes = 256 * 1024 * 1024;

export const BackupDownload = Type.Object(
  {
    backup: Type.Optional(
      Type.String({ maxLength: 256, description: "its name; the present state when absent" }),
    ),
    passPhrase: PassPhrase,
  },
  closed,
);
export type BackupDownload = Static<typeof BackupDownload>;

export const backupsUploadedMax = 10;

/** A portable backup that this unit keeps now; with more than {@link backupsUploadedMax} the oldest upload goes. */
export const BackupUploaded = Type.Object({
  name: Type.String(),
  bytes: Type.Integer({ minimum: 0 }),
  at: Moment,
  unit: Type.String({ description: "id of the unit that wrote it" }),
  unitName: Type.String(),
  ofThisPair: Type.Union([Type.Boolean(), Type.Null()], {
    description: "null: it was written outside a pair, or this unit belongs to none",
  }),
});
export type BackupUploaded = Static<typeof BackupUploaded>;

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
        description:
          "go back, when absent: every difference becomes a new edit, which the peer gets as well; replace a unit: the backup takes the place of this unit's configuration, which is saved first, and the unit starts anew and merges with its peer; its identity, HA settings and licences stay its own (SPEC ML5)",
      }),
    ),
    passPhrase: Type.Optional(PassPhrase),
  },
  closed,
);
export type Restore = Static<typeof Restore>;

export const Restored = Type.Object({
  backup: Type.String(),
  differences: Type.Array(RestoreDifference, { description: `the first ${restoreDifferencesListedMax}` }),
  total: Type.Integer({ minimum: 0 }),
  applied: Type.Boolean(),
  acknowledged: Type.Union([Acknowledged, Type.Null()], {
    description: "null where nothing was applied, and where a unit was replaced: the peer gets it by merging",
  }),
  savedAs: Type.Union([Type.String(), Type.Null()], {
    description:
      "name of the backup of what a replaced unit had; it starts anew now, and sessions on it have ended",
  }),
  note: Type.Union([Type.String(), Type.Null()], { description: "what else comes of it" }),
});
export type Restored = Static<typeof Restored>;
