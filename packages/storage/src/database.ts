/**
 * The one module that knows SQLite (`node:sqlite`, still a release candidate in Node 24). WAL with
 * `synchronous=FULL`: what a transaction wrote is on the disk when `transaction` returns. The file is held
 * exclusively, so a second process on the same state directory is refused instead of mixing in.
 */
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { assert } from "@tandem/base/assert";

export type Row = { readonly [column: string]: null | number | bigint | string | Uint8Array };

/** The file cannot be used: held by another process, damaged, or written by a newer version. */
export class DatabaseUnusable extends Error {
  override name = "DatabaseUnusable";
  readonly fault: "in-use" | "damaged" | "newer";

  constructor(fault: DatabaseUnusable["fault"], message: string) {
    super(message);
    this.fault = fault;
  }
}

/** SQLITE_BUSY (https://sqlite.org/rescode.html). */
const busy = 5;
const primary = (error: unknown): number => ((error as { errcode?: number }).errcode ?? 0) & 0xff;

const damaged = (path: string, how: unknown): DatabaseUnusable =>
  new DatabaseUnusable(
    "damaged",
    `${path} is damaged (${how}); nothing was changed: restore it from a backup`,
  );
const inUse = (path: string): DatabaseUnusable =>
  new DatabaseUnusable("in-use", `${path} is in use by another process; stop that one first`);

/** What is wrong with the file, in words; null for a sound one. Throws {@link DatabaseUnusable} when it is in use. */
export function damageOf(path: string): string | null {
  try {
    const database = new DatabaseSync(path);
    try {
      const check = database.prepare("PRAGMA quick_check(1)").get()?.quick_check;
      return check === "ok" ? null : String(check);
    } finally {
      database.close();
    }
  } catch (error) {
    if (primary(error) === busy) throw inUse(path);
    if (isDamage(error)) return (error as Error).message;
    throw error;
  }
}

/** SQLITE_CORRUPT and SQLITE_NOTADB (https://sqlite.org/rescode.html), on opening or later; extended codes too. */
export const isDamage = (error: unknown): boolean => [11, 26].includes(primary(error));

/** For files beside the one that a process holds for itself and must not lose a commit of. */
export type DatabaseOptions = {
  /**
   * `alone`: held exclusively, every commit on the disk when it returns, the whole file checked when opened.
   * `one writer`: others may read meanwhile; a power cut may take the last commits; not checked when opened.
   * `reader`: no more than reads; the file must be there.
   */
  readonly as: "alone" | "one writer" | "reader";
};

/** How long one connection waits while another opens or closes the same file. */
const busyMaxMs = 1_000;

/** One step of the file's format; step n brings `user_version` from n to n + 1. Never changed once released. */
export type Migration = string;

export class Database {
  readonly path: string;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #isInTransaction = false;

  /**
   * Opens `path` (made with mode 0600 when absent) and brings it to the newest format.
   * Throws {@link DatabaseUnusable} with a remedy in words.
   */
  constructor(path: string, migrations: readonly Migration[], { as }: DatabaseOptions = { as: "alone" }) {
    this.path = path;
    if (as === "reader") {
      this.#database = new DatabaseSync(path, { readOnly: true, timeout: busyMaxMs });
      return;
    }
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // SQLite gives its log the mode of the file itself, so this is where both get theirs.
    closeSync(openSync(path, "a", 0o600));
    this.#database = new DatabaseSync(path, as === "alone" ? {} : { timeout: busyMaxMs });
    try {
      this.#database.exec(
        as === "alone"
          ? "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; BEGIN IMMEDIATE; COMMIT;"
          : "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; BEGIN IMMEDIATE; COMMIT;",
      );
      const check = as === "alone" ? this.get("PRAGMA quick_check(1)")?.quick_check : "ok";
      if (check !== "ok") throw damaged(path, check);
      this.#migrate(migrations);
    } catch (error) {
      // A lock that stayed behind would keep the next try from opening it.
      this.#database.close();
      if (as !== "alone" || error instanceof DatabaseUnusable) throw error;
      if (primary(error) === busy) throw inUse(path);
      if (isDamage(error)) throw damaged(path, (error as Error).message);
      throw error;
    }
  }

  #migrate(migrations: readonly Migration[]): void {
    const version = Number(this.get("PRAGMA user_version")?.user_version);
    if (version > migrations.length)
      throw new DatabaseUnusable(
        "newer",
        `${this.path} has format ${version}, and this version knows formats up to ${migrations.length}; install the newer version again`,
      );
    for (const [from, migration] of migrations.entries()) {
      if (from < version) continue;
      this.transaction(() => this.#database.exec(`${migration}; PRAGMA user_version=${from + 1};`));
    }
  }

  /** Runs `body` in one transaction; on disk when this returns, nothing of it happened when this throws. Not nested. */
  transaction<Value>(body: () => Value): Value {
    assert(!this.#isInTransaction, "a transaction within a transaction");
    this.#database.exec("BEGIN IMMEDIATE");
    this.#isInTransaction = true;
    try {
      const value = body();
      this.#database.exec("COMMIT");
      return value;
    } catch (error) {
      // After some failures SQLite has rolled back by itself.
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    } finally {
      this.#isInTransaction = false;
    }
  }

  run(sql: string, ...values: SQLInputValue[]): void {
    this.#statement(sql).run(...values);
  }

  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#statement(sql).get(...values) as Row | undefined;
  }

  all(sql: string, ...values: SQLInputValue[]): readonly Row[] {
    return this.#statement(sql).all(...values) as Row[];
  }

  /** A function that statements of this connection may call: `body` of one text, answering 0 or 1. */
  define(name: string, body: (text: string | null) => boolean): void {
    this.#database.function(name, { deterministic: true }, (text) => (body(text as string | null) ? 1 : 0));
  }

  /** One row at a time, as its values in the order of the query, for what is too much to hold at once; writes nothing meanwhile. */
  *each(sql: string): Generator<readonly Row[string][]> {
    // A statement of its own: a loop that is left early must not disturb the next.
    const statement = this.#database.prepare(sql);
    statement.setReturnArrays(true);
    for (const row of statement.iterate()) yield row as unknown as readonly Row[string][];
  }

  close(): void {
    this.#database.close();
  }

  /** Statements are constants of this package, hence few: each is prepared once. */
  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
