/** What the configuration of devices was, as backups taken from them (SPEC CH5). */
import { type Static, Type } from "@tandem/base/schema";
import { closed, Moment } from "./errors.ts";

export const snapshotsListedMax = 1_000;

export const Snapshot = Type.Object({
  id: Type.String(),
  device: Type.String({ description: "the device's id; it may have been removed since" }),
  at: Moment,
  digest: Type.String(),
  size: Type.Integer(),
  runId: Type.Union([Type.String(), Type.Null()], {
    description: "of the scheduled action that took it; null when an operator did",
  }),
  author: Type.String(),
  here: Type.Boolean({ description: "whether its file is on this unit and can be downloaded here" }),
});
export type Snapshot = Static<typeof Snapshot>;

/** Newest first, at most {@link snapshotsListedMax}; `more` tells that there are others. */
export const SnapshotList = Type.Object({ snapshots: Type.Array(Snapshot), more: Type.Boolean() });
export type SnapshotList = Static<typeof SnapshotList>;
export const SnapshotQuery = Type.Object({ device: Type.Optional(Type.String({ maxLength: 128 })) }, closed);
