/**
 * Notification targets as they were kept before their rows could be shared: whole documents in a file of their own,
 * secrets sealed. They become rows at the first start that finds them; only then the file goes.
 */
import { existsSync, rmSync } from "node:fs";
import { Database } from "@tandem/storage/database";
import { DocumentStore, documentMigrations } from "@tandem/storage/document-store";
import type { SecretBox } from "@tandem/storage/secret-box";
import type { Target } from "./target.ts";

export type FormerTargets = {
  readonly targets: readonly Target[];
  /** Once they are rows on the disk. Throws what the disk says. */
  remove(): void;
};

const prefix = "target/";
const withoutEmail = { security: "starttls", user: "", from: "", to: [] } as const;

/** None where there is no such file. Throws when it cannot be read; it is left as it is. */
export function readFormerTargets(path: string, box: SecretBox): FormerTargets {
  const remove = (): void => {
    for (const suffix of ["", "-wal", "-shm"]) rmSync(`${path}${suffix}`, { force: true });
  };
  if (!existsSync(path)) return { targets: [], remove };
  const database = new Database(path, documentMigrations);
  try {
    const targets = new DocumentStore(database).list(prefix).map(({ name, value }): Target => {
      const kept = value as unknown as Omit<Target, "tag">;
      const secret = kept.secret === "" ? "" : box.open(name, kept.secret);
      return { ...withoutEmail, ...kept, secret, tag: "" };
    });
    return { targets, remove };
  } finally {
    database.close();
  }
}
