/** The shared state in SQLite: the table of versions is the log. Secret values are sealed, contexts interned. */
import { canonicalJson, type Json } from "@tandem/base/canonical-json";
import { sha256Hex } from "@tandem/base/digest";
import type { Persist, Stored, Vector, Version } from "@tandem/replica/version";
import type { Database, Row } from "./database.ts";
import type { SecretBox } from "./secret-box.ts";
import type { IsSecret } from "./store.ts";

const indexByContext = "CREATE INDEX versions_by_context ON versions(context)";

export const replicaTables = `
  CREATE TABLE contexts (id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, vector TEXT NOT NULL) STRICT;
  CREATE TABLE versions (
    in_table TEXT NOT NULL, row TEXT NOT NULL, field TEXT NOT NULL,
    incarnation TEXT NOT NULL, seq INTEGER NOT NULL, life INTEGER NOT NULL, clock INTEGER NOT NULL,
    context INTEGER NOT NULL REFERENCES contexts(id),
    author TEXT NOT NULL, unit TEXT NOT NULL, at REAL NOT NULL,
    value TEXT NOT NULL, sealed INTEGER NOT NULL,
    PRIMARY KEY (in_table, row, field)
  ) STRICT, WITHOUT ROWID;
  ${indexByContext};
  CREATE TABLE vector (incarnation TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE hybrid_clock (only INTEGER PRIMARY KEY CHECK (only = 1), clock INTEGER NOT NULL) STRICT;
`;

const columns = [
  "in_table",
  "row",
  "field",
  "incarnation",
  "seq",
  "life",
  "clock",
  "context",
  "author",
  "unit",
  "at",
  "value",
  "sealed",
] as const;
const rowsPerStatement = 16;
const insertOf = (rows: number): string => {
  const row = `(${columns.map(() => "?").join(", ")})`;
  return `INSERT OR REPLACE INTO versions (${columns.join(", ")}) VALUES ${Array(rows).fill(row).join(", ")}`;
};
const insertOne = insertOf(1);
const insertSome = insertOf(rowsPerStatement);

/** After so many new ones the contexts that no version has any more are dropped. */
const unusedContextsMax = 1_000;

const placeOf = (version: Pick<Version, "table" | "row" | "field" | "incarnation" | "seq">): string =>
  canonicalJson([version.table, version.row, version.field, version.incarnation, version.seq]);

export class ReplicaStore {
  readonly #database: Database;
  readonly #box: SecretBox;
  readonly #isSecret: IsSecret;
  /** Versions of one write share their context object: within a process most need no look-up. */
  #contextIds = new WeakMap<Vector, number>();
  #contextsAdded = 0;

  constructor(database: Database, box: SecretBox, isSecret: IsSecret) {
    this.#database = database;
    this.#box = box;
    this.#isSecret = isSecret;
    database.transaction(() => this.#dropUnusedContexts());
  }

  load(): Stored {
    const contexts = new Map<number, Vector>();
    for (const row of this.#database.all("SELECT id, vector FROM contexts")) {
      const vector = Object.freeze(JSON.parse(row.vector as string) as Vector);
      contexts.set(Number(row.id), vector);
      this.#contextIds.set(vector, Number(row.id));
    }
    const vector: { [incarnation: string]: number } = {};
    for (const row of this.#database.all("SELECT incarnation, seq FROM vector"))
      vector[row.incarnation as string] = Number(row.seq);
    return {
      versions: { [Symbol.iterator]: () => this.#versions(contexts) },
      vector: Object.freeze(vector),
      clock: Number(this.#database.get("SELECT clock FROM hybrid_clock")?.clock ?? 0),
    };
  }

  *#versions(contexts: ReadonlyMap<number, Vector>): Generator<Version> {
    for (const row of this.#database.each(`SELECT ${columns.join(", ")} FROM versions`))
      yield this.#version(row, contexts);
  }

  /** Within the caller's transaction. */
  persist(persist: Persist): void {
    for (const version of persist.versions) this.#write(version);
    if (this.#contextsAdded > unusedContextsMax) this.#dropUnusedContexts();
    // The vector is replaced by what differs: it may go down for no incarnation, and it only grows in a merge.
    const known = new Map(
      this.#database.all("SELECT incarnation, seq FROM vector").map((row) => [row.incarnation, row.seq]),
    );
    for (const [incarnation, seq] of Object.entries(persist.vector)) {
      if (known.get(incarnation) !== seq)
        this.#database.run(
          "INSERT OR REPLACE INTO vector (incarnation, seq) VALUES (?, ?)",
          incarnation,
          seq,
        );
      known.delete(incarnation);
    }
    for (const incarnation of known.keys())
      this.#database.run("DELETE FROM vector WHERE incarnation = ?", incarnation as string);
    this.#database.run("INSERT OR REPLACE INTO hybrid_clock (only, clock) VALUES (1, ?)", persist.clock);
  }

  /** Within the caller's transaction: what was there is gone. */
  replace(stored: Stored): void {
    this.#database.run("DELETE FROM versions");
    this.#database.run("DELETE FROM contexts");
    this.#contextIds = new WeakMap();
    // There may be half a million: an index made afterwards, and several rows in one statement, halve what they cost.
    this.#database.run("DROP INDEX versions_by_context");
    let values: Row[string][] = [];
    for (const version of stored.versions) {
      values.push(...this.#valuesOf(version));
      if (values.length < rowsPerStatement * columns.length) continue;
      this.#database.run(insertSome, ...values);
      values = [];
    }
    for (let from = 0; from < values.length; from += columns.length)
      this.#database.run(insertOne, ...values.slice(from, from + columns.length));
    this.#database.run(indexByContext);
    this.persist({ versions: [], vector: stored.vector, clock: stored.clock });
  }

  /** What an interned context's number was is uncertain after a transaction that came to nothing. */
  forgetContexts(): void {
    this.#contextIds = new WeakMap();
  }

  /** Those of versions that were superseded since: nothing points at them. */
  #dropUnusedContexts(): void {
    this.#database.run(
      "DELETE FROM contexts WHERE NOT EXISTS (SELECT 1 FROM versions WHERE context = contexts.id)",
    );
    this.forgetContexts();
    this.#contextsAdded = 0;
  }

  #write(version: Version): void {
    this.#database.run(insertOne, ...this.#valuesOf(version));
  }

  /** In the order of `columns`. */
  #valuesOf(version: Version): Row[string][] {
    const text = canonicalJson(version.value);
    const isSealed = this.#isSecret(version);
    return [
      version.table,
      version.row,
      version.field,
      version.incarnation,
      version.seq,
      version.life,
      version.clock,
      this.#contextId(version.context),
      version.author,
      version.unit,
      version.at,
      isSealed ? this.#box.seal(placeOf(version), text) : text,
      isSealed ? 1 : 0,
    ];
  }

  #contextId(context: Vector): number {
    const known = this.#contextIds.get(context);
    if (known !== undefined) return known;
    const text = canonicalJson(context);
    const digest = sha256Hex(text);
    this.#database.run("INSERT OR IGNORE INTO contexts (digest, vector) VALUES (?, ?)", digest, text);
    const id = Number(this.#database.get("SELECT id FROM contexts WHERE digest = ?", digest)?.id);
    this.#contextIds.set(context, id);
    this.#contextsAdded += 1;
    return id;
  }

  #version(values: readonly Row[string][], contexts: ReadonlyMap<number, Vector>): Version {
    const [table, row, field, incarnation, seq, life, clock, context, author, unit, at, text, sealed] =
      values as readonly [
        string,
        string,
        string,
        string,
        number,
        number,
        number,
        number,
        string,
        string,
        number,
        string,
        number,
      ];
    const value =
      sealed === 1 ? this.#box.open(placeOf({ table, row, field, incarnation, seq }), text) : text;
    return {
      table,
      row,
      field,
      incarnation,
      seq,
      life,
      clock,
      context: contexts.get(context) as Vector,
      author,
      unit,
      at,
      value: JSON.parse(value) as Json,
    };
  }
}
