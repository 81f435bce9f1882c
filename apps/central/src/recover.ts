/**
 * `tandem central recover`: sets aside what of this unit's state cannot be read, so that the unit starts as a blank one. In a
 * pair it then takes over its peer's configuration; alone it begins anew. Nothing is deleted.
 */
import { existsSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { DatabaseUnusable, damageOf } from "@tandem/storage/database";
import { diskTroubleOf } from "@tandem/storage/disk-trouble";
import { openSecretBox } from "@tandem/storage/secret-box";
import { openSqliteStore } from "@tandem/storage/sqlite-store";

export type SetAside = { readonly file: string; readonly why: string; readonly now: string };

/** SQLite's own files beside the database: without it they mean nothing, and beside another they would harm. */
const companions = ["", "-wal", "-shm"];

/** Throws when a file is in use: the unit must be stopped first. */
export function recover(stateDir: string, at: Date): readonly SetAside[] {
  const suffix = `damaged-${at.toISOString().replaceAll(":", "-")}`;
  const aside: SetAside[] = [];
  for (const name of readdirSync(stateDir).filter((each) => each.endsWith(".db"))) {
    const path = join(stateDir, name);
    const why = damageOf(path) ?? (name === "config.db" ? whyUnreadable(stateDir, path) : null);
    if (why === null) continue;
    for (const companion of companions)
      if (existsSync(path + companion)) renameSync(path + companion, `${path}.${suffix}${companion}`);
    aside.push({ file: name, why, now: `${name}.${suffix}` });
  }
  return aside;
}

/** A sound file of this unit's configuration may still be sealed with a key that is lost. */
function whyUnreadable(stateDir: string, path: string): string | null {
  const keyPath = join(stateDir, "secret.key");
  if (!existsSync(keyPath)) return "secret.key is missing";
  try {
    const store = openSqliteStore(path, openSecretBox(keyPath), () => false);
    try {
      store.stored();
    } finally {
      store.close();
    }
    return null;
  } catch (error) {
    // What would pass by itself, or with the right version, is no reason to set anything aside.
    if (error instanceof DatabaseUnusable || diskTroubleOf(error) !== null) throw error;
    return (error as Error).message;
  }
}
