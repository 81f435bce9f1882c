import assert from "node:assert/strict";
import { test } from "node:test";
import { afterContact, type Contacted, neverContacted } from "./device-status.ts";

const answered: Contacted = { kind: "answered", version: "7.2", haRole: "active", name: "lm1" };
const failed: Contacted = { kind: "failed", error: "refused" };
const run = (...attempts: Contacted[]) =>
  attempts.reduce((status, attempt, index) => afterContact(status, attempt, index * 60_000), neverContacted);

test("[CE1] a device is down only after three failed attempts in a row", () => {
  assert.equal(run(answered).state, "up");
  assert.deepEqual([run(answered, failed).state, run(answered, failed, failed).state], ["up", "up"]);
  const down = run(answered, failed, failed, failed);
  assert.equal(down.state, "down");
  assert.equal(down.error, "refused");
  assert.equal(down.lastSeen, "1970-01-01T00:00:00.000Z");
  assert.equal(down.lastAttempt, "1970-01-01T00:03:00.000Z");
  assert.equal(run(answered, failed, failed, answered, failed, failed).state, "up");
});

test("[CE1] a device that was never reached is unknown, not up, before it is down", () => {
  assert.deepEqual(
    [run(), run(failed), run(failed, failed), run(failed, failed, failed)].map(({ state }) => state),
    ["unknown", "unknown", "unknown", "down"],
  );
});

test("[CH19] a device that does not answer is not shown as active any longer, though it is not yet down", () => {
  assert.equal(run(answered).haRole, "active");
  assert.equal(run(answered, failed).haRole, "unknown");
});
