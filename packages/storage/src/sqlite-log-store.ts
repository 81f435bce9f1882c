/**
 * Log lines in SQLite, one file for each day of reception: `<folder>/2026-11-25.db`. One store writes; others, in
 * other threads, may search meanwhile. A search opens what it needs anew each time, so that it never holds a file
 * that retention has removed, or that was set aside as damaged.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { Database, isDamage, type Row } from "./database.ts";
import {
  beginOfDay,
  dayOf,
  endOfDay,
  expiredDays,
  isAscii,
  type LogLine,
  type LogPage,
  type LogPosition,
  type LogQuery,
  type LogStore,
  type StoredLine,
  textMatcher,
} from "./log-store.ts";

const migrations: readonly string[] = [
  `CREATE TABLE lines (
    id INTEGER PRIMARY KEY, received INTEGER NOT NULL, source TEXT NOT NULL, device TEXT,
    severity INTEGER, facility INTEGER, said_time TEXT, host TEXT, app TEXT, procid TEXT, msgid TEXT,
    structured_data TEXT, message TEXT NOT NULL
  ) STRICT;
  CREATE INDEX lines_by_reception ON lines(received);
  CREATE INDEX lines_by_origin ON lines(coalesce(device, source), received);`,
];

/** Days whose files are kept open for writing: around midnight there are two. */
const openDaysMax = 2;
/** Lines looked at between two questions whether to stop. */
const windowLinesDefault = 50_000;

export type SqliteLogStoreOptions = {
  /** A damaged file was renamed to `file`; a new one is begun when there are lines for it. */
  readonly onSetAside?: (day: string, file: string, reason: string) => void;
  /** A search passed over this day because its file is damaged. */
  readonly onUnreadable?: (day: string, reason: string) => void;
  readonly windowLines?: number;
};

export class SqliteLogStore implements LogStore {
  readonly #folder: string;
  readonly #options: SqliteLogStoreOptions;
  readonly #open = new Map<string, Database>();

  constructor(folder: string, options: SqliteLogStoreOptions = {}) {
    this.#folder = folder;
    this.#options = options;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  append(lines: readonly LogLine[]): void {
    const byDay = new Map<string, LogLine[]>();
    for (const line of lines) {
      const day = dayOf(line.receivedAt);
      const ofDay = byDay.get(day);
      if (ofDay) ofDay.push(line);
      else byDay.set(day, [line]);
    }
    for (const [day, ofDay] of byDay) this.#appendTo(day, ofDay);
  }

  #appendTo(day: string, lines: readonly LogLine[]): void {
    try {
      insertAll(this.#writable(day), lines);
    } catch (error) {
      // A handle that has failed is not used again: the next attempt opens the file anew.
      this.#closeDay(day);
      if (!isDamage(error)) throw error;
      this.setAside(day, (error as Error).message);
      insertAll(this.#writable(day), lines);
    }
  }

  #writable(day: string): Database {
    const open = this.#open.get(day);
    if (open) return open;
    const database = new Database(this.#path(day), migrations, { as: "one writer" });
    this.#open.set(day, database);
    for (const oldest of [...this.#open.keys()].slice(0, -openDaysMax)) this.#closeDay(oldest);
    return database;
  }

  #closeDay(day: string): void {
    this.#open.get(day)?.close();
    this.#open.delete(day);
  }

  /** A damaged day's file is kept under another name, with the log that SQLite may still need to read it. */
  setAside(day: string, reason: string): void {
    this.#closeDay(day);
    if (!existsSync(this.#path(day))) return;
    const free = (number: number): string => `${day}.damaged-${number}.db`;
    let number = 1;
    while (existsSync(join(this.#folder, free(number)))) number += 1;
    const aside = free(number);
    for (const suffix of suffixes)
      if (existsSync(`${this.#path(day)}${suffix}`))
        renameSync(`${this.#path(day)}${suffix}`, join(this.#folder, `${aside}${suffix}`));
    this.#options.onSetAside?.(day, join(this.#folder, aside), reason);
  }

  search(query: LogQuery, isOver: () => boolean = () => false): LogPage {
    const { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY, before } = query;
    // Ids begin at 1: nothing that was received in that very millisecond stands before 0.
    const end = Math.min(
      until,
      before === undefined ? Number.POSITIVE_INFINITY : before.receivedAt + (before.id > 0 ? 1 : 0),
    );
    const days = this.#dayNames().filter((day) => beginOfDay(day) < end && endOfDay(day) > since);
    const lines: StoredLine[] = [];
    for (const [index, day] of days.entries()) {
      if (index > 0 && isOver()) return { lines, next: { receivedAt: endOfDay(day), id: 0 } };
      const next = this.#searchDay(day, query, lines, isOver);
      if (next !== null) return { lines, next };
    }
    return { lines, next: null };
  }

  /** Adds to `lines`; answers where it stopped before the day was at its end. A day that has just expired has nothing. */
  #searchDay(day: string, query: LogQuery, lines: StoredLine[], isOver: () => boolean): LogPosition | null {
    let database: Database | undefined;
    const found = lines.length;
    try {
      database = new Database(this.#path(day), migrations, { as: "reader" });
      return searchIn(database, query, lines, isOver, this.#options.windowLines ?? windowLinesDefault);
    } catch (error) {
      if (isDamage(error)) this.#options.onUnreadable?.(day, (error as Error).message);
      else if (existsSync(this.#path(day))) throw error;
      lines.length = found;
      return null;
    } finally {
      database?.close();
    }
  }

  days(): readonly { readonly day: string; readonly bytes: number }[] {
    return this.#dayNames().map((day) => ({
      day,
      bytes: suffixes.reduce(
        (bytes, suffix) =>
          bytes + (statSync(`${this.#path(day)}${suffix}`, { throwIfNoEntry: false })?.size ?? 0),
        0,
      ),
    }));
  }

  expire(today: string, retentionDays: number): readonly string[] {
    const expired = expiredDays(this.#dayNames(), today, retentionDays);
    for (const day of expired) {
      this.#closeDay(day);
      for (const suffix of suffixes) rmSync(`${this.#path(day)}${suffix}`, { force: true });
    }
    return expired;
  }

  close(): void {
    for (const day of [...this.#open.keys()]) this.#closeDay(day);
  }

  #path(day: string): string {
    return join(this.#folder, `${day}.db`);
  }

  /** The newest first. Files with other names, such as those set aside, are nobody's but the operator's. */
  #dayNames(): string[] {
    return readdirSync(this.#folder)
      .filter((name) => /^\d{4}-\d\d-\d\d\.db$/.test(name))
      .map((name) => name.slice(0, -3))
      .sort()
      .reverse();
  }
}

const suffixes = ["", "-wal", "-shm"] as const;

const insert =
  "INSERT INTO lines (received, source, device, severity, facility, said_time, host, app, procid, msgid, structured_data, message) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

function insertAll(database: Database, lines: readonly LogLine[]): void {
  database.transaction(() => {
    for (const line of lines)
      database.run(
        insert,
        line.receivedAt,
        line.source,
        line.device,
        line.severity,
        line.facility,
        line.time,
        line.host,
        line.app,
        line.procid,
        line.msgid,
        line.structuredData,
        line.message,
      );
  });
}

/** Strictly before a position, in an index's order: `received` twice, then `id`. */
const strictlyBefore = "received <= ? AND (received < ? OR id < ?)";
const from = "(received > ? OR (received = ? AND id >= ?)) AND received >= ?";
const order = "ORDER BY received DESC, id DESC";

/**
 * Looks through one day in windows of so many lines, so that a search for what is rare can be stopped: it goes on from
 * there when the next page is asked for.
 */
function searchIn(
  database: Database,
  query: LogQuery,
  lines: StoredLine[],
  isOver: () => boolean,
  windowLines: number,
): LogPosition | null {
  if (Number(database.get("PRAGMA user_version")?.user_version) === 0) return null;
  const { sql, values } = filters(database, query);
  const since = Math.max(query.since ?? 0, 0);
  let upper: LogPosition = { receivedAt: query.until ?? Number.MAX_SAFE_INTEGER, id: 0 };
  if (query.before && (query.until === undefined || query.before.receivedAt < query.until))
    upper = query.before;
  for (;;) {
    const before = [upper.receivedAt, upper.receivedAt, upper.id];
    const bound = database.get(
      `SELECT received, id FROM lines WHERE ${strictlyBefore} AND received >= ? ${order} LIMIT 1 OFFSET ?`,
      ...before,
      since,
      windowLines - 1,
    );
    const lower = bound === undefined ? { receivedAt: 0, id: 0 } : positionOf(bound);
    const found = database.all(
      `SELECT * FROM lines WHERE ${strictlyBefore} AND ${from}${sql} ${order} LIMIT ?`,
      ...before,
      lower.receivedAt,
      lower.receivedAt,
      lower.id,
      since,
      ...values,
      query.limit - lines.length,
    );
    lines.push(...found.map(storedLine));
    const last = lines.at(-1);
    if (last && lines.length >= query.limit) return { receivedAt: last.receivedAt, id: last.id };
    if (bound === undefined) return null;
    if (isOver()) return lower;
    upper = lower;
  }
}

function filters(
  database: Database,
  { origins, severityMax, text }: LogQuery,
): { readonly sql: string; readonly values: readonly (string | number)[] } {
  const parts: string[] = [];
  const values: (string | number)[] = [];
  if (origins !== undefined) {
    parts.push(`coalesce(device, source) IN (${origins.map(() => "?").join(", ")})`);
    values.push(...origins);
  }
  if (severityMax !== undefined) {
    parts.push("severity <= ?");
    values.push(severityMax);
  }
  if (text !== undefined && text !== "") {
    const columns = ["message", "app", "structured_data"];
    if (isAscii(text)) {
      const pattern = `%${text.replace(/[\\%_]/g, "\\$&")}%`;
      parts.push(`(${columns.map((column) => `${column} LIKE ? ESCAPE '\\'`).join(" OR ")})`);
      values.push(...columns.map(() => pattern));
    } else {
      // SQLite folds the case of ASCII letters alone.
      database.define("holds_text", textMatcher(text));
      parts.push(`(${columns.map((column) => `holds_text(${column})`).join(" OR ")})`);
    }
  }
  return { sql: parts.map((part) => ` AND ${part}`).join(""), values };
}

const positionOf = (row: Row): LogPosition => ({ receivedAt: Number(row.received), id: Number(row.id) });

const storedLine = (row: Row): StoredLine => {
  const text = (value: Row[string] | undefined): string | null => (typeof value === "string" ? value : null);
  const number = (value: Row[string] | undefined): number | null => (value === null ? null : Number(value));
  return {
    ...positionOf(row),
    source: row.source as string,
    device: text(row.device),
    severity: number(row.severity),
    facility: number(row.facility),
    time: text(row.said_time),
    host: text(row.host),
    app: text(row.app),
    procid: text(row.procid),
    msgid: text(row.msgid),
    structuredData: text(row.structured_data),
    message: row.message as string,
  };
};
