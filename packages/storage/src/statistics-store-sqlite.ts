/**
 * Statistics in SQLite (`stats.db`, `metering.db`): one row for each device and slot, its numbers packed; the list of entities, which
 * seldom changes, is kept once. Statistics must never stop the pair: a file that turns out to be damaged is set aside
 * and a new one begun.
 */
import { existsSync, renameSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { canonicalJson } from "@tandem/base/canonical-json";
import { sha256Hex } from "@tandem/base/digest";
import { Database, isDamage, type Row } from "./database.ts";
import {
  addDigest,
  beats,
  type DayDigest,
  dayOf,
  digestOf,
  finestLevel,
  type Head,
  type Keeping,
  type Period,
  periodOf,
  type Rollup,
  type RollupLevel,
  rollupLevels,
  type Sample,
  type StatisticsStore,
  slotsPerDay,
  statisticsKeeping,
  subtractDigest,
  trimmedDaysMax,
} from "./statistics-store.ts";
import { pack, unpack } from "./statistics-store-payload.ts";

const migrations: readonly string[] = [
  `
  CREATE TABLE layouts (id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, entities TEXT NOT NULL) STRICT;
  CREATE TABLE samples (
    device TEXT NOT NULL, slot INTEGER NOT NULL, n INTEGER NOT NULL, unit TEXT NOT NULL,
    offset_ms INTEGER NOT NULL, since INTEGER NOT NULL, layout INTEGER NOT NULL, payload BLOB NOT NULL,
    digest INTEGER NOT NULL,
    PRIMARY KEY (device, slot)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE days (
    device TEXT NOT NULL, day INTEGER NOT NULL, samples INTEGER NOT NULL, digest INTEGER NOT NULL,
    PRIMARY KEY (device, day)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE marked (device TEXT NOT NULL, start INTEGER NOT NULL, PRIMARY KEY (device, start)) STRICT, WITHOUT ROWID;
  CREATE INDEX marked_by_start ON marked(start);
  CREATE TABLE rollups (
    level INTEGER NOT NULL, device TEXT NOT NULL, start INTEGER NOT NULL, layout INTEGER NOT NULL, payload BLOB NOT NULL,
    PRIMARY KEY (level, device, start)
  ) STRICT, WITHOUT ROWID`,
];

const columns = "device, slot, n, unit, offset_ms, since, payload, entities";

/** Lists of entities held in memory, so that each row need not look up its own; forgotten all at once when full. */
const layoutsRememberedMax = 10_000;

/** Kept free on the disk, for what must not be lost: statistics are dropped before they take it. */
const diskReservedBytes = 64 * 1_024 * 1_024;

class StatisticsFile {
  readonly #path: string;
  readonly #database: Database;
  readonly #layoutIds = new Map<string, number>();
  readonly #layouts = new Map<string, readonly string[]>();

  readonly #keeping: Keeping;
  readonly #reservedBytes: number;

  constructor(path: string, keeping: Keeping, reservedBytes: number) {
    // To read the whole file at each start would take minutes where it is large: damage is found when it is met. The
    // last samples before a power cut may be lost; the peer has them.
    this.#path = path;
    this.#keeping = keeping;
    this.#reservedBytes = reservedBytes;
    this.#database = new Database(path, migrations, { as: "one writer" });
  }

  close(): void {
    this.#database.close();
  }

  merge(samples: readonly Sample[]): readonly Sample[] {
    const { bavail, bsize } = statfsSync(dirname(this.#path));
    if (bavail * bsize < this.#reservedBytes)
      throw new Error(`less than ${this.#reservedBytes} bytes are free on the disk of ${this.#path}`);
    const taken: Sample[] = [];
    this.#write(() => {
      for (const sample of samples) if (this.#take(sample)) taken.push(sample);
    });
    return taken;
  }

  #take(sample: Sample): boolean {
    const { device, slot, epoch, offsetMs, since, entities, values } = sample;
    const digest = digestOf(sample);
    const there = this.#database.get(
      "SELECT n, unit, digest FROM samples WHERE device = ? AND slot = ?",
      device,
      slot,
    );
    if (there && !beats({ epoch, digest }, headOf(there))) return false;
    this.#database.run(
      "INSERT OR REPLACE INTO samples (device, slot, n, unit, offset_ms, since, layout, payload, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      device,
      slot,
      epoch.n,
      epoch.unit,
      offsetMs,
      since,
      this.#layoutId(entities),
      pack(values),
      digest,
    );
    const day = dayOf(slot, this.#keeping.slotsPerDay);
    const known = this.#database.get(
      "SELECT samples, digest FROM days WHERE device = ? AND day = ?",
      device,
      day,
    );
    const others = subtractDigest(Number(known?.digest ?? 0), Number(there?.digest ?? 0));
    this.#database.run(
      "INSERT OR REPLACE INTO days (device, day, samples, digest) VALUES (?, ?, ?, ?)",
      device,
      day,
      Number(known?.samples ?? 0) + (there ? 0 : 1),
      addDigest(others, digest),
    );
    if (!this.#keeping.hasRollups) return true;
    this.#mark(device, slot);
    // What the next sample adds is counted from this one.
    const next = this.#database.get(
      "SELECT min(slot) AS slot FROM samples WHERE device = ? AND slot > ?",
      device,
      slot,
    );
    if (typeof next?.slot === "number") this.#mark(device, next.slot);
    return true;
  }

  #mark(device: string, slot: number): void {
    this.#database.run(
      "INSERT OR IGNORE INTO marked (device, start) VALUES (?, ?)",
      device,
      periodOf(slot, finestLevel),
    );
  }

  samples(device: string, from: number, to: number, withBefore = false): readonly Sample[] {
    const before = withBefore
      ? this.#database.all(
          `SELECT ${columns} FROM samples JOIN layouts ON id = layout WHERE device = ? AND slot < ? ORDER BY slot DESC LIMIT 1`,
          device,
          from,
        )
      : [];
    const rows = this.#database.all(
      `SELECT ${columns} FROM samples JOIN layouts ON id = layout WHERE device = ? AND slot >= ? AND slot < ? ORDER BY slot`,
      device,
      from,
      to,
    );
    return [...before, ...rows].map((row) => this.#sampleOf(row));
  }

  heads(device: string, from: number, to: number): readonly Head[] {
    return this.#database
      .all(
        "SELECT slot, n, unit, digest FROM samples WHERE device = ? AND slot >= ? AND slot < ? ORDER BY slot",
        device,
        from,
        to,
      )
      .map((row) => ({ slot: row.slot as number, ...headOf(row) }));
  }

  days(fromDay: number, toDay = Number.MAX_SAFE_INTEGER): readonly DayDigest[] {
    return this.#database
      .all(
        "SELECT device, day, samples, digest FROM days WHERE day BETWEEN ? AND ? ORDER BY device, day",
        fromDay,
        toDay,
      )
      .map((row) => ({
        device: row.device as string,
        day: row.day as number,
        samples: row.samples as number,
        digest: row.digest as number,
      }));
  }

  marked(limit: number, before: number, device?: string): readonly Period[] {
    const rows =
      device === undefined
        ? this.#database.all(
            "SELECT device, start FROM marked WHERE start < ? ORDER BY start, device LIMIT ?",
            before,
            limit,
          )
        : this.#database.all(
            "SELECT device, start FROM marked WHERE device = ? AND start < ? ORDER BY start LIMIT ?",
            device,
            before,
            limit,
          );
    return rows.map((row) => ({ device: row.device as string, start: row.start as number }));
  }

  putRollups(level: RollupLevel, rollups: readonly Rollup[]): void {
    this.#write(() => {
      for (const { device, start, entities, values } of rollups) {
        if (entities.length === 0)
          this.#database.run(
            "DELETE FROM rollups WHERE level = ? AND device = ? AND start = ?",
            level,
            device,
            start,
          );
        else
          this.#database.run(
            "INSERT OR REPLACE INTO rollups (level, device, start, layout, payload) VALUES (?, ?, ?, ?, ?)",
            level,
            device,
            start,
            this.#layoutId(entities),
            pack(values),
          );
        if (level === finestLevel)
          this.#database.run("DELETE FROM marked WHERE device = ? AND start = ?", device, start);
      }
    });
  }

  rollups(level: RollupLevel, device: string, from: number, to: number): readonly Rollup[] {
    return this.#database
      .all(
        "SELECT device, start, payload, entities FROM rollups JOIN layouts ON id = layout WHERE level = ? AND device = ? AND start >= ? AND start < ? ORDER BY start",
        level,
        device,
        from,
        to,
      )
      .map((row) => ({
        device: row.device as string,
        start: row.start as number,
        entities: this.#entitiesOf(row.entities as string),
        values: unpack(row.payload as Uint8Array),
      }));
  }

  trim(today: number): number {
    const { slotsPerDay: perDay, rawKeptDays } = this.#keeping;
    let removed = 0;
    this.#write(() => {
      const over = this.#database.all(
        "SELECT device, day, samples FROM days WHERE day <= ? LIMIT ?",
        today - rawKeptDays,
        trimmedDaysMax,
      );
      for (const { device, day, samples } of over as readonly { [column: string]: string | number }[]) {
        const first = Number(day) * perDay;
        for (const sql of [
          "DELETE FROM samples WHERE device = ? AND slot >= ? AND slot < ?",
          "DELETE FROM marked WHERE device = ? AND start >= ? AND start < ?",
        ])
          this.#database.run(sql, device as string, first, first + perDay);
        this.#database.run("DELETE FROM days WHERE device = ? AND day = ?", device as string, day as number);
        removed += Number(samples);
      }
      if (over.length === 0) this.#trimRollups(today);
    });
    return removed;
  }

  #trimRollups(today: number): void {
    for (const { slots, keptDays } of rollupLevels) {
      const before = (today - keptDays + 1) * slotsPerDay;
      for (
        let device = this.#deviceAfter(slots, "");
        device !== null;
        device = this.#deviceAfter(slots, device)
      )
        this.#database.run(
          "DELETE FROM rollups WHERE level = ? AND device = ? AND start < ?",
          slots,
          device,
          before,
        );
    }
  }

  /** The next device that has rollups of a level; finds it without reading through them. */
  #deviceAfter(level: number, device: string): string | null {
    const row = this.#database.get(
      "SELECT min(device) AS device FROM rollups WHERE level = ? AND device > ?",
      level,
      device,
    );
    return typeof row?.device === "string" ? row.device : null;
  }

  count(): number {
    return Number(this.#database.get("SELECT sum(samples) AS samples FROM days")?.samples ?? 0);
  }

  *all(): Generator<Sample> {
    for (const { device } of this.#database.all("SELECT DISTINCT device FROM days ORDER BY device"))
      yield* this.samples(device as string, 0, Number.MAX_SAFE_INTEGER);
  }

  #write(body: () => void): void {
    try {
      this.#database.transaction(body);
    } catch (error) {
      // Ids first met in what was rolled back are not there.
      this.#layoutIds.clear();
      throw error;
    }
  }

  #layoutId(entities: readonly string[]): number {
    const text = canonicalJson(entities);
    const known = this.#layoutIds.get(text);
    if (known !== undefined) return known;
    if (this.#layoutIds.size >= layoutsRememberedMax) this.#layoutIds.clear();
    const digest = sha256Hex(text);
    this.#database.run("INSERT OR IGNORE INTO layouts (digest, entities) VALUES (?, ?)", digest, text);
    const id = Number(this.#database.get("SELECT id FROM layouts WHERE digest = ?", digest)?.id);
    this.#layoutIds.set(text, id);
    return id;
  }

  #entitiesOf(text: string): readonly string[] {
    const known = this.#layouts.get(text);
    if (known) return known;
    if (this.#layouts.size >= layoutsRememberedMax) this.#layouts.clear();
    const entities = JSON.parse(text) as string[];
    this.#layouts.set(text, entities);
    return entities;
  }

  #sampleOf(row: Row): Sample {
    return {
      device: row.device as string,
      slot: row.slot as number,
      epoch: { n: row.n as number, unit: row.unit as string },
      offsetMs: row.offset_ms as number,
      since: row.since as number,
      entities: this.#entitiesOf(row.entities as string),
      values: unpack(row.payload as Uint8Array),
    };
  }
}

const headOf = (row: Row): Omit<Head, "slot"> => ({
  epoch: { n: row.n as number, unit: row.unit as string },
  digest: row.digest as number,
});

/**
 * Opens `path`. Damage, now or later, sets the file aside under the name that `onSetAside` is told, and the work goes
 * on with a new one. Throws when the file is of a newer version, or cannot be made.
 */
export function openStatisticsFile(
  path: string,
  onSetAside: (name: string) => void,
  {
    keeping = statisticsKeeping,
    reservedBytes = diskReservedBytes,
  }: { readonly keeping?: Keeping; readonly reservedBytes?: number } = {},
): StatisticsStore {
  const setAside = (): void => {
    let n = 1;
    while (existsSync(`${path}.damaged-${n}`)) n += 1;
    const name = `${path}.damaged-${n}`;
    renameSync(path, name);
    for (const part of ["-wal", "-shm"])
      if (existsSync(`${path}${part}`)) renameSync(`${path}${part}`, `${name}${part}`);
    onSetAside(name);
  };
  /** Null after a damaged file was set aside and no new one could be made: the next call tries again. */
  let file: StatisticsFile | null = null;
  const opened = (): StatisticsFile => {
    file ??= new StatisticsFile(path, keeping, reservedBytes);
    return file;
  };
  const guarded = <Value>(body: (file: StatisticsFile) => Value): Value => {
    try {
      return body(opened());
    } catch (error) {
      if (!isDamage(error)) throw error;
      file?.close();
      file = null;
      setAside();
      return body(opened());
    }
  };
  guarded((each) => each.count());
  return {
    keeping,
    merge: (samples) => guarded((each) => each.merge(samples)),
    samples: (...range) => guarded((each) => each.samples(...range)),
    heads: (...range) => guarded((each) => each.heads(...range)),
    days: (...range) => guarded((each) => each.days(...range)),
    marked: (...which) => guarded((each) => each.marked(...which)),
    putRollups: (level, rollups) => guarded((each) => each.putRollups(level, rollups)),
    rollups: (...range) => guarded((each) => each.rollups(...range)),
    trim: (today) => guarded((each) => each.trim(today)),
    count: () => guarded((each) => each.count()),
    all: () => opened().all(),
    close: () => file?.close(),
  };
}
