/** What the tests on a whole lab share: parts in order, of which none runs after one has failed, and logs kept then. */
import type { TestContext } from "node:test";
import { down, type UpOptions, up } from "@tandem/lab/lab";
import { silentNarrator } from "@tandem/lab/narrator";
import { stateFolderOf } from "@tandem/lab/state";
import { closeWorld, newWorld, type World } from "@tandem/lab/story-world";

export type Part = (title: string, act: () => Promise<void>) => Promise<void>;

/** Builds the lab, runs `body` in it, and takes it down again whatever happens. */
export async function inLab(
  t: TestContext,
  lab: string,
  options: UpOptions,
  body: (world: World, part: Part) => Promise<void>,
): Promise<void> {
  const world = newWorld(lab, silentNarrator);
  let failed = false;
  const part: Part = (title, act) =>
    t.test(title, { skip: failed && "an earlier part failed" }, async () => {
      try {
        await act();
      } catch (error) {
        failed = true;
        throw error;
      }
    });
  try {
    await up(lab, { ...options, owned: true });
    await body(world, part);
  } catch (error) {
    failed = true;
    throw error;
  } finally {
    closeWorld(world);
    await down(lab, { keepLogs: failed });
    if (failed) t.diagnostic(`the logs are in ${stateFolderOf(lab)}/logs`);
  }
}
