/**
 * Rows that are a unit's own while their switch is off and the pair's while it is on (SPEC CH4). Whoever uses them
 * need not know which: this hides it.
 *
 * Where a table's rows are at home is one durable document of this unit. When the switch says otherwise the rows move:
 *
 * | step | on disk | a crash after it |
 * | --- | --- | --- |
 * | 1. the move gets a number of its own | `moving` in the document | the move begins anew |
 * | 2. all rows arrive at once, under that number | the shared state knows the number | the move goes on at 3: it is not made twice |
 * | 3. the home is another, and the rows that moved out are cleared, in one transaction | the document | done |
 *
 * Towards the unit's own, 2 and 3 are one transaction. While rows move, writes wait and reads see the old home. Turning
 * the switch off clears nothing shared: each unit copies what it has at that moment, and goes on for itself. What
 * nobody needs any more is removed later, by `former-rows.ts`.
 */
import { assert } from "@tandem/base/assert";
import type { Json } from "@tandem/base/canonical-json";
import type { Incarnation } from "@tandem/base/ids";
import { err, type FieldError, ok, type Result } from "@tandem/base/result";
import { second } from "@tandem/base/time";
import type { Cancel, World } from "@tandem/base/world";
import type { Acknowledged } from "@tandem/central-api/errors";
import { createRow, deleteRow, type Edit, updateRow, type WriteConflict } from "@tandem/replica/edits";
import type { RowView } from "@tandem/replica/rows";
import type { Columns, RowOf, Table } from "@tandem/replica/schema";
import type { Delta, Version } from "@tandem/replica/version";
import { diskTroubleOf } from "@tandem/storage/disk-trouble";
import type { Change, Store } from "@tandem/storage/store";
import type { SharedRows } from "../fleet/shared-rows.ts";
import { type Home, idIn, keyIn, movedRows, own } from "./moved-rows.ts";
import { OwnRows } from "./own-rows.ts";
import { type SwitchName, switchesRow, switchNames, synchronisation } from "./tables.ts";

/** The shared rows, and what a move needs of them beside. `HighAvailability` is one, tests have another. */
export type MovableRows = SharedRows & {
  versionsOf(table: string, key: string): readonly Version[];
  /** Whether anything of a process, or a move, that minted this incarnation is in the shared state. */
  knows(incarnation: Incarnation): boolean;
  /** Merges changes that knew nothing of what is shared; on this unit's disk when it resolves. `make` runs in the same turn. */
  takeIn(make: () => Delta): Promise<void>;
};

export type OptionalRowsOptions = {
  readonly world: World;
  readonly unit: string;
  readonly shared: MovableRows;
  /** Where this unit keeps its own. */
  readonly store: Store;
  /** What each switch is about; a switch without tables cannot be turned yet. */
  readonly tables: { readonly [name in SwitchName]: readonly Table[] };
  /** A move that could not be made; it is tried again every `retryMs`, when anything changes, and at the next start. */
  readonly onTrouble: (error: Error) => void;
};

/** Where the rows of a switch are; `moving` while they are under way. */
type Place = {
  readonly home: Home;
  readonly moving: { readonly to: Home; readonly incarnation: Incarnation } | null;
};

export type SwitchState = {
  readonly on: boolean;
  /** Whether there is anything that it switches, in this version. */
  readonly isAvailable: boolean;
  /** True while rows move to where the switch says. */
  readonly isMoving: boolean;
};

/** Per switch the homes that a unit needs the rows of: where its rows are, and where they are going. */
export type HomesInUse = { readonly [name in SwitchName]?: readonly Home[] };

export const retryMs = 30 * second;

const documentOf = (name: SwitchName): string => `home/${name}`;
const atHome: Place = { home: own, moving: null };

export class OptionalRows {
  readonly #options: OptionalRowsOptions;
  readonly #own: OwnRows;
  readonly #switchOf = new Map<string, SwitchName>();
  readonly #listeners = new Set<() => void>();
  readonly #moves = new Map<SwitchName, Promise<void>>();
  readonly #writes = new Set<Promise<unknown>>();
  readonly #places = new Map<SwitchName, Place>();
  readonly #unfollow: () => void;
  #retry: Cancel | null = null;
  #isStopped = false;

  /** Throws when what is stored cannot be understood. */
  constructor(options: OptionalRowsOptions) {
    this.#options = options;
    const { tables, store, unit, world, shared } = options;
    for (const name of switchNames) for (const table of tables[name]) this.#switchOf.set(table.name, name);
    this.#own = new OwnRows(Object.values(tables).flat(), store, unit, world);
    for (const name of switchNames)
      this.#places.set(name, (this.#own.document(documentOf(name)) as Place | undefined) ?? atHome);
    this.#unfollow = shared.onChange((what) => {
      if (what !== "data") return;
      this.#follow();
      this.#notify();
    });
    this.#follow();
  }

  /** By id. */
  rows<C extends Columns>(table: Table<C>): readonly RowView<C>[] {
    const { home } = this.#place(this.#switchFor(table.name));
    const rows = home === own ? this.#own.replica.rows(table) : this.#options.shared.rows(table);
    return rows.flatMap((row) => {
      const id = idIn(home, row.key);
      return id === undefined ? [] : [{ ...row, key: id }];
    });
  }

  row<C extends Columns>(table: Table<C>, id: string): RowView<C> | undefined {
    const { home } = this.#place(this.#switchFor(table.name));
    const key = keyIn(home, id);
    const row = home === own ? this.#own.replica.row(table, key) : this.#options.shared.row(table, key);
    return row && { ...row, key: id };
  }

  /** Whether a table's rows are the pair's at this moment. */
  isShared(table: { readonly name: string }): boolean {
    return this.#place(this.#switchFor(table.name)).home !== own;
  }

  /**
   * As `SharedRows.write`; keys are ids, and `generation` is filled in. All edits are of tables of one switch. While it
   * is off they are on this unit only, and meant to be.
   */
  async write(
    edits: readonly Edit[],
    author: string,
    summary: string,
  ): Promise<Result<Acknowledged, WriteConflict | FieldError>> {
    const tables = new Set(edits.map((edit) => ("table" in edit ? this.#switchFor(edit.table) : undefined)));
    const [name] = tables;
    assert(name !== undefined && tables.size === 1, "edits of one write are of one switch's tables");
    while (this.#moves.has(name)) await this.#moves.get(name);
    const { home } = this.#place(name);
    const placed = edits.map((edit) => placedIn(home, edit));
    if (home === own) {
      const written = this.#writeOwn(placed, author);
      if (!written.ok) return err(withId(home, written.error));
      this.#notify();
      return ok("this unit only");
    }
    // A move waits for it: nothing is written into a generation that this unit has left.
    const writing = this.#options.shared.write(placed, author, summary);
    this.#writes.add(writing);
    try {
      const written = await writing;
      return written.ok ? written : err(withId(home, written.error));
    } finally {
      this.#writes.delete(writing);
    }
  }

  /**
   * Rows of a former format, which become this unit's own, all of them or none. One that this unit has had before is
   * passed over, so that the same may be brought again after a crash: what was removed since stays removed.
   */
  async bring<C extends Columns>(
    table: Table<C>,
    rows: readonly (Omit<RowOf<C>, "generation"> & { readonly id: string })[],
    author: string,
  ): Promise<Result<Acknowledged, WriteConflict | FieldError>> {
    const { home, moving } = this.#place(this.#switchFor(table.name));
    const hadOne = (id: string): boolean =>
      this.#own.replica.versionsOf(table.name, keyIn(own, id)).length > 0 ||
      (home !== own && this.#options.shared.versionsOf(table.name, keyIn(home, id)).length > 0);
    const edits = rows
      .filter(({ id }) => !hadOne(id))
      .map((row) => createRow(table, row as unknown as Partial<RowOf<C>>));
    if (edits.length === 0) return ok("this unit only");
    // Rows that are under way are cleared where they were, once they have arrived: these would be lost among them.
    if (home !== own || moving !== null) return this.write(edits, author, `rows of ${table.name} taken over`);
    const taken = this.#writeOwn(
      edits.map((edit) => placedIn(own, edit)),
      author,
    );
    if (!taken.ok) return err(withId(own, taken.error));
    this.#notify();
    return ok("this unit only");
  }

  /** Called after rows changed, here or by the peer, or moved. Answers what takes the listener off. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  state(name: SwitchName): SwitchState {
    const { on } = this.#position(name);
    const isMoving = this.#place(name).home !== this.#wanted(name);
    return { on, isAvailable: this.#options.tables[name].length > 0, isMoving };
  }

  /** The tag of the switches' row; empty when none was ever turned. */
  get tag(): string {
    return this.#options.shared.row(synchronisation, switchesRow)?.tag ?? "";
  }

  /** Turns switches, on both units; resolves when this unit's rows are where they belong. */
  async turn(
    wanted: { readonly [name in SwitchName]?: boolean },
    tag: string | undefined,
    author: string,
  ): Promise<Result<Acknowledged, WriteConflict | FieldError>> {
    const { shared } = this.#options;
    const turned = switchNames.filter(
      (name) => wanted[name] !== undefined && wanted[name] !== this.#position(name).on,
    );
    const values = Object.fromEntries(
      turned.map((name) => {
        const { on, generation } = this.#position(name);
        return [name, { on: !on, generation: on ? generation : generation + 1 }];
      }),
    );
    const isThere = shared.row(synchronisation, switchesRow) !== undefined;
    const edit = isThere
      ? updateRow(synchronisation, switchesRow, values, tag)
      : createRow(synchronisation, { id: switchesRow, ...values });
    const words = turned.map((name) => `${name} ${wanted[name] ? "on" : "off"}`).join(", ");
    const written = await shared.write([edit], author, `synchronisation of ${words || "nothing else"}`);
    await this.settled();
    return written;
  }

  /** Whether a row of the shared state, by its key there, is one that this unit has left, or has not come to. */
  isOver(table: string, key: string): boolean {
    const name = this.#switchOf.get(table);
    return name !== undefined && idIn(this.#place(name).home, key) === undefined;
  }

  homesInUse(): HomesInUse {
    return Object.fromEntries(
      switchNames.map((name) => {
        const { home, moving } = this.#place(name);
        return [name, moving === null ? [home] : [home, moving.to]];
      }),
    );
  }

  /**
   * Edits that remove shared rows of generations that are over: `elsewhere` needs them no more, this unit does not, and
   * they lie before where the switch is. To be asked only while both units are known to have this very state. Their
   * content goes as well, where a column has a default to go back to. Of no more than `rowsMax` rows.
   */
  removalsOfFormer(elsewhere: HomesInUse, rowsMax: number): readonly Edit[] {
    const here = this.homesInUse();
    const edits: Edit[] = [];
    for (const name of switchNames) {
      const used = elsewhere[name];
      if (used === undefined) continue;
      const isOver = (generation: number): boolean =>
        // A later one is never told over: the switch may be on its way to it.
        generation <= this.#position(name).generation &&
        ![own, this.#wanted(name), ...used, ...(here[name] ?? [])].includes(generation);
      for (const table of this.#options.tables[name])
        for (const { key, values } of this.#options.shared.rows(table)) {
          if (edits.length >= 2 * rowsMax) return edits;
          if (!isOver((values as { readonly generation?: number }).generation ?? own)) continue;
          edits.push(updateRow(table, key, emptied(table)), deleteRow(table, key));
        }
    }
    return edits;
  }

  /** Resolves when no rows are moving. */
  async settled(): Promise<void> {
    while (this.#moves.size > 0) await Promise.all(this.#moves.values());
  }

  /** Rows under way stay where they are, and go on at the next start. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#retry?.();
    this.#unfollow();
    await Promise.all(this.#moves.values());
    this.#own.close();
  }

  /** A disk that refuses the unit's own rows is no reason to leave the pair: whoever wanted to write is told. */
  #writeOwn(edits: readonly Edit[], author: string): Result<void, WriteConflict | FieldError> {
    try {
      return this.#own.write(edits, author);
    } catch (error) {
      const trouble = diskTroubleOf(error);
      if (trouble === null) throw error;
      const { code, cause, remedy } = trouble;
      return err({ code, field: "", message: `nothing was changed: ${cause}`, remedy });
    }
  }

  #switchFor(table: string): SwitchName {
    const name = this.#switchOf.get(table);
    assert(name !== undefined, `table "${table}" has no switch`);
    return name;
  }

  #position(name: SwitchName): { readonly on: boolean; readonly generation: number } {
    return (
      this.#options.shared.row(synchronisation, switchesRow)?.values[name] ?? { on: false, generation: 0 }
    );
  }

  #wanted(name: SwitchName): Home {
    const { on, generation } = this.#position(name);
    return on ? generation : own;
  }

  #place(name: SwitchName): Place {
    return this.#places.get(name) ?? atHome;
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }

  #follow(): void {
    if (this.#isStopped) return;
    for (const name of switchNames) {
      if (this.#options.tables[name].length === 0 || this.#moves.has(name)) continue;
      const { home, moving } = this.#place(name);
      if (home === this.#wanted(name) && moving === null) continue;
      const move = this.#move(name).then(
        () => {
          this.#moves.delete(name);
          // The switch may have been turned after the move had looked at it for the last time.
          this.#follow();
        },
        (error: unknown) => {
          this.#moves.delete(name);
          if (this.#isStopped) return;
          this.#options.onTrouble(error as Error);
          this.#retry ??= this.#options.world.after(retryMs, () => {
            this.#retry = null;
            this.#follow();
          });
        },
      );
      this.#moves.set(name, move);
    }
  }

  /** Brings the rows of a switch to where it says, however often it is turned meanwhile. */
  async #move(name: SwitchName): Promise<void> {
    // Also lets the caller note this move before anything is done.
    await Promise.allSettled(this.#writes);
    while (!this.#isStopped) {
      const { home, moving } = this.#place(name);
      const to = this.#wanted(name);
      if (moving !== null && (this.#options.shared.knows(moving.incarnation) || moving.to === to))
        await this.#carry(name, home, moving);
      else if (home === to) {
        if (moving !== null) this.#keepPlace(name, { home, moving: null });
        return;
      } else this.#keepPlace(name, { home, moving: { to, incarnation: this.#options.world.randomHex(8) } });
    }
  }

  #keepPlace(name: SwitchName, place: Place): void {
    this.#own.setDocument(documentOf(name), place);
    this.#places.set(name, place);
  }

  async #carry(
    name: SwitchName,
    home: Home,
    { to, incarnation }: NonNullable<Place["moving"]>,
  ): Promise<void> {
    const { shared, tables } = this.#options;
    const there: Place = { home: to, moving: null };
    const arrived: Change = { kind: "document", name: documentOf(name), value: there };
    const sides = {
      own: {
        keys: (table: Table) => this.#own.replica.rows(table).map(({ key }) => key),
        versionsOf: (table: string, key: string) => this.#own.replica.versionsOf(table, key),
      },
      shared: {
        keys: (table: Table) => shared.rows(table).map(({ key }) => key),
        versionsOf: (table: string, key: string) => shared.versionsOf(table, key),
      },
    };
    const make = (): Delta =>
      movedRows(
        home === own ? sides.own : sides.shared,
        home,
        to === own ? sides.own : sides.shared,
        to,
        tables[name],
        incarnation,
      );
    if (to === own) this.#own.takeIn(make(), [arrived]);
    else {
      if (!shared.knows(incarnation)) await shared.takeIn(make);
      const cleared = home !== own ? [] : tables[name].flatMap((table) => this.#ownRowsOf(table));
      const written = this.#own.write(cleared, "tandem", [arrived]);
      assert(written.ok, "rows that are there can be cleared");
    }
    this.#places.set(name, there);
    this.#notify();
  }

  #ownRowsOf(table: Table): readonly Edit[] {
    return this.#own.replica.rows(table).map(({ key }) => deleteRow(table, key));
  }
}

/** A deleted row keeps what stood in it last: that is no place for secrets and large values that nobody needs. */
const emptied = (table: Table): { readonly [column: string]: Json } =>
  Object.fromEntries(
    Object.entries(table.columns).flatMap(([column, { sync, default: empty }]) =>
      sync === "shared" && empty !== undefined ? [[column, empty] as const] : [],
    ),
  );

/** Outside, a row is known by its id alone. */
const withId = (home: Home, error: WriteConflict | FieldError): WriteConflict | FieldError =>
  "table" in error ? { ...error, key: idIn(home, error.key) ?? error.key } : error;

function placedIn(home: Home, edit: Edit): Edit {
  switch (edit.kind) {
    case "create":
      return { ...edit, values: { ...edit.values, generation: home } };
    case "update":
    case "delete":
      return { ...edit, key: keyIn(home, edit.key) };
    default:
      return edit;
  }
}
