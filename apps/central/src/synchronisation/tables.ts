/** The switches of SPEC CH4: what the pair synchronises only when an operator says so. */
import { Type } from "@tandem/base/schema";
import { defineTable } from "@tandem/replica/schema";

export const switchNames = [
  "repository",
  "profiles",
  "targetEnvironments",
  "users",
  "notifications",
] as const;
export type SwitchName = (typeof switchNames)[number];

/**
 * `generation` counts how often the switch was turned on. Rows are shared under the number of their generation, so
 * that what was shared before the switch was last off never mixes with what each unit made of it since.
 */
const position = {
  sync: "shared",
  schema: Type.Object(
    { on: Type.Boolean(), generation: Type.Integer({ minimum: 0 }) },
    { additionalProperties: false },
  ),
  default: { on: false, generation: 0 },
} as const;

/** Of this table there is one row. Both units turning the same switch at once write the same, hence no conflict. */
export const synchronisation = defineTable({
  name: "synchronisation",
  since: 2,
  key: (row) => row.id,
  columns: {
    id: { sync: "shared", schema: Type.Literal("switches") },
    repository: position,
    profiles: position,
    targetEnvironments: position,
    users: position,
    notifications: position,
  },
});

/** The one row's key. */
export const switchesRow = "switches";
