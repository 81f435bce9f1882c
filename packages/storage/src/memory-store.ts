/** The store without a disk, for tests and the simulator; it keeps what SQLite keeps, and can be made to fail. */
import { assert, unreachable } from "@tandem/base/assert";
import { canonicalJson, type Json } from "@tandem/base/canonical-json";
import { emptyVector, type Stored, type Vector, type Version } from "@tandem/replica/version";
import {
  type Change,
  eventsKeptMax,
  foreignLogsMax,
  type NumberedEvent,
  ownEvents,
  type Store,
} from "./store.ts";

/** What stands in for the file: it outlives the stores opened on it. */
export type MemoryDisk = {
  versions: ReadonlyMap<string, Version>;
  vector: Vector;
  clock: number;
  documents: ReadonlyMap<string, string>;
  events: readonly string[];
  /** How many there ever were: the number of the newest. */
  eventsEver: number;
  /** Logs of others by source, the one written to last at the end; entries in order of their numbers. */
  foreignEvents: ReadonlyMap<string, readonly { readonly number: number; readonly event: string }[]>;
  /** While set, every commit throws it and changes nothing. */
  failure: Error | null;
};

export const emptyMemoryDisk = (): MemoryDisk => ({
  versions: new Map(),
  vector: emptyVector,
  clock: 0,
  documents: new Map(),
  events: [],
  eventsEver: 0,
  foreignEvents: new Map(),
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
      return {
        ...disk,
        events: [canonicalJson(change.event), ...disk.events].slice(0, eventsKeptMax),
        eventsEver: disk.eventsEver + 1,
      };
    case "foreignEvents": {
      const { source } = change;
      const entries = new Map((disk.foreignEvents.get(source) ?? []).map((entry) => [entry.number, entry]));
      for (const { number, event } of change.events)
        entries.set(number, { number, event: canonicalJson(event) });
      const inOrder = [...entries.values()].sort((a, b) => a.number - b.number);
      const newest = inOrder.at(-1)?.number ?? 0;
      const logs = new Map(disk.foreignEvents);
      logs.delete(source);
      logs.set(
        source,
        inOrder.filter(({ number }) => number > newest - eventsKeptMax),
      );
      return { ...disk, foreignEvents: new Map([...logs].slice(-foreignLogsMax)) };
    }
    default:
      return unreachable(change);
  }
};

/** One log, in order of the entries' numbers. */
const logOf = (disk: MemoryDisk, source: string): readonly NumberedEvent[] =>
  source === ownEvents
    ? disk.events.map((event, index) => ({ number: disk.eventsEver - index, event: parse(event) })).reverse()
    : (disk.foreignEvents.get(source) ?? []).map(({ number, event }) => ({ number, event: parse(event) }));

export function openMemoryStore(disk: MemoryDisk): Store {
  let isOpen = true;
  return {
    stored: (): Stored => ({ versions: [...disk.versions.values()], vector: disk.vector, clock: disk.clock }),
    document: (name) => {
      const text = disk.documents.get(name);
      return text === undefined ? undefined : parse(text);
    },
    events: (limit) => disk.events.slice(0, limit).map(parse),
    foreignLogs: () => [...disk.foreignEvents.keys()].reverse(),
    eventsBefore: (source, before, limit) =>
      logOf(disk, source)
        .filter(({ number }) => number < before)
        .reverse()
        .slice(0, limit),
    eventsAfter: (source, after, limit) =>
      logOf(disk, source)
        .filter(({ number }) => number > after)
        .slice(0, limit),
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
