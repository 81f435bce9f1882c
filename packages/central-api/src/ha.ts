import { type Static, Type } from "@tandem/base/schema";
import { second } from "@tandem/base/time";
import { heartbeatMaxMs, heartbeatMinMs, holdDownMaxMs } from "@tandem/pair/constants";
import { closed, FieldErrorSchema, Moment, MomentOrNull } from "./errors.ts";

export const peerPortDefault = 6974;

/** Both states as HA Status shows them (SPEC CH15). */
export const HaState = Type.Union([
  Type.Literal("Standalone"),
  Type.Literal("Starting"),
  Type.Literal("Master"),
  Type.Literal("Slave"),
  Type.Literal("Disabled"),
]);
export type HaState = Static<typeof HaState>;

const settings = {
  haKeyForTheOtherPeer: Type.String({
    maxLength: 512,
    description: "the other unit's HA key; empty when there is no peer",
  }),
  ipAddressForTheOtherPeer: Type.String({ maxLength: 45, description: "empty when there is no peer" }),
  peerPort: Type.Integer({ minimum: 1, maximum: 65_535, description: "port of the other unit's peer link" }),
  preferredMaster: Type.Boolean(),
  disable: Type.Boolean({ description: "out of HA without forgetting the settings (SPEC CH18)" }),
  heartbeatSeconds: Type.Number({ minimum: heartbeatMinMs / second, maximum: heartbeatMaxMs / second }),
  holdDownSeconds: Type.Number({
    minimum: 0,
    maximum: holdDownMaxMs / second,
    description: "how long a returning preferred master is in step before it takes the role",
  }),
};

/** The form of the HA page as it stands. */
export const HaConfiguration = Type.Object({
  haKeyForThisPeer: Type.String({ description: "public; copy it to the other unit" }),
  ...settings,
});
export type HaConfiguration = Static<typeof HaConfiguration>;

/** What Apply sends. What is left out keeps its value. */
export const HaApply = Type.Object(
  {
    haKeyForTheOtherPeer: Type.Optional(settings.haKeyForTheOtherPeer),
    ipAddressForTheOtherPeer: Type.Optional(settings.ipAddressForTheOtherPeer),
    peerPort: Type.Optional(settings.peerPort),
    preferredMaster: Type.Optional(settings.preferredMaster),
    disable: Type.Optional(settings.disable),
    heartbeatSeconds: Type.Optional(settings.heartbeatSeconds),
    holdDownSeconds: Type.Optional(settings.holdDownSeconds),
  },
  closed,
);
export type HaApply = Static<typeof HaApply>;

/** Whether a setting fits the other unit's (SPEC ML5). */
export const SettingCheck = Type.Object({
  setting: Type.Union([
    Type.Literal("Disable"),
    Type.Literal("Preferred Master"),
    Type.Literal("IP Address for the Other Peer"),
    Type.Literal("HA Key for the Other Peer"),
  ]),
  ours: Type.String({ description: "what it says on this unit, in words" }),
  fits: Type.Union([Type.Literal("yes"), Type.Literal("no"), Type.Literal("unknown")]),
  message: Type.String(),
  remedy: Type.String({ description: "empty where it fits" }),
});
export type SettingCheck = Static<typeof SettingCheck>;

/** HA Status (SPEC CH10, CH15, CH17). Null means: not known, because no heartbeat has told yet or there is no peer. */
export const HaStatus = Type.Object({
  at: Moment,
  ourUnit: Type.String({ description: "unit id" }),
  ourName: Type.String(),
  ourState: HaState,
  ourReason: Type.String(),
  peerUnit: Type.Union([Type.String(), Type.Null()]),
  peerName: Type.Union([Type.String(), Type.Null()]),
  peerState: Type.Union([HaState, Type.Literal("Unknown"), Type.Null()], {
    description: "null: no peer is configured; Unknown: the peer has not answered",
  }),
  peerReason: Type.String(),
  heartbeats: Type.Object({
    flowing: Type.Boolean(),
    lastSent: MomentOrNull,
    lastReceived: MomentOrNull,
    missed: Type.Integer({ minimum: 0 }),
    error: Type.Union([Type.String(), Type.Null()]),
  }),
  ourSequence: Type.Integer({ minimum: 0 }),
  peerSequence: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()]),
  inStep: Type.Union([Type.Boolean(), Type.Null()], { description: "the version vectors are equal" }),
  digestEqual: Type.Union([Type.Boolean(), Type.Null()]),
  waitingFor: Type.Array(
    Type.Object({ unit: Type.String({ description: "name of the unit it waits for" }), what: Type.String() }),
  ),
  epoch: Type.Union([Type.Object({ number: Type.Integer(), unit: Type.String() }), Type.Null()]),
  overwrittenBackup: Type.Union([Type.String(), Type.Null()], {
    description: "name of the backup of what joining the pair, or a backup of another unit, overwrote here",
  }),
  licensingMismatches: Type.Array(
    Type.Object({ field: Type.String(), ours: Type.String(), theirs: Type.String() }),
    {
      description:
        "what differs while the unit is Standalone for it (SPEC ML1); `ourReason` says what mends it",
    },
  ),
  acting: Type.Boolean({ description: "polling and scheduled actions run on this unit now" }),
  handover: Type.Union([
    Type.Null(),
    Type.Object({
      phase: Type.String(),
      since: Moment,
      byOperator: Type.Boolean(),
      waitsFor: Type.String({ description: "in words; of one that was given up: why" }),
    }),
  ]),
  onlyHere: Type.Array(Type.Object({ at: Moment, author: Type.String(), summary: Type.String() }), {
    description: "the newest of the changes that are on this unit's disk only",
  }),
  withheld: Type.Array(Type.String(), {
    description:
      "tables with something that the other unit's earlier version cannot hold; upgrade it, and it gets that",
  }),
  clockDifferenceMs: Type.Union([Type.Integer(), Type.Null()], {
    description: "how far the other unit's clock is ahead of this one's; null until it has told",
  }),
  vector: Type.Record(Type.String(), Type.Integer(), { description: "what this unit knows, by incarnation" }),
  digest: Type.String({ description: "of the whole shared state" }),
  unacknowledged: Type.Integer({ minimum: 0, description: "changes that are on this unit's disk only" }),
  configurationErrors: Type.Array(FieldErrorSchema),
  checks: Type.Array(SettingCheck, {
    description: "whether the settings of both units fit each other (SPEC ML5); none of a Central on its own",
  }),
});
export type HaStatus = Static<typeof HaStatus>;

export const HaAnswer = Type.Object({ configuration: HaConfiguration, status: HaStatus });
export type HaAnswer = Static<typeof HaAnswer>;

export const HaHandedOver = Type.Object({
  ...HaAnswer.properties,
  note: Type.Union([Type.String(), Type.Null()], {
    description: "when the role will not stay where it goes, why",
  }),
});

/** SPEC CH17: by table, and the rows that were found to differ at equal vectors. */
export const HaDifferences = Type.Object({
  inStep: Type.Union([Type.Boolean(), Type.Null()]),
  digestEqual: Type.Union([Type.Boolean(), Type.Null()]),
  tables: Type.Array(Type.Object({ table: Type.String(), digest: Type.String(), differing: Type.Integer() })),
  found: Type.Union([
    Type.Null(),
    Type.Object({
      at: Moment,
      count: Type.Integer(),
      repaired: Type.Boolean({ description: "on both disks; what lost stands in Conflicts" }),
      rows: Type.Array(
        Type.Object({ table: Type.String(), row: Type.String(), fields: Type.Array(Type.String()) }),
      ),
    }),
  ]),
});
export type HaDifferences = Static<typeof HaDifferences>;

/** *Remove from pair* (SPEC CH24): there is no default, because the wrong one stops the unit that should go on. */
export const HaRemove = Type.Object(
  {
    removes: Type.Union([Type.Literal("this unit"), Type.Literal("the other unit")], {
      description:
        "the removed unit keeps a copy and executes nothing; the one that stays keeps everything and goes on, Standalone",
    }),
    confirm: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        description:
          "the name or id of the other unit, where it is removed and cannot be told: it is off or will never serve again",
      }),
    ),
  },
  closed,
);

export const HaRemoved = Type.Object({
  ...HaAnswer.properties,
  peerTold: Type.Boolean({
    description:
      "whether the other unit has taken the other part; if not, do the same there before it is used again",
  }),
});

const Severity = Type.Union([Type.Literal("info"), Type.Literal("warning"), Type.Literal("error")]);

export const HaEvent = Type.Object({
  id: Type.String({ description: "names this entry for ever: its unit, that unit's log, its number there" }),
  at: Moment,
  unit: Type.String({ description: "name of the unit it happened on" }),
  severity: Severity,
  code: Type.String(),
  text: Type.String(),
});
export type HaEvent = Static<typeof HaEvent>;

export const haEventsMax = 1_000;

/** Of both units, newest first; each unit's entries in the order in which they happened, whatever its clock did. */
export const HaEvents = Type.Object({
  events: Type.Array(HaEvent),
  next: Type.Union([Type.String(), Type.Null()], {
    description: "send it back as `before` for older ones; null when there are none",
  }),
  clockDifferenceMs: Type.Union([Type.Integer(), Type.Null()], {
    description: "how far the other unit's clock is ahead of this one's; null until it has told",
  }),
});
export type HaEvents = Static<typeof HaEvents>;
/** In a query string everything is text: `limit` is a decimal number from 1 to {@link haEventsMax}, 100 when absent. */
export const HaEventsQuery = Type.Object(
  {
    limit: Type.Optional(Type.String({ pattern: "^([1-9][0-9]{0,2}|1000)$" })),
    before: Type.Optional(Type.String({ maxLength: 2_000, description: "`next` of an earlier answer" })),
    unit: Type.Optional(
      Type.Union([Type.Literal("this"), Type.Literal("other")], { description: "both when absent" }),
    ),
    severity: Type.Optional(Type.Union([...Severity.anyOf], { description: "this one and graver" })),
  },
  closed,
);
export type HaEventsQuery = Static<typeof HaEventsQuery>;
