/**
 * The shared state of this unit and its copy on disk, kept in step: nothing is shown, sent or answered before
 * it is committed. When a commit fails the replica in memory is ahead of the disk; the error goes up to the
 * owner, which stops.
 */
import type { Incarnation, PairId, UnitId } from "@tandem/base/ids";
import { type FieldError, ok, type Result } from "@tandem/base/result";
import type { WallMillis } from "@tandem/base/time";
import type { World } from "@tandem/base/world";
import { sinceLatest } from "@tandem/replica/constants";
import type { Edit, WriteConflict } from "@tandem/replica/edits";
import { type Applied, type ApplyRefusal, type Portion, Replica } from "@tandem/replica/replica";
import type { Table } from "@tandem/replica/schema";
import { covers, type Delta, type Vector, type Version } from "@tandem/replica/version";
import { decodeDelta, type MalformedDelta } from "@tandem/replica/wire";
import { diskTroubleOf } from "@tandem/storage/disk-trouble";
import { SecretUnreadable } from "@tandem/storage/secret-box";
import type { Change, IsSecret, Store } from "@tandem/storage/store";
import { StateUnreadable } from "../state-unreadable.ts";

/** Which versions a store has to seal, before there is a replica to ask. */
export const isSecretIn = (tables: readonly Table[]): IsSecret => {
  const declarations = Replica.empty(tables, "");
  return (version) => declarations.isSecret(version);
};

/** Versions are read while they are loaded, so what cannot be read shows in here. */
export function loadReplica(
  tables: readonly Table[],
  store: Store,
  digestKey: string,
  file = "config.db",
): Replica {
  let loaded: ReturnType<typeof Replica.load>;
  try {
    loaded = Replica.load(tables, store.stored(), digestKey);
  } catch (error) {
    if (diskTroubleOf(error) !== null) throw error;
    const { message } = error as Error;
    throw new StateUnreadable(
      error instanceof SecretUnreadable
        ? `${message}: secret.key is not the one that config.db was written with; put the right secret.key back from a copy of this unit's folder`
        : `the stored configuration cannot be read (${message}); restore ${file} from a backup`,
    );
  }
  if (loaded.ok) return loaded.value;
  throw new StateUnreadable(
    `the stored configuration cannot be read (${JSON.stringify(loaded.error)}); install the version that wrote it, or restore a backup`,
  );
}

export class SharedState {
  readonly #store: Store;
  readonly #unit: UnitId;
  readonly #world: World;
  #replica: Replica;
  #peerHoldsUpTo = sinceLatest;
  #incarnation: Incarnation;

  /** Throws when what is stored cannot be understood: by a later version, or damaged. */
  constructor(tables: readonly Table[], store: Store, unit: UnitId, pairId: PairId | null, world: World) {
    this.#store = store;
    this.#unit = unit;
    this.#world = world;
    this.#incarnation = this.#mintIncarnation();
    this.#replica = loadReplica(tables, store, pairId ?? "");
  }

  /** 64 random bits (V1): never used again by anybody. */
  #mintIncarnation(): Incarnation {
    return this.#world.randomHex(8);
  }

  get replica(): Replica {
    return this.#replica;
  }

  /** What the peer can hold of it: all that is ever said to it of changes, vectors and digests. */
  get common(): Portion {
    return this.#replica.upTo(this.#peerHoldsUpTo);
  }

  /** The wire version up to which the peer knows tables and columns, this unit's own at most. */
  get peerHoldsUpTo(): number {
    return this.#peerHoldsUpTo;
  }

  /** True when that is another than before: whatever was derived from `common` is to be told anew. */
  peerSpeaks(wire: number): boolean {
    const before = this.#peerHoldsUpTo;
    this.#peerHoldsUpTo = Math.min(wire, sinceLatest);
    return this.#peerHoldsUpTo !== before;
  }

  /** One write alone, as `writeAll`. */
  write(edits: readonly Edit[], author: string, at: WallMillis): Result<Delta, WriteConflict | FieldError> {
    const { results, delta } = this.writeAll([{ edits, author, at }]);
    return results[0]?.ok === false ? results[0] : ok(delta);
  }

  /**
   * Makes writes in order, each whole or not at all, in one transaction; on this unit's disk when it returns. Each
   * result is the first wire version whose program can hold what was written. The delta is what to push; without items
   * when nothing changed.
   */
  writeAll(
    writes: readonly { readonly edits: readonly Edit[]; readonly author: string; readonly at: WallMillis }[],
  ): {
    readonly results: readonly Result<number, WriteConflict | FieldError>[];
    readonly delta: Delta;
  } {
    const base = this.#replica.vector;
    const versions: Version[] = [];
    const results = writes.map(({ edits, author, at }): Result<number, WriteConflict | FieldError> => {
      const incarnation = this.#incarnation;
      const written = this.#replica.write({ edits, author, unit: this.#unit, wall: at, incarnation });
      if (!written.ok) return written;
      versions.push(...written.value.delta.items);
      return ok(written.value.since);
    });
    const { vector, clock } = this.#replica;
    if (versions.length > 0) this.#store.commit([{ kind: "versions", persist: { versions, vector, clock } }]);
    return { results, delta: { base, claim: vector, clock, items: versions } };
  }

  /** Merges what the peer sent; on this unit's disk when it returns. `claim` is what the peer has on its own. */
  merge(wireDelta: unknown): Result<Applied & { readonly claim: Vector }, ApplyRefusal | MalformedDelta> {
    const delta = decodeDelta(wireDelta);
    if (!delta.ok) return delta;
    const before = this.#replica.vector;
    const applied = this.#replica.apply(delta.value, this.#incarnation);
    if (!applied.ok) return applied;
    if (applied.value.incarnationSpent) this.#incarnation = this.#mintIncarnation();
    const isNews = applied.value.persist.versions.length > 0 || !covers(before, this.#replica.vector);
    if (isNews) this.#store.commit([{ kind: "versions", persist: applied.value.persist }]);
    return ok({ ...applied.value, claim: delta.value.claim });
  }

  /**
   * Merges changes of this unit that knew nothing of what is shared; on its disk when it returns. The delta is what to
   * push; null when there was nothing new.
   */
  takeIn(delta: Delta): { readonly pushed: Delta | null; readonly conflicts: Applied["conflicts"] } {
    const before = this.#replica.vector;
    const applied = this.#replica.apply(delta, this.#incarnation);
    if (!applied.ok) throw new Error(`rows of this program do not fit it: ${JSON.stringify(applied.error)}`);
    const { persist, conflicts } = applied.value;
    if (covers(before, this.#replica.vector)) return { pushed: null, conflicts };
    this.#store.commit([{ kind: "versions", persist }]);
    return { pushed: this.#replica.deltaSince(before), conflicts };
  }

  /** V8: mends rows that differ at equal vectors; on this unit's disk when it returns. */
  repair(
    rows: readonly { readonly table: string; readonly row: string }[],
    theirs: readonly Version[],
  ): ReturnType<Replica["repair"]> {
    const incarnation = this.#mintIncarnation();
    const repaired = this.#replica.repair(rows, theirs, incarnation);
    if (!repaired.ok) return repaired;
    // Later writes go on in it: a replica has one incarnation at a time.
    this.#incarnation = incarnation;
    this.#store.commit([{ kind: "versions", persist: repaired.value.persist }]);
    return repaired;
  }

  /** Swaps everything for a verified snapshot, in one transaction with `alongside`. */
  adopt(received: Replica, alongside: readonly Change[]): void {
    this.#store.commit([
      {
        kind: "replace",
        stored: { versions: received.versions(), vector: received.vector, clock: received.clock },
      },
      ...alongside,
    ]);
    this.#replica = received;
    this.#incarnation = this.#mintIncarnation();
  }

  /** Digests are keyed by the pair. */
  rekey(pairId: PairId | null): void {
    this.#replica.rekey(pairId ?? "");
  }
}
