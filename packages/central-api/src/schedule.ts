import { type Static, type TSchema, Type } from "@tandem/base/schema";
import { Acknowledged, closed, Moment, MomentOrNull, Tag } from "./errors.ts";

const id = Type.String();
const name = Type.String({ minLength: 1, maxLength: 128 });
const nullable = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

export const devicesPerActionMax = 1_000;

export const ActionKind = Type.Union([Type.Literal("backup"), Type.Literal("reboot")]);
export type ActionKind = Static<typeof ActionKind>;

/** Exactly one of `once` and `cron`. */
export const ActionWhen = Type.Object(
  {
    once: Type.Optional(
      Type.String({ maxLength: 32, description: "a local date and time, such as 2026-12-01T03:00" }),
    ),
    cron: Type.Optional(
      Type.String({
        maxLength: 256,
        description: "minute, hour, day of month, month, day of week; or @daily and its like",
      }),
    ),
    timeZone: Type.String({
      maxLength: 128,
      description: "a name of the IANA database, such as Europe/Vienna",
    }),
  },
  closed,
);
export type ActionWhen = Static<typeof ActionWhen>;

const MissedRule = Type.Union([Type.Literal("run once late"), Type.Literal("skip")], {
  description: "what becomes of an occurrence that passed while no unit could run it; default: run once late",
});
const IfUnknown = Type.Union([Type.Literal("leave it to the operator"), Type.Literal("run again")], {
  description:
    "what becomes of a run that was interrupted, on a device that cannot tell whether it took effect; default: leave it to the operator",
});
const devices = Type.Array(Type.String({ maxLength: 64 }), {
  minItems: 1,
  maxItems: devicesPerActionMax,
  description: "ids of devices",
});

export const RunState = Type.Union(
  [
    Type.Literal("claimed"),
    Type.Literal("started"),
    Type.Literal("proved"),
    Type.Literal("failed"),
    Type.Literal("unknown"),
    Type.Literal("skipped"),
  ],
  {
    description:
      "claimed and started: not over yet; proved: it took effect; failed: it did not; unknown: an operator has to look; skipped: its time had passed",
  },
);
export type RunState = Static<typeof RunState>;

export const ScheduledAction = Type.Object({
  id,
  name: Type.String(),
  kind: ActionKind,
  devices: Type.Array(id),
  when: ActionWhen,
  missedRule: MissedRule,
  ifUnknown: IfUnknown,
  enabled: Type.Boolean(),
  author: Type.String({ description: "who made it" }),
  nextDue: MomentOrNull,
  lastRun: nullable(Type.Object({ id, device: id, state: RunState, due: Moment })),
  tag: Tag,
});
export type ScheduledAction = Static<typeof ScheduledAction>;

export const ScheduledActionList = Type.Object({ scheduledActions: Type.Array(ScheduledAction) });

export const ScheduledActionNew = Type.Object(
  {
    name,
    kind: ActionKind,
    devices,
    when: ActionWhen,
    missedRule: Type.Optional(MissedRule),
    ifUnknown: Type.Optional(IfUnknown),
    enabled: Type.Optional(Type.Boolean()),
  },
  closed,
);
export type ScheduledActionNew = Static<typeof ScheduledActionNew>;

/** A change of `when`, a device that is added, and switching on look no further back than the moment of the change. */
export const ScheduledActionChange = Type.Partial(ScheduledActionNew, closed);
export type ScheduledActionChange = Static<typeof ScheduledActionChange>;

export const ScheduledActionWritten = Type.Object({
  ...ScheduledAction.properties,
  acknowledged: Acknowledged,
});
export type ScheduledActionWritten = Static<typeof ScheduledActionWritten>;

export const ScheduledActionRemoved = Type.Object({ id, acknowledged: Acknowledged });
export type ScheduledActionRemoved = Static<typeof ScheduledActionRemoved>;

export const ScheduledActionParams = Type.Object(
  { id: Type.String({ minLength: 1, maxLength: 64 }) },
  closed,
);

/** The runs that were begun, one for each device; `GET /runs` says how they go on. */
export const RunsBegun = Type.Object({ runs: Type.Array(id), acknowledged: Acknowledged });
export type RunsBegun = Static<typeof RunsBegun>;

const progress = {
  state: RunState,
  unit: Type.String({ description: "id of the Central that dealt with it" }),
  epoch: nullable(
    Type.Integer({ description: "the number of its term of office; null for an operator's run" }),
  ),
  claimedAt: Moment,
  startedAt: MomentOrNull,
  endedAt: MomentOrNull,
  startedOn: nullable(
    Type.Union([Type.Literal("both"), Type.Literal("this unit only")], {
      description: "which disks held it as started before the device was called",
    }),
  ),
  evidence: nullable(
    Type.Object({
      digest: Type.Optional(Type.String({ description: "SHA-256 of the backup" })),
      size: Type.Optional(Type.Integer()),
      answer: Type.Optional(Type.String({ description: "the beginning of the device's answer" })),
    }),
  ),
  message: Type.String(),
} as const;

/** One occurrence of an action on one device. What stands at the top is the attempt that speaks for it. */
export const Run = Type.Object({
  id,
  action: id,
  actionName: Type.String(),
  kind: ActionKind,
  device: id,
  deviceName: Type.String(),
  due: Moment,
  trigger: Type.Union([Type.Literal("schedule"), Type.Literal("operator")]),
  author: Type.String({ description: "who pressed the button, or made the schedule" }),
  ...progress,
  attempts: Type.Array(Type.Object(progress), {
    description: "of every unit and term that dealt with it; more than one after a take-over or a cut",
  }),
});
export type Run = Static<typeof Run>;

export const RunList = Type.Object({ runs: Type.Array(Run) });

export const runsListedMax = 1_000;
/** In a query string everything is text: `limit` is a decimal number from 1 to {@link runsListedMax}, 100 when absent. */
export const RunsQuery = Type.Object(
  {
    action: Type.Optional(Type.String({ maxLength: 64 })),
    device: Type.Optional(Type.String({ maxLength: 64 })),
    state: Type.Optional(RunState),
    limit: Type.Optional(Type.String({ pattern: "^([1-9][0-9]{0,2}|1000)$" })),
  },
  closed,
);
export type RunsQuery = Static<typeof RunsQuery>;
