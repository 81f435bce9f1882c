/**
 * A procedure of several steps, each of which may be undone. When one fails, it and those before it are undone, the last
 * first; when that is not possible, what came before stays as it is, since undoing it alone would do harm. Knows nothing
 * of what the steps are about; what it holds is written down before and after every step, so that a unit that dies in the
 * middle can say where it stood.
 */
import type { WallMillis } from "@tandem/base/time";
import type { PairingKind, PairingStep, PairingStepName } from "@tandem/loadmaster-api/pairing";

export type StepFault = { readonly detail: string; readonly remedy: string };
export type StepOutcome =
  | { readonly ok: true; readonly detail: string }
  | ({ readonly ok: false } & StepFault);

export type StepPlan = {
  readonly name: PairingStepName;
  readonly about: string;
  readonly act: () => Promise<StepOutcome>;
  /** Puts back what `act` changed, if it did; also when `act` has failed, since it may have done its work. */
  readonly undo?: () => Promise<StepOutcome>;
};

export type ProcedureState = {
  readonly kind: PairingKind;
  readonly state: "running" | "done" | "failed";
  readonly steps: readonly PairingStep[];
  readonly outcome: string;
};

export type ProcedurePorts = {
  readonly wall: () => WallMillis;
  /** On disk when it resolves. */
  readonly keep: (state: ProcedureState) => Promise<void>;
  /** How the unit stands now, in words. */
  readonly standing: () => string;
};

export const failed = (detail: string, remedy: string): StepOutcome => ({ ok: false, detail, remedy });
export const done = (detail: string): StepOutcome => ({ ok: true, detail });

/** As a unit finds it that was ended in the middle. */
export function interrupted(before: ProcedureState, now: WallMillis, standing: string): ProcedureState {
  if (before.state !== "running") return before;
  const remedy =
    before.kind === "dissolve"
      ? "give haunpair again, which goes on"
      : "give the same command again, which goes on; haunpair undoes it";
  return {
    ...before,
    state: "failed",
    steps: before.steps.map((step) =>
      step.state === "running"
        ? { ...step, state: "failed", since: now, detail: "the unit was ended in the middle of it", remedy }
        : step,
    ),
    outcome: standing,
  };
}

export const waiting = (kind: PairingKind, plan: readonly StepPlan[]): ProcedureState => ({
  kind,
  state: "running",
  steps: plan.map(({ name, about }) => ({ name, about, state: "waiting", since: 0, detail: "", remedy: "" })),
  outcome: "",
});

/** Runs to its end, which is `done` or `failed`; `told` hears of every change. Never rejects because of a step. */
export async function runProcedure(
  kind: PairingKind,
  plan: readonly StepPlan[],
  ports: ProcedurePorts,
): Promise<ProcedureState> {
  let state = waiting(kind, plan);
  const mark = async (index: number, change: Partial<PairingStep>): Promise<void> => {
    state = {
      ...state,
      steps: state.steps.map((step, at) =>
        at === index ? { ...step, ...change, since: ports.wall() } : step,
      ),
    };
    await ports.keep(state);
  };
  const end = async (result: "done" | "failed", outcome: string): Promise<ProcedureState> => {
    state = { ...state, state: result, outcome };
    await ports.keep(state);
    return state;
  };
  for (const [index, step] of plan.entries()) {
    await mark(index, { state: "running" });
    const outcome = await attempt(step.act);
    if (outcome.ok) {
      await mark(index, { state: "done", detail: outcome.detail });
      continue;
    }
    await mark(index, { state: "failed", detail: outcome.detail, remedy: outcome.remedy });
    const undone = await undo(plan.slice(0, index + 1), async (step) => {
      state = { ...state, steps: [...state.steps, { ...step, since: ports.wall() }] };
      await ports.keep(state);
    });
    return end("failed", `${undone}${ports.standing()}`);
  }
  return end("done", ports.standing());
}

/** From the last to the first; ends at the first that cannot be undone. Answers what came of it. */
async function undo(
  plan: readonly StepPlan[],
  note: (step: Omit<PairingStep, "since">) => Promise<void>,
): Promise<string> {
  let any = false;
  for (const step of plan.toReversed()) {
    if (step.undo === undefined) continue;
    any = true;
    const outcome = await attempt(step.undo);
    await note({
      name: "undo",
      about: `undo: ${step.about}`,
      state: outcome.ok ? "done" : "failed",
      detail: outcome.detail,
      remedy: outcome.ok ? "" : outcome.remedy,
    });
    if (!outcome.ok) return "not all could be undone; ";
  }
  return any ? "what was set has been undone; " : "nothing was changed; ";
}

/** What throws has failed. */
async function attempt(act: () => Promise<StepOutcome>): Promise<StepOutcome> {
  try {
    return await act();
  } catch (error) {
    return failed((error as Error).message, "look into the unit's log, then give the command again");
  }
}
