/** What a drill found, and how it is told and kept. Pure. */
import { fits } from "@tandem/base/check";
import { type Static, Type } from "@tandem/base/schema";
import { quantile } from "@tandem/probe/outage";
import type { ProberReport } from "@tandem/probe/sampler";

/** So many drills are kept; the oldest is forgotten. */
export const drillsKeptMax = 50;
/** So many of them are shown beside the present one. */
const drillsShownMax = 5;

const MoveSchema = Type.Object({
  /** The units, as the lab names its machines. */
  from: Type.String(),
  to: Type.String(),
  /** From a preferred host, which took the role back by itself: the figures are of both moves. */
  isBackByItself: Type.Optional(Type.Literal(true)),
  outageMs: Type.Number(),
  requests: Type.Integer(),
  /** Requests that got no answer, and of these the ones whose connection was cut. */
  lost: Type.Integer(),
  resets: Type.Integer(),
  failed: Type.Integer(),
  slowestMs: Type.Number(),
  /** How late the client's own timer was at most. */
  clientLateMs: Type.Number(),
  /** What the unit needed to answer that the role has moved. */
  answeredMs: Type.Number(),
  /** Answers by web server. */
  servers: Type.Record(Type.String(), Type.Integer()),
});
export type DrillMove = Static<typeof MoveSchema>;

const BudgetSchema = Type.Object({
  /** The longest outage of one move that is accepted. */
  outageMs: Type.Number(),
  /** How many requests one move may cost, resets among them; absent: that is not judged. */
  lost: Type.Optional(Type.Integer()),
});
export type DrillBudget = Static<typeof BudgetSchema>;

const DrillSchema = Type.Object({
  format: Type.Literal(1),
  /** ISO 8601, UTC. */
  at: Type.String(),
  budget: BudgetSchema,
  moves: Type.Array(MoveSchema),
  /** Why it was broken off. */
  failure: Type.Optional(Type.String()),
});
export type Drill = Static<typeof DrillSchema>;

export function moveOf(
  units: Pick<DrillMove, "from" | "to" | "isBackByItself">,
  answeredMs: number,
  { view, timer }: ProberReport,
): DrillMove {
  const { outageMs, requests, lost, resets, failed, slowestMs, servers } = view;
  return {
    ...units,
    outageMs,
    requests,
    lost,
    resets,
    failed,
    slowestMs,
    clientLateMs: timer.lateMaxMs,
    answeredMs,
    servers: { ...servers },
  };
}

export const isWithinBudget = ({ budget, moves, failure }: Drill): boolean =>
  failure === undefined &&
  moves.length > 0 &&
  moves.every(
    ({ outageMs, lost }) => outageMs <= budget.outageMs && lost <= (budget.lost ?? Number.POSITIVE_INFINITY),
  );

/** The drills in a file of one JSON object a line; lines that are none, such as one cut short, are left out. */
export const readDrills = (text: string): readonly Drill[] =>
  text
    .split("\n")
    .flatMap((line) => {
      try {
        const value: unknown = JSON.parse(line);
        return fits(DrillSchema, value) ? [value as Drill] : [];
      } catch {
        return [];
      }
    })
    .slice(-drillsKeptMax);

export const writeDrills = (drills: readonly Drill[]): string =>
  drills
    .slice(-drillsKeptMax)
    .map((drill) => `${JSON.stringify(drill)}\n`)
    .join("");

const table = (rows: readonly (readonly string[])[]): string[] => {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
};

const ms = (value: number): string => `${Math.round(value)} ms`;
const sum = (drill: Drill, of: (move: DrillMove) => number): number =>
  drill.moves.reduce((total, move) => total + of(move), 0);
const longest = ({ moves }: Drill): number => Math.max(0, ...moves.map(({ outageMs }) => outageMs));

const lostText = (lost: number): string => `${lost} lost ${lost === 1 ? "request" : "requests"}`;
const budgetText = ({ outageMs, lost }: DrillBudget): string =>
  `${ms(outageMs)}${lost === undefined ? "" : `, ${lost} lost`}`;

function verdict(drill: Drill): string {
  const { budget, moves, failure } = drill;
  if (failure !== undefined)
    return `The drill was broken off after ${moves.length} ${moves.length === 1 ? "move" : "moves"}: ${failure}.`;
  const mostLost = Math.max(0, ...moves.map(({ lost }) => lost));
  const found = [`The longest outage was ${ms(longest(drill))}`];
  const accepted = [ms(budget.outageMs)];
  if (budget.lost !== undefined) {
    found.push(`the most that one move cost ${lostText(mostLost)}`);
    accepted.push(lostText(budget.lost));
  }
  const isLate = moves.some(
    ({ outageMs, clientLateMs }) => outageMs > budget.outageMs && outageMs - clientLateMs <= budget.outageMs,
  );
  const doubt = isLate
    ? " The client's own timer was late by as much as it is over: drill again when the machine is less busy."
    : "";
  return `${found.join(", ")}: ${isWithinBudget(drill) ? "within" : "over"} the budget of ${accepted.join(" and ")}.${doubt}`;
}

/** The drill for people, beside those before it. */
export function drillText(drill: Drill, earlier: readonly Drill[]): string {
  const moves = table([
    ["role moves", "outage", "requests", "lost", "resets", "slowest", "answered", "own error"],
    ...drill.moves.map((move) => [
      `${move.from} to ${move.to}${move.isBackByItself ? " and back" : ""}`,
      ms(move.outageMs),
      String(move.requests),
      String(move.lost),
      String(move.resets),
      ms(move.slowestMs),
      ms(move.answeredMs),
      ms(move.clientLateMs),
    ]),
  ]);
  const runs = table([
    ["drill", "moves", "median", "longest", "lost", "resets", "budget"],
    ...[...earlier.slice(-drillsShownMax), drill].map((each) => [
      each.at.slice(0, 19).replace("T", " "),
      String(each.moves.length),
      ms(
        quantile(
          each.moves.map(({ outageMs }) => outageMs),
          0.5,
        ),
      ),
      ms(longest(each)),
      String(sum(each, (move) => move.lost)),
      String(sum(each, (move) => move.resets)),
      `${budgetText(each.budget)} ${isWithinBudget(each) ? "kept" : "missed"}`,
    ]),
  ]);
  return [...moves, "", ...runs, "", verdict(drill), ""].join("\n");
}
