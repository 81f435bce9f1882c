/** What `tandem probe` says of what it saw. Pure. */
import type { ProberReport } from "@tandem/probe/sampler";

export type ProbeRun = {
  readonly target: string;
  /** Wall clock, milliseconds since the epoch. */
  readonly begunAt: number;
  readonly endedAt: number;
  readonly intervalMs: number;
  readonly budgetMs: number | undefined;
  readonly report: ProberReport;
  /** What must be added to the monotonic times of the report for the wall clock. */
  readonly wallOffsetMs: number;
};

export const isWithinBudget = ({ budgetMs, report: { view } }: ProbeRun): boolean =>
  view.succeeded > 0 && (budgetMs === undefined || view.outageMs <= budgetMs);

const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;

/** `23:59:01.123`, in local time. */
const timeOfDay = (wallMs: number): string => {
  const at = new Date(wallMs);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, "0")}`;
};

const counts = (of: Readonly<Record<string, number>>): string =>
  Object.entries(of)
    .map(([name, count]) => `${name === "" ? "unnamed" : name} ${count}`)
    .join(", ");

/** One line for the second that has passed. */
export const liveLine = ({ view, timer }: ProberReport): string =>
  [
    `${view.succeeded} answered`,
    `${view.failed} failed${view.failed === 0 ? "" : ` (${counts(view.failures)})`}`,
    `longest gap ${ms(view.outageMs)}`,
    `own timer ${ms(timer.lateMaxMs)} late`,
  ].join(", ");

/** The report for people. */
export function probeText(run: ProbeRun): string {
  const { report, budgetMs } = run;
  const { view, timer, outages, held } = report;
  const lines = [
    `${run.target}, from ${timeOfDay(run.begunAt)} to ${timeOfDay(run.endedAt)}, a request each ${run.intervalMs} ms`,
    `requests    ${view.requests}, ${view.succeeded} answered, ${view.failed} failed${view.failed === 0 ? "" : ` (${counts(view.failures)})`}`,
    `lost        ${view.lost}: ${view.timeouts} too late, ${view.refused} refused, ${view.resets} reset`,
    ...(held === undefined
      ? []
      : [
          `held        one connection kept open, cut ${held.cuts} times${held.cuts === 0 ? "" : ` (${counts(held.reasons)})`}`,
        ]),
    ...(Object.keys(view.servers).join("") === "" ? [] : [`servers     ${counts(view.servers)}`]),
    `slowest     ${ms(view.slowestMs)}`,
    `outages     ${outages.length === 0 ? "none of more than three intervals" : outages.length}`,
    ...outages.map(({ from, to }) => `  ${timeOfDay(from + run.wallOffsetMs)}  ${ms(to - from).padStart(9)}`),
    `longest     ${ms(view.outageMs)}${budgetMs === undefined ? "" : `, ${isWithinBudget(run) ? "within" : "over"} the budget of ${budgetMs} ms`}`,
    `own error   the timer was ${ms(timer.lateP99Ms)} late at p99, ${ms(timer.lateMaxMs)} at most; ${timer.missedTurns + timer.skippedInFlight} requests left out`,
  ];
  if (view.succeeded === 0) lines.push("nothing was answered at all");
  return `${lines.join("\n")}\n`;
}

/** The same for programs. */
export function probeJson(run: ProbeRun): string {
  const { report, wallOffsetMs, target, intervalMs, budgetMs } = run;
  const { view, timer, outages, held } = report;
  const iso = (wallMs: number): string => new Date(wallMs).toISOString();
  return `${JSON.stringify({
    target,
    begun: iso(run.begunAt),
    ended: iso(run.endedAt),
    intervalMs,
    ...(budgetMs === undefined ? {} : { budgetMs }),
    withinBudget: isWithinBudget(run),
    ...view,
    outages: outages.map(({ from, to }) => ({ at: iso(from + wallOffsetMs), lastedMs: to - from })),
    timer,
    ...(held === undefined ? {} : { held }),
  })}\n`;
}
