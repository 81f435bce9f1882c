import assert from "node:assert/strict";
import { test } from "node:test";
import { fits } from "@tandem/base/check";
import { type Fence, FenceSchema } from "@tandem/fencing/fence";
import fc from "fast-check";
import { interpret } from "./client.ts";
import { failure } from "./envelope.ts";
import { type FenceRefusal, fenceParameters, readFence } from "./fence-parameters.ts";

const hexadecimal = (length: number) =>
  fc
    .array(fc.constantFrom(..."0123456789abcdef"), { minLength: length, maxLength: length })
    .map((digits) => digits.join(""));
const dueAt = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const fences: fc.Arbitrary<Fence> = fc
  .record({
    runId: hexadecimal(64),
    epoch: fc.option(fc.record({ n: dueAt, unit: hexadecimal(16) }, { noNullPrototype: true }), {
      nil: null,
    }),
    dueAt,
    baseRevision: fc.option(fc.constantFrom("7-0123456789abcdef", "0"), { nil: undefined }),
  })
  .map(({ baseRevision, ...fence }) => ({
    ...fence,
    ...(baseRevision === undefined ? {} : { baseRevision }),
  }));

test("[CH22] a fence that is sent is the one that is read", () => {
  fc.assert(
    fc.property(fences, (fence) => {
      const read = readFence(fenceParameters(fence), false);
      assert.ok(read.ok, read.ok ? "" : read.error.message);
      assert.deepEqual(read.value.fence, fence);
      assert.ok(fits(FenceSchema, read.value.fence));
    }),
  );
});

test("an operator's run may lack a due time; a call may carry nothing of it, or an epoch that is only heard", () => {
  const runid = "0".repeat(64);
  assert.deepEqual(readFence({ RunId: runid }, false), {
    ok: true,
    value: { fence: { runId: runid, epoch: null, dueAt: null } },
  });
  assert.deepEqual(readFence({}, false), { ok: true, value: {} });
  const epoch = { epoch: "3", epochunit: "a".repeat(16) };
  assert.deepEqual(readFence(epoch, true), {
    ok: true,
    value: { heard: { n: 3, unit: "a".repeat(16) } },
  });
  assert.equal(readFence(epoch, false).ok, false, "a command that changes something needs its run");
});

test("[CH22] a unit's refusals are typed errors of the client", () => {
  const holder = { n: 4, unit: "b".repeat(16) };
  const errorOf = (fence: FenceRefusal): unknown => {
    const answer = interpret(409, JSON.stringify(failure({ code: 409, message: "no", fence })));
    return answer.ok ? undefined : answer.error;
  };
  assert.deepEqual(errorOf({ reason: "older-epoch", holder, lastHeardMs: 9 }), {
    kind: "fenced",
    message: "no",
    holder,
    lastHeardMs: 9,
  });
  assert.deepEqual(errorOf({ reason: "in-progress" }), { kind: "in-progress", message: "no" });
  assert.deepEqual(errorOf({ reason: "too-old", oldest: 5 }), { kind: "too-old", message: "no", oldest: 5 });
  const difference = { since: "too-long-ago" as const, present: ["virtual service 1"] };
  assert.deepEqual(errorOf({ reason: "moved-on", revision: "8", difference }), {
    kind: "moved-on",
    message: "no",
    revision: "8",
    difference,
  });
  const foreign = interpret(409, '{"code":409,"message":"no","status":"fail","fence":"high"}');
  assert.ok(!foreign.ok && foreign.error.kind === "refused");
});
