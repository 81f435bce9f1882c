/** Timelines in SQLite, this unit's own and those of others: append, read from either end, bounded. */
import { canonicalJson, type Json } from "@tandem/base/canonical-json";
import type { Database, Row } from "./database.ts";
import { eventsKeptMax, foreignLogsMax, type NumberedEvent, ownEvents } from "./store.ts";

export const eventTables =
  "CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL) STRICT";

/** The second format: every log under its source. `turn` orders the logs by when they were last written to. */
export const numberedEventTables = `
  CREATE TABLE timeline (
    source TEXT NOT NULL, number INTEGER NOT NULL, event TEXT NOT NULL,
    PRIMARY KEY (source, number)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE foreign_logs (source TEXT PRIMARY KEY, turn INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO timeline (source, number, event) SELECT '', id, event FROM events;
  DROP TABLE events`;

const numbered = (row: Row): NumberedEvent => ({
  number: Number(row.number),
  event: JSON.parse(row.event as string) as Json,
});

export class EventLog {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  append(event: Json): void {
    this.#put(ownEvents, this.#newestNumber(ownEvents) + 1, event);
    this.#prune(ownEvents);
  }

  take(source: string, events: readonly NumberedEvent[]): void {
    for (const { number, event } of events) this.#put(source, number, event);
    this.#prune(source);
    this.#database.run(
      "INSERT OR REPLACE INTO foreign_logs (source, turn) VALUES (?, (SELECT coalesce(max(turn), 0) + 1 FROM foreign_logs))",
      source,
    );
    this.#database.run(
      "DELETE FROM foreign_logs WHERE source NOT IN (SELECT source FROM foreign_logs ORDER BY turn DESC LIMIT ?)",
      foreignLogsMax,
    );
    this.#database.run(
      "DELETE FROM timeline WHERE source <> ? AND source NOT IN (SELECT source FROM foreign_logs)",
      ownEvents,
    );
  }

  foreignLogs(): readonly string[] {
    return this.#database
      .all("SELECT source FROM foreign_logs ORDER BY turn DESC")
      .map((row) => row.source as string);
  }

  before(source: string, before: number, limit: number): readonly NumberedEvent[] {
    return this.#database
      .all(
        "SELECT number, event FROM timeline WHERE source = ? AND number < ? ORDER BY number DESC LIMIT ?",
        source,
        before,
        limit,
      )
      .map(numbered);
  }

  after(source: string, after: number, limit: number): readonly NumberedEvent[] {
    return this.#database
      .all(
        "SELECT number, event FROM timeline WHERE source = ? AND number > ? ORDER BY number LIMIT ?",
        source,
        after,
        limit,
      )
      .map(numbered);
  }

  #put(source: string, number: number, event: Json): void {
    this.#database.run(
      "INSERT OR REPLACE INTO timeline (source, number, event) VALUES (?, ?, ?)",
      source,
      number,
      canonicalJson(event),
    );
  }

  #newestNumber(source: string): number {
    const row = this.#database.get("SELECT max(number) AS newest FROM timeline WHERE source = ?", source);
    return Number(row?.newest ?? 0);
  }

  #prune(source: string): void {
    this.#database.run(
      "DELETE FROM timeline WHERE source = ? AND number <= ?",
      source,
      this.#newestNumber(source) - eventsKeptMax,
    );
  }
}
