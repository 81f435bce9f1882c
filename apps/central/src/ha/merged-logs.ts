/** The newest entries of several logs as one list: by time, and within each log always by number. */
import { type NumberedEvent, ownEvents, type Store } from "@tandem/storage/store";
import type { TimelineEntry } from "./timeline.ts";

/** One entry with where it stands: its log's source and its number there. */
export type MergedEntry = {
  readonly source: string;
  readonly number: number;
  readonly event: TimelineEntry;
};

/** For each log the number below which the next page begins; a log that is not named begins at its newest. */
export type Positions = { readonly [source: string]: number };

/** Read from a log at a time. */
const chunk = 200;
/** Entries looked at for one page, so that a filter that nothing passes comes to an end; the next page goes on. */
const looksMax = 10_000;

class Cursor {
  readonly source: string;
  readonly #store: Pick<Store, "eventsBefore">;
  #before: number;
  #read: readonly NumberedEvent[] = [];
  #index = 0;

  constructor(store: Pick<Store, "eventsBefore">, source: string, before: number) {
    this.#store = store;
    this.source = source;
    this.#before = before;
  }

  /** Undefined at the log's end. */
  head(): MergedEntry | undefined {
    if (this.#index === this.#read.length) {
      this.#read = this.#store.eventsBefore(this.source, this.#before, chunk);
      this.#index = 0;
    }
    const entry = this.#read[this.#index];
    return (
      entry && {
        source: this.source,
        number: entry.number,
        event: entry.event as unknown as TimelineEntry,
      }
    );
  }

  take({ number }: MergedEntry): void {
    this.#before = number;
    this.#index += 1;
  }

  get position(): number {
    return this.#before;
  }
}

/** Of two heads with the same time this unit's own comes first; `next` is null when nothing older is left. */
export function mergeLogs(
  store: Pick<Store, "eventsBefore">,
  sources: readonly string[],
  query: {
    readonly limit: number;
    readonly positions: Positions;
    isWanted(entry: MergedEntry): boolean;
  },
): { readonly entries: readonly MergedEntry[]; readonly next: Positions | null } {
  const cursors = sources.map(
    (source) => new Cursor(store, source, query.positions[source] ?? Number.MAX_SAFE_INTEGER),
  );
  const entries: MergedEntry[] = [];
  for (let looks = 0; looks < looksMax && entries.length < query.limit; looks += 1) {
    let newest: { readonly cursor: Cursor; readonly entry: MergedEntry } | undefined;
    for (const cursor of cursors) {
      const entry = cursor.head();
      if (entry === undefined) continue;
      const isNewer =
        newest === undefined ||
        entry.event.at > newest.entry.event.at ||
        (entry.event.at === newest.entry.event.at && entry.source === ownEvents);
      if (isNewer) newest = { cursor, entry };
    }
    if (newest === undefined) return { entries, next: null };
    newest.cursor.take(newest.entry);
    if (query.isWanted(newest.entry)) entries.push(newest.entry);
  }
  const isMore = cursors.some((cursor) => cursor.head() !== undefined);
  return {
    entries,
    next: isMore ? Object.fromEntries(cursors.map(({ source, position }) => [source, position])) : null,
  };
}
