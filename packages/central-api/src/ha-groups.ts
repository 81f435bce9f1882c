import { type Static, Type } from "@tandem/base/schema";
import { Acknowledged, closed, MomentOrNull, Tag } from "./errors.ts";

const name = Type.String({ minLength: 1, maxLength: 128 });

/** Changes of role that are kept of each group; the oldest is dropped for the next. */
export const roleChangesMax = 20;

export const RoleChange = Type.Object({
  at: Type.String({ description: "when the new one says that it became active, else when it was seen" }),
  from: Type.String({ description: "device id" }),
  to: Type.String({ description: "device id" }),
});
export type RoleChange = Static<typeof RoleChange>;

/** A LoadMaster HA pair, shown as one (SPEC CH19). `active` is the member that says it is active, null when none or both do. */
export const HaGroup = Type.Object({
  id: Type.String(),
  name,
  sharedAddress: Type.String(),
  members: Type.Array(Type.String(), { description: "device ids, HA1 first" }),
  network: Type.Union([Type.String(), Type.Null()], {
    description: "CIDR of the smallest network that holds the shared address",
  }),
  active: Type.Union([Type.String(), Type.Null()], { description: "device id" }),
  state: Type.Union(
    [
      Type.Literal("ready"),
      Type.Literal("degraded"),
      Type.Literal("no active member"),
      Type.Literal("both active"),
      Type.Literal("unknown"),
    ],
    { description: "ready: one member active, the other standby; degraded: one active, the other not ready" },
  ),
  origin: Type.Union([Type.Literal("units"), Type.Literal("operator")], {
    description:
      "units: both say that they are a pair, and the group follows what they say; operator: grouped by hand",
  }),
  activeSince: MomentOrNull,
  warnings: Type.Array(Type.String(), { description: "what keeps it from being a sound pair, in words" }),
  roleChanges: Type.Array(RoleChange, { description: `the last ${roleChangesMax}, the latest first` }),
  tag: Tag,
});
export type HaGroup = Static<typeof HaGroup>;

export const HaGroupList = Type.Object({ haGroups: Type.Array(HaGroup) });
export type HaGroupList = Static<typeof HaGroupList>;

export const HaGroupNew = Type.Object(
  {
    name,
    sharedAddress: Type.String({ minLength: 1, maxLength: 45 }),
    members: Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
      minItems: 2,
      maxItems: 2,
      description: "two device ids, HA1 first",
    }),
  },
  closed,
);
export type HaGroupNew = Static<typeof HaGroupNew>;

export const HaGroupChange = Type.Object({ name }, closed);
export type HaGroupChange = Static<typeof HaGroupChange>;

export const HaGroupWritten = Type.Object({ ...HaGroup.properties, acknowledged: Acknowledged });
export type HaGroupWritten = Static<typeof HaGroupWritten>;

export const HaGroupRemoved = Type.Object({ id: Type.String(), acknowledged: Acknowledged });
export type HaGroupRemoved = Static<typeof HaGroupRemoved>;

export const HaGroupParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) }, closed);
