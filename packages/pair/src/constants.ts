/** Bounds and intervals of the Central pair; the source is in each comment. */
import { hour, minute, second } from "@tandem/base/time";

/** CH16: how often a unit asks its peer, unless set otherwise. */
export const heartbeatDefaultMs = 30 * second;
export const heartbeatMinMs = 1 * second;
export const heartbeatMaxMs = 60 * second;

/** CH7: a due heartbeat that stays unanswered is tried at 0, 1 and 2 s; at 3 s the peer counts as gone. */
export const retryIntervalMs = 1 * second;
export const triesBeforeGone = 3;

/** CH7: three connects, 250 ms apart, refused while neither side has a connection: the peer's process is gone. */
export const connectIntervalMs = 250;
export const refusalsBeforeGone = 3;
/** A refusal sooner than this after the last counted one is the same try seen twice, and does not count. */
export const refusalSpacingMinMs = 150;

/** A unit whose peer is absent asks this often, so that two Masters meet soon after a cut heals. */
export const probeIntervalMs = 3 * second;

/** While neither of two connected units is Master they ask each other this often … */
export const electionAskIntervalMs = 1 * second;
/** … and a unit that nobody became Master for within this time claims. */
export const electionDeadlineMs = 12 * second;

/** CH11: how long the preferred unit is Slave and in step before it asks for the role. */
export const holdDownDefaultMs = 60 * second;
export const holdDownMaxMs = 1 * hour;
/** Each handover within this time doubles the hold-down, up to `holdDownMaxMs`. */
export const handoverMemoryMs = 1 * hour;
export const handoversRememberedMax = 16;
/** An operator's handover that makes no headway for this long is given up; waiting for running actions is headway … */
export const handoverOrderMs = 30 * second;
/** CH11: how long an orderly handover waits for running actions. */
export const actionWaitDefaultMs = 10 * minute;
export const actionWaitMaxMs = 1 * hour;
/** … but it is never carried on for longer than this. */
export const handoverOrderMaxMs = actionWaitMaxMs + 1 * minute;

/** H3: the answer to a `want` counts for this long on the asker's own clock. */
export const wantValidMs = 4 * second;
/** A `want` is repeated this often while the Master says that it is getting ready. */
export const wantRepeatMs = 2 * second;
/** After a refusal, or no answer, the preferred unit waits this long before it asks again. */
export const wantAgainMs = 8 * second;
/** A Master that gets ready for a handover goes on as before when the asker has been silent this long. */
export const wantSilenceMs = 6 * second;
/** H2: how long the Master holds its commits for the peer to catch up. */
export const commitHoldMs = 1 * second;
/** H2: a `want` older than this on the Master's clock is not answered with the role; the next one is. */
export const wantFreshMs = 2 * second;
/** H4: an offer that was not taken is void after this. */
export const offerValidMs = 6 * second;

/** Edits make vectors differ for moments all the time; only a difference that lasts longer interrupts "in step". */
export const stepLagMaxMs = 10 * second;

/**
 * E5: a device that has not heard the holder for this long does not keep another from claiming. It hears of a living
 * one by being polled, each minute (SPEC CH8): here two pollings have failed, and the time for an answer has passed.
 */
export const holderSilentMs = 150 * second;
/** E5: a Master refused by a device executes nothing until it has asked its peer, at most this long. */
export const fencedMs = 5 * second;

/** An initial synchronisation that brought no result is asked for again after this. */
export const snapshotTimeoutMs = 1 * minute;
/** … or sooner, when the link has been made anew meanwhile. */
export const snapshotOverNewLinkMs = 10 * second;
export const snapshotRetryMs = 5 * second;
