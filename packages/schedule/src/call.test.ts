import assert from "node:assert/strict";
import { test } from "node:test";
import { afterCall, beforeCall, type Calls, type Performed } from "./call.ts";
import { answerKeptMaxLength, retryForMs } from "./constants.ts";

const calls = (changes: Partial<Calls> = {}): Calls => ({
  begun: 0,
  count: 1,
  mayHaveActed: false,
  remembers: true,
  ifUnknown: "leave it to the operator",
  ...changes,
});
const lost: Performed = { kind: "unreachable", message: "no answer", mayHaveArrived: true };
const deaf: Performed = { kind: "unreachable", message: "refused", mayHaveArrived: false };
const outcome = (performed: Performed, made: Calls, now = 0): string => {
  const after = afterCall(performed, made, now);
  return after.next === "settle" ? after.outcome.state : `again in ${after.inMs}`;
};

test("[CH22] what a device answers decides whether a run is proved, failed, unknown, or asked for again", () => {
  const holder = { n: 2, unit: "b" };
  assert.equal(outcome({ kind: "done", answer: {} }, calls()), "proved");
  assert.equal(outcome({ kind: "refused", message: "no" }, calls()), "failed");
  assert.equal(outcome({ kind: "interrupted", message: "?" }, calls()), "unknown");
  assert.equal(outcome({ kind: "too-old" }, calls()), "failed");
  assert.equal(outcome({ kind: "too-old" }, calls({ mayHaveActed: true })), "unknown");
  assert.equal(outcome({ kind: "fenced", holder, lastHeardMs: 1 }, calls()), "again in 15000");
  assert.equal(outcome({ kind: "in-progress" }, calls()), "again in 2000");
  assert.equal(outcome(lost, calls()), "again in 1000");
  assert.equal(outcome(lost, calls({ remembers: false })), "unknown", "it is not risked twice");
  assert.equal(outcome(deaf, calls({ remembers: false })), "again in 1000");
});

test("a device is asked again with longer waits, and given up at the end: unknown if it may have acted", () => {
  const waits = [1, 2, 3, 4, 5, 99].map((count) => outcome(deaf, calls({ count })));
  assert.deepEqual(
    waits,
    [1, 2, 5, 10, 30, 30].map((seconds) => `again in ${seconds * 1_000}`),
  );
  assert.equal(outcome(deaf, calls(), retryForMs), "failed");
  assert.equal(outcome(lost, calls(), retryForMs), "unknown");
  assert.equal(outcome(deaf, calls({ mayHaveActed: true }), retryForMs), "unknown");
  assert.equal(outcome({ kind: "in-progress" }, calls(), retryForMs), "unknown");
});

test("of an answer as much is kept as there is room for", () => {
  const after = afterCall({ kind: "done", answer: "x".repeat(5_000) }, calls(), 0);
  assert.ok(after.next === "settle");
  assert.equal(after.outcome.evidence?.answer?.length, answerKeptMaxLength);
});

test("[CH22] a device that cannot tell is not asked twice, unless the schedule says so", () => {
  const leave = "leave it to the operator";
  assert.equal(beforeCall(false, false, leave), null);
  assert.equal(beforeCall(true, true, leave), null);
  assert.equal(beforeCall(true, false, "run again"), null);
  const left = beforeCall(true, false, leave);
  assert.ok(left !== null && "state" in left && left.state === "unknown");
  const silent = beforeCall(false, null, leave);
  assert.ok(silent !== null && "kind" in silent && silent.kind === "unreachable");
  assert.equal(outcome(lost, calls({ remembers: false, ifUnknown: "run again" })), "again in 1000");
});
