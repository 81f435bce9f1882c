/** Named JSON documents in SQLite: small things that are replaced whole. */
import { canonicalJson, type Json } from "@tandem/base/canonical-json";
import type { Database } from "./database.ts";

export const documentTables =
  "CREATE TABLE documents (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID";

export class DocumentStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  get(name: string): Json | undefined {
    const row = this.#database.get("SELECT value FROM documents WHERE name = ?", name);
    return row === undefined ? undefined : (JSON.parse(row.value as string) as Json);
  }

  /** Documents whose names begin with `prefix`, by name. */
  list(prefix: string): readonly { readonly name: string; readonly value: Json }[] {
    return this.#database
      .all("SELECT name, value FROM documents WHERE substr(name, 1, length(?1)) = ?1 ORDER BY name", prefix)
      .map((row) => ({ name: row.name as string, value: JSON.parse(row.value as string) as Json }));
  }

  /** On disk when this returns, unless called within a transaction: then with it. Null removes the document. */
  set(name: string, value: Json): void {
    if (value === null) this.#database.run("DELETE FROM documents WHERE name = ?", name);
    else
      this.#database.run(
        "INSERT OR REPLACE INTO documents (name, value) VALUES (?, ?)",
        name,
        canonicalJson(value),
      );
  }
}

/** A file that holds documents alone: what is local to one unit and not part of the pair's transactions. */
export const documentMigrations: readonly string[] = [documentTables];
