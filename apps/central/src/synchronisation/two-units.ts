/** Two units' optional rows over replicas and disks in memory, for tests: they are cut off, crash at any commit, and meet again. */
import { assert } from "@tandem/base/assert";
import { ok } from "@tandem/base/result";
import { createRow, deleteRow, updateRow } from "@tandem/replica/edits";
import type { Table } from "@tandem/replica/schema";
import { emptyMemoryDisk, type MemoryDisk, openMemoryStore } from "@tandem/storage/memory-store";
import type { Store } from "@tandem/storage/store";
import { VirtualWorld } from "../files/virtual-pair.ts";
import type { ConflictSurface } from "../ha/conflicts.ts";
import { SharedState } from "../ha/shared-state.ts";
import { notificationTargets } from "../notifications/tables.ts";
import { profiles, repositoryFiles, targetEnvironments } from "../repository/tables.ts";
import { type HomesInUse, type MovableRows, OptionalRows } from "./optional-rows.ts";
import { type SwitchName, synchronisation } from "./tables.ts";

const switched = {
  repository: [repositoryFiles],
  profiles: [profiles],
  targetEnvironments: [targetEnvironments],
  users: [],
  notifications: [notificationTargets],
} as unknown as { readonly [name in SwitchName]: readonly Table[] };
const sharedTables = [
  synchronisation,
  repositoryFiles,
  profiles,
  targetEnvironments,
  notificationTargets,
] as unknown as readonly Table[];

export type Told = { readonly homes: HomesInUse; readonly digest: string };

export class Crash extends Error {}

let incarnations = 0;

export class TestUnit {
  readonly name: string;
  readonly #disks: { readonly shared: MemoryDisk; readonly own: MemoryDisk } = {
    shared: emptyMemoryDisk(),
    own: emptyMemoryDisk(),
  };
  readonly troubles: Error[] = [];
  world!: VirtualWorld;
  /** So many commits succeed, on either disk; the next one does not happen, and nothing after it. */
  commitsUntilCrash = Number.POSITIVE_INFINITY;
  #state!: SharedState;
  #listeners = new Set<(what: "data" | "status") => void>();
  shared!: MovableRows;
  rows!: OptionalRows;
  #peer: TestUnit | null = null;

  constructor(name: string) {
    this.name = name;
    this.start();
  }

  get hasCrashed(): boolean {
    return this.commitsUntilCrash < 0;
  }

  /** Begins on what the disks hold. */
  start(): void {
    const world = new VirtualWorld();
    this.world = world;
    // Entropy that no unit and no start ever shares with another.
    world.randomHex = () => {
      incarnations += 1;
      return incarnations.toString(16).padStart(16, "0");
    };
    this.commitsUntilCrash = Number.POSITIVE_INFINITY;
    this.#listeners = new Set();
    this.#state = new SharedState(sharedTables, this.#mortal(this.#disks.shared), this.name, null, world);
    this.shared = this.#shared();
    this.rows = new OptionalRows({
      world,
      unit: this.name,
      shared: this.shared,
      store: this.#mortal(this.#disks.own),
      tables: switched,
      onTrouble: (error) => {
        if (!(error instanceof Crash)) this.troubles.push(error);
      },
    });
  }

  /** While set, the disk under the unit's own rows keeps nothing. */
  set ownDiskFailure(failure: Error | null) {
    this.#disks.own.failure = failure;
  }

  get digest(): string {
    return this.#state.replica.digest();
  }

  /** As the list of conflicts is worked with. */
  get conflictSurface(): ConflictSurface {
    return {
      conflicts: () => this.#state.replica.conflicts(),
      row: this.shared.row,
      write: this.shared.write,
      unitName: (unit) => unit,
    };
  }

  conflicts(): readonly unknown[] {
    return this.#state.replica.conflicts().map(({ value }) => value);
  }

  /** Changes pass at once while connected; otherwise at the next `meet`. */
  connect(peer: TestUnit | null): void {
    this.#peer = peer;
    if (peer !== null) peer.#peer = this;
  }

  disconnect(): void {
    if (this.#peer !== null) this.#peer.#peer = null;
    this.#peer = null;
  }

  /** Both take what they lack of each other, until there is nothing more. */
  async meet(other: TestUnit): Promise<void> {
    for (let round = 0; round < 20; round += 1) {
      const before = [this.#state.replica.vector, other.#state.replica.vector];
      this.#take(other);
      other.#take(this);
      await this.rows.settled();
      await other.rows.settled();
      if (before[0] === this.#state.replica.vector && before[1] === other.#state.replica.vector) return;
    }
    assert(false, "the two do not come to rest");
  }

  names(): { readonly [id: string]: string } {
    return Object.fromEntries(this.rows.rows(profiles).map(({ key, values }) => [key, values.name]));
  }

  add(id: string, name: string) {
    return this.rows.write([createRow(profiles, { id, name })], "operator", "added");
  }

  tagOf(id: string): string | undefined {
    return this.rows.row(profiles, id)?.tag;
  }

  rename(id: string, name: string, tag?: string) {
    return this.rows.write([updateRow(profiles, id, { name }, tag)], "operator", "renamed");
  }

  remove(id: string, tag?: string) {
    return this.rows.write([deleteRow(profiles, id, tag)], "operator", "removed");
  }

  /** What a unit tells of itself to `former-rows.ts` of the other. */
  tell(): Told {
    return { homes: this.rows.homesInUse(), digest: this.digest };
  }

  /** As `former-rows.ts` does with what the other unit told, however long ago; answers the generations it removed from. */
  async removeFormer(told: Told | undefined): Promise<readonly number[]> {
    if (told?.digest !== this.digest) return [];
    const edits = this.rows.removalsOfFormer(told.homes, 1_000);
    if (edits.length > 0) await this.shared.write(edits, "tandem", "former rows removed");
    return edits.flatMap((edit) => (edit.kind === "delete" ? [Number(edit.key.split("/")[0])] : []));
  }

  turn(on: boolean) {
    return this.rows.turn({ profiles: on }, undefined, "operator");
  }

  #mortal(disk: MemoryDisk): Store {
    const store = openMemoryStore(disk);
    return {
      ...store,
      commit: (changes) => {
        this.commitsUntilCrash -= 1;
        if (this.commitsUntilCrash < 0) throw new Crash("power cut");
        store.commit(changes);
      },
    };
  }

  #take(from: TestUnit): void {
    const { replica } = this.#state;
    const delta = from.#state.replica.deltaSince(replica.vector);
    const before = replica.vector;
    const merged = this.#state.takeIn(delta);
    if (merged.pushed !== null || replica.vector !== before) this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener("data");
    const peer = this.#peer;
    if (peer === null) return;
    if (peer.hasCrashed) return;
    try {
      peer.#take(this);
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
  }

  #shared(): MovableRows {
    return {
      rows: (table) => this.#state.replica.rows(table),
      row: (table, key) => this.#state.replica.row(table, key),
      onChange: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
      write: async (edits, author) => {
        const written = this.#state.write(edits, author, 1_700_000_000_000);
        if (!written.ok) return written;
        this.#changed();
        return ok("both");
      },
      versionsOf: (table, key) => this.#state.replica.versionsOf(table, key),
      knows: (minted) => this.#state.replica.knowsOf(minted),
      takeIn: async (make) => {
        if (this.#state.takeIn(make()).pushed !== null) this.#changed();
      },
    };
  }
}
