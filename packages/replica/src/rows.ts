/**
 * The current version of every field of every row, in memory. A slot is one field of one row; a slot is never
 * emptied, deleted rows included (tombstones are kept: collecting them would resurrect rows from an older backup).
 */
import { assert } from "@tandem/base/assert";
import type { Json } from "@tandem/base/canonical-json";
import type { Columns, Field, RowOf, Table } from "./schema.ts";
import { lifeField, type Version, type VersionId, versionId } from "./version.ts";

/** One row as its readers see it. Frozen, and the same object until the row changes. */
export type RowView<C extends Columns = Columns> = {
  readonly key: string;
  /** Every shared column, defaults filled in. */
  readonly values: RowOf<C>;
  /** Names all versions of the row; printable ASCII without quotes, fit for an ETag. Opaque to clients. */
  readonly tag: string;
  /** The version of each field, "" where the default stands. */
  readonly tags: { readonly [field: string]: VersionId };
};

export type Slots = {
  readonly table: Table;
  readonly key: string;
  readonly fields: Map<string, Version>;
  /** undefined: not computed since the last change. null: the row does not exist. */
  view: RowView | null | undefined;
};

/** Row lives: 0 never existed, odd exists, even deleted. The maximum over the register and the fields (V2). */
export function lifeOf(slots: Slots | undefined): number {
  let life = 0;
  if (slots) for (const version of slots.fields.values()) if (version.life > life) life = version.life;
  return life;
}

export const isAlive = (life: number): boolean => life % 2 === 1;

/** The version that stands in a field during the row's present life; a version of an earlier life does not. */
export function standing(slots: Slots, field: string, life: number): Version | undefined {
  const version = slots.fields.get(field);
  return version !== undefined && version.life === life ? version : undefined;
}

/** What a reader finds in a field; undefined only where a column without default was added to existing rows. */
export function standingValue(slots: Slots, field: Field, life: number): Json | undefined {
  const version = slots.fields.get(field.name);
  if (version !== undefined && version.life === life) return version.value;
  return field.default !== undefined ? field.default : version?.value;
}

/** A field's columns by name. */
export const columnsOf = (field: Field, value: Json): { readonly [column: string]: Json } =>
  field.grouped ? (value as { readonly [column: string]: Json }) : { [field.columns[0]!]: value };

function viewOf(slots: Slots): RowView | null {
  const life = lifeOf(slots);
  if (!isAlive(life)) return null;
  const values: { [column: string]: Json } = {};
  const tags: { [field: string]: VersionId } = {};
  const tag: string[] = [];
  const register = standing(slots, lifeField, life);
  if (register) tag.push(`${lifeField}~${versionId(register)}`);
  for (const field of slots.table.fields.values()) {
    const value = standingValue(slots, field, life);
    if (value !== undefined) Object.assign(values, columnsOf(field, value));
    const version = standing(slots, field.name, life);
    tags[field.name] = version ? versionId(version) : "";
    if (version) tag.push(`${field.name}~${versionId(version)}`);
  }
  const view = {
    key: slots.key,
    values: Object.freeze(values),
    tag: tag.join(","),
    tags: Object.freeze(tags),
  };
  return Object.freeze(view) as RowView;
}

type TableRows = {
  readonly table: Table;
  readonly rows: Map<string, Slots>;
  /** All views by key, as of the last question; undefined before the first, or after too many changes. */
  list: readonly RowView[] | undefined;
  /** Rows changed since the list was made. */
  readonly stale: Set<Slots>;
};

/** A list with few changes is mended; one with more is made anew, which costs a look at every row. */
const staleRowsMax = 64;

function mended(
  list: readonly RowView[],
  stale: ReadonlySet<Slots>,
  viewOfRow: (slots: Slots) => RowView | undefined,
): readonly RowView[] {
  const views = [...list];
  for (const slots of stale) {
    let low = 0;
    for (let high = views.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if (views[middle]!.key < slots.key) low = middle + 1;
      else high = middle;
    }
    const view = viewOfRow(slots);
    const isListed = views[low]?.key === slots.key;
    views.splice(low, isListed ? 1 : 0, ...(view ? [view] : []));
  }
  return Object.freeze(views);
}

/** The slots of all tables, with a journal: a transaction is kept whole or taken back whole. */
export class RowStore {
  readonly #tables = new Map<string, TableRows>();
  /** Slots changed since `begin`, with what stood there before. */
  #journal = new Map<Slots, Map<string, Version | undefined>>();
  readonly #touched: (slots: Slots) => void;

  /** `touched` hears of every row whose slots change, taken back or not. */
  constructor(tables: readonly Table[], touched: (slots: Slots) => void) {
    for (const table of tables) {
      assert(!this.#tables.has(table.name), `table "${table.name}" is declared twice`);
      this.#tables.set(table.name, { table, rows: new Map(), list: undefined, stale: new Set() });
    }
    this.#touched = touched;
  }

  tables(): readonly Table[] {
    return [...this.#tables.values()].map(({ table }) => table);
  }

  table(name: string): Table | undefined {
    return this.#tables.get(name)?.table;
  }

  slots(table: string, row: string): Slots | undefined {
    return this.#tables.get(table)?.rows.get(row);
  }

  begin(): void {
    this.#journal = new Map();
  }

  /** Puts a version into its slot. The table must be known. */
  set(version: Version): void {
    const tableRows = this.#tables.get(version.table);
    assert(tableRows, `table "${version.table}" is not declared`);
    let slots = tableRows.rows.get(version.row);
    if (!slots) {
      slots = { table: tableRows.table, key: version.row, fields: new Map(), view: undefined };
      tableRows.rows.set(version.row, slots);
    }
    let before = this.#journal.get(slots);
    if (!before) {
      before = new Map();
      this.#journal.set(slots, before);
    }
    if (!before.has(version.field)) before.set(version.field, slots.fields.get(version.field));
    slots.fields.set(version.field, version);
    this.#forget(tableRows, slots);
  }

  /** Ends the transaction; returns what now stands in the slots it changed. */
  commit(): readonly Version[] {
    const changed: Version[] = [];
    for (const [slots, fields] of this.#journal)
      for (const field of fields.keys()) changed.push(slots.fields.get(field)!);
    this.#journal = new Map();
    return changed;
  }

  /** Takes back everything since `begin`. */
  rollback(): void {
    for (const [slots, fields] of this.#journal) {
      for (const [field, before] of fields) {
        if (before) slots.fields.set(field, before);
        else slots.fields.delete(field);
      }
      const tableRows = this.#tables.get(slots.table.name)!;
      if (slots.fields.size === 0) tableRows.rows.delete(slots.key);
      this.#forget(tableRows, slots);
    }
    this.#journal = new Map();
  }

  #forget(tableRows: TableRows, slots: Slots): void {
    slots.view = undefined;
    if (tableRows.list !== undefined) {
      tableRows.stale.add(slots);
      if (tableRows.stale.size > staleRowsMax) {
        tableRows.list = undefined;
        tableRows.stale.clear();
      }
    }
    this.#touched(slots);
  }

  view(table: string, row: string): RowView | undefined {
    const slots = this.slots(table, row);
    if (!slots) return undefined;
    if (slots.view === undefined) slots.view = viewOf(slots);
    return slots.view ?? undefined;
  }

  /** The existing rows of a table, by key in code unit order. */
  views(table: string): readonly RowView[] {
    const tableRows = this.#tables.get(table);
    assert(tableRows, `table "${table}" is not declared`);
    if (tableRows.list && tableRows.stale.size > 0) {
      tableRows.list = mended(tableRows.list, tableRows.stale, (slots) => this.view(table, slots.key));
      tableRows.stale.clear();
    }
    if (!tableRows.list) {
      const views: RowView[] = [];
      for (const slots of tableRows.rows.values()) {
        if (slots.view === undefined) slots.view = viewOf(slots);
        if (slots.view) views.push(slots.view);
      }
      views.sort((a, b) => (a.key < b.key ? -1 : 1));
      tableRows.list = Object.freeze(views);
    }
    return tableRows.list;
  }

  /** Of one table, deleted rows included. */
  tableSlots(table: string): Iterable<Slots> {
    return this.#tables.get(table)?.rows.values() ?? [];
  }

  *allSlots(): Generator<Slots> {
    for (const { rows } of this.#tables.values()) yield* rows.values();
  }

  *versions(): Generator<Version> {
    for (const slots of this.allSlots()) yield* slots.fields.values();
  }
}
