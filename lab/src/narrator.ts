/** Who the story is told to. */

/** A measured value and what was promised; the note says how it came about. */
export type Figure = {
  readonly what: string;
  readonly measured: string;
  readonly promised: string;
  readonly note?: string;
};

export type Narrator = {
  /** A step begins. */
  readonly step: (number: number, title: string) => void;
  /** What is done, in a sentence. */
  readonly does: (text: string) => void;
  /** A command that does the same by hand. */
  readonly command: (text: string) => void;
  /** What was then seen to be true. */
  readonly found: (text: string) => void;
};

/** Prints the story as plain text, one line at a time. */
export const printingNarrator = (write: (text: string) => void): Narrator => ({
  step: (number, title) => write(`\n${number}. ${title}\n`),
  does: (text) => write(`   ${text}\n`),
  command: (text) => write(`     $ ${text}\n`),
  found: (text) => write(`   ok  ${text}\n`),
});

export const silentNarrator: Narrator = { step() {}, does() {}, command() {}, found() {} };

/** The figures as a table of plain text. */
export function figureTable(figures: readonly Figure[]): string {
  const head: Figure = { what: "what", measured: "measured", promised: "promised" };
  const width = (pick: (figure: Figure) => string): number =>
    Math.max(...[head, ...figures].map((figure) => pick(figure).length));
  const whatWidth = width((figure) => figure.what);
  const measuredWidth = width((figure) => figure.measured);
  const line = ({ what, measured, promised }: Figure): string =>
    `${what.padEnd(whatWidth)}  ${measured.padStart(measuredWidth)}  ${promised}`.trimEnd();
  const rule = "-".repeat(Math.max(line(head).length, ...figures.map((figure) => line(figure).length)));
  const rows = figures.flatMap((figure) =>
    figure.note === undefined ? [line(figure)] : [line(figure), `    ${figure.note}`],
  );
  return [line(head), rule, ...rows].map((text) => `${text}\n`).join("");
}
