/** The store without a disk, for tests and the simulator; it keeps what SQLite keeps, and can be made to fail. */
import { assert, unreachable } from "@tandem/base/assert";
import { canonicalJson, type Json } from "@tandem/base/canonical-json";
import { emptyVector, type Stored, type Vector, type Version } from "@tandem/replica/version";
import { type Change, eventsKeptMax, type Store } from "./store.ts";

/** What stands in for the file: it outlives the stores opened on it. */
export type MemoryDisk = {
  versions: ReadonlyMap<string, Version>;
  vector: Vector;
  clock: number;
  documents: ReadonlyMap<string, string>;
  events: readonly string[];
  /** While set, every commit throws it and changes nothing. */
  failure: Error | null;
};

export const emptyMemoryDisk = (): MemoryDisk => ({
  versions: new Map(),
  vector: emptyVector,
  clock: 0,
  documents: new Map(),
  events: [],
  failure: null,
});

const placeOf = (version: Version): string => canonicalJson([version.table, version.row, version.field]);
const parse = (text: string): Json => JSON.parse(text) as Json;

const changed = (disk: MemoryDisk, change: Change): MemoryDisk => {
  switch (change.kind) {
    case "versions":
    case "replace": {
      const next = change.kind === "versions" ? change.persist : change.stored;
      const versions = new Map(change.kind === "versions" ? disk.versions : []);
      for (const version of next.versions) versions.set(placeOf(version), version);
      return { ...disk, versions, vector: next.vector, clock: next.clock };
    }
    case "document": {
      const documents = new Map(disk.documents);
      if (change.value === null) documents.delete(change.name);
      else documents.set(change.name, canonicalJson(change.value));
      return { ...disk, documents };
    }
    case "event":
      return { ...disk, events: [canonicalJson(change.event), ...disk.events].slice(0, eventsKeptMax) };
    default:
      return unreachable(change);
  }
};

export function openMemoryStore(disk: MemoryDisk): Store {
  let isOpen = true;
  return {
    stored: (): Stored => ({ versions: [...disk.versions.values()], vector: disk.vector, clock: disk.clock }),
    document: (name) => {
      const text = disk.documents.get(name);
      return text === undefined ? undefined : parse(text);
    },
    events: (limit) => disk.events.slice(0, limit).map(parse),
    commit(changes) {
      assert(isOpen, "a commit to a store that was closed");
      if (disk.failure !== null) throw disk.failure;
      Object.assign(disk, changes.reduce(changed, { ...disk }));
    },
    close() {
      isOpen = false;
    },
  };
}
