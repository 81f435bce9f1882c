/** The comparisons that decisions rest on. Each is one sentence of the protocol. */
import { compareEpochs, type Epoch } from "@tandem/base/epoch";
import type { Licensing, PairDurable, PairFacts, PairState, StandaloneReason } from "./state.ts";
import type { Heartbeat, Vector } from "./wire.ts";

export const maxEpoch = (a: Epoch, b: Epoch): Epoch => (compareEpochs(a, b) >= 0 ? a : b);
export const equalEpochs = (a: Epoch, b: Epoch): boolean => compareEpochs(a, b) === 0;

/** True when everything `inner` counts is known to `outer`. */
export function covers(outer: Vector, inner: Vector): boolean {
  for (const incarnation in inner)
    if ((outer[incarnation] ?? 0) < (inner[incarnation] as number)) return false;
  return true;
}
export const equalVectors = (a: Vector, b: Vector): boolean => covers(a, b) && covers(b, a);
/** The number of changes a vector counts, for display (CH15); equal sums prove nothing. */
export const sequenceOf = (vector: Vector): number =>
  Object.values(vector).reduce((sum, seq) => sum + seq, 0);
const isEmpty = (vector: Vector): boolean => covers({}, vector);

/** I4: only a unit that belongs to a pair, or was set up first, becomes Master because its peer is absent. */
export const mayLead = (durable: PairDurable): boolean =>
  !durable.removed && (durable.pairId !== null || durable.setUpFirst);
export const peerMayLead = (heartbeat: Heartbeat): boolean =>
  heartbeat.pairId !== null || heartbeat.setUpFirst;

/** Nothing was ever written here: there is nothing to lose by being overwritten (I2). */
export const isBlank = (facts: PairFacts): boolean => isEmpty(facts.vector);

/**
 * What the two units' data are to each other (I1–I3). Roles and preference play no part, but for two blank
 * units, where nothing can be lost.
 */
export type Relation =
  /** Same pair id: merge, never overwrite. */
  | "same-pair"
  /** Ours is overwritten by the peer's. */
  | "we-join"
  /** The peer's is to be overwritten by ours, if it agrees to that. */
  | "peer-joins"
  /** Two different pairs. */
  | "other-pair"
  /** Nobody said whose data survive. */
  | "unsettled";

export function relationOf(state: PairState, heartbeat: Heartbeat): Relation {
  const { durable, facts, settings } = state;
  const weAreArmed = durable.armedFor !== null && durable.armedFor === heartbeat.from;
  if (durable.pairId !== null && heartbeat.pairId !== null)
    return durable.pairId === heartbeat.pairId ? "same-pair" : "other-pair";
  if (durable.pairId !== null) return "peer-joins";
  if (heartbeat.pairId !== null) return weAreArmed || isBlank(facts) ? "we-join" : "unsettled";
  if (weAreArmed !== heartbeat.armed) return weAreArmed ? "we-join" : "peer-joins";
  if (weAreArmed) return "unsettled";
  const weAreBlank = isBlank(facts);
  const theyAreBlank = isEmpty(heartbeat.vector);
  if (weAreBlank && (!theyAreBlank || (heartbeat.preferredMaster && !settings.preferredMaster)))
    return "we-join";
  if (theyAreBlank && (!weAreBlank || (settings.preferredMaster && !heartbeat.preferredMaster)))
    return "peer-joins";
  return "unsettled";
}

/**
 * Neither unit is Master: who becomes it. Both may be asked the same question and answer alike, once each
 * knows the other's greatest epoch: the owner of the greatest epoch; where that is neither, the lower unit id.
 */
export type Election = "we" | "they" | "nobody" | "exchange";
export function elect(state: PairState, heartbeat: Heartbeat): Election {
  const { durable, self } = state;
  const wePair = durable.pairId !== null;
  const theyPair = heartbeat.pairId !== null;
  // I3: a unit with a pair id outranks one without, whatever preference or epoch say.
  if (wePair !== theyPair) return wePair ? "we" : "they";
  const we = mayLead(durable);
  const they = peerMayLead(heartbeat);
  if (!we || !they) return we ? "we" : they ? "they" : "nobody";
  if (!equalEpochs(durable.seen, heartbeat.seen)) return "exchange";
  if (durable.seen.unit === self.unit) return "we";
  if (durable.seen.unit === heartbeat.from) return "they";
  return self.unit < heartbeat.from ? "we" : "they";
}

/** E4, I3: of two Masters, true when ours stays. Preference plays no part. */
export function ourTermStays(state: PairState, heartbeat: Heartbeat): boolean {
  const wePair = state.durable.pairId !== null;
  const theyPair = heartbeat.pairId !== null;
  if (wePair !== theyPair) return wePair;
  return compareEpochs(state.durable.epoch, heartbeat.epoch) > 0;
}

type LicensingMismatch = Extract<StandaloneReason, { code: "licensing-mismatch" }>;

/**
 * ML1: where either unit is licensed for metered licensing, three things must be equal. Null when they are. A unit that
 * says nothing of licensing has none.
 */
export function licensingMismatch(state: PairState, heartbeat: Heartbeat): LicensingMismatch | null {
  const ours = state.facts.licensing;
  const theirs = heartbeat.licensing;
  if (ours?.metered !== true && theirs?.metered !== true) return null;
  const words = (licensing: Licensing | null, member: keyof Licensing): string =>
    licensing?.[member] === true ? "on" : "off";
  const compared = [
    { field: "local licensing", ours: words(ours, "local"), theirs: words(theirs, "local") },
    { field: "metered licensing", ours: words(ours, "metered"), theirs: words(theirs, "metered") },
    { field: "version of Central", ours: state.self.centralVersion, theirs: heartbeat.centralVersion },
  ] as const;
  const unequal = compared.filter((pair) => pair.ours !== pair.theirs);
  if (unequal.length === 0) return null;
  // The last Master goes on: it, and it alone, owns the greatest epoch that either has seen.
  return { code: "licensing-mismatch", unequal, acting: state.durable.seen.unit === state.self.unit };
}
