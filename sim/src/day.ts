/** How long a run is, and how much happens in it. The seed says which, so that it alone names a run. */
import { hour } from "@tandem/base/time";

export type Day = {
  readonly lengthMs: number;
  /** The first phase, least and most. */
  readonly firstMs: readonly [number, number];
  readonly secondLeastMs: number;
  readonly faults: readonly [readonly [number, number], readonly [number, number]];
  readonly faultsLeast: number;
  /** Edits that are tried in each phase, and that must have been taken. */
  readonly edits: readonly [number, number];
  readonly editsLeast: number;
  /** Of the seeds, in how many actions are scheduled, statistics polled, and LoadMasters licensed. */
  readonly scheduleShare: number;
  readonly statisticsShare: number;
  readonly licensingShare: number;
};

const wholeDay: Day = {
  lengthMs: 24 * hour,
  firstMs: [14 * hour, 17 * hour],
  secondLeastMs: 4 * hour,
  faults: [
    [12, 22],
    [10, 14],
  ],
  faultsLeast: 10,
  edits: [50, 75],
  editsLeast: 50,
  scheduleShare: 0.15,
  statisticsShare: 0.05,
  // These cost twice as much. None of the corpus that is older is among them.
  licensingShare: 0.25,
};

/** Licences in every seed, and little else: as many LoadMasters ask as on a whole day, in a few hours. */
const licensingDay: Day = {
  lengthMs: 3 * hour,
  firstMs: [1 * hour, 1.6 * hour],
  secondLeastMs: 1 * hour,
  faults: [
    [4, 7],
    [2, 4],
  ],
  faultsLeast: 2,
  edits: [6, 10],
  editsLeast: 5,
  scheduleShare: 0,
  statisticsShare: 0,
  licensingShare: 1,
};

/** Seeds from here on are of days of licences. */
export const licensingSeedsFrom = 200_000_000;

export const dayOf = (seed: number): Day => (seed < licensingSeedsFrom ? wholeDay : licensingDay);
