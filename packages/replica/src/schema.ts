/**
 * A shared table is declared once (SPEC CH4): its key, its columns, for each column whether it is `shared`, `local`
 * or `derived`, and which columns merge together. The list of what is and is not synchronised is made from it.
 */
import { assert } from "@tandem/base/assert";
import { canonicalJson, type Json } from "@tandem/base/canonical-json";
import { sha256Hex } from "@tandem/base/digest";
import type { Static, TSchema } from "@tandem/base/schema";
import { nameMaxLength, sinceLatest } from "./constants.ts";

/** `shared` is synchronised; `local` belongs to one unit; `derived` is computed or read anew on each unit. */
export type Sync = "shared" | "local" | "derived";

export type Column = {
  readonly sync: Sync;
  readonly schema: TSchema;
  /** Encrypted at rest, left out of errors. */
  readonly secret?: true;
  /** What a row has that never said otherwise. A default is not stored as a version. */
  readonly default?: Json;
  /** The wire version that brought it, when that is later than the table's: rows of a peer before it lack it. */
  readonly since?: number;
};
export type Columns = { readonly [column: string]: Column };

type SharedName<C extends Columns> = {
  [Name in keyof C]: C[Name]["sync"] extends "shared" ? Name : never;
}[keyof C];

/** The shared columns of a row. Columns that are local or derived are kept elsewhere. */
export type RowOf<C extends Columns> = { readonly [Name in SharedName<C>]: Static<C[Name]["schema"]> };

/** What is versioned and merged as one: a merge group, or a lone column. */
export type Field = {
  readonly name: string;
  readonly columns: readonly string[];
  /** A group's value is an object of its columns; a lone column's is the column's value itself. */
  readonly grouped: boolean;
  /** True when any of its columns is. */
  readonly secret: boolean;
  /** The value without a version; undefined when a row cannot be created without it. */
  readonly default: Json | undefined;
  /** The first wire version whose program can hold it. */
  readonly since: number;
};

export type Table<C extends Columns = Columns> = {
  readonly name: string;
  /** The first wire version whose program can hold its rows. */
  readonly since: number;
  /** The row's key: a function of columns that never change while the row exists. */
  key(row: RowOf<C>): string;
  readonly columns: C;
  /** The shared columns as fields, by name. */
  readonly fields: ReadonlyMap<string, Field>;
  /** Shared column → the field it belongs to. */
  readonly fieldOfColumn: ReadonlyMap<string, Field>;
};

const namePattern = /^[a-z][A-Za-z0-9]*$/;
const checkName = (kind: string, name: string): void =>
  assert(namePattern.test(name) && name.length <= nameMaxLength, `${kind} name "${name}" is not camelCase`);

/**
 * Declares a table. `mergeGroups` maps a group's name to columns that must agree (address and port, say) and
 * therefore merge as one. A faulty declaration is a fault of the program and fails an assertion.
 */
export function defineTable<const C extends Columns>(declaration: {
  readonly name: string;
  /** The wire version that brought it; 1 when left out. */
  readonly since?: number;
  readonly key: (row: RowOf<C>) => string;
  readonly columns: C;
  readonly mergeGroups?: { readonly [group: string]: readonly SharedName<C>[] };
}): Table<C> {
  const { name, key, columns, since = 1 } = declaration;
  checkName("table", name);
  const sinceOf = (column: string): number => columns[column]?.since ?? since;
  const groups = declaration.mergeGroups ?? {};
  const fields = new Map<string, Field>();
  const fieldOfColumn = new Map<string, Field>();
  const add = (fieldName: string, members: readonly string[], grouped: boolean): void => {
    checkName("field", fieldName);
    assert(
      members.length > 0 && !fields.has(fieldName),
      `${name}: field "${fieldName}" is empty or declared twice`,
    );
    const defaults: { [column: string]: Json } = {};
    for (const member of members) {
      const column = columns[member];
      assert(
        column?.sync === "shared",
        `${name}: "${member}" of field "${fieldName}" is not a shared column`,
      );
      assert(!fieldOfColumn.has(member), `${name}: column "${member}" is in two merge groups`);
      assert(
        Number.isInteger(sinceOf(member)) && sinceOf(member) >= since && sinceOf(member) <= sinceLatest,
        `${name}: "${member}" is since no wire version that there is, or one before its table's`,
      );
      // A group's value is one: a peer that lacks a column of it could not read any of them.
      assert(
        sinceOf(member) === sinceOf(members[0]!),
        `${name}: the columns of "${fieldName}" differ in age`,
      );
      assert(
        sinceOf(member) === since || column.default !== undefined,
        `${name}: "${member}" is later than its table and needs a default for the rows of before`,
      );
      if (column.default !== undefined) defaults[member] = column.default;
    }
    const hasDefault = Object.keys(defaults).length === members.length;
    const field: Field = {
      name: fieldName,
      columns: members,
      grouped,
      secret: members.some((member) => columns[member]!.secret === true),
      default: !hasDefault ? undefined : grouped ? defaults : defaults[members[0]!],
      since: sinceOf(members[0]!),
    };
    fields.set(fieldName, field);
    for (const member of members) fieldOfColumn.set(member, field);
  };
  for (const [group, members] of Object.entries(groups)) {
    assert(!(group in columns), `${name}: merge group "${group}" has the name of a column`);
    add(group, members as readonly string[], true);
  }
  for (const [column, { sync }] of Object.entries(columns)) {
    checkName("column", column);
    if (sync === "shared" && !fieldOfColumn.has(column)) add(column, [column], false);
  }
  return { name, since, key, columns, fields, fieldOfColumn };
}

/** One line of the list of what is and is not synchronised (SPEC CH4). */
export type SynchronisedColumn = {
  readonly table: string;
  readonly column: string;
  readonly sync: Sync;
  readonly secret: boolean;
  /** The columns it merges with, itself included; empty when it is not shared. */
  readonly mergesWith: readonly string[];
};

/** Every table and column with its declaration, sorted by table, columns as declared. */
export function describeSynchronised(tables: readonly Table[]): readonly SynchronisedColumn[] {
  return [...tables]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((table) =>
      Object.entries(table.columns).map(([column, { sync, secret }]) => ({
        table: table.name,
        column,
        sync,
        secret: secret === true,
        mergesWith: table.fieldOfColumn.get(column)?.columns ?? [],
      })),
    );
}

/**
 * SHA-256 over the shared part of the declarations, as far as a program of wire version `upTo` has them: a test pins
 * it to that version.
 */
export function schemaDigest(tables: readonly Table[], upTo: number = sinceLatest): string {
  const shared = tables
    .filter((table) => table.since <= upTo)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((table) => ({
      table: table.name,
      fields: [...table.fields.values()]
        .filter(({ since }) => since <= upTo)
        .map((field) => ({
          name: field.name,
          grouped: field.grouped,
          columns: field.columns.map((column) => ({
            column,
            schema: JSON.parse(JSON.stringify(table.columns[column]!.schema)) as Json,
            secret: field.secret,
            default: table.columns[column]!.default ?? null,
          })),
        })),
    }));
  return sha256Hex(canonicalJson(shared));
}
