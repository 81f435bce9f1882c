/**
 * When a unit is pacified (SPEC LH9): its carpd has ended so often, without having been told to, that it is not started
 * again until an operator says so. A unit that comes and goes moves the addresses each time, which is worse than none.
 */
import { type Static, Type } from "@tandem/base/schema";
import { minute, type WallMillis } from "@tandem/base/time";
import type { Pacified } from "@tandem/loadmaster-api/ha-view";

export const PacifiedSchema = Type.Object({
  since: Type.Integer(),
  starts: Type.Integer({ minimum: 0 }),
  reason: Type.String({ maxLength: 300 }),
});

/** Starts after an end that nobody ordered; one more within the window is not made. */
export const startsMax = 3;
export const startsWindowMs = 5 * minute;

export const StartsSchema = Type.Object({
  /** When carpd was started after such an end, oldest first. */
  starts: Type.Array(Type.Integer(), { maxItems: startsMax }),
  /** carpd does not run, because it was told to end. */
  endedInOrder: Type.Boolean(),
  pacified: Type.Union([PacifiedSchema, Type.Null()]),
  /** The process that was counted last, so that it is not counted twice, whoever started it. */
  counted: Type.Optional(
    Type.Object({ pid: Type.Integer(), startTicks: Type.String(), bootId: Type.String() }),
  ),
});
export type Starts = Static<typeof StartsSchema>;

/** Of a unit that has never started carpd, or whose operator has ordered the next start. */
export const noStarts: Starts = { starts: [], endedInOrder: true, pacified: null };

/**
 * What a start that is about to be made leads to; it is made unless that is pacified. A start that the clock puts in the
 * future was made before somebody set the clock back, nobody knows how long ago: it counts no more.
 */
export function withStart(before: Starts, now: WallMillis): Starts {
  if (before.pacified !== null) return before;
  const starts = before.starts.filter((at) => at <= now && now - at < startsWindowMs);
  if (before.endedInOrder) return { starts, endedInOrder: false, pacified: null };
  if (starts.length < startsMax) return { starts: [...starts, now], endedInOrder: false, pacified: null };
  const reason = `carpd ended although nobody had told it to, also after each of ${starts.length} new starts within five minutes`;
  return { starts, endedInOrder: false, pacified: { since: now, starts: starts.length, reason } };
}

/** carpd has run for the whole window by a clock that nobody sets: starts before it are over, whatever the wall clock says. */
export const withLongRun = (before: Starts): Starts => ({ ...before, starts: [] });

export const withOrderlyEnd = (before: Starts): Starts => ({ ...before, endedInOrder: true });

export const pacifiedRemedy = "look at carpd.log, then give haresume on that unit, or reboot it";

/** For people: what it is, since when and why. */
export const pacifiedInWords = (whose: "this unit" | "the partner", { since, reason }: Pacified): string =>
  `${whose} is pacified since ${new Date(since).toISOString()}: ${reason}; ${pacifiedRemedy}`;
