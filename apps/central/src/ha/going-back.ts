/**
 * Restoring a backup to go back (SPEC CH13, pair-protocol I6): every difference between what was saved and what is now is
 * written as a new edit. So it works in a pair as well, the peer gets it like any other change, and what it
 * replaces is known to have been read.
 */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson, type Json } from "@tandem/base/canonical-json";
import {
  type Backup,
  type Restore,
  type RestoreDifference,
  type Restored,
  restoreDifferencesListedMax,
} from "@tandem/central-api/ha-backups";
import { createRow, deleteRow, type Edit, updateRow } from "@tandem/replica/edits";
import { Replica } from "@tandem/replica/replica";
import type { RowView } from "@tandem/replica/rows";
import type { Table } from "@tandem/replica/schema";
import type { SecretBox } from "@tandem/storage/secret-box";
import { Refusal, written } from "../refusal.ts";
import { readBackup } from "./backup.ts";
import type { HighAvailability } from "./shell.ts";

export type GoingBackPorts = {
  readonly pair: Pick<HighAvailability, "rows" | "write" | "status">;
  /** The shared tables. */
  readonly tables: readonly Table[];
  /** Where this unit's backups are. */
  readonly directory: string;
  readonly box: SecretBox;
};

type Values = { readonly [column: string]: Json };
const valuesOf = (row: RowView): Values => row.values as Values;
const same = (a: Json | undefined, b: Json | undefined): boolean =>
  canonicalJson(a ?? null) === canonicalJson(b ?? null);

const backupUnknown = (name: string): Refusal =>
  new Refusal(404, {
    code: "backup-unknown",
    field: "backup",
    value: name,
    message: name === "" ? "nothing of this unit was overwritten" : `this unit has no backup "${name}"`,
    remedy: "read the list of backups, and give one of their names",
  });

/** The newest first. */
export function listBackups({ directory, pair }: GoingBackPorts): Backup[] {
  const { overwrittenBackup } = pair.status();
  return namesIn(directory)
    .map((name) => {
      const { size, mtime } = statSync(join(directory, name));
      return { name, at: mtime.toISOString(), bytes: size, overwritten: name === overwrittenBackup };
    })
    .sort((a, b) => (a.at < b.at ? 1 : -1));
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).filter((name) => name.endsWith(".json"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** Shows what would change, and with `apply` makes it so. */
export async function goBack(ports: GoingBackPorts, wanted: Restore, author: string): Promise<Restored> {
  if (wanted.as === "replace a unit")
    throw new Refusal(400, {
      code: "not-yet",
      field: "as",
      value: wanted.as,
      message: "restoring a backup to replace a unit is not possible in this version",
      remedy:
        "remove the unit from the pair, and set a new one up as Slave: it gets the whole configuration from the Master",
    });
  const backup = wanted.backup ?? ports.pair.status().overwrittenBackup ?? "";
  if (!namesIn(ports.directory).includes(backup)) throw backupUnknown(backup);
  const { edits, differences } = compare(ports, savedState(ports, backup));
  const shown = {
    backup,
    differences: differences.slice(0, restoreDifferencesListedMax),
    total: differences.length,
  };
  if (!wanted.apply) return { ...shown, applied: false, acknowledged: null };
  const acknowledged = written(await ports.pair.write(edits, author, `backup ${backup} restored`));
  return { ...shown, applied: true, acknowledged };
}

function savedState({ directory, tables, box }: GoingBackPorts, name: string): Replica {
  const unreadable = (why: string): Refusal =>
    new Refusal(400, {
      code: "backup-unreadable",
      field: "backup",
      value: name,
      message: `the backup "${name}" cannot be read: ${why}`,
      remedy:
        "choose another; a backup is read with the version and the secret.key of the unit that wrote it",
    });
  let loaded: ReturnType<typeof Replica.load>;
  try {
    loaded = Replica.load(tables, readBackup(join(directory, name), box), "");
  } catch (error) {
    throw unreadable((error as Error).message);
  }
  if (!loaded.ok) throw unreadable(JSON.stringify(loaded.error));
  return loaded.value;
}

function compare({ pair, tables }: GoingBackPorts, saved: Replica) {
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
