/**
 * Restoring a backup (pair-protocol I6), of which there are two wishes.
 *
 * - To go back (SPEC CH13): every difference between what was saved and what is now is written as a new edit. So it
 *   works in a pair as well, the peer gets it like any other change, and what it replaces is known to have been read.
 * - To replace a unit (SPEC ML5): the backup takes the place of this unit's state with its vector and pair. What the peer
 *   has beyond it comes back by merging.
 */
import { canonicalJson, type Json } from "@tandem/base/canonical-json";
import {
  type Restore,
  type RestoreDifference,
  type Restored,
  restoreDifferencesListedMax,
} from "@tandem/central-api/ha-backups";
import { createRow, deleteRow, type Edit, updateRow } from "@tandem/replica/edits";
import type { Replica } from "@tandem/replica/replica";
import type { RowView } from "@tandem/replica/rows";
import type { Table } from "@tandem/replica/schema";
import { Refusal, written } from "../refusal.ts";
import { type BackupPorts, knownWriter, openBackup } from "./backups.ts";

type Values = { readonly [column: string]: Json };
const valuesOf = (row: RowView): Values => row.values as Values;
const same = (a: Json | undefined, b: Json | undefined): boolean =>
  canonicalJson(a ?? null) === canonicalJson(b ?? null);

/** Shows what would change, and with `apply` makes it so. */
export async function restore(ports: BackupPorts, wanted: Restore, author: string): Promise<Restored> {
  const { pair } = ports;
  const backup = wanted.backup ?? pair.status().overwrittenBackup ?? "";
  const { replica, writer } = await openBackup(ports, backup, wanted.passPhrase);
  const { edits, differences } = compare(ports, replica);
  const shown = {
    backup,
    differences: differences.slice(0, restoreDifferencesListedMax),
    total: differences.length,
    acknowledged: null,
    savedAs: null,
    note: null,
  };
  if (wanted.as === "replace a unit") {
    const known = knownWriter(backup, writer);
    const fault = pair.faultOfReplacing(known);
    if (fault !== null) throw new Refusal(409, fault);
    const planned = { ...shown, note: noteOfReplacing(pair.status().peerUnit, known.pairId) };
    if (!wanted.apply) return { ...planned, applied: false };
    const savedAs = pair.replaceBy(replica, { file: backup, writer: known }, author);
    return { ...planned, applied: true, savedAs };
  }
  if (!wanted.apply) return { ...shown, applied: false };
  const acknowledged = written(await pair.write(edits, author, `backup ${backup} restored`));
  return { ...shown, applied: true, acknowledged };
}

const noteOfReplacing = (peer: string | null, pairId: string | null): string => {
  if (peer !== null)
    return "what the other unit has changed since the backup comes back by merging, as soon as the units meet";
  return pairId === null
    ? "this unit has no peer: it is then as the backup says"
    : "this unit has no peer, and the backup is of a pair: it executes nothing until HA is set up with the other unit; if that one is gone for good, remove it from the pair (Remove from pair, the other unit)";
};

function compare({ pair, tables }: BackupPorts, saved: Replica) {
  const edits: Edit[] = [];
  const differences: RestoreDifference[] = [];
  for (const table of tables) {
    const now = new Map(pair.rows(table).map((row) => [row.key, row]));
    for (const then of saved.rows(table)) {
      const present = now.get(then.key);
      now.delete(then.key);
      if (present === undefined) {
        edits.push(createRow(table, valuesOf(then)));
        differences.push(ofRow(table, then.key, "comes back"));
      } else {
        const changed = changedColumns(table, present, then);
        if (changed.length === 0) continue;
        const values = Object.fromEntries(changed.map((column) => [column, valuesOf(then)[column] as Json]));
        edits.push(updateRow(table, then.key, values, present.tag));
        for (const column of changed) differences.push(ofColumn(table, column, present, then));
      }
    }
    for (const { key, tag } of now.values()) {
      edits.push(deleteRow(table, key, tag));
      differences.push(ofRow(table, key, "goes"));
    }
  }
  return { edits, differences };
}

const changedColumns = (table: Table, now: RowView, then: RowView): readonly string[] =>
  [...table.fieldOfColumn.keys()].filter((column) => !same(valuesOf(now)[column], valuesOf(then)[column]));

const ofRow = (table: Table, row: string, what: "comes back" | "goes"): RestoreDifference => ({
  table: table.name,
  row,
  column: null,
  what,
  secret: false,
  now: null,
  saved: null,
});

function ofColumn(table: Table, column: string, now: RowView, then: RowView): RestoreDifference {
  const secret = table.columns[column]?.secret === true;
  return {
    table: table.name,
    row: now.key,
    column,
    what: "changes",
    secret,
    now: secret ? null : (valuesOf(now)[column] ?? null),
    saved: secret ? null : (valuesOf(then)[column] ?? null),
  };
}
