/** Failover drills, those under way and those that are over, as both Centrals of a pair hold them (SPEC LH13). */
import { Type } from "@tandem/base/schema";
import { defineTable, type RowOf } from "@tandem/replica/schema";

const id = Type.String({ pattern: "^[0-9a-f]{16}$" });
const wall = Type.Integer({ minimum: 0 });
const text = (maxLength: number) => Type.String({ maxLength });
const amount = Type.Number({ minimum: 0 });
export const messageMaxLength = 1_000;
export const targetMaxLength = 512;

/** `from` and `to` are members of the group; names as they were then, since group and devices may be gone. */
export const drills = defineTable({
  name: "drills",
  since: 2,
  key: (row) => row.id,
  columns: {
    id: { sync: "shared", schema: id },
    group: { sync: "shared", schema: id },
    groupName: { sync: "shared", schema: text(128) },
    target: { sync: "shared", schema: text(targetMaxLength) },
    budgetMs: { sync: "shared", schema: Type.Integer({ minimum: 1 }) },
    andBack: { sync: "shared", schema: Type.Boolean() },
    author: { sync: "shared", schema: text(256) },
    /** The Central that runs it, and that alone measures. */
    unit: { sync: "shared", schema: id },
    startedAt: { sync: "shared", schema: wall },
    from: { sync: "shared", schema: id },
    fromName: { sync: "shared", schema: text(128) },
    to: { sync: "shared", schema: id },
    toName: { sync: "shared", schema: text(128) },
    state: {
      sync: "shared",
      schema: Type.Union([
        Type.Literal("running"),
        Type.Literal("passed"),
        Type.Literal("over budget"),
        Type.Literal("failed"),
        Type.Literal("interrupted"),
      ]),
    },
    step: {
      sync: "shared",
      schema: Type.Union([
        Type.Literal("probing before"),
        Type.Literal("handing over"),
        Type.Literal("probing after"),
        Type.Literal("moving back"),
        Type.Literal("probing after the way back"),
        Type.Literal("over"),
      ]),
    },
    endedAt: { sync: "shared", schema: Type.Union([wall, Type.Null()]), default: null },
    /** `movedMs`: from the order until the unit that was to be active said that it is; the outage is known at the end. */
    moves: {
      sync: "shared",
      schema: Type.Array(
        Type.Object({ from: id, to: id, movedMs: amount, outageMs: Type.Union([amount, Type.Null()]) }),
        {
          maxItems: 2,
        },
      ),
      default: [],
    },
    measured: {
      sync: "shared",
      schema: Type.Union([
        Type.Null(),
        Type.Object({
          outageMs: amount,
          requests: amount,
          failed: amount,
          lost: amount,
          resets: amount,
          cuts: amount,
          slowestMs: amount,
          lateP99Ms: amount,
          lateMaxMs: amount,
        }),
      ]),
      default: null,
    },
    message: { sync: "shared", schema: text(messageMaxLength), default: "" },
  },
  mergeGroups: {
    about: [
      "id",
      "group",
      "groupName",
      "target",
      "budgetMs",
      "andBack",
      "author",
      "unit",
      "startedAt",
      "from",
      "fromName",
      "to",
      "toName",
    ],
    progress: ["state", "step", "endedAt", "moves", "measured", "message"],
  },
});

export type DrillValues = RowOf<(typeof drills)["columns"]>;
