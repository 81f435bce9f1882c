/** Failover drills on a LoadMaster HA group (SPEC LH13): the role is moved under a prober that runs in Central. */
import { type Static, Type } from "@tandem/base/schema";
import { Acknowledged, closed, Moment, MomentOrNull } from "./errors.ts";

export const drillBudgetMinMs = 20;
export const drillBudgetMaxMs = 60_000;
export const drillBudgetDefaultMs = 1_000;

export const DrillState = Type.Union(
  [
    Type.Literal("running"),
    Type.Literal("passed"),
    Type.Literal("over budget"),
    Type.Literal("failed"),
    Type.Literal("interrupted"),
  ],
  {
    description:
      "failed: the role did not move, or nothing could be measured; interrupted: the Central that ran it ended, or lost its role",
  },
);
export type DrillState = Static<typeof DrillState>;

export const Drill = Type.Object({
  id: Type.String(),
  group: Type.String(),
  groupName: Type.String({ description: "as it was then" }),
  target: Type.String(),
  budgetMs: Type.Number(),
  andBack: Type.Boolean(),
  author: Type.String(),
  unit: Type.String({ description: "id of the Central that ran it" }),
  startedAt: Moment,
  endedAt: MomentOrNull,
  from: Type.String({ description: "device id of the unit that was active before" }),
  fromName: Type.String(),
  to: Type.String({ description: "device id of the unit that the role was given to" }),
  toName: Type.String(),
  state: DrillState,
  step: Type.Union([
    Type.Literal("probing before"),
    Type.Literal("handing over"),
    Type.Literal("probing after"),
    Type.Literal("moving back"),
    Type.Literal("probing after the way back"),
    Type.Literal("over"),
  ]),
  moves: Type.Array(
    Type.Object({
      from: Type.String(),
      to: Type.String(),
      movedMs: Type.Number({ description: "from the order until the new active unit said that it is" }),
      outageMs: Type.Union([Type.Number(), Type.Null()]),
    }),
    { description: "one, or two when the role went back" },
  ),
  measured: Type.Union([
    Type.Null(),
    Type.Object({
      outageMs: Type.Number({
        description: "the longest time between two good answers, as a client sees it",
      }),
      requests: Type.Number(),
      failed: Type.Number(),
      lost: Type.Number({ description: "of those that failed: without any answer" }),
      resets: Type.Number({ description: "of the lost ones: cut off by a reset" }),
      cuts: Type.Number({ description: "how often a connection that was kept open was cut" }),
      slowestMs: Type.Number(),
      lateP99Ms: Type.Number({ description: "the prober's own lateness: its error of measurement" }),
      lateMaxMs: Type.Number(),
    }),
  ]),
  message: Type.String({ description: "the verdict in words" }),
});
export type Drill = Static<typeof Drill>;

export const DrillNew = Type.Object(
  {
    target: Type.String({
      minLength: 1,
      maxLength: 512,
      description:
        "one of the pair's virtual services: http://ADDRESS:PORT/PATH, https://ADDRESS:PORT/PATH or ADDRESS:PORT",
    }),
    budgetMs: Type.Integer({
      minimum: drillBudgetMinMs,
      maximum: drillBudgetMaxMs,
      description: "the longest outage that is allowed, in milliseconds",
    }),
    andBack: Type.Optional(Type.Boolean({ description: "give the role back at the end; false when absent" })),
  },
  closed,
);
export type DrillNew = Static<typeof DrillNew>;

export const DrillStarted = Type.Object({ ...Drill.properties, acknowledged: Acknowledged });
export type DrillStarted = Static<typeof DrillStarted>;

export const DrillList = Type.Object({ drills: Type.Array(Drill) });
export type DrillList = Static<typeof DrillList>;

const pathId = Type.String({ minLength: 1, maxLength: 64 });
export const DrillParams = Type.Object({ id: pathId, drill: pathId }, closed);

/** In a query string everything is text: `limit` is a decimal number from 1 to 500, 50 when absent. */
export const DrillsQuery = Type.Object(
  { limit: Type.Optional(Type.String({ pattern: "^([1-9][0-9]?|[1-4][0-9]{2}|500)$" })) },
  closed,
);
