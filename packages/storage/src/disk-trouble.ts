/**
 * Failures that are the disk's and may pass: full, read-only, unreadable for a while. Whoever meets one lets go,
 * waits and tries again; every other failure is the program's own fault or needs an operator.
 */

export type DiskTrouble = {
  readonly code: "disk-full" | "disk-read-only" | "disk-io";
  /** In words, with what the system said. */
  readonly cause: string;
  readonly remedy: string;
};

type Kind = DiskTrouble["code"];

/** Primary result codes of SQLite (https://sqlite.org/rescode.html); the extended ones keep them in the low byte. */
const bySqlite: { readonly [code: number]: Kind } = {
  8: "disk-read-only",
  10: "disk-io",
  13: "disk-full",
  14: "disk-io",
};
const byErrno: { readonly [code: string]: Kind } = {
  ENOSPC: "disk-full",
  EDQUOT: "disk-full",
  EFBIG: "disk-full",
  EROFS: "disk-read-only",
  EIO: "disk-io",
};
const words: { readonly [kind in Kind]: { readonly cause: string; readonly remedy: string } } = {
  "disk-full": {
    cause: "the disk that holds this unit's state is full",
    remedy: "free space on it, or enlarge it",
  },
  "disk-read-only": {
    cause: "the disk that holds this unit's state is read-only",
    remedy: "look into the system's log for why, and mount it read-write again",
  },
  "disk-io": {
    cause: "the disk that holds this unit's state fails",
    remedy: "look into the system's log, and replace the disk if need be",
  },
};

/** Null when the failure is not the disk's. */
export function diskTroubleOf(error: unknown): DiskTrouble | null {
  if (!(error instanceof Error)) return null;
  const { errcode, code, message } = error as { errcode?: unknown; code?: unknown; message: string };
  const kind =
    typeof errcode === "number"
      ? bySqlite[errcode & 0xff]
      : typeof code === "string"
        ? byErrno[code]
        : undefined;
  if (kind === undefined) return null;
  return { code: kind, cause: `${words[kind].cause} (${message})`, remedy: words[kind].remedy };
}
