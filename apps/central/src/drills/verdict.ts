/** What a drill measured, and whether that is within its budget. Pure. */
import type { ProberReport } from "@tandem/probe/sampler";
import { type DrillValues, messageMaxLength } from "./tables.ts";

export type Measured = NonNullable<DrillValues["measured"]>;

/** Tenths of a millisecond say enough. */
export const rounded = (ms: number): number => Math.round(ms * 10) / 10;

export const measuredOf = ({ view, timer, held }: ProberReport): Measured => ({
  outageMs: rounded(view.outageMs),
  requests: view.requests,
  failed: view.failed,
  lost: view.lost,
  resets: view.resets,
  cuts: held?.cuts ?? 0,
  slowestMs: rounded(view.slowestMs),
  lateP99Ms: rounded(timer.lateP99Ms),
  lateMaxMs: rounded(timer.lateMaxMs),
});

/** Why the target is no measure of a hand-over, as it was before any; undefined when it is one. */
export function unsteadyBefore({ view }: ProberReport, budgetMs: number): string | undefined {
  const failures = Object.entries(view.failures)
    .map(([reason, count]) => `${reason} ${count} times`)
    .join(", ");
  if (view.succeeded === 0)
    return `the target gave no good answer${failures === "" ? "" : ` (${failures})`} before the role was moved; nothing was moved`;
  if (view.outageMs > budgetMs)
    return `the target was without a good answer for ${rounded(view.outageMs)} ms already before the role was moved, more than the budget${failures === "" ? "" : ` (${failures})`}; nothing was moved`;
  return undefined;
}

/** By the longest outage alone: what failed within it is its size in requests. */
export function verdictOf(
  measured: Measured,
  budgetMs: number,
): { readonly state: "passed" | "over budget"; readonly message: string } {
  const { outageMs, failed, requests, resets, cuts, lateMaxMs } = measured;
  const isWithin = outageMs <= budgetMs;
  // The prober's lateness lengthens what it measures, and never shortens it.
  const doubt =
    !isWithin && outageMs - lateMaxMs <= budgetMs
      ? `; the prober itself was late by up to ${lateMaxMs} ms, so less may have been lost`
      : "";
  return {
    state: isWithin ? "passed" : "over budget",
    message: `longest outage ${outageMs} ms of ${budgetMs} ms; ${failed} of ${requests} requests failed, ${resets} of them reset; kept connections cut: ${cuts}${doubt}`,
  };
}

export const shortened = (message: string): string => message.slice(0, messageMaxLength);
