/**
 * Versions and vectors (SPEC CH17, CH20).
 *
 * Every change of a field of a row is a version. A version never changes once written, so two replicas that
 * hold the same identity `(incarnation, seq)` hold the same version.
 *
 * - **Incarnation**: 64 random bits, minted for the first write after every process start, restore or initial
 *   synchronisation; its `seq` starts at 1. A disk that was rolled back can therefore never use an identity twice.
 * - **Vector**: incarnation → greatest seq known of it. Two replicas are in step when their vectors are equal.
 * - An incarnation holds versions of tables and columns of one age alone and says in its first digits which
 *   ({@link incarnationFor}). Hence the vector splits by age: what a peer of an earlier wire version cannot hold is
 *   left out of everything that is said to it, and once it is upgraded, its vector shows that it lacks that.
 * - **Winner** of a field: the greatest `(life, clock, incarnation, seq)`, a total order; merging is its maximum and
 *   thereby commutative, associative and idempotent. Causality decides only whether the loser becomes a conflict.
 */
import type { Json } from "@tandem/base/canonical-json";
import { canonicalJson } from "@tandem/base/canonical-json";
import type { Incarnation, UnitId } from "@tandem/base/ids";
import type { WallMillis } from "@tandem/base/time";
import { sinceLatest } from "./constants.ts";

/** Incarnation → greatest seq known of it. An incarnation that is not named counts as 0. Never changed in place. */
export type Vector = { readonly [incarnation: Incarnation]: number };

/** `incarnation.seq`: names one version for ever. Also the tag of a field and the key of a conflict. */
export type VersionId = string;

export type Version = {
  readonly table: string;
  /** The row's key. */
  readonly row: string;
  /** A merge group's name, a lone column's name, or {@link lifeField}. */
  readonly field: string;
  readonly incarnation: Incarnation;
  readonly seq: number;
  /** The life of the row this version belongs to: odd while the row exists, even once it is deleted. */
  readonly life: number;
  /** Hybrid clock, milliseconds: greater than that of everything the writer knew of, and never behind its wall clock. */
  readonly clock: number;
  /** What the author had read when writing. Versions of one write share one object. */
  readonly context: Vector;
  /** Who wrote it: a user's name, or the part of the program that did. */
  readonly author: string;
  /** The unit it was written on. */
  readonly unit: UnitId;
  /** Wall-clock time on that unit, for people. Order never depends on it. */
  readonly at: WallMillis;
  /** A lone column's value; for a merge group an object of its columns; for the life register "exists" or "deleted". */
  readonly value: Json;
};

/** The field that holds a row's life. Create and delete write it. */
export const lifeField = "@life";

export const emptyVector: Vector = Object.freeze({});

/** The first digits of an incarnation of what is since a later wire version than the first; the last one is the version. */
const laterMark = "c0d";

/**
 * The incarnation in which a process writes what is since a wire version: `minted`, of 64 random bits, or for what came
 * later than version 1 a mark and the last 48 of them.
 */
export function incarnationFor(minted: Incarnation, since: number): Incarnation {
  if (since > 1) return `${laterMark}${since.toString(16)}${minted.slice(4)}` as Incarnation;
  return sinceOfIncarnation(minted) === 1 ? minted : (`c1${minted.slice(2)}` as Incarnation);
}

/** The wire version since which there is what an incarnation (or the version of this id) is about. */
export function sinceOfIncarnation(incarnation: Incarnation | VersionId): number {
  if (!incarnation.startsWith(laterMark)) return 1;
  const since = Number.parseInt(incarnation[3] ?? "", 16);
  return since > 1 && since <= sinceLatest ? since : 1;
}

/** What a program of wire version `upTo` can have of it. */
export function vectorUpTo(vector: Vector, upTo: number): Vector {
  const kept = Object.entries(vector).filter(([incarnation]) => sinceOfIncarnation(incarnation) <= upTo);
  return Object.freeze(Object.fromEntries(kept));
}

export const versionId = (version: Pick<Version, "incarnation" | "seq">): VersionId =>
  `${version.incarnation}.${version.seq}`;

/** True when everything `inner` counts is known to `outer`. */
export function covers(outer: Vector, inner: Vector): boolean {
  for (const incarnation in inner) if ((outer[incarnation] ?? 0) < inner[incarnation]!) return false;
  return true;
}

/** True when the vector (or context) knows of the version. */
export const knows = (vector: Vector, version: Pick<Version, "incarnation" | "seq">): boolean =>
  (vector[version.incarnation] ?? 0) >= version.seq;

export const equalVectors = (a: Vector, b: Vector): boolean => covers(a, b) && covers(b, a);

/** The least vector that covers both. */
export function mergeVectors(a: Vector, b: Vector): Vector {
  if (covers(a, b)) return a;
  const merged: { [incarnation: Incarnation]: number } = { ...a };
  for (const incarnation in b) merged[incarnation] = Math.max(merged[incarnation] ?? 0, b[incarnation]!);
  return Object.freeze(merged);
}

/** The number of changes a vector counts, for display. Equal sums prove nothing: compare vectors. */
export function sequenceOf(vector: Vector): number {
  let sum = 0;
  for (const incarnation in vector) sum += vector[incarnation]!;
  return sum;
}

/** Negative when `a` loses against `b`, positive when it wins, 0 only for one and the same version. */
export function compareVersions(a: Version, b: Version): number {
  if (a.life !== b.life) return a.life - b.life;
  return compareByClock(a, b);
}

/** The order in which a delta lists and a receiver merges: by clock, then identity. */
export function compareByClock(a: Version, b: Version): number {
  if (a.clock !== b.clock) return a.clock - b.clock;
  if (a.incarnation !== b.incarnation) return a.incarnation < b.incarnation ? -1 : 1;
  return a.seq - b.seq;
}

/** Whether two values are the same; two equal edits never make a conflict. */
export const sameValue = (a: Json | undefined, b: Json | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && canonicalJson(a) === canonicalJson(b));

/**
 * All versions that a replica at `base` may lack, as of one moment, in clock order. A receiver takes it whole or
 * not at all: superseded versions leave the log, so a part of it must not claim what the whole does.
 */
export type Delta = {
  /** What the receiver must already know; otherwise there would be a gap. */
  readonly base: Vector;
  /** What the receiver knows after it has taken all items. */
  readonly claim: Vector;
  /** The sender's hybrid clock. */
  readonly clock: number;
  readonly items: readonly Version[];
};

/**
 * What must be on disk, in one transaction, before anything that follows from it is shown to anybody or sent.
 * When keeping it fails, the unit stops: the replica in memory is ahead of the disk and must not be used on.
 */
export type Persist = {
  /** Each replaces what is stored under its (table, row, field). */
  readonly versions: readonly Version[];
  /** Replaces the stored vector. */
  readonly vector: Vector;
  /** Replaces the stored hybrid clock. */
  readonly clock: number;
};

/** What a store gives back at start. */
export type Stored = {
  readonly versions: Iterable<Version>;
  readonly vector: Vector;
  readonly clock: number;
};
