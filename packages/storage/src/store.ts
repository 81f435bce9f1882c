/**
 * What a Central keeps: its copy of the shared state (`@tandem/replica`), named documents (its durable pair
 * state and whatever else is local to it), and its timeline of events. A commit is one transaction over all
 * three: shared state and the pair's durable state never disagree after a crash (initial synchronisation
 * swaps data, vector and pair id at once).
 */
import type { Json } from "@tandem/base/canonical-json";
import type { Persist, Stored, Version } from "@tandem/replica/version";

export type Change =
  /** What a write or a merge changed. */
  | { readonly kind: "versions"; readonly persist: Persist }
  /** Everything anew: initial synchronisation, restore. */
  | { readonly kind: "replace"; readonly stored: Stored }
  /** Null removes the document. */
  | { readonly kind: "document"; readonly name: string; readonly value: Json }
  /** Appended to this unit's own timeline, under the next number. The newest `eventsKeptMax` are kept. */
  | { readonly kind: "event"; readonly event: Json }
  /** Entries of another log, under the numbers that they have there. Of each the newest `eventsKeptMax` are kept. */
  | { readonly kind: "foreignEvents"; readonly source: string; readonly events: readonly NumberedEvent[] };

/** One entry of a timeline. Numbers grow from 1 within a log and name an entry in it for ever. */
export type NumberedEvent = { readonly number: number; readonly event: Json };

/** This unit's own log, beside those of other units. */
export const ownEvents = "";
export const eventsKeptMax = 10_000;
/** Of other logs; of more than so many the one that was written to longest ago is dropped. */
export const foreignLogsMax = 4;

export type Store = {
  stored(): Stored;
  /** Undefined when there is none. */
  document(name: string): Json | undefined;
  /** This unit's own; the newest first. */
  events(limit: number): readonly Json[];
  /** Whose entries there are beside this unit's own. */
  foreignLogs(): readonly string[];
  /** Entries of one log with numbers below `before`, the newest first. */
  eventsBefore(source: string, before: number, limit: number): readonly NumberedEvent[];
  /** Entries of one log with numbers above `after`, the oldest first. */
  eventsAfter(source: string, after: number, limit: number): readonly NumberedEvent[];
  /** All of it or nothing, and on the disk when this returns. Throws when it cannot be kept: the owner stops. */
  commit(changes: readonly Change[]): void;
  close(): void;
};

/** Tells which versions hold secrets; `Replica.isSecret` knows from the declarations of the shared tables. */
export type IsSecret = (version: Version) => boolean;
