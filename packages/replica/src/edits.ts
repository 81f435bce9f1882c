/**
 * From what an author asks for to versions. Edits of one write succeed together or not at all; the caller takes
 * the store back when one fails.
 */
import type { Json } from "@tandem/base/canonical-json";
import type { UnitId } from "@tandem/base/ids";
import type { FieldError, Result } from "@tandem/base/result";
import { err, ok } from "@tandem/base/result";
import { Type } from "@tandem/base/schema";
import { schemaFaults } from "@tandem/base/schema-faults";
import type { WallMillis } from "@tandem/base/time";
import { type ConflictEntry, conflictLife, conflictsTable, type Resolution } from "./conflicts.ts";
import { rowKeyMaxLength } from "./constants.ts";
import { admitJson, isText } from "./json-value.ts";
import { lifeValue } from "./merge.ts";
import { columnsOf, isAlive, lifeOf, type RowStore, type Slots, standing, standingValue } from "./rows.ts";
import type { Columns, Field, RowOf, Table } from "./schema.ts";
import { lifeField, sameValue, type Version, type VersionId, versionId } from "./version.ts";

type Values = { readonly [column: string]: Json };

/**
 * What the author had read (V7). A row's tag, of which only the fields that the edit changes are compared, or the
 * versions of single fields; an empty tag: there was no row, which reads as its defaults. Left out only by the program
 * itself, when it read the row in the same turn: what stands there counts as read then.
 */
export type Expected = string | { readonly [field: string]: VersionId };

export type Edit =
  /** Columns left out get their default. */
  | { readonly kind: "create"; readonly table: string; readonly values: Values }
  /** Columns left out stay as they are. */
  | {
      readonly kind: "update";
      readonly table: string;
      readonly key: string;
      readonly values: Values;
      readonly expected?: Expected;
    }
  | { readonly kind: "delete"; readonly table: string; readonly key: string; readonly expected?: Expected }
  /** Puts the value that lost back, creating the row anew if need be, and marks the conflict as resolved. */
  | { readonly kind: "restore"; readonly conflict: VersionId; readonly expected?: Expected }
  /** What stands is right: marks the conflict as resolved. */
  | { readonly kind: "dismiss"; readonly conflict: VersionId };

/** The columns that an update may name, typed by the table. */
export type Changes<C extends Columns> = { readonly [Name in keyof RowOf<C>]?: RowOf<C>[Name] };

export const createRow = <C extends Columns>(table: Table<C>, values: Changes<C>): Edit => ({
  kind: "create",
  table: table.name,
  values: values as Values,
});

export const updateRow = <C extends Columns>(
  table: Table<C>,
  key: string,
  values: Changes<C>,
  expected?: Expected,
): Edit => ({
  kind: "update",
  table: table.name,
  key,
  values: values as Values,
  ...(expected !== undefined && { expected }),
});

export const deleteRow = <C extends Columns>(table: Table<C>, key: string, expected?: Expected): Edit => ({
  kind: "delete",
  table: table.name,
  key,
  ...(expected !== undefined && { expected }),
});

/** One field that moved on since the author read it. Values of secret fields are left out. */
export type FieldConflict = {
  /** "@life" when the row itself was deleted or created. */
  readonly field: string;
  /** What the author wanted; undefined for a deletion, and when secret. */
  readonly wanted: Json | undefined;
  /** What stands now; undefined when secret. */
  readonly current: Json | undefined;
  readonly secret: boolean;
  /** Who wrote what stands now, on which unit, and when there. */
  readonly author: string;
  readonly unit: UnitId;
  readonly at: WallMillis;
};

/** The author had not read what stands there now: HTTP 409, with both values. Nothing was written. */
export type WriteConflict = {
  readonly code: "write-conflict";
  readonly table: string;
  readonly key: string;
  /** The row's tag now, with which to try again; null when the row no longer exists. */
  readonly tag: string | null;
  readonly fields: readonly FieldConflict[];
};

export type WriteFailure = WriteConflict | FieldError;

/** Gives a value its version and puts it into the store. */
export type Put = (table: string, row: string, field: string, life: number, value: Json) => void;
export type Authorship = { readonly author: string; readonly unit: UnitId; readonly at: WallMillis };
type Done = Result<void, WriteFailure>;
const done: Done = ok(undefined);

const fail = (
  code: string,
  field: string,
  value: unknown,
  message: string,
  remedy: string,
): Result<never, FieldError> =>
  err(value === undefined ? { code, field, message, remedy } : { code, field, value, message, remedy });

/** Stages one edit; the first failure leaves the store half changed, for the caller to take back. */
export function stageEdit(store: RowStore, edit: Edit, put: Put, by: Authorship): Done {
  switch (edit.kind) {
    case "create":
      return create(store, edit, put);
    case "update":
      return update(store, edit, put);
    case "delete":
      return remove(store, edit, put);
    case "restore":
      return restore(store, edit, put, by);
    case "dismiss": {
      const found = findConflict(store, edit.conflict);
      if (!found.ok) return found;
      resolve(store, edit.conflict, "dismissed", put, by);
      return done;
    }
  }
}

function editableTable(store: RowStore, name: string): Result<Table, FieldError> {
  const table = name === conflictsTable.name ? undefined : store.table(name);
  return table
    ? ok(table)
    : fail("table-unknown", "table", name, `there is no table "${name}"`, "name a shared table");
}

const unknownRow = (table: string, key: string): Result<never, FieldError> =>
  fail(
    "row-unknown",
    table,
    key,
    `there is no "${key}" in ${table}`,
    "it may have been deleted: read the list anew",
  );

function create(store: RowStore, edit: Edit & { kind: "create" }, put: Put): Done {
  const found = editableTable(store, edit.table);
  if (!found.ok) return found;
  const table = found.value;
  const admitted = admitColumns(table, edit.values);
  if (!admitted.ok) return admitted;
  const values: { [column: string]: Json } = {};
  for (const column of Object.keys(table.columns)) {
    if (!table.fieldOfColumn.has(column)) continue;
    const value = admitted.value.get(column) ?? table.columns[column]!.default;
    if (value === undefined)
      return fail(
        "column-missing",
        column,
        undefined,
        `${column} is missing`,
        `give ${table.name} a ${column}`,
      );
    values[column] = value;
  }
  const key = table.key(values);
  if (!isText(key, rowKeyMaxLength) || key === "" || /\p{Cc}/u.test(key))
    return fail(
      "key-malformed",
      table.name,
      key,
      `"${key}" cannot name a row of ${table.name}`,
      `use 1 to ${rowKeyMaxLength} printable characters`,
    );
  const life = lifeOf(store.slots(table.name, key));
  if (isAlive(life))
    return fail(
      "row-exists",
      table.name,
      key,
      `"${key}" is already in ${table.name}`,
      "change the existing one",
    );
  return bringToLife(table, key, life + 1, put, (field) =>
    field.grouped
      ? Object.freeze(Object.fromEntries(field.columns.map((column) => [column, values[column]!])))
      : values[field.columns[0]!],
  );
}

/** Writes the life register and every field whose value is not its default. */
function bringToLife(
  table: Table,
  key: string,
  life: number,
  put: Put,
  valueFor: (field: Field) => Json | undefined,
): Done {
  put(table.name, key, lifeField, life, lifeValue(life));
  for (const field of table.fields.values()) {
    const value = valueFor(field);
    if (value === undefined)
      return fail(
        "row-incomplete",
        field.name,
        undefined,
        `${field.name} of "${key}" is not known any more`,
        "create the row anew with all its values",
      );
    if (!sameValue(value, field.default)) put(table.name, key, field.name, life, value);
  }
  return done;
}

function update(store: RowStore, edit: Edit & { kind: "update" }, put: Put): Done {
  const found = editableTable(store, edit.table);
  if (!found.ok) return found;
  const table = found.value;
  const admitted = admitColumns(table, edit.values);
  if (!admitted.ok) return admitted;
  const slots = store.slots(table.name, edit.key);
  if (!slots) return unknownRow(table.name, edit.key);
  const life = lifeOf(slots);
  if (!isAlive(life)) {
    if (edit.expected === undefined) return unknownRow(table.name, edit.key);
    return err(writeConflict(store, slots, [describeConflict(slots, lifeField, "exists", false)]));
  }
  const wanted = new Map<Field, Json>();
  for (const [column, value] of admitted.value) {
    const field = table.fieldOfColumn.get(column)!;
    if (!field.grouped) wanted.set(field, value);
    else {
      const present = wanted.get(field) ?? standingValue(slots, field, life) ?? {};
      wanted.set(field, Object.freeze({ ...columnsOf(field, present), [column]: value }));
    }
  }
  const changes = [...wanted].filter(
    ([field, value]) => !sameValue(value, standingValue(slots, field, life)),
  );
  const read = compareWithRead(store, slots, edit.expected, changes);
  if (!read.ok) return read;
  for (const [field, value] of changes) put(table.name, edit.key, field.name, life, value);
  const view = store.view(table.name, edit.key)!;
  if (table.key(view.values) !== edit.key)
    return fail(
      "key-fixed",
      table.name,
      table.key(view.values),
      `the key of "${edit.key}" cannot change`,
      "delete it and create another",
    );
  return done;
}

function remove(store: RowStore, edit: Edit & { kind: "delete" }, put: Put): Done {
  const found = editableTable(store, edit.table);
  if (!found.ok) return found;
  const slots = store.slots(edit.table, edit.key);
  const life = lifeOf(slots);
  if (!slots || !isAlive(life)) return unknownRow(edit.table, edit.key);
  return endLife(store, slots, life, edit.expected, put);
}

function endLife(
  store: RowStore,
  slots: Slots,
  life: number,
  expected: Expected | undefined,
  put: Put,
): Done {
  // A deletion replaces everything the row says, so all of it must have been read.
  const all: (readonly [Field, undefined])[] = [...slots.table.fields.values()].map((field) => [
    field,
    undefined,
  ]);
  const read = compareWithRead(store, slots, expected, all);
  if (!read.ok) return read;
  put(slots.table.name, slots.key, lifeField, life + 1, lifeValue(life + 1));
  return done;
}

function restore(store: RowStore, edit: Edit & { kind: "restore" }, put: Put, by: Authorship): Done {
  const found = findConflict(store, edit.conflict);
  if (!found.ok) return found;
  const entry = found.value;
  const table = editableTable(store, entry.table);
  if (!table.ok) return table;
  const slots = store.slots(entry.table, entry.row);
  const life = lifeOf(slots);
  const field = table.value.fields.get(entry.field);
  const result =
    entry.field === lifeField
      ? restoreLife(store, table.value, slots, life, entry, edit.expected, put)
      : field === undefined
        ? fail(
            "field-unknown",
            entry.field,
            undefined,
            `${entry.table} has no ${entry.field}`,
            "dismiss the conflict",
          )
        : restoreField(store, table.value, field, slots, life, entry, edit.expected, put);
  if (!result.ok) return result;
  resolve(store, edit.conflict, "restored", put, by);
  // Bringing a row back brings back the other values it lost with its life: their conflicts are over as well.
  for (const view of store.views(conflictsTable.name)) {
    const { entry: other, resolution } = conflictValues(view.values);
    if (resolution === null && other.table === entry.table && other.row === entry.row && stands(store, other))
      resolve(store, view.key, "restored", put, by);
  }
  return done;
}

function restoreLife(
  store: RowStore,
  table: Table,
  slots: Slots | undefined,
  life: number,
  entry: ConflictEntry,
  expected: Expected | undefined,
  put: Put,
): Done {
  if (!slots || lifeValue(life) === entry.value) return done;
  return isAlive(life)
    ? endLife(store, slots, life, expected, put)
    : revive(table, slots, entry.row, life, put, undefined, undefined);
}

function restoreField(
  store: RowStore,
  table: Table,
  field: Field,
  slots: Slots | undefined,
  life: number,
  entry: ConflictEntry,
  expected: Expected | undefined,
  put: Put,
): Done {
  for (const [column, value] of Object.entries(columnsOf(field, entry.value))) {
    const fits = admitColumn(table, column, value);
    if (!fits.ok) return fits;
  }
  if (!slots || !isAlive(life)) return revive(table, slots, entry.row, life, put, field, entry.value);
  if (sameValue(entry.value, standingValue(slots, field, life))) return done;
  const read = compareWithRead(store, slots, expected, [[field, entry.value]]);
  if (!read.ok) return read;
  put(table.name, entry.row, field.name, life, entry.value);
  return done;
}

/** Creates a deleted row anew as it was last, but for one field. */
function revive(
  table: Table,
  slots: Slots | undefined,
  key: string,
  life: number,
  put: Put,
  changed: Field | undefined,
  value: Json | undefined,
): Done {
  const last = new Map(
    [...table.fields.values()].map(
      (field) => [field, slots && standingValue(slots, field, life - 1)] as const,
    ),
  );
  return bringToLife(table, key, life + 1, put, (field) => (field === changed ? value : last.get(field)));
}

const conflictValues = (values: unknown): { entry: ConflictEntry; resolution: Resolution | null } =>
  values as { entry: ConflictEntry; resolution: Resolution | null };

function findConflict(store: RowStore, id: VersionId): Result<ConflictEntry, FieldError> {
  const view = store.view(conflictsTable.name, id);
  return view
    ? ok(conflictValues(view.values).entry)
    : fail(
        "conflict-unknown",
        "conflict",
        id,
        `there is no conflict "${id}"`,
        "read the list of conflicts anew",
      );
}

/** A resolution stands for ever, so that no exchange can reopen a conflict. */
function resolve(store: RowStore, id: VersionId, how: Resolution["how"], put: Put, by: Authorship): void {
  const slots = store.slots(conflictsTable.name, id)!;
  if (standing(slots, "resolution", conflictLife)) return;
  put(conflictsTable.name, id, "resolution", conflictLife, Object.freeze({ how, ...by }));
}

function stands(store: RowStore, entry: ConflictEntry): boolean {
  const slots = store.slots(entry.table, entry.row);
  const life = lifeOf(slots);
  if (!slots || entry.field === lifeField) return lifeValue(life) === entry.value;
  const field = slots.table.fields.get(entry.field);
  return isAlive(life) && field !== undefined && sameValue(entry.value, standingValue(slots, field, life));
}

/** The given columns, checked and frozen. */
function admitColumns(table: Table, values: Values): Result<ReadonlyMap<string, Json>, FieldError> {
  const admitted = new Map<string, Json>();
  for (const [column, value] of Object.entries(values)) {
    if (value === undefined) continue;
    const result = admitColumn(table, column, value);
    if (!result.ok) return result;
    admitted.set(column, result.value);
  }
  return ok(admitted);
}

function admitColumn(table: Table, name: string, value: Json): Result<Json, FieldError> {
  const column = Object.hasOwn(table.columns, name) ? table.columns[name] : undefined;
  if (!column)
    return fail("column-unknown", name, undefined, `${table.name} has no column "${name}"`, "leave it out");
  if (column.sync !== "shared")
    return fail(
      "column-not-shared",
      name,
      undefined,
      `${name} of ${table.name} is ${column.sync}`,
      "leave it out",
    );
  const admitted = admitJson(value);
  if (admitted === undefined)
    return fail(
      "value-malformed",
      name,
      undefined,
      `${name} is not JSON of a size that can be kept`,
      "shorten it",
    );
  const secret = new Set(column.secret ? [name] : []);
  const [fault] = schemaFaults(
    Type.Object({ [name]: column.schema }),
    { [name]: admitted },
    { whole: name, secret },
  );
  return fault === undefined ? ok(admitted) : err(fault);
}

/** Fails when a field that is to change is no longer what the author read. */
function compareWithRead(
  store: RowStore,
  slots: Slots,
  expected: Expected | undefined,
  changes: readonly (readonly [Field, Json | undefined])[],
): Done {
  if (expected === undefined) return done;
  const read = typeof expected === "string" ? parseRowTag(expected) : new Map(Object.entries(expected));
  if (!read)
    return fail(
      "tag-malformed",
      "tag",
      expected,
      "the tag is not one that was given out",
      "use the tag of the row",
    );
  const life = lifeOf(slots);
  const moved = changes.filter(([field]) => {
    // Single fields' tags say nothing about fields they do not name; a row's tag leaves out what stood at its default.
    const tag = read.get(field.name) ?? (typeof expected === "string" ? "" : undefined);
    return tag !== undefined && tag !== tagOf(standing(slots, field.name, life));
  });
  if (moved.length === 0) return done;
  return err(
    writeConflict(
      store,
      slots,
      moved.map(([field, wanted]) => describeConflict(slots, field.name, wanted, field.secret)),
    ),
  );
}

const tagOf = (version: Version | undefined): VersionId => (version ? versionId(version) : "");

function parseRowTag(tag: string): Map<string, VersionId> | undefined {
  const read = new Map<string, VersionId>();
  if (tag === "") return read;
  for (const part of tag.split(",")) {
    const match = /^(@?[A-Za-z0-9]+)~([0-9a-f]+\.[0-9]+)$/.exec(part);
    if (!match) return undefined;
    read.set(match[1]!, match[2]!);
  }
  return read;
}

function describeConflict(
  slots: Slots,
  name: string,
  wanted: Json | undefined,
  secret: boolean,
): FieldConflict {
  const life = lifeOf(slots);
  const field = slots.table.fields.get(name);
  // A field at its default was last said something about by whoever created the row.
  const said = standing(slots, name, life) ?? slots.fields.get(lifeField)!;
  const current = field ? standingValue(slots, field, life) : lifeValue(life);
  return {
    field: name,
    wanted: secret ? undefined : wanted,
    current: secret ? undefined : current,
    secret,
    author: said.author,
    unit: said.unit,
    at: said.at,
  };
}

const writeConflict = (store: RowStore, slots: Slots, fields: readonly FieldConflict[]): WriteConflict => ({
  code: "write-conflict",
  table: slots.table.name,
  key: slots.key,
  tag: store.view(slots.table.name, slots.key)?.tag ?? null,
  fields,
});
