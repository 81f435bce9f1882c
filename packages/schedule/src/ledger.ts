/**
 * The ledger of runs. A run is one occurrence of an action on one device. Every unit that deals with it under a term
 * of office of its own writes an *attempt*, and nobody else ever writes that one: so the units of a cut do not change
 * each other's words, and merging has nothing to decide. What became of the run is read from all its attempts.
 *
 * ```
 *   due ──▶ claimed ──▶ started ──▶ proved     it took effect, and the evidence is kept
 *    │         │           ├──────▶ failed     it did not take effect
 *    ▼         ▼           └──────▶ unknown    nobody can tell: an operator has to look
 *  skipped  skipped
 * ```
 *
 * - `claimed` and `started` are on both disks before the device is called; where a peer was missing, it is marked.
 * - An attempt that is claimed or started while its unit no longer works on it is *open*: whoever acts takes the run
 *   up under his own term, and a device of ours answers a run it knows with its first result.
 */
import { assert } from "@tandem/base/assert";
import type { UnitId } from "@tandem/base/ids";
import type { WallMillis } from "@tandem/base/time";
import { messageMaxLength, operatorsRunGivenUpMs, retryForMs } from "./constants.ts";
import type { MissedRule } from "./due.ts";

export type AttemptState = "claimed" | "started" | "proved" | "failed" | "unknown" | "skipped";

export type Evidence = {
  /** Of a backup: SHA-256 and length of its bytes. */
  readonly digest?: string;
  readonly size?: number;
  /** The beginning of what the device answered, as JSON. */
  readonly answer?: string;
};

/** What changes while an attempt goes on; merged as one. */
export type Progress = {
  readonly state: AttemptState;
  readonly claimedAt: WallMillis;
  readonly startedAt: WallMillis | null;
  readonly endedAt: WallMillis | null;
  /** Where `started` was before the device was called; null before that is known. */
  readonly startedOn: "both" | "this unit only" | null;
  readonly evidence: Evidence | null;
  readonly message: string;
};

/** As much of an attempt as the rules look at. */
export type Attempt = Progress & {
  readonly run: string;
  readonly trigger: "schedule" | "operator";
  readonly due: WallMillis;
  readonly unit: UnitId;
  /** The number of the term under which its unit dealt with it; null without one, as for an operator's run. */
  readonly epoch: number | null;
};

export const claim = (at: WallMillis, message: string): Progress => ({
  state: "claimed",
  claimedAt: at,
  startedAt: null,
  endedAt: null,
  startedOn: null,
  evidence: null,
  message,
});

/** claimed -> started; also started -> started, when a unit takes up its own attempt again. */
export function start(before: Progress, at: WallMillis): Progress {
  assert(isOpen(before), `an attempt that is ${before.state} cannot start`);
  return { ...before, state: "started", startedAt: before.startedAt ?? at };
}

export type Outcome = {
  readonly state: "proved" | "failed" | "unknown" | "skipped";
  readonly message: string;
  readonly evidence: Evidence | null;
};

/** claimed | started -> what became of it. */
export function settle(before: Progress, at: WallMillis, outcome: Outcome): Progress {
  assert(isOpen(before), `an attempt that is ${before.state} cannot end again`);
  assert(outcome.state !== "proved" || before.state === "started", "nothing is proved that was not started");
  assert(outcome.state !== "skipped" || before.state === "claimed", "what was started cannot be skipped");
  const message = [before.message, outcome.message].filter((words) => words !== "").join("; ");
  return { ...before, ...outcome, message: message.slice(0, messageMaxLength), endedAt: at };
}

export const isOpen = ({ state }: Pick<Attempt, "state">): boolean =>
  state === "claimed" || state === "started";

type Ranked = Pick<Attempt, "state" | "epoch" | "claimedAt" | "unit">;

/**
 * The attempt that speaks for the run: one that is proved, whatever others say; else that of the newest term, and
 * within a term the latest. Every unit that holds the same attempts finds the same one.
 */
export function standingOf<One extends Ranked>(attempts: readonly One[]): One {
  const [first, ...rest] = attempts;
  assert(first !== undefined, "a run has at least one attempt");
  return rest.reduce((best, one) => (rank(one, best) > 0 ? one : best), first);
}

const rank = (a: Ranked, b: Ranked): number =>
  Number(a.state === "proved") - Number(b.state === "proved") ||
  (a.epoch ?? 0) - (b.epoch ?? 0) ||
  a.claimedAt - b.claimedAt ||
  (a.unit > b.unit ? 1 : -1);

export type Resume =
  /** Ask the device, with the same run id. */
  | { readonly do: "again" }
  | { readonly do: "settle"; readonly outcome: Outcome }
  /** It is another unit's to settle. */
  | { readonly do: "leave" };

/** What is to be known about a run that stands open and that nobody here works on. */
export type OpenRun = {
  readonly standing: Attempt;
  readonly self: UnitId;
  /** This process claimed it, and has not come to it yet. */
  readonly isQueued: boolean;
  readonly isActing: boolean;
  /** Its action is still there and enabled, and so is its device. Always true of an operator's run whose device is there. */
  readonly isWanted: boolean;
  readonly missedRule: MissedRule;
  readonly now: WallMillis;
};

const settled = (state: Outcome["state"], message: string): Resume => ({
  do: "settle",
  outcome: { state, message, evidence: null },
});

/**
 * A run that was left open: by a unit that died or lost the role, or by this very one before it was restarted.
 *
 * | it is | claimed | started |
 * | --- | --- | --- |
 * | no longer wanted | skipped | unknown |
 * | waiting for its turn | run | |
 * | old, and its rule says `skip` | skipped | unknown |
 * | otherwise | run | asked again, if the device can tell (`beforeCall`) |
 */
export function resume(open: OpenRun): Resume {
  const { standing, isWanted, missedRule, now } = open;
  const isOperators = standing.trigger === "operator";
  const age = now - standing.claimedAt;
  if (isOperators && standing.unit !== open.self)
    return open.isActing && age > operatorsRunGivenUpMs
      ? settled("unknown", "the unit that ran it has not said how it ended")
      : { do: "leave" };
  if (!isOperators && !open.isActing) return { do: "leave" };
  const wasStarted = standing.state === "started";
  const give = (message: string): Resume => settled(wasStarted ? "unknown" : "skipped", message);
  if (!isWanted) return give("its action or its device was removed or switched off before it had ended");
  if (open.isQueued) return { do: "again" };
  if (age > retryForMs && (isOperators || missedRule === "skip"))
    return give("it was interrupted, and it is too late to do it now");
  return { do: "again" };
}
