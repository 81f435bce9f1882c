/**
 * What this unit has granted, given and numbered, twice: in a file of its own, written first, and in the shared rows.
 * The file decides. Shared rows that were overwritten (this unit joined a pair) or are older (a restored backup) are
 * written anew from it, and a file that is older than the rows (it was lost) takes from them.
 */
import type { Json } from "@tandem/base/canonical-json";
import type { UnitId } from "@tandem/base/ids";
import type { LicensingId } from "@tandem/licensing/wire";
import { createRow, type Edit, updateRow } from "@tandem/replica/edits";
import type { Columns, RowOf, Table } from "@tandem/replica/schema";
import type { SharedRows } from "../fleet/shared-rows.ts";
import type { LedgerFile } from "./ports.ts";
import {
  deviceNumbers,
  type LicenceValues,
  licenceKey,
  licenceShares,
  licences,
  shareKey,
} from "./tables.ts";

type ShareValues = RowOf<(typeof licenceShares)["columns"]>;
type NumberValues = RowOf<(typeof deviceNumbers)["columns"]>;

export type LedgerEntries = {
  readonly licences?: readonly LicenceValues[];
  readonly shares?: readonly ShareValues[];
  readonly numbers?: readonly NumberValues[];
};

const peerDocument = "paired";

export class Ledger {
  readonly #self: UnitId;
  readonly #shared: SharedRows;
  readonly #file: LedgerFile;
  readonly #licences = new Map<string, LicenceValues>();
  readonly #shares = new Map<string, ShareValues>();
  readonly #numbers = new Map<string, NumberValues>();
  #peer: UnitId | null = null;
  /** The shared rows that were found to say all that is in here; they are the same objects until they change. */
  #agreed: readonly unknown[] = [];

  constructor(self: UnitId, shared: SharedRows, file: LedgerFile) {
    this.#self = self;
    this.#shared = shared;
    this.#file = file;
    const read = <Values>(prefix: string, into: Map<string, Values>): void => {
      for (const { name, value } of file.list(`${prefix} `))
        into.set(name.slice(prefix.length + 1), value as unknown as Values);
    };
    read("licence", this.#licences);
    read("share", this.#shares);
    read("number", this.#numbers);
    const [peer] = file.list(peerDocument);
    if (peer !== undefined) this.#peer = String(peer.value);
  }

  /** The other unit of the pair that this one belongs to, or belonged to when it was last asked. */
  get peer(): UnitId | null {
    return this.#peer;
  }

  setPeer(peer: UnitId | null): void {
    if (peer === this.#peer) return;
    this.#file.set([{ name: peerDocument, value: peer }]);
    this.#peer = peer;
  }

  /** Rows of both units: this one's from its file, others' as they were shared. */
  licences(): readonly LicenceValues[] {
    const others = this.#shared.rows(licences).flatMap(({ values }) => (this.#isOwn(values) ? [] : [values]));
    return [...this.#licences.values(), ...others];
  }

  own(unit: LicensingId): LicenceValues | undefined {
    return this.#licences.get(licenceKey(unit, this.#self));
  }

  shares(): readonly ShareValues[] {
    const known = new Map(this.#shares);
    for (const { key, values } of this.#shared.rows(licenceShares)) {
      const own = known.get(key);
      if (own === undefined || own.given < values.given) known.set(key, values);
    }
    return [...known.values()];
  }

  /** This unit's numbers for LoadMasters: those that they have, or the next that it never gave. */
  numbersOf(units: readonly LicensingId[]): readonly NumberValues[] {
    let last = Math.max(0, ...[...this.#numbers.values()].map(({ number }) => number));
    return units.map((unit) => {
      const known = this.#numbers.get(licenceKey(unit, this.#self));
      if (known !== undefined) return known;
      last += 1;
      return { central: this.#self, unit, number: last };
    });
  }

  /** On this unit's disk when it returns; the edits with which the shared rows say the same. Throws when not kept. */
  record(entries: LedgerEntries): readonly Edit[] {
    const { licences: rows = [], shares = [], numbers = [] } = entries;
    const documents = [
      ...rows.map((row) => ({ name: `licence ${licenceKey(row.unit, row.central)}`, value: row })),
      ...shares.map((row) => ({ name: `share ${shareKey(row.account, row.kind, row.giver)}`, value: row })),
      ...numbers.map((row) => ({ name: `number ${licenceKey(row.unit, row.central)}`, value: row })),
    ];
    this.#agreed = [];
    this.#file.set(documents as unknown as readonly { readonly name: string; readonly value: Json }[]);
    for (const row of rows) this.#licences.set(licenceKey(row.unit, row.central), row);
    for (const row of shares) this.#shares.set(shareKey(row.account, row.kind, row.giver), row);
    for (const row of numbers) this.#numbers.set(licenceKey(row.unit, row.central), row);
    return [
      ...rows.flatMap((row) => this.#edit(licences, licenceKey(row.unit, row.central), row)),
      ...shares.flatMap((row) => this.#edit(licenceShares, shareKey(row.account, row.kind, row.giver), row)),
      ...numbers.flatMap((row) => this.#edit(deviceNumbers, licenceKey(row.unit, row.central), row)),
    ];
  }

  /** Takes over what the shared rows know of this unit and its file does not; then what they lack, as edits. */
  reconcile(): readonly Edit[] {
    const rows = [licences, licenceShares, deviceNumbers].map((table) =>
      this.#shared.rows(table as unknown as Table),
    );
    if (rows.every((each, index) => each === this.#agreed[index])) return [];
    this.#agreed = [];
    const edits = this.#differences();
    if (edits.length === 0) this.#agreed = rows;
    return edits;
  }

  #differences(): readonly Edit[] {
    const found: { licences: LicenceValues[]; shares: ShareValues[]; numbers: NumberValues[] } = {
      licences: [],
      shares: [],
      numbers: [],
    };
    for (const { key, values } of this.#shared.rows(licences)) {
      const own = this.#licences.get(key);
      if (this.#isOwn(values) && (own === undefined || own.number < values.number))
        found.licences.push(values);
    }
    for (const { key, values } of this.#shared.rows(licenceShares)) {
      const own = this.#shares.get(key);
      if (values.giver === this.#self && (own === undefined || own.given < values.given))
        found.shares.push(values);
    }
    for (const { key, values } of this.#shared.rows(deviceNumbers))
      if (this.#isOwn(values) && !this.#numbers.has(key)) found.numbers.push(values);
    if (found.licences.length + found.shares.length + found.numbers.length > 0) this.record(found);
    return [
      ...[...this.#licences].flatMap(([key, row]) => this.#edit(licences, key, row)),
      ...[...this.#shares].flatMap(([key, row]) =>
        (this.#shared.row(licenceShares, key)?.values.given ?? 0) < row.given
          ? this.#edit(licenceShares, key, row)
          : [],
      ),
      ...[...this.#numbers].flatMap(([key, row]) => this.#edit(deviceNumbers, key, row)),
    ];
  }

  close(): void {
    this.#file.close();
  }

  #isOwn(row: { readonly central: UnitId }): boolean {
    return row.central === this.#self;
  }

  /** None where the shared row says the same already. */
  #edit<C extends Columns>(table: Table<C>, key: string, values: RowOf<C>): readonly Edit[] {
    const there = this.#shared.row(table, key);
    if (there === undefined) return [createRow(table, values)];
    const changed = Object.entries(values).filter(
      ([name, value]) =>
        JSON.stringify((there.values as Record<string, unknown>)[name]) !== JSON.stringify(value),
    );
    if (changed.length === 0) return [];
    // Columns of a merge group are named together.
    return [updateRow(table, key, values)];
  }
}
