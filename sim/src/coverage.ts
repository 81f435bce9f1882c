/** How often each kind of fault met each state of a unit. */
import type { FaultKind } from "./faults.ts";
import type { Unit } from "./unit.ts";

export const pairStates = [
  "Standalone",
  "Starting",
  "initial sync",
  "Master",
  "gives the role",
  "Slave",
  "catching up",
  "asks for the role",
  "Disabled",
  "down",
] as const;
export type PairStateName = (typeof pairStates)[number];

/** What a unit is doing, in the words of the coverage table. */
export function stateOf(unit: Unit): PairStateName {
  if (unit.ha === undefined) return "down";
  const { ourState, ourReason, inStep } = unit.ha.status();
  switch (ourState) {
    case "Starting":
      return /receiving|armed|initial synchronisation/.test(ourReason) ? "initial sync" : "Starting";
    case "Master":
      return /gives the role|running actions/.test(ourReason) ? "gives the role" : "Master";
    case "Slave":
      return /asks for the role$/.test(ourReason)
        ? "asks for the role"
        : inStep === false
          ? "catching up"
          : "Slave";
    default:
      return ourState;
  }
}

const crashMark = "died at ";

export class Coverage {
  readonly counts = new Map<string, number>();

  met(kind: FaultKind, unit: Unit): void {
    this.add(`${kind}|${stateOf(unit)}`, 1);
  }

  /** A process died at a disk call of this label. */
  crashed(label: string, when: "before" | "after"): void {
    this.add(`${crashMark}${label}|${when}`, 1);
  }

  crashes(): readonly (readonly [label: string, before: number, after: number])[] {
    const labels = [...this.counts.keys()]
      .filter((cell) => cell.startsWith(crashMark))
      .map((cell) => cell.slice(crashMark.length, cell.lastIndexOf("|")));
    const times = (label: string, when: string): number =>
      this.counts.get(`${crashMark}${label}|${when}`) ?? 0;
    return [...new Set(labels)].sort().map((label) => [label, times(label, "before"), times(label, "after")]);
  }

  add(cell: string, count: number): void {
    this.counts.set(cell, (this.counts.get(cell) ?? 0) + count);
  }

  count(kind: FaultKind, state: PairStateName): number {
    return this.counts.get(`${kind}|${state}`) ?? 0;
  }
}
