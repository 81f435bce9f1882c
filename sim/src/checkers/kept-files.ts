/** CH5, CH22: a backup that is said to be taken has its row, and every file that a row names is on the disk, byte for byte. */
import { sha256Hex } from "@tandem/base/digest";
import type { Report } from "./violation.ts";

export type BackupRun = { readonly run: string; readonly state: string; readonly digest: string | undefined };
export type KeptCopy = { readonly run: string | null; readonly digest: string };

/** At any moment, of one unit's rows. */
export function checkBackups(
  unit: string,
  runs: Iterable<BackupRun>,
  copies: readonly KeptCopy[],
  report: Report,
): void {
  const known = new Set(copies.map(({ run, digest }) => `${run} ${digest}`));
  for (const { run, state, digest } of runs)
    if (state === "proved" && !known.has(`${run} ${digest}`))
      report(`${unit} says that the backup ${run.slice(0, 8)} was taken, and no row names the copy`);
}

/** What nobody has any more, since disks were lost, is in `lost`. Answers what is still on its way. */
export function checkFiles(
  unit: string,
  copies: readonly KeptCopy[],
  files: ReadonlyMap<string, Uint8Array>,
  lost: ReadonlySet<string>,
  report: Report,
): readonly string[] {
  const missing: string[] = [];
  for (const { digest } of copies) {
    const bytes = files.get(digest);
    if (bytes === undefined) {
      if (!lost.has(digest)) missing.push(digest);
    } else if (sha256Hex(bytes) !== digest)
      report(`${unit} holds under ${digest.slice(0, 8)} a file that is not what it is called`);
  }
  return missing;
}
