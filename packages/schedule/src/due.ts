/**
 * Which occurrence of an action a look at the schedule finds due. At most one: of several that passed unseen, the
 * newest stands for all.
 *
 * | the newest that passed | `run once late` | `skip` |
 * | --- | --- | --- |
 * | no longer ago than `onTimeWithinMs` | is run | is run |
 * | longer ago: it was missed | is run late | is recorded as skipped |
 */
import type { WallMillis } from "@tandem/base/time";
import { missedCountedMax, onTimeWithinMs } from "./constants.ts";

/** What becomes of an occurrence that passed while nobody could run it. */
export type MissedRule = "run once late" | "skip";

export type Due = {
  readonly due: WallMillis;
  readonly what: "run" | "run late" | "skip";
  /** How many earlier ones passed unseen, at most {@link missedCountedMax}. */
  readonly missedBefore: number;
};

/**
 * `passed`: occurrences up to `now`, the newest first, at least {@link missedCountedMax} + 1 of them if there are so
 * many. `floor`: up to there everything has been dealt with.
 */
export function dueNow(
  passed: readonly WallMillis[],
  floor: WallMillis,
  now: WallMillis,
  rule: MissedRule,
): Due | null {
  const unseen = passed.filter((due) => due > floor && due <= now);
  const [due] = unseen;
  if (due === undefined) return null;
  const missedBefore = Math.min(unseen.length - 1, missedCountedMax);
  const isMissed = now - due > onTimeWithinMs;
  return { due, missedBefore, what: !isMissed ? "run" : rule === "skip" ? "skip" : "run late" };
}

/** "3 earlier occurrences were missed", or nothing. */
export const missedWords = (missedBefore: number): string =>
  missedBefore === 0
    ? ""
    : `${missedBefore >= missedCountedMax ? "at least " : ""}${missedBefore} earlier ${missedBefore === 1 ? "occurrence was" : "occurrences were"} missed`;
