/**
 * Which Central holds a LoadMaster's licence (SPEC ML2). Each Central writes rows of its own alone, one for each
 * LoadMaster, with the number of the request that it answered last; so rows never compete for one place, and the
 * holder is a function of them that both Centrals compute alike, in whatever order they heard of each other's.
 *
 * Invariant: the row that ranks highest decides. It is held: its Central is the one holder. It is not: nobody is.
 */
import type { UnitId } from "@tandem/base/ids";
import { type LicenceKind, type LicensingId, licenceTypeOf } from "./wire.ts";

/** What a Central last said to a LoadMaster, as far as it decides anything. */
export type LicenceStanding = {
  readonly unit: LicensingId;
  readonly central: UnitId;
  /** Of the LoadMaster's request. */
  readonly number: number;
  /** `LicenceTypeId` */
  readonly type: string;
  /**
   * `moved`: given up by its Central for the other one to grant. Held again by the same number if the other never did:
   * what it wanted may have come late.
   */
  readonly state: "held" | "moved" | "ended";
};

/**
 * Negative when `a` ranks before `b`: the greater request number; of one number what has ended, since to end a
 * licence repeats its number; then the greater unit id, which only a copied LoadMaster brings about.
 */
export const compareStandings = (a: LicenceStanding, b: LicenceStanding): number =>
  b.number - a.number ||
  Number(a.state === "held") - Number(b.state === "held") ||
  (a.central < b.central ? 1 : a.central > b.central ? -1 : 0);

/** The row that decides about a LoadMaster; undefined where no Central has any. `rows` are those of one LoadMaster. */
export function decidingStanding<Row extends LicenceStanding>(rows: readonly Row[]): Row | undefined {
  let first: Row | undefined;
  for (const row of rows) if (first === undefined || compareStandings(row, first) < 0) first = row;
  return first;
}

/** The deciding row of each LoadMaster. */
export function decidingStandings<Row extends LicenceStanding>(
  rows: readonly Row[],
): ReadonlyMap<LicensingId, Row> {
  const deciding = new Map<LicensingId, Row>();
  for (const row of rows) {
    const before = deciding.get(row.unit);
    if (before === undefined || compareStandings(row, before) < 0) deciding.set(row.unit, row);
  }
  return deciding;
}

/** What a licence takes of the allowance (1) or of the pool (Mbit/s); metered ones take nothing. */
export function amountOf(type: string, kind: LicenceKind): number {
  const found = licenceTypeOf(type);
  if (found === undefined || found.kind !== kind) return 0;
  return kind === "local" ? 1 : (found.mbps ?? 0);
}

/** What a Central has granted of a kind and still counts: rows of its own that decide. Licences, or Mbit/s. */
export function issuedBy(rows: readonly LicenceStanding[], central: UnitId, kind: LicenceKind): number {
  let issued = 0;
  for (const row of decidingStandings(rows).values())
    if (row.central === central && row.state === "held") issued += amountOf(row.type, kind);
  return issued;
}
