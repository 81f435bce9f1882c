import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeviceRole } from "./device-status.ts";
import { neverContacted } from "./device-status.ts";
import { groupState } from "./ha-groups.ts";

const stateOf = (first: DeviceRole, second: DeviceRole) =>
  groupState([
    ["lm1", { ...neverContacted, haRole: first }],
    ["lm2", { ...neverContacted, haRole: second }],
  ]);

test("[CH19] a pair's state follows from what both members say of themselves", () => {
  assert.deepEqual(stateOf("active", "standby"), { active: "lm1", state: "ready" });
  assert.deepEqual(stateOf("standby", "active"), { active: "lm2", state: "ready" });
  assert.deepEqual(stateOf("unknown", "active"), { active: "lm2", state: "degraded" });
  assert.deepEqual(stateOf("active", "single"), { active: "lm1", state: "degraded" });
  assert.deepEqual(stateOf("active", "active"), { active: null, state: "both active" });
  assert.deepEqual(stateOf("standby", "standby"), { active: null, state: "no active member" });
  assert.deepEqual(stateOf("standby", "unknown"), { active: null, state: "unknown" });
  assert.deepEqual(stateOf("unknown", "unknown"), { active: null, state: "unknown" });
  const passive = { ...neverContacted, lastSeen: "2026-11-25T12:00:00.000Z" };
  assert.deepEqual(
    groupState([
      ["lm1", passive],
      ["lm2", passive],
    ]),
    { active: null, state: "no active member" },
  );
});
