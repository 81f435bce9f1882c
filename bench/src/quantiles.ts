/** Figures from samples, and tables of them. */

/** The value below which `share` (0 to 1) of the samples lie; NaN without samples. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export type Figure = {
  readonly what: string;
  readonly measured: string;
  readonly goal: string;
  /** Null where there is no goal to be met. */
  readonly met: boolean | null;
};

/** A table in Markdown, so that it can be pasted into a document as it is. */
export const tableOf = (figures: readonly Figure[]): string =>
  [
    "| figure | measured | goal | |",
    "| --- | --- | --- | --- |",
    ...figures.map(
      ({ what, measured, goal, met }) =>
        `| ${what} | ${measured} | ${goal} | ${met === null ? "" : met ? "met" : "**not met**"} |`,
    ),
  ].join("\n");

export const milliseconds = (value: number): string =>
  value < 100 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`;
