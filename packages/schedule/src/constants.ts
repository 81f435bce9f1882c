/** Bounds of the schedule's core. */
import { minute, second } from "@tandem/base/time";

/**
 * An occurrence so young is on time: a take-over at the longest heartbeat interval (60 s and 3 s) and a look at the
 * schedule fit in. An older one was missed, and its schedule's rule decides.
 */
export const onTimeWithinMs = 2 * minute;
/** Of the occurrences that passed unseen, so many are counted; the message then says "at least". */
export const missedCountedMax = 100;
/** How long a run asks a device that does not answer, and waits for one that says that it is at it. */
export const retryForMs = 10 * minute;
/** The waits between two calls of one run; the last one stays. */
export const retryAfterMs: readonly number[] = [1, 2, 5, 10, 30].map((seconds) => seconds * second);
/** A device that is at it already is asked again after this. */
export const inProgressAgainMs = 2 * second;
/** A device that follows a newer Master is asked again after this; meanwhile the pair finds out who is Master. */
export const fencedAgainMs = 15 * second;
/** An operator's run whose unit has not said how it ended for so long counts as unknown. */
export const operatorsRunGivenUpMs = 60 * minute;
/** Of what a device answered, so much is kept as evidence. */
export const answerKeptMaxLength = 1_024;
/** Characters of what is said about an attempt. */
export const messageMaxLength = 1_024;
/** Characters of a cron expression. */
export const cronMaxLength = 128;
/** Characters of a time zone's name. */
export const timeZoneMaxLength = 64;
