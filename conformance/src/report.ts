/** The summary: how many cases conform, how many do not yet, and every other difference. */
import type { Outcome, Result } from "./run.ts";

export const countOf = (results: readonly Result[], outcome: Outcome): number =>
  results.filter((each) => each.outcome === outcome).length;

export const hasDifferences = (results: readonly Result[]): boolean => countOf(results, "differs") > 0;

export function summary(results: readonly Result[]): string {
  const areas = [...new Set(results.map(({ area }) => area))];
  const rows = areas.map((area) => [area, ...counts(results.filter((each) => each.area === area))]);
  const table = [["area", "cases", "conform", "not yet", "differ"], ...rows, ["all", ...counts(results)]];
  const widths = table[0]!.map((_, at) => Math.max(...table.map((row) => row[at]!.length)));
  const lines = table.map((row) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join("  "),
  );
  return `${lines.join("\n")}\n`;
}

const counts = (results: readonly Result[]): string[] => [
  String(results.length),
  ...(["conforms", "not yet", "differs"] as const).map((outcome) => String(countOf(results, outcome))),
];

/** One line for each case that does not conform yet, with the reason. */
export const notYetLines = (results: readonly Result[]): string =>
  results
    .filter(({ outcome }) => outcome === "not yet")
    .map(({ area, of }) => `not yet: ${area}: ${of.name}: ${of.notYet}\n`)
    .join("");

/** What is otherwise than described, with where that stands. */
export const differenceLines = (results: readonly Result[]): string =>
  results
    .filter(({ outcome }) => outcome === "differs")
    .map(
      ({ area, of, differences }) =>
        `differs: ${area}: ${of.name} (${of.from})\n${differences.map((each) => `  ${each}\n`).join("")}`,
    )
    .join("");
