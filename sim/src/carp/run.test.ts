import assert from "node:assert/strict";
import { test } from "node:test";
import { carpSuite, failsUnpatched, findPlanted } from "../planted.ts";
import { carpPrinted, runCarpSeeds } from "./command.ts";
import { CarpRun } from "./run.ts";

/** How long fresh seeds are run, in seconds. */
const freshSeconds = Number(process.env.SIM_CARP_SECONDS ?? 8);

test("a seed of the CARP simulator has the same trace on a second run, and another seed's is another", async () => {
  const trace = async (seed: number): Promise<string> =>
    (await new CarpRun(seed, { trace: true }).execute()).trace;
  const first = await trace(5);
  assert.match(first, /^[0-9a-f]{64}$/);
  assert.equal(await trace(5), first);
  assert.notEqual(await trace(6), first);
});

test("[LH2] [LH3] [LH4] [LH7] fresh seeds of the CARP simulator pass", async (t) => {
  // Others at each run; what fails is printed with its number.
  let seed = Math.floor(Date.now() / 1_000) % 100_000_000;
  t.diagnostic(`fresh seeds from ${seed} for ${freshSeconds} s`);
  const until = Date.now() + freshSeconds * 1_000;
  const total = await runCarpSeeds(() => (Date.now() < until ? seed++ : undefined), 1);
  t.diagnostic(`${total.seeds} seeds, ${total.hours.toFixed(1)} simulated hours`);
  assert.ok(total.seeds > 0);
  assert.equal(total.failures.length, 0, carpPrinted(total));
});

test("every bug planted in the CARP machine is found within 500 seeds, and the unpatched code passes the same seeds", async (t) => {
  const found = findPlanted(carpSuite, 1, ({ bug, seed, checker }) =>
    t.diagnostic(`${bug}: seed ${seed}, ${checker}`),
  );
  assert.ok(found.length >= 3, `${found.length} planted bugs`);
  assert.deepEqual(
    found.filter(({ seed }) => seed === null).map(({ bug }) => bug),
    [],
    "not found",
  );
  assert.equal(await failsUnpatched(carpSuite, found, 1), "");
});
