/** What the pair synchronises and what it does not, and the switches of what it may (SPEC CH4). */
import { type Static, Type } from "@tandem/base/schema";
import { Acknowledged, closed, Tag } from "./errors.ts";

const Sync = Type.Union([Type.Literal("shared"), Type.Literal("local"), Type.Literal("derived")]);
const SwitchName = Type.Union([
  Type.Literal("repository"),
  Type.Literal("profiles"),
  Type.Literal("targetEnvironments"),
  Type.Literal("users"),
  Type.Literal("notifications"),
]);

const Switch = Type.Object({
  name: SwitchName,
  title: Type.String(),
  on: Type.Boolean(),
  available: Type.Boolean({ description: "false when this version has nothing yet that it switches" }),
  moving: Type.Boolean({ description: "rows are on their way to where the switch says" }),
});

/** Generated from the declarations: every table with every column, and whether it reaches the other unit. */
export const HaSynchronised = Type.Object({
  switches: Type.Array(Switch),
  tables: Type.Array(
    Type.Object({
      table: Type.String(),
      switch: Type.Union([SwitchName, Type.Null()]),
      synchronised: Type.Boolean({ description: "whether it is at this moment" }),
      effect: Type.String({ description: "what that means, in words" }),
      columns: Type.Array(Type.Object({ column: Type.String(), sync: Sync, secret: Type.Boolean() })),
    }),
  ),
  otherwise: Type.Array(Type.Object({ what: Type.String(), effect: Type.String() }), {
    description: "what is kept outside those tables",
  }),
  tag: Tag,
});
export type HaSynchronised = Static<typeof HaSynchronised>;

/** Switches that are left out stay as they are. */
export const HaSynchronisedChange = Type.Object(
  {
    repository: Type.Optional(Type.Boolean()),
    profiles: Type.Optional(Type.Boolean()),
    targetEnvironments: Type.Optional(Type.Boolean()),
    users: Type.Optional(Type.Boolean()),
    notifications: Type.Optional(Type.Boolean()),
  },
  closed,
);
export type HaSynchronisedChange = Static<typeof HaSynchronisedChange>;

export const HaSynchronisedWritten = Type.Object({
  ...HaSynchronised.properties,
  acknowledged: Acknowledged,
});
export type HaSynchronisedWritten = Static<typeof HaSynchronisedWritten>;

/** Files on their way from unit to unit (SPEC CH5). */
export const HaFiles = Type.Object({
  missing: Type.Integer({ description: "files that rows name and that are not on this unit" }),
  missingBytes: Type.Integer(),
  notOnPeer: Type.Integer({ description: "of the missing, those that the other unit has not got either" }),
  broken: Type.Integer({
    description: "since the start: files that came as something else than their digest",
  }),
  damagedPieces: Type.Integer(),
  receivedBytes: Type.Integer(),
  sentBytes: Type.Integer(),
  error: Type.Union([Type.String(), Type.Null()]),
});
export type HaFiles = Static<typeof HaFiles>;
