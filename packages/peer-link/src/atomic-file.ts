import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Replaces `path` with `content` so that after a crash at any moment it holds either the old or the new
 * content whole: written beside it, flushed, renamed, and the directory flushed (rename(2), fsync(2)).
 */
export async function writeFileAtomically(
  path: string,
  content: string | Uint8Array,
  mode: number,
): Promise<void> {
  const beside = `${path}.${randomBytes(6).toString("hex")}.new`;
  try {
    const file = await open(beside, "wx", mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
  const directory = await open(dirname(path), "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** The same, done when it returns: for a step that must be on disk before the next line runs. */
export function writeFileAtomicallySync(path: string, content: string | Uint8Array, mode: number): void {
  const beside = `${path}.${randomBytes(6).toString("hex")}.new`;
  try {
    const file = openSync(beside, "wx", mode);
    try {
      writeFileSync(file, content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameFlushedSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}

/** Gives a file that is on disk its name, which is on disk too when it returns. */
export function renameFlushedSync(from: string, to: string): void {
  renameSync(from, to);
  const directory = openSync(dirname(to), "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
