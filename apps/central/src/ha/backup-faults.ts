/** What is wrong with a backup, and the way out. */
import type { FieldError } from "@tandem/base/result";
import type { LoadFailure } from "@tandem/replica/replica";

export const backupFormat = "tandem-central-backup";
export const portableFormat = "tandem-central-portable-1";

const field = "backup";

export function faultOfFormat(format: unknown): FieldError | null {
  if (format === portableFormat) return null;
  if (format === backupFormat)
    return {
      code: "backup-not-portable",
      field,
      message: "this is a backup as a unit keeps it for itself: its secrets open on that unit alone",
      remedy: "download it from the unit that wrote it, which seals it under a pass phrase",
    };
  const later = /^tandem-central-portable-(\d{1,6})$/.exec(String(format));
  return later === null ? noBackup() : laterVersion(`format ${later[1]}`);
}

export const laterVersion = (what: string): FieldError => ({
  code: "backup-of-later-version",
  field,
  message: `the backup was written by a later version of Central (${what})`,
  remedy: "upgrade this unit to that version first",
});

export const notWhole = (): FieldError => ({
  code: "backup-not-whole",
  field,
  message: "the backup is not whole",
  remedy: "look whether the file was cut off on its way, and send it again",
});

export const noBackup = (): FieldError => ({
  code: "not-a-backup",
  field,
  message: "the file is no backup of a Central",
  remedy: "send the file that downloading a backup gave",
});

export const unreadable = (why: string): FieldError => ({
  code: "backup-unreadable",
  field,
  message: `the backup cannot be read: ${why}`,
  remedy: "download it anew from the unit that wrote it",
});

export const passPhraseFault = (fault: "pass-phrase-missing" | "not-opened"): FieldError => ({
  code: fault === "not-opened" ? "pass-phrase-wrong" : fault,
  field: "passPhrase",
  message:
    fault === "not-opened" ? "the pass phrase does not open the backup" : "the backup is under a pass phrase",
  remedy: "give the pass phrase that it was downloaded with; if it is right, the file was changed on its way",
});

/** Why what a backup holds makes no state of this program. */
export function faultOfLoading(failure: LoadFailure): FieldError {
  switch (failure.code) {
    case "unknown-table":
      return laterVersion(`it knows ${failure.table}`);
    case "unknown-field":
      return laterVersion(`it knows ${failure.table} ${failure.field}`);
    default:
      return unreadable(failure.code);
  }
}
