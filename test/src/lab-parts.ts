/** What the tests on a whole lab share: parts in order, of which none runs after one has failed, and logs kept then. */
import type { TestContext } from "node:test";
import { down, type UpOptions, up } from "@tandem/lab/lab";
import { silentNarrator } from "@tandem/lab/narrator";
import { stateFolderOf } from "@tandem/lab/state";
import { closeWorld, newWorld, type World } from "@tandem/lab/story-world";
import { type Part, partsOf } from "./parts.ts";

/** Builds the lab, runs `body` in it, and takes it down again whatever happens. */
export async function inLab(
  t: TestContext,
  lab: string,
  options: UpOptions,
  body: (world: World, part: Part) => Promise<void>,
): Promise<void> {
  const world = newWorld(lab, silentNarrator);
  const parts = partsOf(t);
  const { part } = parts;
  try {
    await up(lab, { ...options, owned: true });
    await body(world, part);
  } catch (error) {
    parts.failed = true;
    throw error;
  } finally {
    closeWorld(world);
    await down(lab, { keepLogs: parts.failed });
    if (parts.failed) t.diagnostic(`the logs are in ${stateFolderOf(lab)}/logs`);
  }
}
