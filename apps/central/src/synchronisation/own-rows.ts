/** Rows that this unit keeps for itself, in a replica of their own that is never exchanged, in `unit.db`. */
import type { Json } from "@tandem/base/canonical-json";
import type { Incarnation, UnitId } from "@tandem/base/ids";
import { err, type FieldError, ok, type Result } from "@tandem/base/result";
import type { World } from "@tandem/base/world";
import type { Edit, WriteConflict } from "@tandem/replica/edits";
import type { Replica } from "@tandem/replica/replica";
import type { Table } from "@tandem/replica/schema";
import type { Delta, Persist } from "@tandem/replica/version";
import type { Change, Store } from "@tandem/storage/store";
import { loadReplica } from "../ha/shared-state.ts";

export class OwnRows {
  readonly #tables: readonly Table[];
  readonly #store: Store;
  readonly #unit: UnitId;
  readonly #world: World;
  #replica: Replica;
  #incarnation: Incarnation;

  /** Throws when what is stored cannot be understood. */
  constructor(tables: readonly Table[], store: Store, unit: UnitId, world: World) {
    this.#tables = tables;
    this.#store = store;
    this.#unit = unit;
    this.#world = world;
    this.#replica = this.#load();
    this.#incarnation = world.randomHex(8);
  }

  get replica(): Replica {
    return this.#replica;
  }

  document(name: string): Json | undefined {
    return this.#store.document(name);
  }

  setDocument(name: string, value: Json): void {
    this.#commit([{ kind: "document", name, value }]);
  }

  /** On disk when it returns, in one transaction with `alongside`. */
  write(
    edits: readonly Edit[],
    author: string,
    alongside: readonly Change[] = [],
  ): Result<void, WriteConflict | FieldError> {
    const written = this.#replica.write({
      edits,
      author,
      unit: this.#unit,
      wall: this.#world.wall(),
      incarnation: this.#incarnation,
    });
    if (!written.ok) return err(written.error);
    this.#keep(written.value.persist, alongside);
    return ok(undefined);
  }

  /** Takes rows that come from the shared state; the same. */
  takeIn(delta: Delta, alongside: readonly Change[]): void {
    const applied = this.#replica.apply(delta, this.#incarnation);
    // Both replicas are of the same declarations, and the delta builds on nothing.
    if (!applied.ok) throw new Error(`rows of this program do not fit it: ${JSON.stringify(applied.error)}`);
    this.#keep(applied.value.persist, alongside);
  }

  close(): void {
    this.#store.close();
  }

  #keep(persist: Persist, alongside: readonly Change[]): void {
    const rows: readonly Change[] = persist.versions.length > 0 ? [{ kind: "versions", persist }] : [];
    if (rows.length + alongside.length > 0) this.#commit([...rows, ...alongside]);
  }

  /** What could not be kept did not happen: the replica is read anew, and the caller hears of the failure. */
  #commit(changes: readonly Change[]): void {
    try {
      this.#store.commit(changes);
    } catch (error) {
      this.#replica = this.#load();
      this.#incarnation = this.#world.randomHex(8);
      throw error;
    }
  }

  #load(): Replica {
    return loadReplica(this.#tables, this.#store, "", "unit.db");
  }
}
