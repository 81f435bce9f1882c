/**
 * A disk and the store on it: transactions are whole or not there, as SQLite's are, also when a write is torn
 * (`packages/storage/src/torn-write.test.ts` tears them at many places), and a power loss may take the
 * last ones with it when the disk lied about them. Images can be taken and put back.
 */
import { assert, unreachable } from "@tandem/base/assert";
import { canonicalJson, type Json } from "@tandem/base/canonical-json";
import { emptyVector, type Stored, type Vector, type Version } from "@tandem/replica/version";
import {
  type Change,
  foreignLogsMax,
  type NumberedEvent,
  ownEvents,
  type Store,
} from "@tandem/storage/store";

/** Transactions that can be taken back one by one. */
const undoMax = 64;
const eventsKeptMax = 200;

export type DiskImage = {
  readonly versions: ReadonlyMap<string, Version>;
  readonly vector: Vector;
  readonly clock: number;
  readonly documents: ReadonlyMap<string, Json>;
};

const emptyImage: DiskImage = { versions: new Map(), vector: emptyVector, clock: 0, documents: new Map() };

/** `before` and `after` may throw: then the process is dead, and what it wanted is not, or is, on the disk. */
export type DiskHooks = {
  before(label: string, changes: readonly Change[]): void;
  after(label: string, changes: readonly Change[]): void;
};

/** What a commit is called: the kinds of its changes, in order and once each. */
export const labelOf = (changes: readonly Change[]): string =>
  [
    ...new Set(
      changes.map((change) => (change.kind === "document" ? `${change.name}-durable` : change.kind)),
    ),
  ].join("+");

export const slotOf = ({ table, row, field }: Version): string => `${table}\0${row}\0${field}`;

export class Disk {
  readonly #hooks: DiskHooks;
  #versions = new Map<string, Version>();
  #vector: Vector = emptyVector;
  #clock = 0;
  #documents = new Map<string, Json>();
  #events: Json[] = [];
  /** How many entries of this unit's own were dropped: the number before the first that is there. */
  #eventsDropped = 0;
  readonly #foreignEvents = new Map<string, NumberedEvent[]>();
  #undo: (() => void)[] = [];
  commits = 0;
  /** While set, commits fail with it. */
  failure: string | null = null;

  constructor(hooks: DiskHooks) {
    this.#hooks = hooks;
  }

  get vector(): Vector {
    return this.#vector;
  }

  versions(): IterableIterator<Version> {
    return this.#versions.values();
  }

  version(table: string, row: string, field: string): Version | undefined {
    return this.#versions.get(`${table}\0${row}\0${field}`);
  }

  document(name: string): Json | undefined {
    return this.#documents.get(name);
  }

  /** Everything that a restore would bring back, as text. */
  text(): string {
    const versions = [...this.#versions].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, version]) => version);
    return canonicalJson({ versions, vector: this.#vector, clock: this.#clock } as unknown as Json);
  }

  image(): DiskImage {
    return {
      versions: new Map(this.#versions),
      vector: this.#vector,
      clock: this.#clock,
      documents: new Map(this.#documents),
    };
  }

  put(image: DiskImage): void {
    this.#versions = new Map(image.versions);
    this.#vector = image.vector;
    this.#clock = image.clock;
    this.#documents = new Map(image.documents);
    this.#undo = [];
  }

  wipe(): void {
    this.put(emptyImage);
    this.#events = [];
    this.#eventsDropped = 0;
    this.#foreignEvents.clear();
  }

  /** Another value stands where this version's was, and nothing else tells of it. */
  rot(version: Version, value: Json): void {
    const slot = slotOf(version);
    assert(this.#versions.get(slot) === version, "what rots is on the disk");
    this.#versions.set(slot, { ...version, value });
    this.#undo = [];
  }

  /** Takes back the last transactions; returns how many. */
  rollBack(count: number): number {
    let taken = 0;
    for (; taken < count; taken += 1) {
      const last = this.#undo.pop();
      if (last === undefined) break;
      last();
    }
    return taken;
  }

  open(): Store {
    let isOpen = true;
    return {
      stored: (): Stored => ({
        versions: [...this.#versions.values()],
        vector: this.#vector,
        clock: this.#clock,
      }),
      document: (name) => this.#documents.get(name),
      events: (limit) => this.#events.slice(-limit).reverse(),
      foreignLogs: () => [...this.#foreignEvents.keys()].reverse(),
      eventsBefore: (source, before, limit) =>
        this.#log(source)
          .filter(({ number }) => number < before)
          .slice(-limit)
          .reverse(),
      eventsAfter: (source, after, limit) =>
        this.#log(source)
          .filter(({ number }) => number > after)
          .slice(0, limit),
      commit: (changes) => {
        assert(isOpen, "a commit to a store that was closed");
        this.#commit(changes);
      },
      close: () => {
        isOpen = false;
      },
    };
  }

  #log(source: string): readonly NumberedEvent[] {
    return source === ownEvents
      ? this.#events.map((event, index) => ({ number: this.#eventsDropped + index + 1, event }))
      : (this.#foreignEvents.get(source) ?? []);
  }

  #commit(changes: readonly Change[]): void {
    const label = labelOf(changes);
    this.#hooks.before(label, changes);
    if (this.failure !== null) throw new Error(this.failure);
    this.commits += 1;
    const undo: (() => void)[] = [];
    const vector = this.#vector;
    const clock = this.#clock;
    for (const change of changes) this.#make(change, undo);
    this.#undo.push(() => {
      for (const back of undo.reverse()) back();
      this.#vector = vector;
      this.#clock = clock;
    });
    if (this.#undo.length > undoMax) this.#undo.shift();
    this.#hooks.after(label, changes);
  }

  #make(change: Change, undo: (() => void)[]): void {
    switch (change.kind) {
      case "versions": {
        const versions = this.#versions;
        for (const version of change.persist.versions) {
          const slot = slotOf(version);
          const before = versions.get(slot);
          undo.push(() => {
            if (before === undefined) versions.delete(slot);
            else versions.set(slot, before);
          });
          versions.set(slot, version);
        }
        this.#vector = change.persist.vector;
        this.#clock = change.persist.clock;
        break;
      }
      case "replace": {
        const before = this.#versions;
        undo.push(() => {
          this.#versions = before;
        });
        this.#versions = new Map();
        for (const version of change.stored.versions) this.#versions.set(slotOf(version), version);
        this.#vector = change.stored.vector;
        this.#clock = change.stored.clock;
        break;
      }
      case "document": {
        const documents = this.#documents;
        const before = documents.get(change.name);
        undo.push(() => {
          if (before === undefined) documents.delete(change.name);
          else documents.set(change.name, before);
        });
        if (change.value === null) documents.delete(change.name);
        else documents.set(change.name, change.value);
        break;
      }
      case "event":
        this.#events.push(change.event);
        if (this.#events.length > 2 * eventsKeptMax) {
          this.#eventsDropped += this.#events.length - eventsKeptMax;
          this.#events = this.#events.slice(-eventsKeptMax);
        }
        break;
      case "foreignEvents": {
        const log = [...(this.#foreignEvents.get(change.source) ?? []), ...change.events];
        this.#foreignEvents.delete(change.source);
        this.#foreignEvents.set(change.source, log.slice(-eventsKeptMax));
        for (const oldest of [...this.#foreignEvents.keys()].slice(0, -foreignLogsMax))
          this.#foreignEvents.delete(oldest);
        break;
      }
      default:
        unreachable(change);
    }
  }
}
