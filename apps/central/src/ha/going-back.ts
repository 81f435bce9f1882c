/**
 * Restoring a backup (pair-protocol I6), of which there are two wishes.
 *
 * - To go back (SPEC CH13): every difference between what was saved and what is now is written as a new edit. So it
 *   works in a pair as well, the peer gets it like any other change, and what it replaces is known to have been read.
 * - To replace a unit (SPEC ML5): the backup takes the place of this unit's state with its vector and pair. What the peer
 *   has beyond it comes back by merging.
 */
import { setImmediate } from "node:timers/promises";
import { canonicalJson, type Json } from "@tandem/base/canonical-json";
import {
  type Restore,
  type RestoreDifference,
  type Restored,
  restoreDifferencesListedMax,
} from "@tandem/central-api/ha-backups";
import { editsPerWriteMax } from "@tandem/replica/constants";
import { createRow, deleteRow, type Edit, updateRow } from "@tandem/replica/edits";
import type { Replica } from "@tandem/replica/replica";
import type { RowView } from "@tandem/replica/rows";
import type { Table } from "@tandem/replica/schema";
import { inTurns } from "../in-turns.ts";
import { Refusal, written } from "../refusal.ts";
import type { Writer } from "./backup.ts";
import { type BackupPorts, beginSaving, knownWriter, openBackup } from "./backups.ts";

type Values = { readonly [column: string]: Json };
const valuesOf = (row: RowView): Values => row.values as Values;
const same = (a: Json | undefined, b: Json | undefined): boolean =>
  canonicalJson(a ?? null) === canonicalJson(b ?? null);

/** One at a time: each holds a whole state beside the present one. */
export class Restoring {
  readonly #ports: BackupPorts;
  #isUnderWay = false;

  constructor(ports: BackupPorts) {
    this.#ports = ports;
  }

  async restore(wanted: Restore, author: string): Promise<Restored> {
    if (this.#isUnderWay)
      throw new Refusal(409, {
        code: "restore-under-way",
        field: "",
        message: "a backup is being compared or restored on this unit",
        remedy: "try again when that has ended",
      });
    this.#isUnderWay = true;
    try {
      return await restore(this.#ports, wanted, author);
    } finally {
      this.#isUnderWay = false;
    }
  }
}

/** Shows what would change, and with `apply` makes it so. In turns, up to the one in which it is made so. */
export async function restore(ports: BackupPorts, wanted: Restore, author: string): Promise<Restored> {
  const { pair } = ports;
  const backup = wanted.backup ?? pair.status().overwrittenBackup ?? "";
  const { replica, writer } = await openBackup(ports, backup, wanted.passPhrase);
  const replacing = wanted.as === "replace a unit" ? knownWriter(backup, writer) : null;
  if (replacing !== null) mayReplace(ports, replacing);
  const { edits, differences } = await compare(ports, replica);
  const shown = {
    backup,
    differences: differences.slice(0, restoreDifferencesListedMax),
    total: differences.length,
    acknowledged: null,
    savedAs: null,
    note: replacing && noteOfReplacing(pair.status().peerUnit, replacing.pairId),
  };
  if (!wanted.apply) return { ...shown, applied: false };
  if (replacing !== null) {
    const savedAs = await replace(ports, replica, { file: backup, writer: replacing }, author);
    return { ...shown, applied: true, savedAs };
  }
  if (edits.length > editsPerWriteMax)
    throw new Refusal(409, {
      code: "too-many-differences",
      field: "backup",
      value: backup,
      message: `${edits.length} rows differ, and one change has at most ${editsPerWriteMax}`,
      remedy: 'restore it to "replace a unit", which takes the place of everything',
    });
  const acknowledged = written(await pair.write(edits, author, `backup ${backup} restored`));
  return { ...shown, applied: true, acknowledged };
}

function mayReplace({ pair }: BackupPorts, writer: Writer): void {
  const fault = pair.faultOfReplacing(writer);
  if (fault !== null) throw new Refusal(409, fault);
}

/** What is replaced is saved first, in turns; with what came in the meantime it is ended in the turn that replaces it. */
async function replace(
  ports: BackupPorts,
  replica: Replica,
  from: { readonly file: string; readonly writer: Writer },
  author: string,
): Promise<string> {
  const begun = await beginSaving(ports, "before-replacing", ports.pair.present().delta);
  try {
    // Much may have happened since it was asked first.
    mayReplace(ports, from.writer);
    return ports.pair.replaceBy(replica, from, author, begun);
  } finally {
    await begun.drop();
  }
}

const noteOfReplacing = (peer: string | null, pairId: string | null): string => {
  if (peer !== null)
    return "what the other unit has changed since the backup comes back by merging, as soon as the units meet";
  return pairId === null
    ? "this unit has no peer: it is then as the backup says"
    : "this unit has no peer, and the backup is of a pair: it executes nothing until HA is set up with the other unit; if that one is gone for good, remove it from the pair (Remove from pair, the other unit)";
};

/** Rows compared in one turn. */
const rowsPerTurn = 500;

async function compare({ pair, tables }: BackupPorts, saved: Replica) {
  const edits: Edit[] = [];
  const differences: RestoreDifference[] = [];
  for (const table of tables) {
    const now = new Map(pair.rows(table).map((row) => [row.key, row]));
    await setImmediate();
    for await (const rows of inTurns(saved.rows(table), rowsPerTurn))
      for (const then of rows) {
        const present = now.get(then.key);
        now.delete(then.key);
        if (present === undefined) {
          edits.push(createRow(table, valuesOf(then)));
          differences.push(ofRow(table, then.key, "comes back"));
        } else {
          const changed = changedColumns(table, present, then);
          if (changed.length === 0) continue;
          const values = Object.fromEntries(
            changed.map((column) => [column, valuesOf(then)[column] as Json]),
          );
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
