import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { test } from "node:test";
import { centralSuite, failsUnpatched, findPlanted } from "./planted.ts";

const jobs = Math.min(2, availableParallelism());

test("every planted bug is found within 500 seeds, and the unpatched code passes the same seeds", async (t) => {
  const found = findPlanted(centralSuite, jobs, ({ bug, seed, checker }) =>
    t.diagnostic(`${bug}: seed ${seed}, ${checker}`),
  );
  assert.ok(found.length >= 10, `${found.length} planted bugs`);
  assert.deepEqual(
    found.filter(({ seed }) => seed === null || seed > 500).map(({ bug }) => bug),
    [],
    "not found",
  );
  assert.equal(await failsUnpatched(centralSuite, found, jobs), "");
});
