/** What a device's answer to a call means for the run: an outcome, or to ask again. */
import { unreachable } from "@tandem/base/assert";
import { canonicalJson, type Json } from "@tandem/base/canonical-json";
import type { Epoch } from "@tandem/base/epoch";
import type { Millis } from "@tandem/base/time";
import {
  answerKeptMaxLength,
  fencedAgainMs,
  inProgressAgainMs,
  retryAfterMs,
  retryForMs,
} from "./constants.ts";
import type { Outcome } from "./ledger.ts";

export type Performed =
  /** It is done, now or when this run was first asked for. `bytes`: of a backup. */
  | { readonly kind: "done"; readonly answer: Json; readonly bytes?: Uint8Array }
  /** The device follows a newer Master, which it heard so long ago. */
  | { readonly kind: "fenced"; readonly holder: Epoch; readonly lastHeardMs: number }
  | { readonly kind: "in-progress" }
  /** The device was interrupted in this run, and does not know how it ended. */
  | { readonly kind: "interrupted"; readonly message: string }
  /** The run is older than what the device remembers. */
  | { readonly kind: "too-old" }
  /** The device will not, and has done nothing. */
  | { readonly kind: "refused"; readonly message: string }
  /** `mayHaveArrived`: the call may have been carried out all the same. */
  | { readonly kind: "unreachable"; readonly message: string; readonly mayHaveArrived: boolean };

/** The calls of one attempt up to now. */
export type Calls = {
  readonly begun: Millis;
  readonly count: number;
  /** A call of this or an earlier attempt may have taken effect without our hearing of it. */
  readonly mayHaveActed: boolean;
  /** The device answers a run it knows with the first result. */
  readonly remembers: boolean;
  readonly ifUnknown: IfUnknown;
};

/** What becomes of a run that may have taken effect on a device that cannot tell. */
export type IfUnknown = "leave it to the operator" | "run again";

/** Null: the device may be called. `remembers` is null while the device does not answer that question. */
export function beforeCall(
  mayHaveActed: boolean,
  remembers: boolean | null,
  ifUnknown: IfUnknown,
): Performed | Outcome | null {
  if (remembers === null)
    return {
      kind: "unreachable",
      message: "the device does not answer",
      mayHaveArrived: false,
    };
  if (remembers || !mayHaveActed || ifUnknown === "run again") return null;
  return {
    state: "unknown",
    message: "it was interrupted, and the device cannot tell whether it took effect",
    evidence: null,
  };
}

export type AfterCall =
  | { readonly next: "settle"; readonly outcome: Outcome }
  | { readonly next: "again"; readonly inMs: number; readonly mayHaveActed: boolean };

export function afterCall(performed: Performed, calls: Calls, now: Millis): AfterCall {
  const end = (state: Outcome["state"], message: string): AfterCall => ({
    next: "settle",
    outcome: { state, message, evidence: null },
  });
  const again = (inMs: number, mayHaveActed: boolean, message: string): AfterCall =>
    now + inMs - calls.begun > retryForMs
      ? end(mayHaveActed ? "unknown" : "failed", message)
      : { next: "again", inMs, mayHaveActed };
  switch (performed.kind) {
    case "done": {
      const answer = canonicalJson(performed.answer).slice(0, answerKeptMaxLength);
      return { next: "settle", outcome: { state: "proved", message: "", evidence: { answer } } };
    }
    case "fenced":
      return again(
        fencedAgainMs,
        calls.mayHaveActed,
        `the device follows a newer Master (term ${performed.holder.n} of ${performed.holder.unit})`,
      );
    case "in-progress":
      return again(inProgressAgainMs, true, "the device is still at it after the longest wait");
    case "interrupted":
      return end("unknown", performed.message);
    case "too-old":
      return calls.mayHaveActed
        ? end("unknown", "the device no longer remembers whether it did this run")
        : end("failed", "the run is older than what the device remembers, so it will not do it");
    case "refused":
      return end("failed", performed.message);
    case "unreachable": {
      const mayHaveActed = calls.mayHaveActed || performed.mayHaveArrived;
      if (performed.mayHaveArrived && !calls.remembers && calls.ifUnknown !== "run again")
        return end("unknown", `${performed.message}; the device cannot tell whether it took effect`);
      const wait = retryAfterMs[Math.min(calls.count, retryAfterMs.length) - 1] ?? 0;
      return again(wait, mayHaveActed, performed.message);
    }
    default:
      return unreachable(performed);
  }
}
