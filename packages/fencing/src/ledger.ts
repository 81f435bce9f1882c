/**
 * What a device remembers of the actions that were asked of it, so that an outdated Master is refused and no run takes
 * effect twice (SPEC CH22). The two members of a device pair hold it together.
 *
 * Order of the checks on an action:
 *
 * | the run id is | and | verdict |
 * | --- | --- | --- |
 * | known | it has ended | `answer` with its first result, whoever asks |
 * | known | it has not | `in-progress` |
 * | unknown | its epoch is older than the greatest seen | `fenced` |
 * | unknown | it was due before what is still remembered | `too-old` |
 * | unknown | otherwise | `perform` |
 *
 * Order of performing, on a device that has a partner:
 *
 *   admit ──perform──► own disk, and `accept` on the partner's ──accepted──► merge ──► begin ──► act ──► finish ──► both disks
 *                                                              └─refused──► withdraw, merge, admit again: another verdict
 *
 * `begin` says no when the partner was about to perform the same run: of two claims that cross, the lesser unit's stands,
 * and one that has begun is never taken over. Without an answer of the partner within the bound, the unit acts alone.
 *
 * Invariants: the greatest epoch never falls; a result never changes once it is known; what is forgotten is refused,
 * not performed (a run without a due time is remembered as due when it was admitted, and not refused).
 */
import { assert } from "@tandem/base/assert";
import { canonicalJson, type Json } from "@tandem/base/canonical-json";
import { compareEpochs, type Epoch } from "@tandem/base/epoch";
import { type Static, Type } from "@tandem/base/schema";
import type { WallMillis } from "@tandem/base/time";
import { EpochSchema, type Fence, WallMillisSchema } from "./fence.ts";
import { runIdPattern } from "./run-id.ts";

/** Of each kind, scheduled and operators' runs, the latest by due time are remembered. */
export const runsRememberedMax = 1_000;
export const resultMessageMaxChars = 1_000;
/** An answer that is longer as canonical JSON is not kept with the result. */
export const resultAnswerMaxChars = 4_096;

export const RunResultSchema = Type.Object(
  {
    ok: Type.Boolean(),
    /** False: the run was interrupted, and whether it took effect is not known. */
    known: Type.Boolean(),
    message: Type.String({ maxLength: resultMessageMaxChars }),
    /** What the first caller was answered, or the evidence in it; null when it is too long to keep. */
    answer: Type.Unsafe<Json>(Type.Unknown()),
  },
  { additionalProperties: false },
);
export type RunResult = Readonly<Static<typeof RunResultSchema>>;

const UnitName = Type.String({ minLength: 1, maxLength: 64 });

export const RunSchema = Type.Object(
  {
    runId: Type.String({ pattern: runIdPattern }),
    /** The command that was asked for. */
    command: Type.String({ maxLength: 64 }),
    dueAt: WallMillisSchema,
    epoch: Type.Union([EpochSchema, Type.Null()]),
    /** The unit that performs it. */
    by: UnitName,
    /** On that unit's clock. */
    admittedAt: WallMillisSchema,
    stage: Type.Union([
      Type.Object({ kind: Type.Literal("claimed") }, { additionalProperties: false }),
      Type.Object({ kind: Type.Literal("begun") }, { additionalProperties: false }),
      Type.Object({ kind: Type.Literal("ended"), result: RunResultSchema }, { additionalProperties: false }),
    ]),
  },
  { additionalProperties: false },
);
export type Run = Readonly<Static<typeof RunSchema>>;

const ForgottenSchema = Type.Union([
  Type.Null(),
  Type.Object(
    { dueAt: WallMillisSchema, runId: Type.String({ pattern: runIdPattern }) },
    { additionalProperties: false },
  ),
]);

export const LedgerSchema = Type.Object(
  {
    /** The greatest epoch seen, and when a unit that holds it was last heard; null: no Master was ever heard. */
    greatest: Type.Union([
      Type.Null(),
      Type.Object({ epoch: EpochSchema, heardAt: WallMillisSchema }, { additionalProperties: false }),
    ]),
    /** In order of due time, then id. */
    runs: Type.Array(RunSchema, { maxItems: 2 * runsRememberedMax }),
    /** The last run that was forgotten, of each kind: nothing is known up to it. */
    forgotten: Type.Object(
      { scheduled: ForgottenSchema, operators: ForgottenSchema },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);
export type Ledger = {
  readonly greatest: { readonly epoch: Epoch; readonly heardAt: WallMillis } | null;
  readonly runs: readonly Run[];
  readonly forgotten: { readonly scheduled: Forgotten; readonly operators: Forgotten };
};
type Forgotten = { readonly dueAt: WallMillis; readonly runId: string } | null;

export const emptyLedger: Ledger = Object.freeze({
  greatest: null,
  runs: [],
  forgotten: { scheduled: null, operators: null },
});

export type Fenced = {
  readonly verdict: "fenced";
  readonly holder: Epoch;
  /** How long ago a Master of that epoch was heard, by this unit's clock. */
  readonly lastHeardMs: number;
};
export type Verdict =
  | { readonly verdict: "perform"; readonly ledger: Ledger; readonly run: Run }
  | { readonly verdict: "answer"; readonly ledger: Ledger; readonly run: Run; readonly result: RunResult }
  | { readonly verdict: "in-progress"; readonly ledger: Ledger; readonly run: Run }
  | (Fenced & { readonly ledger: Ledger })
  /** `oldest`: the least due time that is sure to be admitted. */
  | { readonly verdict: "too-old"; readonly ledger: Ledger; readonly oldest: WallMillis };

/** The command that is asked for, the unit that is asked, and the time of its clock. */
export type Asked = {
  readonly command: string;
  readonly unit: string;
  readonly wall: WallMillis;
};

const kindOf = (run: Pick<Run, "epoch">): "scheduled" | "operators" =>
  run.epoch === null ? "operators" : "scheduled";

const byDueTime = (a: NonNullable<Forgotten>, b: NonNullable<Forgotten>): number =>
  a.dueAt - b.dueAt || (a.runId < b.runId ? -1 : a.runId > b.runId ? 1 : 0);

const isForgotten = (ledger: Ledger, run: Pick<Run, "epoch" | "dueAt" | "runId">): boolean => {
  const last = ledger.forgotten[kindOf(run)];
  return last !== null && byDueTime(run, last) <= 0;
};

export const findRun = (ledger: Ledger, runId: string): Run | undefined =>
  ledger.runs.find((run) => run.runId === runId);

/** A Master of this epoch was heard. A lesser epoch than the greatest changes nothing. */
export function hear(ledger: Ledger, epoch: Epoch, wall: WallMillis): Ledger {
  const { greatest } = ledger;
  if (greatest !== null) {
    const order = compareEpochs(epoch, greatest.epoch);
    if (order < 0 || (order === 0 && wall <= greatest.heardAt)) return ledger;
  }
  return { ...ledger, greatest: { epoch, heardAt: wall } };
}

/** Judges an action. The ledger of the verdict replaces the one before; on `perform` it is on disk before the act. */
export function admit(before: Ledger, fence: Fence, asked: Asked): Verdict {
  const ledger = fence.epoch === null ? before : hear(before, fence.epoch, asked.wall);
  const known = findRun(ledger, fence.runId);
  if (known !== undefined)
    return known.stage.kind === "ended"
      ? { verdict: "answer", ledger, run: known, result: known.stage.result }
      : { verdict: "in-progress", ledger, run: known };
  const fenced = fencedBy(ledger, fence.epoch, asked.wall);
  if (fenced !== undefined) return { ...fenced, ledger };
  // Without a due time it counts as due now, and after all that was forgotten, should the clock have been set back.
  const lastForgotten = ledger.forgotten[kindOf(fence)];
  const run: Run = {
    runId: fence.runId,
    command: asked.command,
    dueAt: fence.dueAt ?? Math.max(asked.wall, (lastForgotten?.dueAt ?? -1) + 1),
    epoch: fence.epoch,
    by: asked.unit,
    admittedAt: asked.wall,
    stage: { kind: "claimed" },
  };
  const remembered = remember(ledger, run);
  // What cannot be remembered would be performed again when it is asked for again.
  return findRun(remembered, run.runId) === undefined
    ? { verdict: "too-old", ledger, oldest: oldestAdmitted(remembered, kindOf(run)) }
    : { verdict: "perform", ledger: remembered, run };
}

const oldestAdmitted = (ledger: Ledger, kind: "scheduled" | "operators"): WallMillis =>
  (ledger.forgotten[kind]?.dueAt ?? -1) + 1;

function fencedBy(ledger: Ledger, epoch: Epoch | null, wall: WallMillis): Fenced | undefined {
  const { greatest } = ledger;
  if (epoch === null || greatest === null || compareEpochs(epoch, greatest.epoch) >= 0) return undefined;
  return {
    verdict: "fenced",
    holder: greatest.epoch,
    lastHeardMs: Math.max(0, wall - greatest.heardAt),
  };
}

/**
 * The partner's part: takes the claim of the unit that is about to perform, or refuses it because it knows of a newer
 * Master or has forgotten the time it was due. A run that it knows already is merged, and the claimer sees by it
 * whether it may begin.
 */
export function accept(
  before: Ledger,
  claim: Run,
  wall: WallMillis,
): { readonly accepted: boolean; readonly ledger: Ledger } {
  const ledger = claim.epoch === null ? before : hear(before, claim.epoch, wall);
  const known = findRun(ledger, claim.runId) !== undefined;
  if (!known && fencedBy(ledger, claim.epoch, wall) !== undefined) return { accepted: false, ledger };
  const remembered = remember(ledger, claim);
  return findRun(remembered, claim.runId) === undefined
    ? { accepted: false, ledger }
    : { accepted: true, ledger: remembered };
}

/** The claim becomes the act; undefined when it is no longer this unit's to perform. */
export function begin(ledger: Ledger, runId: string, unit: string): Ledger | undefined {
  const run = findRun(ledger, runId);
  if (run === undefined || run.by !== unit || run.stage.kind !== "claimed") return undefined;
  return replace(ledger, { ...run, stage: { kind: "begun" } });
}

/** Takes back a claim that the partner has refused, so that the run may be asked for again. */
export function withdraw(ledger: Ledger, runId: string): Ledger {
  const run = findRun(ledger, runId);
  assert(run === undefined || run.stage.kind === "claimed", "only a claim can be withdrawn");
  return { ...ledger, runs: ledger.runs.filter((each) => each !== run) };
}

/** The first result stays; a run that is forgotten meanwhile stays so. */
export function finish(ledger: Ledger, runId: string, result: RunResult): Ledger {
  const run = findRun(ledger, runId);
  if (run === undefined || run.stage.kind === "ended") return ledger;
  return replace(ledger, { ...run, stage: { kind: "ended", result: boundedResult(result) } });
}

/**
 * At the start of a process, and when the partner tells of runs that this process knows nothing of: what this unit had
 * under way gets the result that the caller's evidence gives it, and *interrupted, outcome unknown* where it gives none.
 * `underWay`: the runs of the present process.
 */
export function interrupted(
  ledger: Ledger,
  unit: string,
  evidence: (run: Run) => RunResult | undefined,
  underWay: ReadonlySet<string> = new Set(),
): Ledger {
  let next = ledger;
  for (const run of ledger.runs)
    if (run.by === unit && run.stage.kind !== "ended" && !underWay.has(run.runId))
      next = finish(next, run.runId, evidence(run) ?? interruptedResult);
  return next;
}

export const interruptedResult: RunResult = {
  ok: false,
  known: false,
  message: "interrupted, outcome unknown",
  answer: null,
};

/**
 * What both know: the greatest epoch, the union of the runs, a result before none. The same whichever is merged into
 * the other, and merging again changes nothing.
 */
export function merge(a: Ledger, b: Ledger): Ledger {
  const heard = b.greatest === null ? a : hear(a, b.greatest.epoch, b.greatest.heardAt);
  const runs = new Map(a.runs.map((run) => [run.runId, run]));
  for (const run of b.runs) {
    const other = runs.get(run.runId);
    runs.set(run.runId, other === undefined ? run : furtherOf(other, run));
  }
  return trimmed({
    greatest: heard.greatest,
    runs: [...runs.values()],
    forgotten: {
      scheduled: laterOf(a.forgotten.scheduled, b.forgotten.scheduled),
      operators: laterOf(a.forgotten.operators, b.forgotten.operators),
    },
  });
}

const laterOf = (a: Forgotten, b: Forgotten): Forgotten =>
  a === null ? b : b === null ? a : byDueTime(a, b) >= 0 ? a : b;

/** Of two records of one run the one that has got further; of two that have got as far, always the same one. */
function furtherOf(a: Run, b: Run): Run {
  const order =
    progressOf(a) - progressOf(b) ||
    (a.by < b.by ? 1 : a.by > b.by ? -1 : 0) ||
    (canonicalJson(a as unknown as Json) <= canonicalJson(b as unknown as Json) ? 1 : -1);
  return order >= 0 ? a : b;
}

function progressOf({ stage }: Run): number {
  if (stage.kind === "ended") return stage.result.known ? 3 : 2;
  return stage.kind === "begun" ? 1 : 0;
}

const remember = (ledger: Ledger, run: Run): Ledger => merge(ledger, { ...emptyLedger, runs: [run] });

const replace = (ledger: Ledger, run: Run): Ledger => ({
  ...ledger,
  runs: ledger.runs.map((each) => (each.runId === run.runId ? run : each)),
});

/** Sorted, without what is forgotten, and no more than is to be remembered of each kind. */
function trimmed(ledger: Ledger): Ledger {
  const forgotten = { ...ledger.forgotten };
  const kept: Run[] = [];
  const sorted = ledger.runs.filter((run) => !isForgotten(ledger, run)).sort(byDueTime);
  for (const kind of ["scheduled", "operators"] as const) {
    const ofKind = sorted.filter((run) => kindOf(run) === kind);
    const over = ofKind[ofKind.length - runsRememberedMax - 1];
    if (over !== undefined) forgotten[kind] = { dueAt: over.dueAt, runId: over.runId };
    kept.push(...ofKind.slice(-runsRememberedMax));
  }
  return { greatest: ledger.greatest, runs: kept.sort(byDueTime), forgotten };
}

const boundedResult = (result: RunResult): RunResult => ({
  ...result,
  message: result.message.slice(0, resultMessageMaxChars),
  answer: canonicalJson(result.answer).length > resultAnswerMaxChars ? null : result.answer,
});
