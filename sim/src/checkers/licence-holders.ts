/** SPEC ML2: when nothing is in the way any more, both Centrals name the same one holder of each licence, or none. */
import type { UnitId } from "@tandem/base/ids";
import { decidingStandings, type LicenceStanding } from "@tandem/licensing/holder";
import type { Given } from "@tandem/licensing/shares";
import type { Report } from "./violation.ts";

/** What a Central decides from. */
export type HeldOn = {
  readonly name: string;
  readonly unit: UnitId;
  /** Of both Centrals, as this one knows them. */
  readonly rows: readonly LicenceStanding[];
  readonly gifts: readonly Given[];
  /** Rows of its own ledger, and amounts that it gave. */
  readonly own: { readonly rows: readonly LicenceStanding[]; readonly gifts: readonly Given[] };
};

/** A LoadMaster, and what it takes itself for. */
export type LicensedUnit = {
  readonly unit: string;
  /** The number of the grant that it has; 0: none. */
  readonly granted: number;
  /** By which Central; null: none. */
  readonly grantedBy: UnitId | null;
  /** The one that it turned to said, when it asked last, that it holds. */
  readonly isHeld: boolean;
};

const text = ({ central, number, state }: LicenceStanding): string => `${central} ${number} ${state}`;

export function checkHolders(
  pair: readonly [HeldOn, HeldOn],
  loadMasters: readonly LicensedUnit[],
  report: Report,
): void {
  const [a, b] = pair.map((each) => decidingStandings(each.rows));
  // What a unit that was removed had written before stands as it was shared.
  const former = pair[0].rows.filter(({ central }) => pair.every(({ unit }) => unit !== central));
  const truth = decidingStandings([...former, ...pair.flatMap(({ own }) => own.rows)]);
  const isOfPair = (central: UnitId | undefined): boolean => pair.some((each) => each.unit === central);
  for (const { unit, granted, grantedBy, isHeld } of loadMasters) {
    const holders = [a?.get(unit), b?.get(unit)].map((row) => (row === undefined ? "nobody" : text(row)));
    if (holders[0] !== holders[1])
      report(
        `the licence of ${unit} is on ${pair[0].name} ${holders[0]}, and on ${pair[1].name} ${holders[1]}`,
      );
    const last = truth.get(unit);
    if (last !== undefined && text(last) !== holders[0])
      report(
        `the licence of ${unit} is said to be ${holders[0]}, and what was written last is ${text(last)}`,
      );
    const row = a?.get(unit);
    // What a Central outside grants is not the pair's to answer for, unless the pair has ended just that.
    const isEndedHere = row !== undefined && row.number >= granted && row.state !== "held";
    if (grantedBy !== null && !isOfPair(grantedBy) && !isEndedHere) continue;
    const holds =
      row !== undefined && row.state === "held" && row.number === granted && isOfPair(row.central);
    // A wish of the other Central's that came late gives it up; its Central takes it back when it is asked next.
    const isOnItsWay = row?.state === "moved" && row.number === granted;
    if (isHeld !== holds && !isOnItsWay)
      report(
        `${unit} has the grant ${granted} and was told that it ${isHeld ? "holds" : "does not hold"}, and the licence is ${holders[0]}`,
      );
  }
  for (const { name, own, unit } of pair)
    for (const gift of own.gifts) {
      const other = pair.find((each) => each.unit !== unit);
      const there = other?.gifts.find(
        (each) => each.account === gift.account && each.kind === gift.kind && each.giver === gift.giver,
      );
      if (there?.given !== gift.given)
        report(
          `${name} has given ${gift.given} (${gift.kind}), and ${other?.name} knows of ${there?.given ?? 0}`,
        );
    }
}
