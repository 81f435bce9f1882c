import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { test } from "node:test";
import { readCorpus } from "./corpus.ts";
import { runSeeds } from "./many-seeds.ts";
import { printed } from "./report.ts";

const jobs = Math.min(2, availableParallelism());
/** How long fresh seeds are run, in seconds. */
const freshSeconds = Number(process.env.SIM_SECONDS ?? 20);

test("[CH20] [CH7] [CH11] every seed that failed once passes", async (t) => {
  const seeds = readCorpus().map(({ seed }) => seed);
  assert.ok(seeds.length > 0);
  const total = await runSeeds({ next: () => seeds.shift(), jobs, failuresMax: 1 });
  t.diagnostic(`${total.seeds} seeds`);
  assert.equal(total.failures.length, 0, printed(total));
});

test("[CH6] [CH7] [CH11] [CH12] [CH13] [CH17] [CH20] [CH21] fresh seeds pass", async (t) => {
  // Others at each run; what fails is printed with its number.
  let seed = Math.floor(Date.now() / 1_000) % 100_000_000;
  t.diagnostic(`fresh seeds from ${seed} for ${freshSeconds} s`);
  const until = Date.now() + freshSeconds * 1_000;
  const total = await runSeeds({
    next: () => (Date.now() < until ? seed++ : undefined),
    jobs,
    failuresMax: 1,
  });
  t.diagnostic(`${total.seeds} seeds, ${Math.round(total.hours)} simulated hours`);
  assert.ok(total.seeds > 0);
  assert.equal(total.failures.length, 0, printed(total));
});
