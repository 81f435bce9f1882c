import assert from "node:assert/strict";
import { test } from "node:test";
import { hour } from "@tandem/base/time";
import { Run } from "./run.ts";

test("a seed's trace is the same to the byte on a second run, and another seed's is not", async () => {
  const trace = async (seed: number): Promise<string> =>
    (await new Run(seed, { trace: true }).execute()).trace;
  const first = await trace(11);
  assert.match(first, /^[0-9a-f]{64}$/);
  assert.equal(await trace(11), first);
  assert.notEqual(await trace(12), first);
});

test("a seed is 24 hours and more, with 50 edits and 10 faults in each phase", async () => {
  const { hours, edits, faults, failure } = await new Run(3).execute();
  assert.equal(failure, null);
  assert.ok(hours * hour >= 24 * hour, `${hours} h`);
  for (const count of edits) assert.ok(count >= 50, `${count} edits`);
  for (const count of faults) assert.ok(count >= 10, `${count} faults`);
});
