/** The unit's answers as people read them. */
import type { PairingCheckView, PairingStep, PairingView } from "@tandem/loadmaster-api/pairing";

const nameWidth = 20;

const row = (mark: string, name: string, text: string, remedy: string): string =>
  `${mark.padEnd(8)}${name.padEnd(nameWidth)} ${text}\n${remedy === "" ? "" : `${" ".repeat(8 + nameWidth + 1)}${remedy}\n`}`;

export const checksText = ({ checks, ready }: PairingCheckView): string =>
  checks
    .map(({ name, ok, found, remedy }) =>
      row(ok === null ? "unseen" : ok ? "ok" : "NOT OK", name, found, remedy),
    )
    .join("") +
  (ready
    ? "everything is well: tandem pair create may follow\n"
    : "put right what is not ok, then check again\n");

export const stepText = ({ name, about, state, detail, remedy }: PairingStep): string =>
  row(state === "failed" ? "FAILED" : state, name, state === "done" ? detail : detail || about, remedy);

export const pairingText = (view: PairingView): string =>
  view.kind === null
    ? "this unit was never turned into a pair, or back, by this procedure\n"
    : `${view.steps.map(stepText).join("")}${outcomeText(view)}`;

export const outcomeText = ({ state, outcome, backups }: PairingView): string =>
  `${state}${outcome === "" ? "" : `: ${outcome}`}\n${backups.length === 0 ? "" : `backups on the unit: ${backups.join(", ")}\n`}`;
