/** Backups of devices go to the file store, and are known to both units by a row that names them (SPEC CH5). */
import { sha256Hex } from "@tandem/base/digest";
import { ok } from "@tandem/base/result";
import { createRow } from "@tandem/replica/edits";
import type { FileStore } from "@tandem/storage/file-store";
import { snapshots } from "../files/tables.ts";
import type { SchedulePair, Snapshots } from "./ports.ts";

export const snapshotsIn = (files: Pick<FileStore, "put">, pair: SchedulePair): Snapshots => ({
  keep: ({ device, run, at, bytes, author }) => {
    const stored = files.put(bytes);
    if (!stored.ok) return stored;
    const { digest, size } = stored.value;
    // Where two Masters took the same run's backup, or one took it again after its disk was set back, each copy has a
    // row of its own: nobody's row is in conflict.
    const id = sha256Hex(`snapshot ${run} ${pair.identity.unit} ${digest} ${at}`).slice(0, 16);
    const edits = pair.row(snapshots, id)
      ? []
      : [createRow(snapshots, { id, device, at, digest, size, runId: run, author })];
    return ok({ digest, size, edits });
  },
  find: (run) => {
    const row = pair.rows(snapshots).find(({ values }) => values.runId === run);
    return row && { digest: row.values.digest, size: row.values.size };
  },
});
