/**
 * SPEC ML2, ML7: two Centrals never grant more than their licence allows, whatever is cut off, late or lost. Looked at
 * each time that a ledger is written, which is when something is granted or given:
 *
 * - a unit grants nothing beyond its share, as it follows from what was really given;
 * - what a unit takes for its share is never more than that, and nothing is given that a unit did not have;
 * - the LoadMasters that are licensed, each counted once, are no more than the licences of the pair allow;
 * - a share is taken over only from a unit that an operator removed from the pair;
 * - a device number is given once.
 *
 * What is excluded: a unit that was removed from its pair while it could not be told goes on granting out of the share
 * that it had. The operator has declared it dead; what it grants until it is told, and what it had granted and the
 * other had not heard of, is over the allowance by that declaration, and is not counted.
 */
import type { Json } from "@tandem/base/canonical-json";
import type { UnitId } from "@tandem/base/ids";
import type { CentralLicence } from "@tandem/licensing/central-licence";
import { amountOf, decidingStandings, issuedBy, type LicenceStanding } from "@tandem/licensing/holder";
import { type Given, type LimitedKind, limitedKinds, shareOf } from "@tandem/licensing/shares";
import type { Report } from "./violation.ts";

/** What a Central has in its ledger: documents by name, as `apps/central/src/licensing/ledger.ts` writes them. */
export type LedgerDocuments = ReadonlyMap<string, Json>;

export type Ledgers = {
  readonly unit: UnitId;
  readonly name: string;
  readonly documents: LedgerDocuments;
  /** The licence in force on this unit. */
  readonly licence: CentralLicence | null;
  /** What the peer has granted and given, as this unit's shared rows say. */
  readonly heard: { readonly rows: readonly LicenceStanding[]; readonly gifts: readonly Given[] };
  /** Whether it belongs to the pair at present. */
  readonly isOfPair: boolean;
};

type DeviceNumber = { readonly central: UnitId; readonly unit: string; readonly number: number };

const documentsOf = <Row>(documents: LedgerDocuments, prefix: string): readonly Row[] =>
  [...documents].flatMap(([name, value]) => (name.startsWith(`${prefix} `) ? [value as unknown as Row] : []));
export const rowsOf = (documents: LedgerDocuments): readonly LicenceStanding[] =>
  documentsOf(documents, "licence");
const giftsOf = (documents: LedgerDocuments): readonly Given[] => documentsOf(documents, "share");

/** Of each giver the greatest amount that anybody has written down: it only grows. */
function greatest(gifts: readonly Given[]): readonly Given[] {
  const known = new Map<string, Given>();
  for (const gift of gifts) {
    const key = `${gift.account} ${gift.kind} ${gift.giver}`;
    if ((known.get(key)?.given ?? -1) < gift.given) known.set(key, gift);
  }
  return [...known.values()];
}

const keyOf = ({ central, unit, number }: LicenceStanding): string => `${central} ${unit} ${number}`;
const words: { readonly [kind in LimitedKind]: string } = { local: "local licences", pool: "Mbit/s" };

export class Escrow {
  readonly #report: Report;
  readonly #removed = new Set<string>();
  /** Rows that are over the allowance because their Central was declared dead. */
  readonly #excused = new Set<string>();
  readonly #shrunk = new Set<UnitId>();
  readonly #takenOver = new Set<UnitId>();
  readonly #numbers = new Map<string, number>();

  constructor(report: Report) {
    this.#report = report;
  }

  /** An operator has told `by` that `removed` is gone for good. */
  declaredDead(removed: UnitId, by: UnitId): void {
    this.#removed.add(`${removed} ${by}`);
  }

  /** Both are of one pair again, and each knows what the other has written. */
  together(a: UnitId, b: UnitId): void {
    this.#removed.delete(`${a} ${b}`);
    this.#removed.delete(`${b} ${a}`);
  }

  /** A licence with less for this unit than the one before was imported there. */
  shrunk(unit: UnitId): void {
    this.#shrunk.add(unit);
  }

  /** `before`: the documents of the unit that writes; `all`: as they are now, of every unit that there is. */
  written(writer: UnitId, before: LedgerDocuments, all: readonly Ledgers[]): void {
    const now = all.find(({ unit }) => unit === writer);
    if (now === undefined) return;
    this.#checkNumbers(now);
    this.#checkTakeOver(now, before, all);
    const gifts = greatest(all.flatMap(({ documents }) => giftsOf(documents)));
    this.#excuse(now, before, gifts);
    for (const kind of limitedKinds) {
      this.#checkShare(now, before, gifts, kind);
      this.#checkAll(all, gifts, kind);
    }
  }

  #checkNumbers({ name, unit, documents }: Ledgers): void {
    const given = new Map<number, string>();
    for (const row of documentsOf<DeviceNumber>(documents, "number")) {
      const key = `${unit} ${row.unit}`;
      const known = this.#numbers.get(key);
      const other = given.get(row.number);
      given.set(row.number, row.unit);
      this.#numbers.set(key, row.number);
      if (known !== undefined && known !== row.number)
        this.#report(`${row.unit} had the device number ${known} on ${name}, and now has ${row.number}`);
      if (other !== undefined)
        this.#report(`${name} has given the device number ${row.number} to ${other} and to ${row.unit}`);
    }
  }

  #checkTakeOver(
    { unit, name, documents, heard }: Ledgers,
    before: LedgerDocuments,
    all: readonly Ledgers[],
  ): void {
    const known = greatest([...giftsOf(before), ...heard.gifts]);
    for (const gift of giftsOf(documents)) {
      if (gift.giver === unit) continue;
      const heardOf = known.find(
        (each) => each.account === gift.account && each.kind === gift.kind && each.giver === gift.giver,
      );
      if (gift.given <= (heardOf?.given ?? 0)) continue;
      if (!this.#removed.has(`${gift.giver} ${unit}`)) {
        this.#report(
          `${name} takes ${gift.given} ${words[gift.kind]} for given by ${gift.giver}, which gave ${heardOf?.given ?? 0} and was not removed from the pair`,
        );
        continue;
      }
      this.#takenOver.add(gift.giver);
      // What the one that stays had not heard of when the other was declared dead.
      const other = all.find((each) => each.unit === gift.giver);
      const heardRows = new Set(heard.rows.map(keyOf));
      for (const row of rowsOf(other?.documents ?? new Map()))
        if (row.state === "held" && !heardRows.has(keyOf(row))) this.#excused.add(keyOf(row));
    }
  }

  /** A unit that does not know yet that its share was taken over. */
  #isUnaware({ unit, documents, heard, licence }: Ledgers, gifts: readonly Given[]): boolean {
    if (![...this.#removed].some((pair) => pair.startsWith(`${unit} `))) return false;
    const known = greatest([...giftsOf(documents), ...heard.gifts]);
    const givenIn = (from: readonly Given[], kind: LimitedKind): number =>
      from.find((gift) => gift.account === licence?.account && gift.kind === kind && gift.giver === unit)
        ?.given ?? 0;
    return limitedKinds.some((kind) => givenIn(known, kind) < givenIn(gifts, kind));
  }

  #excuse(now: Ledgers, before: LedgerDocuments, gifts: readonly Given[]): void {
    if (!this.#isUnaware(now, gifts)) return;
    const had = new Set(rowsOf(before).map(keyOf));
    for (const row of rowsOf(now.documents))
      if (row.state === "held" && !had.has(keyOf(row))) this.#excused.add(keyOf(row));
  }

  #checkShare(now: Ledgers, before: LedgerDocuments, gifts: readonly Given[], kind: LimitedKind): void {
    const { unit, name, licence, documents, heard } = now;
    if (licence === null || this.#isUnaware(now, gifts)) return;
    const share = shareOf(licence, kind, gifts, unit);
    const known = shareOf(licence, kind, greatest([...giftsOf(documents), ...heard.gifts]), unit);
    if (known > share)
      this.#report(`${name} takes ${known} ${words[kind]} for its share, and it has ${share}`);
    // What it knows may be less: it may have forgotten what it was given.
    // Who took it over may have had a later licence, with more for this unit.
    if (share < 0 && !this.#shrunk.has(unit) && !this.#takenOver.has(unit))
      this.#report(`${name} has given more than it had: its share is ${share} ${words[kind]}`);
    const others = heard.rows.filter(({ central }) => central !== unit);
    // A unit that has forgotten what moved away from it counts that again; it grants nothing more then.
    const had = issuedBy([...rowsOf(before), ...others], unit, kind);
    const has = issuedBy([...rowsOf(documents), ...others], unit, kind);
    if (has > had && has > Math.max(0, share))
      this.#report(`${name} has granted ${has} ${words[kind]}, and its share is ${share}`);
  }

  /** Each LoadMaster once, by what really decides. */
  #checkAll(all: readonly Ledgers[], gifts: readonly Given[], kind: LimitedKind): void {
    const pair = all.filter(({ isOfPair }) => isOfPair);
    // What was taken over from a removed unit counts, until the licence for the new pair is imported.
    let allowed = 0;
    for (const { licence, unit } of pair)
      if (licence !== null) allowed += Math.max(0, shareOf(licence, kind, gifts, unit));
    let issued = 0;
    for (const row of decidingStandings(all.flatMap(({ documents }) => rowsOf(documents))).values())
      if (
        row.state === "held" &&
        pair.some(({ unit }) => unit === row.central) &&
        !this.#excused.has(keyOf(row))
      )
        issued += amountOf(row.type, kind);
    if (issued > allowed)
      this.#report(`${issued} ${words[kind]} are granted, and the licences of the pair allow ${allowed}`);
  }
}
