import assert from "node:assert/strict";
import { test } from "node:test";
import { down, leftovers, up } from "@tandem/lab/lab";
import { figureTable, silentNarrator } from "@tandem/lab/narrator";
import { stateFolderOf } from "@tandem/lab/state";
import { storySteps, tellStep } from "@tandem/lab/story";
import { closeWorld, newWorld } from "@tandem/lab/story-world";
import { needsRoot } from "@tandem/linux/network-namespace";

const lab = "t2";

test("the story of the demo", { skip: needsRoot(), timeout: 300_000 }, async (t) => {
  const world = newWorld(lab, silentNarrator);
  let failed = false;
  try {
    await up(lab, { owned: true });
    for (const [index, { title, rules }] of storySteps.entries()) {
      // A step builds on those before it: after the first that does not hold, the rest would only repeat its failure.
      const skip = failed && "an earlier step did not hold";
      await t.test(`${rules.map((rule) => `[${rule}]`).join(" ")} ${title}`, { skip }, async () => {
        try {
          await tellStep(world, index + 1);
        } catch (error) {
          failed = true;
          throw error;
        }
      });
    }
    for (const line of figureTable(world.figures).trimEnd().split("\n")) t.diagnostic(line);
  } catch (error) {
    failed = true;
    throw error;
  } finally {
    closeWorld(world);
    await down(lab, { keepLogs: failed });
    if (failed) t.diagnostic(`the logs are in ${stateFolderOf(lab)}/logs`);
  }
  if (!failed) assert.deepEqual(await leftovers(lab), []);
});
