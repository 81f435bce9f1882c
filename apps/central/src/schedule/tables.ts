/**
 * Scheduled actions and their runs, as both Centrals of a pair share them (SPEC CH9). Each moment beside which
 * a `since` stands is looked back to no further than that: what was due before is nobody's business.
 */
import { type Static, Type } from "@tandem/base/schema";
import { devicesPerActionMax } from "@tandem/central-api/schedule";
import { runIdPattern } from "@tandem/fencing/run-id";
import type { RowView } from "@tandem/replica/rows";
import { defineTable } from "@tandem/replica/schema";
import {
  answerKeptMaxLength,
  cronMaxLength,
  messageMaxLength,
  timeZoneMaxLength,
} from "@tandem/schedule/constants";

const id = Type.String({ pattern: "^[0-9a-f]{16}$" });
const wall = Type.Integer({ minimum: 0 });
const text = (maxLength: number) => Type.String({ maxLength });
export const kind = Type.Union([Type.Literal("backup"), Type.Literal("reboot")]);
export type ActionKind = Static<typeof kind>;

const when = Type.Union([
  Type.Object({ kind: Type.Literal("once"), at: text(32), timeZone: text(timeZoneMaxLength) }),
  Type.Object({ kind: Type.Literal("cron"), cron: text(cronMaxLength), timeZone: text(timeZoneMaxLength) }),
]);

export const scheduledActions = defineTable({
  name: "scheduledActions",
  since: 2,
  key: (row) => row.id,
  columns: {
    id: { sync: "shared", schema: id },
    name: { sync: "shared", schema: text(128) },
    kind: { sync: "shared", schema: kind },
    devices: {
      sync: "shared",
      schema: Type.Array(Type.Object({ id, since: wall }), { maxItems: devicesPerActionMax }),
    },
    when: { sync: "shared", schema: when },
    whenSince: { sync: "shared", schema: wall },
    missedRule: {
      sync: "shared",
      schema: Type.Union([Type.Literal("run once late"), Type.Literal("skip")]),
      default: "run once late",
    },
    /** For devices that cannot tell whether they did a run. */
    ifUnknown: {
      sync: "shared",
      schema: Type.Union([Type.Literal("leave it to the operator"), Type.Literal("run again")]),
      default: "leave it to the operator",
    },
    enabled: { sync: "shared", schema: Type.Boolean(), default: true },
    enabledSince: { sync: "shared", schema: wall, default: 0 },
    /** Who made it. */
    author: { sync: "shared", schema: text(256) },
  },
  mergeGroups: { timing: ["when", "whenSince"], switch: ["enabled", "enabledSince"] },
});

/** One row for each attempt at a run, which its own unit alone writes; see `@tandem/schedule/ledger`. */
export const runs = defineTable({
  name: "runs",
  since: 2,
  key: (row) => `${row.run}.${row.unit}.${row.epoch ?? "none"}`,
  columns: {
    run: { sync: "shared", schema: Type.String({ pattern: runIdPattern }) },
    unit: { sync: "shared", schema: id },
    epoch: { sync: "shared", schema: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()]), default: null },
    trigger: { sync: "shared", schema: Type.Union([Type.Literal("schedule"), Type.Literal("operator")]) },
    action: { sync: "shared", schema: id },
    /** Names as they were then: action and device may be gone. */
    actionName: { sync: "shared", schema: text(128) },
    kind: { sync: "shared", schema: kind },
    device: { sync: "shared", schema: id },
    deviceName: { sync: "shared", schema: text(128) },
    due: { sync: "shared", schema: wall },
    /** Who pressed the button, or who made the schedule. */
    author: { sync: "shared", schema: text(256) },
    state: {
      sync: "shared",
      schema: Type.Union([
        Type.Literal("claimed"),
        Type.Literal("started"),
        Type.Literal("proved"),
        Type.Literal("failed"),
        Type.Literal("unknown"),
        Type.Literal("skipped"),
      ]),
    },
    claimedAt: { sync: "shared", schema: wall },
    startedAt: { sync: "shared", schema: Type.Union([wall, Type.Null()]), default: null },
    endedAt: { sync: "shared", schema: Type.Union([wall, Type.Null()]), default: null },
    startedOn: {
      sync: "shared",
      schema: Type.Union([Type.Literal("both"), Type.Literal("this unit only"), Type.Null()]),
      default: null,
    },
    evidence: {
      sync: "shared",
      schema: Type.Union([
        Type.Null(),
        Type.Object({
          digest: Type.Optional(text(64)),
          size: Type.Optional(Type.Integer()),
          answer: Type.Optional(text(answerKeptMaxLength)),
        }),
      ]),
      default: null,
    },
    message: { sync: "shared", schema: text(messageMaxLength) },
  },
  mergeGroups: {
    about: [
      "run",
      "unit",
      "epoch",
      "trigger",
      "action",
      "actionName",
      "kind",
      "device",
      "deviceName",
      "due",
      "author",
    ],
    progress: ["state", "claimedAt", "startedAt", "endedAt", "startedOn", "evidence", "message"],
  },
});

export const scheduleTables = [scheduledActions, runs] as const;

export type ActionRow = RowView<(typeof scheduledActions)["columns"]>;
export type AttemptRow = RowView<(typeof runs)["columns"]>;
