/** Conflicts (SPEC CH20) as an operator works with them: what lost, what stands, and one action for either. */
import type { Json } from "@tandem/base/canonical-json";
import type { UnitId } from "@tandem/base/ids";
import type { FieldError } from "@tandem/base/result";
import { type Conflict, type ConflictResolved, conflictsListedMax } from "@tandem/central-api/ha-conflicts";
import type { Conflict as KnownConflict } from "@tandem/replica/conflicts";
import type { Edit } from "@tandem/replica/edits";
import type { RowView } from "@tandem/replica/rows";
import type { Table } from "@tandem/replica/schema";
import { lifeField } from "@tandem/replica/version";
import { Refusal, written } from "../refusal.ts";
import type { HighAvailability } from "./shell.ts";

/** What these actions use of the pair. */
export type ConflictSurface = Pick<HighAvailability, "conflicts" | "row" | "write" | "unitName">;

const iso = (at: number): string => new Date(at).toISOString();

type Standing = { readonly row: RowView | undefined; readonly value: Json; readonly tag: string };

/** What stands in the place of the value that lost. */
function standingOf(pair: ConflictSurface, tables: readonly Table[], conflict: KnownConflict): Standing {
  const table = tables.find(({ name }) => name === conflict.table);
  const row = table && pair.row(table, conflict.row);
  if (table === undefined || row === undefined) return { row: undefined, value: null, tag: "gone" };
  if (conflict.field === lifeField) return { row, value: "exists", tag: `exists:${row.tag}` };
  const values = row.values as { readonly [column: string]: Json };
  const field = table.fields.get(conflict.field);
  const value =
    field === undefined
      ? null
      : field.grouped
        ? Object.fromEntries(field.columns.map((column) => [column, values[column] ?? null]))
        : (values[field.columns[0] as string] ?? null);
  return { row, value, tag: `is:${row.tags[conflict.field] || "default"}` };
}

function shown(pair: ConflictSurface, tables: readonly Table[], conflict: KnownConflict): Conflict {
  const standing = standingOf(pair, tables, conflict);
  const { resolution } = conflict;
  const name = (unit: UnitId): string => pair.unitName(unit);
  return {
    id: conflict.id,
    table: conflict.table,
    row: conflict.row,
    field: conflict.field,
    secret: conflict.secret,
    lost: conflict.secret ? null : conflict.value,
    stands: conflict.secret ? null : standing.value,
    rowExists: standing.row !== undefined,
    author: conflict.author,
    unit: name(conflict.unit),
    at: iso(conflict.at),
    resolution: resolution && {
      how: resolution.how,
      author: resolution.author,
      unit: name(resolution.unit),
      at: iso(resolution.at),
    },
    tag: standing.tag,
  };
}

/** The newest first. */
export function listConflicts(
  pair: ConflictSurface,
  tables: readonly Table[],
  state: "open" | "resolved" | "all" = "open",
): { readonly conflicts: Conflict[]; readonly open: number; readonly resolved: number } {
  const all = pair.conflicts();
  const open = all.filter(({ resolution }) => resolution === null);
  const wanted =
    state === "all" ? all : state === "open" ? open : all.filter(({ resolution }) => resolution !== null);
  return {
    conflicts: [...wanted]
      .sort((a, b) => b.at - a.at || (a.id < b.id ? -1 : 1))
      .slice(0, conflictsListedMax)
      .map((conflict) => shown(pair, tables, conflict)),
    open: open.length,
    resolved: all.length - open.length,
  };
}

const inWords = (value: unknown): string => JSON.stringify(value);

/** Both values, as the reader of a 409 needs them. */
function movedOn(conflict: Conflict): FieldError {
  const now = !conflict.rowExists
    ? "was removed"
    : conflict.secret
      ? "has another (secret) value"
      : `is now ${inWords(conflict.stands)}`;
  const lost = conflict.secret ? "" : `; the value that lost is ${inWords(conflict.lost)}`;
  return {
    code: "moved-on",
    field: conflict.field,
    ...(conflict.secret ? {} : { value: conflict.lost }),
    message: `${conflict.field} of "${conflict.row}" in ${conflict.table} ${now}, after the list was read${lost}`,
    remedy: "read the list of conflicts anew, and decide again",
  };
}

/** A value would come back where nobody reads it: its switch was turned since (CH4). */
function rowOver(conflict: Conflict): FieldError {
  const what = conflict.secret
    ? "enter the value anew where it is kept now"
    : `change ${conflict.field} where it is kept now, if ${inWords(conflict.lost)} should stand`;
  return {
    code: "row-over",
    field: "id",
    value: conflict.id,
    message: `"${conflict.row}" in ${conflict.table} is not what is used any more: its synchronisation was turned on or off since`,
    remedy: `${what}, and dismiss the conflict`,
  };
}

/**
 * `tag`: what stood when the operator decided; absent = whatever stands now. `isOver`: of a row that nobody reads any
 * more.
 */
export async function resolveConflict(
  pair: ConflictSurface,
  tables: readonly Table[],
  id: string,
  how: "restore" | "dismiss",
  tag: string | undefined,
  author: string,
  isOver: (table: string, row: string) => boolean,
): Promise<ConflictResolved> {
  const known = (): KnownConflict => {
    const conflict = pair.conflicts().find((each) => each.id === id);
    if (conflict) return conflict;
    throw new Refusal(404, {
      code: "conflict-unknown",
      field: "id",
      value: id,
      message: `there is no conflict "${id}"`,
      remedy: "read the list of conflicts anew",
    });
  };
  const conflict = shown(pair, tables, known());
  if (conflict.resolution !== null)
    throw new Refusal(409, {
      code: "conflict-resolved",
      field: "id",
      value: id,
      message: `this conflict was ${conflict.resolution.how} by ${conflict.resolution.author} on ${conflict.resolution.unit} at ${conflict.resolution.at}`,
      remedy: "change the row itself if it should be otherwise",
    });
  if (how === "restore" && isOver(conflict.table, conflict.row)) throw new Refusal(409, rowOver(conflict));
  if (tag !== undefined && tag !== conflict.tag) throw new Refusal(409, movedOn(conflict));
  const { row } = standingOf(pair, tables, known());
  const place = `${conflict.field} of ${conflict.row}`;
  const edit: Edit =
    how === "dismiss"
      ? { kind: "dismiss", conflict: id }
      : { kind: "restore", conflict: id, ...(row && { expected: row.tag }) };
  const acknowledged = written(
    await pair.write(
      [edit],
      author,
      `conflict over ${place} ${how === "restore" ? "restored" : "dismissed"}`,
    ),
  );
  return { ...shown(pair, tables, known()), acknowledged };
}
