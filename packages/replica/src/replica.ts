/**
 * The synchronised state of one Central (SPEC CH3, CH17, CH20, CH21).
 *
 * Invariants:
 * - equal vectors ⇒ equal state, and equal digests under the same key;
 * - every edit is current, was knowingly replaced, or stands in the conflicts table;
 * - whatever the vector counts is in the slots, or was superseded by something that is;
 * - an incarnation of its own holds what is since one wire version (`docs/rolling-upgrade.md`).
 *
 * A replica owns its maps and changes them in place. It reads no clock, draws no random number and does no I/O.
 * `write` and `apply` return what must be on disk, in one transaction, before anything is shown to anybody or sent
 * anywhere. When persisting fails the unit stops: its memory is ahead of its disk and must not be used on.
 */
import { assert } from "@tandem/base/assert";
import { canonicalJson, type Json } from "@tandem/base/canonical-json";
import { compiledCheck } from "@tandem/base/compiled-check";
import type { Incarnation, UnitId } from "@tandem/base/ids";
import type { FieldError, Result } from "@tandem/base/result";
import { err, ok } from "@tandem/base/result";
import type { TSchema } from "@tandem/base/schema";
import type { WallMillis } from "@tandem/base/time";
import {
  type Conflict,
  type ConflictEntry,
  conflictEntry,
  conflictLife,
  conflictsTable,
  type Resolution,
} from "./conflicts.ts";
import { authorMaxLength, clockMax, editsPerWriteMax, longDeltaItems, sharedTextsMax } from "./constants.ts";
import { DigestIndex } from "./digest.ts";
import { type Edit, type Put, stageEdit, type WriteConflict } from "./edits.ts";
import { isText } from "./json-value.ts";
import { lifeValue, mergeVersion, standsAnyway, winnerOf } from "./merge.ts";
import { columnsOf, RowStore, type RowView, type Slots } from "./rows.ts";
import type { Columns, Table } from "./schema.ts";
import {
  compareByClock,
  compareVersions,
  covers,
  type Delta,
  emptyVector,
  incarnationFor,
  knows,
  lifeField,
  mergeVectors,
  type Persist,
  type Stored,
  sameValue,
  sequenceOf,
  sinceOfIncarnation,
  type Vector,
  type Version,
  type VersionId,
  vectorUpTo,
  versionId,
} from "./version.ts";

export type WriteInput = {
  /** Succeed together or not at all; a later one sees what an earlier one did. */
  readonly edits: readonly Edit[];
  readonly author: string;
  readonly unit: UnitId;
  readonly wall: WallMillis;
  /** Minted since this replica was loaded; the same for all its writes and merges, unless `incarnationSpent` was answered. */
  readonly incarnation: Incarnation;
};

export type Written = {
  readonly persist: Persist;
  /** To be pushed once `persist` is on disk. Empty of items when the edits changed nothing. */
  readonly delta: Delta;
  /** The first wire version whose program can hold all of it. */
  readonly since: number;
};

export type Applied = {
  readonly persist: Persist;
  /** Conflicts this merge added to the list. */
  readonly conflicts: readonly VersionId[];
  /** What the merge itself wrote, to be pushed once `persist` is on disk; null when it wrote nothing. */
  readonly delta: Delta | null;
  /**
   * True when the sender knew writes of this very incarnation that this replica did not have: its memory was rolled
   * back while it ran. The shell mints another incarnation before the next write.
   */
  readonly incarnationSpent: boolean;
};

/** What this program cannot hold: written by a later version of it, or not by it at all. */
export type Unfit =
  | { readonly code: "unknown-table"; readonly table: string }
  | { readonly code: "unknown-field"; readonly table: string; readonly field: string }
  | { readonly code: "value-unfit"; readonly table: string; readonly row: string; readonly field: string };

export type ApplyRefusal =
  /** The delta starts beyond what this replica knows: ask again with this replica's vector. */
  { readonly code: "gap"; readonly base: Vector; readonly vector: Vector } | Unfit;

/** What a program of some wire version can hold of a replica; the replica itself when that is all of it. */
export type Portion = Pick<
  Replica,
  | "vector"
  | "sequence"
  | "clock"
  | "digest"
  | "digests"
  | "rowDigests"
  | "differingRows"
  | "versionsOf"
  | "deltaSince"
  | "cut"
>;

export type LoadFailure =
  | Unfit
  /** A stored version that the stored vector does not count. */
  | { readonly code: "vector-behind"; readonly version: VersionId };

/** A replica that is being made of what was kept; nobody has it before its end. An error ends it. */
export type Loading = {
  take(versions: Iterable<Version>): Result<null, LoadFailure>;
  end(kept: Pick<Stored, "vector" | "clock">): Result<Replica, LoadFailure>;
};

export class Replica {
  readonly #store: RowStore;
  readonly #digests: DigestIndex;
  /** The latest wire version since which there is any of its tables or columns. */
  readonly #latest: number;
  /** Digests of what a peer of an earlier wire version can hold; null until there is one. */
  #earlier: { readonly upTo: number; readonly digests: DigestIndex } | null = null;
  #vector: Vector = emptyVector;
  #clock = 0;
  /** Incarnations, authors, units: one object of each text. */
  readonly #texts = new Map<string, string>();
  readonly #checks = new Map<TSchema, (value: unknown) => boolean>();
  readonly #lostInSnapshot = new Map<VersionId, Version>();
  #digestKey: string;
  /** The incarnation this replica has written in since it was loaded, as it was minted. */
  #incarnation: Incarnation | null = null;
  #forms: { readonly minted: Incarnation; readonly forms: readonly Incarnation[] } | null = null;

  private constructor(tables: readonly Table[], digestKey: string) {
    this.#digestKey = digestKey;
    this.#digests = new DigestIndex(digestKey);
    this.#latest = Math.max(
      1,
      ...tables.flatMap((table) => [table.since, ...[...table.fields.values()].map(({ since }) => since)]),
    );
    this.#store = new RowStore([...tables, conflictsTable], (slots) => {
      this.#digests.touch(slots);
      this.#earlier?.digests.touch(slots);
    });
  }

  /** A replica that holds nothing. `digestKey`: the pair id, "" before there is one. */
  static empty(tables: readonly Table[], digestKey: string): Replica {
    return new Replica(tables, digestKey);
  }

  /** From what a store has kept. Where a slot is stored twice the greater version counts. */
  static load(tables: readonly Table[], stored: Stored, digestKey: string): Result<Replica, LoadFailure> {
    const loading = Replica.loading(tables, digestKey);
    const taken = loading.take(stored.versions);
    return taken.ok ? loading.end(stored) : taken;
  }

  /** The same, some of it at a time. */
  static loading(tables: readonly Table[], digestKey: string): Loading {
    const replica = new Replica(tables, digestKey);
    const intern = contextInterner();
    return {
      take(versions) {
        for (const version of versions) {
          const unfit = replica.#unfit(version, false);
          if (unfit) return err(unfit);
          const current = replica.#store.slots(version.table, version.row)?.fields.get(version.field);
          if (current && winnerOf(current, version) === current) continue;
          replica.#store.set(replica.#kept(version, intern(version.context)));
          replica.#clock = Math.max(replica.#clock, version.clock);
        }
        replica.#store.commit();
        return ok(null);
      },
      end({ vector, clock }) {
        for (const version of replica.#store.versions())
          if (!knows(vector, version)) return err({ code: "vector-behind", version: versionId(version) });
        replica.#vector = Object.freeze({ ...vector });
        replica.#clock = Math.max(replica.#clock, clock);
        return ok(replica);
      },
    };
  }

  /**
   * Takes some of a snapshot's versions into a replica that is being made of it and that nobody reads before
   * `receivedAll`. An error leaves it unfit for use.
   */
  receive(versions: readonly Version[]): Result<null, Unfit> {
    assert(this.#vector === emptyVector, "a snapshot is received by a replica that holds nothing else");
    for (const version of versions) {
      const unfit = this.#unfit(version, true);
      if (unfit) return err(unfit);
      mergeVersion(this.#store, version, this.#lostInSnapshot);
    }
    this.#store.commit();
    return ok(null);
  }

  /** Ends it. False when something in it lost without standing in its Conflicts, which no whole snapshot has. */
  receivedAll({ claim, clock }: Pick<Delta, "claim" | "clock">): boolean {
    const losers = [...this.#lostInSnapshot.values()];
    this.#lostInSnapshot.clear();
    this.#vector = mergeVectors(emptyVector, claim);
    this.#clock = clock;
    for (const version of this.#store.versions()) this.#clock = Math.max(this.#clock, version.clock);
    return losers.every((loser) => standsAnyway(this.#store, loser) || this.#isListed(loser));
  }

  get vector(): Vector {
    return this.#vector;
  }

  get clock(): number {
    return this.#clock;
  }

  /** How many changes this replica knows of, for display (CH17). In step means equal vectors, not equal sums. */
  get sequence(): number {
    return sequenceOf(this.#vector);
  }

  /**
   * Makes edits. Errors: `WriteConflict` when something moved on since the author read it (409), `FieldError` for bad
   * input; nothing is changed then.
   */
  write(input: WriteInput): Result<Written, WriteConflict | FieldError> {
    assert(input.edits.length <= editsPerWriteMax, "too many edits in one write");
    assert(
      Number.isSafeInteger(input.wall) && input.wall >= 0 && input.wall < clockMax,
      "the wall clock is out of range",
    );
    if (!isText(input.author, authorMaxLength))
      return err({
        code: "author-malformed",
        field: "author",
        message: "the author's name cannot be kept",
        remedy: `use at most ${authorMaxLength} characters`,
      });
    const base = this.#vector;
    const clock = Math.max(this.#clock + 1, input.wall);
    const by = { author: input.author, unit: input.unit, at: input.wall };
    this.#store.begin();
    const stamp = this.#stamp(input.incarnation, clock);
    for (const edit of input.edits) {
      const staged = stageEdit(
        this.#store,
        edit,
        (table, row, field, life, value) => stamp.put(table, row, field, life, value, by),
        by,
      );
      if (!staged.ok) {
        this.#store.rollback();
        return staged;
      }
    }
    const versions = this.#store.commit();
    if (versions.length > 0) {
      this.#clock = clock;
      this.#vector = stamp.vector();
    }
    const since = versions.reduce((latest, version) => Math.max(latest, this.#sinceOf(version)), 1);
    return ok({ persist: this.#persist(versions), delta: this.#delta(base, versions), since });
  }

  /**
   * Takes a delta whole, or refuses it and changes nothing. Versions it already knows of are passed over, so
   * repeated and reordered deltas do no harm. `incarnation`: as for `write`; conflicts are written in it.
   */
  apply(delta: Delta, incarnation: Incarnation): Result<Applied, ApplyRefusal> {
    if (!covers(this.#vector, delta.base))
      return err({ code: "gap", base: delta.base, vector: this.#vector });
    const fresh = delta.items.filter((version) => !knows(this.#vector, version)).sort(compareByClock);
    for (const version of fresh) {
      const unfit = this.#unfit(version, true);
      if (unfit) return err(unfit);
      assert(knows(delta.claim, version), "a delta claims all its items");
    }
    const incarnationSpent = this.#formsOf(incarnation).some(
      (form) => (delta.claim[form] ?? 0) > (this.#vector[form] ?? 0),
    );

    this.#store.begin();
    const losers = new Map<VersionId, Version>();
    // The versions of a long delta share their texts with each other already.
    const isLong = fresh.length > longDeltaItems;
    let clock = Math.max(this.#clock, delta.clock);
    for (const version of fresh) {
      const kept = isLong ? version : this.#kept(version, version.context);
      mergeVersion(this.#store, kept, losers);
      clock = Math.max(clock, version.clock);
    }
    this.#vector = mergeVectors(this.#vector, delta.claim);
    this.#clock = clock;
    const base = this.#vector;
    const conflicts = this.#noteConflicts([...losers.values()], incarnation);
    const versions = this.#store.commit();
    const written = versions.filter((version) => !knows(base, version));
    return ok({
      persist: this.#persist(versions),
      conflicts,
      delta: written.length > 0 ? this.#delta(base, written) : null,
      incarnationSpent,
    });
  }

  /**
   * Mends named rows after corruption: vectors equal, digests not, on two exchanges (V8). `theirs` holds the peer's
   * versions of these rows. In each slot that is not the same on both sides the greater version is written anew, in
   * `incarnation`, which must be new; a value that loses is listed in Conflicts. One side does this, and raises the
   * alarm; its delta mends the other.
   */
  repair(
    rows: readonly { readonly table: string; readonly row: string }[],
    theirs: readonly Version[],
    incarnation: Incarnation,
  ): Result<Applied, Unfit> {
    for (const version of theirs) {
      const unfit = this.#unfit(version, true);
      if (unfit) return err(unfit);
    }
    assert(!this.knowsOf(incarnation), "a repair needs a new incarnation");
    const slotOf = ({ table, row, field }: Version): string => JSON.stringify([table, row, field]);
    const bySlot = (versions: readonly Version[]): Map<string, Version> =>
      new Map(versions.map((version) => [slotOf(version), version]));
    const ours = bySlot(rows.flatMap(({ table, row }) => this.versionsOf(table, row)));
    const others = bySlot(theirs);

    this.#clock = Math.max(this.#clock, ...theirs.map(({ clock }) => clock)) + 1;
    const base = this.#vector;
    const stamp = this.#stamp(incarnation, this.#clock);
    const losers: Version[] = [];
    this.#store.begin();
    for (const slot of new Set([...ours.keys(), ...others.keys()])) {
      const our = ours.get(slot);
      const their = others.get(slot);
      if (our && their && sameText(our, their)) continue;
      const winner = !their || (our && isGreater(our, their)) ? our! : their;
      const loser = winner === our ? their : our;
      stamp.put(winner.table, winner.row, winner.field, winner.life, winner.value, winner);
      if (loser && loser.table !== conflictsTable.name && !sameValue(winner.value, loser.value))
        losers.push(loser);
    }
    const listed = losers.filter((loser) => !this.#isListed(loser));
    for (const loser of listed)
      stamp.put(conflictsTable.name, versionId(loser), "entry", conflictLife, conflictEntry(loser), loser);
    const versions = this.#store.commit();
    this.#vector = versions.length > 0 ? stamp.vector() : base;
    return ok({
      persist: this.#persist(versions),
      conflicts: listed.map(versionId),
      delta: versions.length > 0 ? this.#delta(base, versions) : null,
      incarnationSpent: false,
    });
  }

  /** The versions in a row's slots, for a peer that mends it. */
  versionsOf(table: string, row: string): readonly Version[] {
    return [...(this.#store.slots(table, row)?.fields.values() ?? [])];
  }

  /** Lists what was lost, unless it is listed already or stands anyway. */
  #noteConflicts(losers: readonly Version[], incarnation: Incarnation): readonly VersionId[] {
    const listed = losers.filter((loser) => !standsAnyway(this.#store, loser) && !this.#isListed(loser));
    if (listed.length === 0) return [];
    const clock = this.#clock + 1;
    const stamp = this.#stamp(incarnation, clock);
    for (const loser of listed)
      stamp.put(conflictsTable.name, versionId(loser), "entry", conflictLife, conflictEntry(loser), loser);
    this.#clock = clock;
    this.#vector = stamp.vector();
    return listed.map(versionId);
  }

  #isListed(loser: Version): boolean {
    return this.#store.slots(conflictsTable.name, versionId(loser))?.fields.has("entry") === true;
  }

  /** The first wire version whose program can hold what stands in a slot. A conflict is as old as what it is about. */
  #sinceOfSlot({ table: name, row, field }: Pick<Version, "table" | "row" | "field">): number {
    if (name === conflictsTable.name) return sinceOfIncarnation(row);
    const table = this.#store.table(name);
    return table?.fields.get(field)?.since ?? table?.since ?? 1;
  }

  /** Of a version: what it says is told only with its incarnation. */
  #sinceOf(version: Version): number {
    return Math.max(this.#sinceOfSlot(version), sinceOfIncarnation(version.incarnation));
  }

  /** Whether it knows of anything that was written by whoever minted this incarnation. */
  knowsOf(minted: Incarnation): boolean {
    return this.#formsOf(minted).some((form) => this.#vector[form] !== undefined);
  }

  /** All incarnations in which a process that minted this one writes; the same texts for all its versions. */
  #formsOf(minted: Incarnation): readonly Incarnation[] {
    if (this.#forms?.minted !== minted) {
      const forms = Array.from({ length: this.#latest }, (_, index) => incarnationFor(minted, index + 1));
      this.#forms = { minted, forms };
    }
    return this.#forms.forms;
  }

  /** Gives versions of one transaction their identity: one clock, one context, in each incarnation consecutive seqs. */
  #stamp(
    incarnation: Incarnation,
    clock: number,
  ): {
    put: (...input: [...Parameters<Put>, Pick<Version, "author" | "unit" | "at">]) => void;
    vector: () => Vector;
  } {
    assert(/^[0-9a-f]{16}$/.test(incarnation), "an incarnation is 16 hexadecimal digits");
    assert(
      incarnation === this.#incarnation || !this.knowsOf(incarnation),
      "an incarnation is never used again after a start",
    );
    assert(clock <= clockMax, "the hybrid clock has run out");
    const context = this.#vector;
    const forms = this.#formsOf(incarnation);
    const seqs: { [form: Incarnation]: number } = {};
    return {
      put: (table, row, field, life, value, { author, unit, at }) => {
        const form = forms[this.#sinceOfSlot({ table, row, field }) - 1]!;
        const seq = (seqs[form] ?? context[form] ?? 0) + 1;
        seqs[form] = seq;
        this.#incarnation = incarnation;
        this.#store.set(
          Object.freeze({
            table,
            row,
            field,
            incarnation: form,
            seq,
            life,
            clock,
            context,
            author,
            unit,
            at,
            value,
          }),
        );
      },
      vector: () => Object.freeze({ ...context, ...seqs }),
    };
  }

  #persist(versions: readonly Version[]): Persist {
    return { versions, vector: this.#vector, clock: this.#clock };
  }

  #delta(base: Vector, items: readonly Version[]): Delta {
    return { base, claim: this.#vector, clock: this.#clock, items: [...items].sort(compareByClock) };
  }

  /** What a replica at `base` may lack. The empty base gives the snapshot of an initial synchronisation. */
  deltaSince(base: Vector): Delta {
    if (covers(base, this.#vector)) return this.#delta(base, []);
    const items: Version[] = [];
    for (const version of this.#store.versions()) if (!knows(base, version)) items.push(version);
    return this.#delta(base, items);
  }

  /**
   * What a peer of wire version `upTo` can hold of this replica: its rows and columns, its part of the vector, digests
   * over nothing else. Two units of different versions are in step when that is the same on both.
   */
  upTo(upTo: number): Portion {
    if (upTo >= this.#latest) return this;
    const vector = vectorUpTo(this.#vector, upTo);
    const isHeld = (version: Version): boolean => this.#sinceOf(version) <= upTo;
    const digests = this.#earlierDigests(upTo, isHeld);
    const cut = (delta: Delta): Delta => ({
      base: vectorUpTo(delta.base, upTo),
      claim: vectorUpTo(delta.claim, upTo),
      clock: delta.clock,
      // Contexts stay whole: they are part of what a version says, and a receiver asks nothing of them.
      items: delta.items.filter(isHeld),
    });
    return {
      vector,
      sequence: sequenceOf(vector),
      clock: this.#clock,
      digest: () => digests.digest(),
      digests: () => digests.tables(),
      rowDigests: (table) => digests.rows(table),
      differingRows: (table, others) => differingKeys(digests.rows(table), others),
      versionsOf: (table, row) => this.versionsOf(table, row).filter(isHeld),
      deltaSince: (base) => cut(this.deltaSince(base)),
      cut,
    };
  }

  /** A delta of this replica as it is to travel: whole. */
  cut(delta: Delta): Delta {
    return delta;
  }

  #earlierDigests(upTo: number, counts: (version: Version) => boolean): DigestIndex {
    if (this.#earlier?.upTo !== upTo) {
      this.#earlier = { upTo, digests: new DigestIndex(this.#digestKey, counts) };
      for (const slots of this.#store.allSlots()) this.#earlier.digests.touch(slots);
    }
    return this.#earlier.digests;
  }

  /** The tables with something that a program of wire version `upTo` cannot hold, sorted. */
  tablesBeyond(upTo: number): readonly string[] {
    if (upTo >= this.#latest) return [];
    const isBeyond = (slots: Slots): boolean =>
      [...slots.fields.values()].some((version) => this.#sinceOf(version) > upTo);
    const hasAny = ({ name, since, fields }: Table): boolean => {
      // Few tables need a look at their rows: what is in a later one is beyond as a whole.
      const isMixed =
        name === conflictsTable.name || [...fields.values()].some((field) => field.since > upTo);
      if (since <= upTo && !isMixed) return false;
      for (const slots of this.#store.tableSlots(name)) if (isBeyond(slots)) return true;
      return false;
    };
    return this.#store
      .tables()
      .filter(hasAny)
      .map(({ name }) => name)
      .sort();
  }

  /** Every current version, tombstones and conflicts included: with `vector` and `clock` all that a store must keep. */
  versions(): Iterable<Version> {
    return this.#store.versions();
  }

  /** Whether a version's value is to be encrypted at rest and kept out of logs. */
  isSecret(version: Version): boolean {
    if (version.table !== conflictsTable.name) return this.#isSecretField(version.table, version.field);
    if (version.field !== "entry") return false;
    const entry = version.value as unknown as ConflictEntry;
    return this.#isSecretField(entry.table, entry.field);
  }

  /** A field that is not known (any more) counts as secret. */
  #isSecretField(table: string, field: string): boolean {
    return field !== lifeField && (this.#store.table(table)?.fields.get(field)?.secret ?? true);
  }

  /** The existing rows, by key in code unit order. The same objects until something changes. */
  rows<C extends Columns>(table: Table<C>): readonly RowView<C>[] {
    return this.#store.views(table.name) as unknown as readonly RowView<C>[];
  }

  /** undefined when the row does not exist. */
  row<C extends Columns>(table: Table<C>, key: string): RowView<C> | undefined {
    return this.#store.view(table.name, key) as unknown as RowView<C> | undefined;
  }

  /** What lost to concurrent changes, resolved or not, oldest first. */
  conflicts(): readonly Conflict[] {
    return this.rows(conflictsTable)
      .map(({ key, values }): Conflict => {
        const { entry, resolution } = values as { entry: ConflictEntry; resolution: Resolution | null };
        const secret = this.#isSecretField(entry.table, entry.field);
        const { table, row, field, author, unit, at } = entry;
        return {
          id: key,
          table,
          row,
          field,
          value: secret ? null : entry.value,
          secret,
          author,
          unit,
          at,
          resolution,
        };
      })
      .sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
  }

  /** Over everything that is shared: 64 hexadecimal digits. Compare only between equal vectors. */
  digest(): string {
    return this.#digests.digest();
  }

  /** Per table that holds anything. */
  digests(): { readonly [table: string]: string } {
    return this.#digests.tables();
  }

  rowDigests(table: string): ReadonlyMap<string, string> {
    return this.#digests.rows(table);
  }

  /** The keys of rows, deleted ones included, whose digest is not the other's, sorted. */
  differingRows(table: string, others: ReadonlyMap<string, string>): readonly string[] {
    return differingKeys(this.rowDigests(table), others);
  }

  /** Another pair id: from now on digests are taken under it. */
  rekey(digestKey: string): void {
    this.#digestKey = digestKey;
    this.#earlier = null;
    this.#digests.rekey(digestKey, this.#store);
  }

  /** Compiled at the first question: a snapshot asks half a million times. */
  #fits(schema: TSchema, value: Json): boolean {
    let check = this.#checks.get(schema);
    if (check === undefined) {
      check = compiledCheck(schema);
      this.#checks.set(schema, check);
    }
    return check(value);
  }

  /** A version as it is kept: the texts that many share are one object, since a large fleet has half a million versions. */
  #kept(version: Version, context: Vector): Version {
    const { seq, life, clock, at, value } = version;
    const table = this.#store.table(version.table);
    return Object.freeze({
      table: table?.name ?? version.table,
      row: this.#store.slots(version.table, version.row)?.key ?? version.row,
      field: table?.fields.get(version.field)?.name ?? this.#shared(version.field),
      incarnation: this.#shared(version.incarnation),
      seq,
      life,
      clock,
      context,
      author: this.#shared(version.author),
      unit: this.#shared(version.unit),
      at,
      value,
    });
  }

  #shared(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size >= sharedTextsMax) this.#texts.clear();
    this.#texts.set(text, text);
    return text;
  }

  /** Why this program cannot hold a version. Values are checked where they come from outside, not at load. */
  #unfit(version: Version, checkValue: boolean): Unfit | undefined {
    const { table: name, row, field: fieldName } = version;
    const table = this.#store.table(name);
    if (!table) return { code: "unknown-table", table: name };
    const unfit: Unfit = { code: "value-unfit", table: name, row, field: fieldName };
    if (fieldName === lifeField && name !== conflictsTable.name)
      return !checkValue || version.value === lifeValue(version.life) ? undefined : unfit;
    const field = table.fields.get(fieldName);
    if (!field) return { code: "unknown-field", table: name, field: fieldName };
    if (!checkValue) return undefined;
    if (version.life % 2 !== 1) return unfit;
    if (field.grouped && !hasExactly(version.value, field.columns)) return unfit;
    for (const [column, value] of Object.entries(columnsOf(field, version.value)))
      if (!this.#fits(table.columns[column]!.schema, value)) return unfit;
    return undefined;
  }
}

/** One object per distinct context: versions of one write share it, and so do its text and its number. */
function contextInterner(): (context: Vector) => Vector {
  const byObject = new Map<Vector, Vector>();
  const byText = new Map<string, Vector>();
  return (context) => {
    let interned = byObject.get(context);
    if (!interned) {
      const text = canonicalJson(context);
      interned = byText.get(text) ?? context;
      byText.set(text, interned);
      byObject.set(context, interned);
    }
    return interned;
  };
}

const differingKeys = (
  own: ReadonlyMap<string, string>,
  others: ReadonlyMap<string, string>,
): readonly string[] =>
  [...new Set([...own.keys(), ...others.keys()])].filter((row) => own.get(row) !== others.get(row)).sort();

const textOf = (version: Version): string => canonicalJson(version);
const sameText = (a: Version, b: Version): boolean => a === b || textOf(a) === textOf(b);
/** A total order also between versions that share an identity, which only corruption makes. */
const isGreater = (a: Version, b: Version): boolean => {
  const order = compareVersions(a, b);
  return order > 0 || (order === 0 && textOf(a) > textOf(b));
};

const hasExactly = (value: Json, members: readonly string[]): boolean =>
  typeof value === "object" &&
  value !== null &&
  Object.keys(value).length === members.length &&
  members.every((member) => Object.hasOwn(value, member));
