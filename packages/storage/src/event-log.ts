/** The timeline in SQLite: append, newest first, bounded. */
import { canonicalJson, type Json } from "@tandem/base/canonical-json";
import type { Database } from "./database.ts";
import { eventsKeptMax } from "./store.ts";

export const eventTables =
  "CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL) STRICT";

export class EventLog {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  append(event: Json): void {
    this.#database.run("INSERT INTO events (event) VALUES (?)", canonicalJson(event));
    this.#database.run("DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ?", eventsKeptMax);
  }

  newest(limit: number): readonly Json[] {
    return this.#database
      .all("SELECT event FROM events ORDER BY id DESC LIMIT ?", limit)
      .map((row) => JSON.parse(row.event as string) as Json);
  }
}
