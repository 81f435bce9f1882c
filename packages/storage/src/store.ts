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
  /** Appended to the timeline, which keeps the newest `eventsKeptMax`. */
  | { readonly kind: "event"; readonly event: Json };

export const eventsKeptMax = 10_000;

export type Store = {
  stored(): Stored;
  /** Undefined when there is none. */
  document(name: string): Json | undefined;
  /** The newest first. */
  events(limit: number): readonly Json[];
  /** All of it or nothing, and on the disk when this returns. Throws when it cannot be kept: the owner stops. */
  commit(changes: readonly Change[]): void;
  close(): void;
};

/** Tells which versions hold secrets; `Replica.isSecret` knows from the declarations of the shared tables. */
export type IsSecret = (version: Version) => boolean;
