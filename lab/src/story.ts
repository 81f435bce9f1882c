/**
 * The story that the demo tells and a test checks: one act after the other on one lab, each verified by what is
 * seen from outside. A step that does not hold throws, naming itself and what was seen.
 */
import { cutTheCentrals, loseTheMaster, pairTheCentrals } from "./story-centrals.ts";
import { licenseTheLoadMasters } from "./story-licences.ts";
import { growTheTree, loseTheActive, pairTheLoadMasters } from "./story-loadmasters.ts";
import type { World } from "./story-world.ts";

export type StoryStep = {
  readonly title: string;
  /** The rules of SPEC.md that it shows. */
  readonly rules: readonly string[];
  readonly happen: (world: World) => Promise<void>;
};

export const storySteps: readonly StoryStep[] = [
  {
    title: "Two Centrals become a pair",
    rules: ["CH14", "CH10", "CH13", "CH15", "CH17"],
    happen: pairTheCentrals,
  },
  {
    title: "Two LoadMasters share an address and carry traffic",
    rules: ["LH1", "LH6"],
    happen: pairTheLoadMasters,
  },
  {
    title: "The pair stands in Central's tree, on both Centrals",
    rules: ["CH19", "CH3", "CH21"],
    happen: growTheTree,
  },
  {
    title: "The active LoadMaster dies; later it is stopped in order",
    rules: ["LH2", "LH3"],
    happen: loseTheActive,
  },
  { title: "The Master Central dies and returns", rules: ["CH7", "CH11", "CH6"], happen: loseTheMaster },
  { title: "The Centrals are cut from each other", rules: ["CH20"], happen: cutTheCentrals },
  {
    title: "A LoadMaster is licensed by both Centrals while they are cut off",
    rules: ["ML2", "ML7"],
    happen: licenseTheLoadMasters,
  },
];

/** A step of the story that did not hold. */
export class StepFailed extends Error {
  override name = "StepFailed";

  constructor(number: number, step: StoryStep, cause: unknown) {
    super(`step ${number}, "${step.title}": ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

/** Lets one step happen (numbered from 1). Throws {@link StepFailed}. */
export async function tellStep(world: World, number: number): Promise<void> {
  const step = storySteps[number - 1];
  if (!step) throw new RangeError(`the story has no step ${number}`);
  world.narrator.step(number, step.title);
  try {
    await step.happen(world);
  } catch (error) {
    throw new StepFailed(number, step, error);
  }
}

/** Tells the whole story; what was measured is in `world.figures` afterwards. */
export async function tellStory(world: World): Promise<void> {
  for (const number of storySteps.keys()) await tellStep(world, number + 1);
}
