/**
 * What the pair's state machine knows. `PairDurable` and `HaSettings` are on disk before anything that
 * depends on them is sent; everything else is lost with the process, and may be.
 */
import type { Epoch } from "@tandem/base/epoch";
import type { Fingerprint, PairId, UnitId } from "@tandem/base/ids";
import type { FieldError } from "@tandem/base/result";
import type { Millis } from "@tandem/base/time";
import type { PairEvent } from "./events.ts";
import type { Heartbeat, PairMessage, Vector } from "./wire.ts";

/** A term of office: compared by number, then unit; only its unit may use it. `{n: 0, unit: ""}` is before all. */

/** Who we are. `fingerprint` begins with `unit` (`unitIdOf`). */
export type SelfIdentity = {
  readonly unit: UnitId;
  readonly fingerprint: Fingerprint;
  readonly name: string;
  readonly centralVersion: string;
};

/** The other unit, as the operator named it: its HA key gives `unit` and `fingerprint`. */
export type PeerSettings = {
  readonly unit: UnitId;
  readonly fingerprint: Fingerprint;
  readonly address: string;
  readonly port: number;
};

/** Set by Apply. Kept in a file outside the database and its backups. Bounds: `constants.ts`. */
export type HaSettings = {
  /** CH18 */
  readonly disabled: boolean;
  /** CH11 */
  readonly preferredMaster: boolean;
  /** CH16 */
  readonly heartbeatMs: number;
  /** CH11: the preferred unit's value counts. */
  readonly holdDownMs: number;
  /** CH11: how long a handover waits for running actions; the giver's value counts. */
  readonly actionWaitMs: number;
  readonly peer: PeerSettings | null;
};

/** Kept in the database, in one transaction with what it speaks of. */
export type PairDurable = {
  /** The lineage of the shared state (I1); null until the first initial synchronisation. */
  readonly pairId: PairId | null;
  /** The term we hold, or that of the Master we follow. */
  readonly epoch: Epoch;
  /** The greatest epoch seen anywhere (E2). */
  readonly seen: Epoch;
  /** A handover that we offered and whose outcome we have not heard (H3). */
  readonly offered: { readonly n: number; readonly to: UnitId } | null;
  /** This unit's Apply met a peer that did not know it: its configuration survives (CH13, I4). */
  readonly setUpFirst: boolean;
  /** The unit by whose state ours may be overwritten: the operator's Apply was answered by it as Master (I2). */
  readonly armedFor: UnitId | null;
  /** The backup of what joining the pair overwrote here (CH13). */
  readonly overwrittenBackup: string | null;
  /** Removed from its pair (CH24): keeps a copy and executes nothing. */
  readonly removed: boolean;
  /**
   * How many handovers of the last hour double the hold-down. A count, not times: no clock survives a restart that
   * can be trusted, so after a start they count as having happened just then, and a crash loop forgets none.
   */
  readonly handovers: number;
};

/** What the rest of Central tells the pair, whenever it changes. */
export type PairFacts = {
  /** Everything on this unit's disk. */
  readonly vector: Vector;
  /** Digest of the shared state at that vector. */
  readonly digest: string;
  /** CH15, for display: how many changes this unit knows of. */
  readonly sequence: number;
  /** CH10 */
  readonly networks: number;
  /** Scheduled actions that are under way at this moment (H2). */
  readonly runningActions: number;
  /** ML1: what this unit is licensed for; null: nothing. */
  readonly licensing: Licensing | null;
};
export type Licensing = { readonly local: boolean; readonly metered: boolean };

/** ML1: one of the three that must be equal, and is not. */
export type Unequal = {
  readonly field: "local licensing" | "metered licensing" | "version of Central";
  readonly ours: string;
  readonly theirs: string;
};

export type StandaloneReason =
  /** No peer is set: a Central on its own, which executes. */
  | { readonly code: "no-peer" }
  /** CH24 */
  | { readonly code: "removed" }
  /** Neither in a pair yet nor set up first, and the peer is not there (I4). */
  | { readonly code: "peer-absent" }
  /** Set up, and the peer has not become Master. */
  | { readonly code: "peer-not-master" }
  /** The link or the peer failed before the initial synchronisation was complete (I5); it resumes by itself. */
  | { readonly code: "initial-sync-incomplete"; readonly message: string }
  /** Nobody said whose configuration survives: the operator presses Apply on the other (I2). */
  | { readonly code: "both-have-data" }
  /** Two different pairs (I2). */
  | { readonly code: "other-pair"; readonly theirs: PairId }
  /** CH18, on the other unit. */
  | { readonly code: "peer-disabled" }
  /** The peer runs and does not know this unit: it was removed there, or set up anew. */
  | { readonly code: "not-known-there" }
  /** ML1. `acting`: the last Master goes on. */
  | {
      readonly code: "licensing-mismatch";
      readonly unequal: readonly Unequal[];
      readonly acting: boolean;
    }
  /**
   * The peer speaks a wire version that this one does not. As under ML1 the last Master goes on and the other executes
   * nothing until released; both go on asking, and pair again by themselves once the versions fit.
   */
  | {
      readonly code: "wire-version";
      readonly ours: number;
      readonly theirs: number;
      readonly acting: boolean;
    }
  /** The process is going down in order. */
  | { readonly code: "stopping" };

/** What this unit is. The words are those of CH15. */
export type Role =
  | { readonly kind: "Standalone"; readonly since: Millis; readonly reason: StandaloneReason }
  | {
      readonly kind: "Starting";
      readonly since: Millis;
      /** Nobody Master by then: claim, if this unit may. */
      readonly deadline: Millis;
      /** Set while this unit, armed, waits for or receives the Master's state (CH10, CH13). */
      readonly initialSync: InitialSync | null;
    }
  | {
      readonly kind: "Master";
      readonly since: Millis;
      readonly handover: Giving;
      /** Executes nothing before this, unless the peer is heard or gone earlier: stalled (self in doubt) or fenced (E5). */
      readonly pausedUntil: Millis | null;
    }
  | {
      readonly kind: "Slave";
      readonly since: Millis;
      readonly want: Want | null;
      /** When the next `want` may be sent, and what the Master said last. */
      readonly wantNotBefore: Millis;
      readonly refusal: string | null;
      /** Since when the peer, connected, has not been Master. */
      readonly leaderlessSince: Millis | null;
    }
  | { readonly kind: "Disabled"; readonly since: Millis };

export type InitialSync =
  | { readonly phase: "waiting" }
  | { readonly phase: "receiving"; readonly since: Millis }
  /** Failed here or refused there; asked for again then. */
  | { readonly phase: "again"; readonly at: Millis; readonly message: string };

/** An operator's order to hand the role over (`ha handover`), given on either unit. */
export type HandoverOrder =
  /** On the Slave: it asks for the role. On the Master: its heartbeats invite the Slave to ask. */
  | { readonly phase: "open"; readonly since: Millis; readonly deadline: Millis }
  /** Kept for HA Status until the next order or change of role. */
  | { readonly phase: "given-up"; readonly since: Millis; readonly reason: string };

/** The Master's side of an orderly handover (H2–H4). */
export type Giving =
  | { readonly phase: "none" }
  /** Starts no more actions and waits for the running ones. */
  | {
      readonly phase: "draining";
      readonly since: Millis;
      readonly nonce: string;
      readonly wantAt: Millis;
      readonly byOperator: boolean;
    }
  /** Holds its commits until the peer has everything. */
  | {
      readonly phase: "holding";
      readonly since: Millis;
      readonly nonce: string;
      readonly wantAt: Millis;
      readonly byOperator: boolean;
    }
  | { readonly phase: "offered"; readonly at: Millis; readonly n: number; readonly byOperator: boolean };

/**
 * The asking Slave's side: what it asked, and when, on its own clock (H3). `isDeferred`: the Master gets ready; its
 * offer may still answer this very question, and the next one is due soon.
 */
export type Want = {
  readonly nonce: string;
  readonly at: Millis;
  readonly byOperator: boolean;
  readonly isDeferred: boolean;
};

/** What is known of the peer, and how its silence is judged. See `liveness.ts`. */
export type Contact = {
  /** An authenticated connection, opened by either unit, exists. */
  readonly linkUp: boolean;
  /** Unknown until the first answer or the first verdict. */
  readonly verdict: "unknown" | "alive" | "gone";
  readonly goneBy: "refusal" | "silence" | "stopped" | null;
  /** The first unanswered ask; null when nothing is unanswered. */
  readonly doubtSince: Millis | null;
  /** Asks sent in this doubt. */
  readonly tries: number;
  readonly nextAskAt: Millis;
  readonly lastAskAt: Millis | null;
  readonly refusals: number;
  readonly lastRefusalAt: Millis | null;
  /** When to connect again after a refusal. */
  readonly connectAt: Millis | null;
  /** CH15 */
  readonly lastSentAt: Millis | null;
  readonly lastReceivedAt: Millis | null;
  readonly missed: number;
  readonly error: string | null;
  /** The peer runs and does not know our key. */
  readonly notKnownThere: boolean;
  readonly session: PeerSession | null;
  /** The last heartbeat, from this session of the peer's. */
  readonly heartbeat: Heartbeat | null;
  /** The peer's vector and digest: whatever its latest message says, also when lower (V10). Digest null: not told with this vector. */
  readonly vector: Vector | null;
  readonly digest: string | null;
  /** Since when the vectors have been equal but for moments (`stepLagMaxMs`). */
  readonly inStepSince: Millis | null;
  readonly outOfStepSince: Millis | null;
  /** The verdict of the last comparison at equal vectors; null before the first. */
  readonly digestsEqual: boolean | null;
  /** Exchanges in a row with equal vectors and unequal digests; two are corruption (V8). */
  readonly digestFaults: number;
};

export type PeerSession = {
  readonly id: string;
  readonly counter: number;
  /** Our counter when this session replaced the one before. */
  readonly replacedAt: number;
};

export type PairState = {
  readonly self: SelfIdentity;
  /** Random, new at every process start; makes `(session, counter)` unique. */
  readonly session: string;
  readonly counter: number;
  readonly settings: HaSettings;
  readonly durable: PairDurable;
  readonly facts: PairFacts;
  readonly role: Role;
  readonly contact: Contact;
  /** When this unit gave or took the role in order, for the hold-down; newest last. `durable.handovers` counts them. */
  readonly handovers: readonly Millis[];
  /** An operator's order that is being carried out, or came to nothing. */
  readonly order: HandoverOrder | null;
  /** Messages that were not taken: of another unit than the peer, or older than what was heard from it already. */
  readonly dropped: { readonly foreign: number; readonly late: number };
  /** A configuration error that both units report (CH12). */
  readonly bothPreferred: boolean;
};

/** How the peer answered the question behind Apply (`@tandem/peer-link/probe`). */
export type ApplyAnswer =
  /** Not asked: no peer is set, or the peer stays as it was and need not be asked. */
  | { readonly kind: "not-asked" }
  | { readonly kind: "unreachable"; readonly message: string }
  | { readonly kind: "wrong-key"; readonly actualFingerprint: Fingerprint }
  | { readonly kind: "own-address" }
  /** The right unit, which has not been given our key (I: "unknown-here"). */
  | { readonly kind: "not-known-there" }
  | { readonly kind: "answer"; readonly heartbeat: Heartbeat };

export type LinkEvent =
  | { readonly kind: "up" }
  /** The last connection, whoever opened it, is gone. */
  | { readonly kind: "closed"; readonly reason: string }
  | { readonly kind: "refused"; readonly message: string }
  | { readonly kind: "failed"; readonly code: string; readonly message: string };

export type StartInput = {
  readonly now: Millis;
  readonly self: SelfIdentity;
  /** At least 64 random bits, new at every process start. The only entropy this core needs: nonces and pair ids derive from it. */
  readonly session: string;
  readonly settings: HaSettings;
  readonly durable: PairDurable;
  readonly facts: PairFacts;
};

/** Everything that can happen to a unit; `now` is monotonic. */
export type PairInput =
  | { readonly type: "tick"; readonly now: Millis }
  /** The operator's Apply with the form as it would be. Bad input gives `errors` and changes nothing. */
  | {
      readonly type: "apply";
      readonly now: Millis;
      readonly requested: HaSettings;
      readonly ownAddresses: readonly string[];
      readonly ownPort: number;
      readonly answer: ApplyAnswer;
    }
  /** A message of the peer's in a wire version that this one does not speak. */
  | { readonly type: "wireVersion"; readonly now: Millis; readonly theirs: number }
  | { readonly type: "message"; readonly now: Millis; readonly message: PairMessage }
  /** The peer said `durable`: what is on its disk now. Keeps "in step" true between heartbeats (V10: also when lower). */
  | { readonly type: "durable"; readonly now: Millis; readonly vector: Vector }
  /** Something else authenticated came from the peer that is not for this core (a delta, a snapshot, a file). */
  | { readonly type: "heard"; readonly now: Millis }
  | { readonly type: "link"; readonly now: Millis; readonly event: LinkEvent }
  | { readonly type: "facts"; readonly now: Millis; readonly facts: PairFacts }
  /** The snapshot is on disk in one transaction with `durableAfterSnapshot` (I5). */
  | {
      readonly type: "snapshotApplied";
      readonly now: Millis;
      /** Of the state that is on this unit's disk now: nothing is said of the one that was overwritten. */
      readonly facts: PairFacts;
      readonly pairId: PairId;
      readonly backup: string | null;
    }
  | { readonly type: "snapshotFailed"; readonly now: Millis; readonly message: string }
  /** A part of the snapshot arrived: the transfer moves, however long it takes. */
  | { readonly type: "snapshotProgress"; readonly now: Millis }
  /** The operator has the Master hand the role over, from either unit: the path of H1–H4 without hold-down or preference. */
  | { readonly type: "handover"; readonly now: Millis }
  /** CH15 Refresh: ask the peer at once. */
  | { readonly type: "refresh"; readonly now: Millis }
  /** The process stood still for more than 2 s (boot time or wall clock ran ahead of the loop). */
  | { readonly type: "stalled"; readonly now: Millis }
  /** The process ends in order; the shell has stopped its actions. A last heartbeat lets the Slave claim at once. */
  | { readonly type: "stopping"; readonly now: Millis }
  /** E5: a device refused our epoch and named the newer holder. */
  | {
      readonly type: "deviceRefused";
      readonly now: Millis;
      readonly holder: Epoch;
      /** How long ago the device heard the holder. */
      readonly holderHeardAgoMs: number;
    }
  /** The operator lets a Standalone unit act (a disabled Master, a removed peer). */
  | { readonly type: "act"; readonly now: Millis }
  /** CH24: erases the pair id. The unit that stays goes on executing; the one that leaves executes nothing. */
  | { readonly type: "unpair"; readonly now: Millis; readonly as: "stays" | "leaves" };

/** What the shell is to do, in order, after persisting and sending. */
export type PairCommand =
  /** Whom the link is for; null: nobody. Also given once at start. */
  | { readonly type: "usePeer"; readonly peer: PeerSettings | null }
  /** Connect now, also when a link seems up. The outcome comes back as a `link` input. */
  | { readonly type: "connect" }
  /** Send the whole state as `snapshot` with this pair id (it is on disk). */
  | { readonly type: "serveSnapshot"; readonly pairId: PairId }
  /** A snapshot that was being received is no longer wanted. */
  | { readonly type: "dropSnapshot" }
  /** H2: let commits wait (at most `commitHoldMs`); push what is committed. */
  | { readonly type: "holdCommits" }
  | { readonly type: "releaseCommits" };

/**
 * What a step asks for, in the order in which it may happen: `settings` and `persist` are on disk before
 * anything is sent; `apply` comes after. When persisting fails the unit must stop.
 */
export type PairOutputs = {
  readonly settings: HaSettings | null;
  readonly persist: PairDurable | null;
  readonly send: readonly PairMessage[];
  readonly apply: readonly PairCommand[];
  readonly observe: readonly PairEvent[];
  /** Only ever filled by `apply`, `act` and `handover`: why nothing was changed. */
  readonly errors: readonly FieldError[];
  /** Give a `tick` then, at the latest. Infinity: nothing to wait for. */
  readonly wakeAt: Millis;
};

export type PairStep = { readonly state: PairState; readonly outputs: PairOutputs };

export const noEpoch: Epoch = { n: 0, unit: "" };

/** The durable state of a unit that was never in a pair. */
export const newDurable: PairDurable = {
  pairId: null,
  epoch: noEpoch,
  seen: noEpoch,
  offered: null,
  setUpFirst: false,
  armedFor: null,
  overwrittenBackup: null,
  removed: false,
  handovers: 0,
};
