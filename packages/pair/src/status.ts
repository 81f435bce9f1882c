/** HA Status (CH15): what the operator reads, and what the rest of Central may rely on. */
import type { Epoch } from "@tandem/base/epoch";
import type { UnitId } from "@tandem/base/ids";
import type { FieldError } from "@tandem/base/result";
import type { Millis } from "@tandem/base/time";
import type { RoleKind } from "./events.ts";
import { type HandoverProgress, handoverProgress, isGiving } from "./handover.ts";
import { equalVectors, relationOf, sequenceOf } from "./rules.ts";
import type { PairState, Unequal } from "./state.ts";
import { heartbeatOf } from "./turn.ts";
import type { Heartbeat } from "./wire.ts";
import { ourReasonWords, waitingFor } from "./words.ts";

/** Times are monotonic: the shell turns them into dates. Null: not known, because no heartbeat has told. */
export type PairStatus = {
  readonly ourUnit: UnitId;
  readonly ourName: string;
  readonly ourState: RoleKind;
  readonly ourReason: string;
  readonly ourSince: Millis;
  /** Polls and executes scheduled actions at this moment (CH8, CH9). */
  readonly acting: boolean;
  readonly peerUnit: UnitId | null;
  readonly peerName: string | null;
  /** Null: no peer is set. Unknown: it has not answered, or no longer does. */
  readonly peerState: RoleKind | "Unknown" | null;
  readonly peerReason: string;
  readonly heartbeats: {
    readonly flowing: boolean;
    readonly lastSent: Millis | null;
    readonly lastReceived: Millis | null;
    readonly missed: number;
    readonly error: string | null;
    /** Messages that were not taken: forged, replayed, or overtaken by newer ones. */
    readonly dropped: number;
  };
  readonly ourSequence: number;
  readonly peerSequence: number | null;
  /** CH17: the vectors are equal. */
  readonly inStep: boolean | null;
  /** CH17: at equal vectors, the states are too. */
  readonly digestEqual: boolean | null;
  /** CH10; units by name. */
  readonly waitingFor: readonly { readonly unit: string; readonly what: string }[];
  /** The term that this unit holds or follows; null before the first. */
  readonly epoch: Epoch | null;
  /** CH11: an orderly handover under way, automatic or ordered; or the ordered one that came to nothing. */
  readonly handover: HandoverProgress | null;
  readonly overwrittenBackup: string | null;
  /** ML1: what this unit stands alone for. */
  readonly licensingMismatches: readonly Unequal[];
  readonly configurationErrors: readonly FieldError[];
};

export function status(state: PairState, now: Millis): PairStatus {
  const { self, role, contact, settings, facts, durable } = state;
  const { heartbeat } = contact;
  const isAlive = contact.verdict === "alive";
  const inStep = isAlive && contact.vector !== null ? equalVectors(contact.vector, facts.vector) : null;
  return {
    ourUnit: self.unit,
    ourName: self.name,
    ourState: role.kind,
    ourReason: ourReasonWords(state, now),
    ourSince: role.since,
    acting: acting(state, now),
    peerUnit: settings.peer?.unit ?? null,
    peerName: heartbeat?.name ?? null,
    peerState: settings.peer === null ? null : isAlive && heartbeat !== null ? heartbeat.state : "Unknown",
    peerReason: peerReasonWords(state),
    heartbeats: {
      flowing: isAlive && contact.missed === 0 && contact.linkUp,
      lastSent: contact.lastSentAt,
      lastReceived: contact.lastReceivedAt,
      missed: contact.missed,
      error: contact.error,
      dropped: state.dropped.foreign + state.dropped.late,
    },
    ourSequence: facts.sequence,
    peerSequence: contact.vector === null ? null : sequenceOf(contact.vector),
    inStep,
    digestEqual: inStep === true ? contact.digestsEqual : null,
    waitingFor: waitingFor(state).map(({ name, what }) => ({ unit: name, what })),
    epoch: durable.epoch.n === 0 ? null : durable.epoch,
    handover: handoverProgress(state, now),
    overwrittenBackup: durable.overwrittenBackup,
    licensingMismatches: mismatchesOf(state),
    configurationErrors: state.bothPreferred ? [bothPreferredError] : [],
  };
}

const mismatchesOf = ({ role }: PairState): readonly Unequal[] =>
  role.kind === "Standalone" && role.reason.code === "licensing-mismatch" ? role.reason.unequal : [];

const bothPreferredError: FieldError = {
  code: "both-preferred",
  field: "preferredMaster",
  value: true,
  message: "Preferred Master is set on both units",
  remedy: "clear it on one of them; until then the role stays where it is",
};

function peerReasonWords(state: PairState): string {
  const { contact, settings } = state;
  if (settings.peer === null) return "";
  if (state.role.kind === "Standalone" && state.role.reason.code === "wire-version")
    return `speaks wire version ${state.role.reason.theirs}`;
  if (contact.notKnownThere) return "runs, and has not been given this unit's HA key";
  if (contact.verdict === "alive") return contact.heartbeat?.reason ?? "";
  if (contact.verdict === "unknown") return "has not answered yet";
  const how =
    contact.goneBy === "stopped"
      ? "stopped in order"
      : contact.goneBy === "refusal"
        ? "refuses connections"
        : "is silent";
  return contact.error === null ? how : `${how}: ${contact.error}`;
}

/**
 * Whether polling and scheduled actions run here now (CH8, CH9): on the Master, unless it hands over, stood
 * still, or was refused by a device; on a Central without a pair; on the last Master under ML1.
 */
export function acting(state: PairState, now: Millis): boolean {
  const { role } = state;
  switch (role.kind) {
    case "Master":
      return !isGiving(state) && (role.pausedUntil === null || role.pausedUntil <= now);
    case "Standalone":
      return (
        role.reason.code === "no-peer" ||
        ((role.reason.code === "licensing-mismatch" || role.reason.code === "wire-version") &&
          role.reason.acting)
      );
    default:
      return false;
  }
}

/** What this unit answers to the question behind the other unit's Apply. */
export const answerToQuestion = (state: PairState, now: Millis): Heartbeat => heartbeatOf(state, now);

/** True when deltas may be exchanged: the peer is alive, connected, and of our pair (also while one is Disabled: no). */
export function synchronises(state: PairState): boolean {
  const { contact, role } = state;
  if (!contact.linkUp || contact.verdict !== "alive" || contact.heartbeat === null) return false;
  if (role.kind === "Disabled" || contact.heartbeat.state === "Disabled") return false;
  return relationOf(state, contact.heartbeat) === "same-pair";
}
