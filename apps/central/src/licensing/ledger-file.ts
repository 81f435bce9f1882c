/** The ledger's file: named documents in SQLite, and the same in memory. */
import type { Json } from "@tandem/base/canonical-json";
import { Database } from "@tandem/storage/database";
import { DocumentStore, documentMigrations } from "@tandem/storage/document-store";
import type { LedgerFile } from "./ports.ts";

/** Throws `DatabaseUnusable` with a remedy in words. */
export function openLedgerFile(path: string): LedgerFile {
  const database = new Database(path, documentMigrations);
  const documents = new DocumentStore(database);
  return {
    list: (prefix) => documents.list(prefix),
    set: (changes) =>
      database.transaction(() => {
        for (const { name, value } of changes) documents.set(name, value);
      }),
    close: () => database.close(),
  };
}

/** What outlives the process that opened it is in `documents`. */
export const ledgerInMemory = (documents: Map<string, Json>): LedgerFile => ({
  list: (prefix) =>
    [...documents]
      .filter(([name]) => name.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => ({ name, value })),
  set: (changes) => {
    for (const { name, value } of changes)
      if (value === null) documents.delete(name);
      else documents.set(name, JSON.parse(JSON.stringify(value)) as Json);
  },
  close: () => {},
});
