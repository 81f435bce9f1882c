/**
 * The Central pair. Two units, one Master; there is no quorum among two, so a cut makes two Masters, and the
 * epoch decides when they meet again.
 *
 *               Apply, peer does not know us: set up first
 *     Standalone ─────────────────────────────────────────────▶ Master ◀──┐
 *        ▲   │  Apply, answered by a Master: armed                  │  ▲    │
 *        │   ▼                                    greater epoch    │  │    │ claim: the peer is gone,
 *        └─ Starting ──── snapshot applied, ────▶ Slave ◀───────────┘  │    │ or elected, or handed over
 *                         or the peer is Master     └──────────────────┘    │
 *                     └────────────────────────────────────────────────────┘        Disabled: at any time
 *
 * | is         | hears Master(e)                 | hears Slave, Starting | peer gone                        | peer Disabled, other pair |
 * | ---------- | ------------------------------- | --------------------- | -------------------------------- | ------------------------- |
 * | Starting   | Slave; e < H: the peer hears H  | elect                 | in a pair or set up first: claim; | Standalone               |
 * |            | armed: initial synchronisation  |                       | else Standalone                  |                           |
 * | Slave      | e ≥ H: follows; e < H: tells H  | elect, asks each 1 s  | claims                           | Standalone                |
 * | Master     | greater epoch stays             | H above ours: claims  | stays; own offer out: claims     | stays, alone              |
 * | Standalone | as Starting                     | as Starting           | stays                            | stays                     |
 * | Disabled   | answers                         | answers               | –                                | –                         |
 *
 * H = the greatest epoch seen (E2). Invariants: an epoch is claimed by its own unit only, and above everything
 * that unit has seen; a unit without pair id never becomes Master because its peer is absent, unless it was
 * set up first; a unit with pair id is never overwritten; what a step persists is on disk before it is sent.
 */
import { assert, unreachable } from "@tandem/base/assert";
import { compareEpochs, type Epoch } from "@tandem/base/epoch";
import type { Millis } from "@tandem/base/time";
import {
  electionDeadlineMs,
  fencedMs,
  handoversRememberedMax,
  holderSilentMs,
  probeIntervalMs,
  retryIntervalMs,
  snapshotRetryMs,
} from "./constants.ts";
import {
  canStillBeTaken,
  handoverWakeAt,
  isOfferFresh,
  onHand,
  onHandoverOrder,
  onRefuse,
  onWant,
  proceed,
  rememberHandover,
  resume,
  runHandoverTimers,
  voidOffer,
} from "./handover.ts";
import {
  admit,
  ask,
  askBeside,
  askSoon,
  compareSteps,
  connectNow,
  heard,
  linkClosed,
  linkRefused,
  linkUp,
  livenessWakeAt,
  newContact,
  noteGone,
  noteHeartbeat,
  runLivenessTimers,
  seeksPeer,
} from "./liveness.ts";
import {
  apply,
  hastenSnapshot,
  interruptSnapshot,
  join,
  joined,
  noteSnapshotProgress,
  runSnapshotTimers,
  serve,
  snapshotNonce,
  snapshotWakeAt,
} from "./pairing.ts";
import {
  elect,
  equalEpochs,
  licensingMismatch,
  mayLead,
  ourTermStays,
  peerMayLead,
  type Relation,
  relationOf,
} from "./rules.ts";
import type { LinkEvent, PairInput, PairState, PairStep, StartInput } from "./state.ts";
import { Turn } from "./turn.ts";
import { type Heartbeat, type PairMessage, wireVersion } from "./wire.ts";
import { peerWords } from "./words.ts";

/** Timers may set each other off in one step; more rounds than this are a fault of the program. */
const timerRoundsMax = 16;

/** A process starts: no peer → Standalone; disabled → Disabled; else Starting, and the peer is asked. */
export function startPair(input: StartInput): PairStep {
  const { now, self, session, settings, durable, facts } = input;
  const isSeeking = settings.peer !== null && !settings.disabled && !durable.removed;
  const state: PairState = {
    self,
    session,
    counter: 0,
    settings,
    durable,
    facts,
    role: settings.disabled
      ? { kind: "Disabled", since: now }
      : isSeeking
        ? { kind: "Starting", since: now, deadline: now + electionDeadlineMs, initialSync: null }
        : { kind: "Standalone", since: now, reason: { code: durable.removed ? "removed" : "no-peer" } },
    contact: newContact(now),
    handovers: Array.from({ length: Math.min(durable.handovers, handoversRememberedMax) }, () => now),
    order: null,
    dropped: { foreign: 0, late: 0 },
    bothPreferred: false,
  };
  const turn = new Turn(state, now);
  turn.observe({ code: "role-changed", from: null, to: state.role.kind, why: "", epoch: durable.epoch });
  turn.command({ type: "usePeer", peer: durable.removed ? null : settings.peer });
  if (isSeeking) {
    turn.command({ type: "connect" });
    turn.sayHeartbeat(true);
  }
  return settle(turn);
}

/** One input, one step. Pure; total for every input a shell can give. `input.now` never runs backwards. */
export function step(state: PairState, input: PairInput): PairStep {
  const turn = new Turn(state, input.now);
  switch (input.type) {
    case "tick":
      break;
    case "message":
      onMessage(turn, input.message);
      break;
    case "heard":
      if (turn.contact.verdict === "gone") askBeside(turn);
      else heard(turn);
      break;
    case "durable":
      if (turn.contact.verdict === "gone") askBeside(turn);
      else {
        heard(turn);
        turn.setContact({ vector: input.vector, digest: null });
        compareSteps(turn, false);
        proceed(turn);
      }
      break;
    case "wireVersion":
      onWireVersion(turn, input.theirs);
      break;
    case "link":
      onLink(turn, input.event);
      break;
    case "facts":
      onFacts(turn, input.facts);
      break;
    case "apply":
      apply(turn, input);
      break;
    case "snapshotApplied":
      turn.state = { ...turn.state, facts: input.facts };
      joined(turn, input.pairId, input.backup);
      break;
    case "snapshotFailed":
      turn.observe({ code: "initial-sync-failed", message: input.message });
      interruptSnapshot(turn, input.message, snapshotRetryMs);
      break;
    case "snapshotProgress":
      noteSnapshotProgress(turn);
      break;
    case "handover":
      onHandoverOrder(turn);
      break;
    case "refresh":
      askBeside(turn);
      if (!turn.contact.linkUp && seeksPeer(turn.role)) connectNow(turn);
      break;
    case "stalled":
      onStalled(turn);
      break;
    case "stopping":
      resume(turn, "is stopping");
      turn.enterStandalone({ code: "stopping" });
      break;
    case "deviceRefused":
      onDeviceRefused(turn, input.holder, input.holderHeardAgoMs);
      break;
    case "act":
      onAct(turn);
      break;
    case "unpair":
      onUnpair(turn, input.as);
      break;
    default:
      unreachable(input);
  }
  return settle(turn);
}

/** Runs what is due, then says when to come again. */
function settle(turn: Turn): PairStep {
  for (let round = 0; ; round += 1) {
    assert(round < timerRoundsMax, "the timers of a step come to rest");
    runTimers(turn);
    const wakeAt = wakeAtOf(turn);
    if (wakeAt > turn.now) return turn.finish(wakeAt);
  }
}

function onMessage(turn: Turn, message: PairMessage): void {
  const { settings, role } = turn.state;
  if (settings.peer === null || message.from !== settings.peer.unit) {
    turn.state = {
      ...turn.state,
      dropped: { ...turn.state.dropped, foreign: turn.state.dropped.foreign + 1 },
    };
    return;
  }
  if (role.kind === "Standalone" && (role.reason.code === "stopping" || role.reason.code === "removed"))
    return;
  const sessionBefore = turn.contact.session?.id;
  if (!admit(turn, message)) {
    turn.state = { ...turn.state, dropped: { ...turn.state.dropped, late: turn.state.dropped.late + 1 } };
    // A living peer answers, and its answer proves that it lives; a late message of a dead process does not.
    if (message.type === "heartbeat" && turn.contact.session?.id !== message.session) askBeside(turn);
    return;
  }
  if (sessionBefore !== undefined && sessionBefore !== message.session)
    interruptSnapshot(turn, "the other unit was restarted", 0);
  heard(turn);
  switch (message.type) {
    case "heartbeat":
      onHeartbeat(turn, message);
      return;
    case "want":
      onWant(turn, message.nonce, message.byOperator === true);
      return;
    case "hand":
      onHand(turn, message.n, message.nonce);
      return;
    case "refuse":
      if (message.nonce === snapshotNonce) interruptSnapshot(turn, message.reason, retryIntervalMs);
      else onRefuse(turn, message);
      return;
    case "snapshot-request":
      serve(turn);
      return;
    default:
      unreachable(message);
  }
}

/** The peer lives, and cannot be understood: nothing is concluded from what it says. */
function onWireVersion(turn: Turn, theirs: number): void {
  const { role, durable, state } = turn;
  if (state.settings.peer === null || !seeksPeer(role)) return;
  heard(turn);
  turn.setContact({ heartbeat: null, vector: null, digest: null, inStepSince: null, outOfStepSince: null });
  const isReleased = role.kind === "Standalone" && role.reason.code === "wire-version" && role.reason.acting;
  const wasLast = mayLead(durable) && durable.seen.unit === state.self.unit;
  turn.enterStandalone({ code: "wire-version", ours: wireVersion, theirs, acting: wasLast || isReleased });
}

function onHeartbeat(turn: Turn, heartbeat: Heartbeat): void {
  const before = turn.contact.heartbeat;
  noteHeartbeat(turn, heartbeat);
  if (heartbeat.ask) turn.sayHeartbeat(false, { session: heartbeat.session, counter: heartbeat.counter });
  if (turn.role.kind === "Disabled") return;
  noteBothPreferred(turn, heartbeat);
  const relation = relationOf(turn.state, heartbeat);
  if (relation === "other-pair") {
    otherPair(turn, heartbeat);
    return;
  }
  turn.learnEpoch(heartbeat.epoch);
  turn.learnEpoch(heartbeat.seen);
  const mismatch = relation === "same-pair" ? licensingMismatch(turn.state, heartbeat) : null;
  if (heartbeat.stopping) gone(turn, "stopped");
  else if (heartbeat.state === "Disabled") peerDisabled(turn);
  else if (mismatch !== null) {
    // A release by the operator (`act`) outlives the next heartbeat.
    const { role } = turn;
    const isReleased =
      role.kind === "Standalone" && role.reason.code === "licensing-mismatch" && role.reason.acting;
    turn.enterStandalone({ ...mismatch, acting: mismatch.acting || isReleased });
  } else meet(turn, heartbeat, relation, before);
  compareSteps(turn, true);
  proceed(turn);
}

/** The table's first two columns. */
function meet(turn: Turn, heartbeat: Heartbeat, relation: Relation, before: Heartbeat | null): void {
  switch (turn.role.kind) {
    case "Starting":
    case "Standalone":
      meetWithoutRole(turn, heartbeat, relation);
      return;
    case "Slave":
      meetAsSlave(turn, heartbeat, relation);
      return;
    case "Master":
      meetAsMaster(turn, heartbeat, relation, before);
      return;
    case "Disabled":
      return;
    default:
      unreachable(turn.role);
  }
}

function meetWithoutRole(turn: Turn, heartbeat: Heartbeat, relation: Relation): void {
  const isMaster = heartbeat.state === "Master";
  if (relation === "we-join") {
    if (isMaster || peerMayLead(heartbeat)) join(turn, heartbeat);
    else turn.enterStandalone({ code: "peer-not-master" });
    return;
  }
  if (relation === "unsettled" && isMaster) {
    turn.enterStandalone({ code: "both-have-data" });
    return;
  }
  if (isMaster && relation === "same-pair") {
    if (compareEpochs(heartbeat.epoch, turn.durable.seen) < 0) turn.sayHeartbeat(false);
    turn.follow(heartbeat.epoch, `${heartbeat.name} is Master`);
    return;
  }
  if (isMaster && mayLead(turn.durable))
    turn.claim(`${heartbeat.name} is Master without belonging to the pair`);
  else electWith(turn, heartbeat);
}

function electWith(turn: Turn, heartbeat: Heartbeat): void {
  switch (elect(turn.state, heartbeat)) {
    case "we":
      turn.claim("neither unit was Master");
      return;
    case "exchange":
      // E2 has made ours the greater of the two; hearing it makes the peer's equal.
      turn.enterStartingUnlessSlave("finds no Master");
      turn.sayHeartbeat(false);
      return;
    case "they":
      turn.enterStartingUnlessSlave("finds no Master");
      return;
    case "nobody":
      turn.enterStandalone({ code: "both-have-data" });
      return;
  }
}

function meetAsSlave(turn: Turn, heartbeat: Heartbeat, relation: Relation): void {
  const { role } = turn;
  if (role.kind !== "Slave") return;
  if (relation !== "same-pair") {
    // Said under the term that we follow, before its Master minted our pair id, and overtaken by its snapshot.
    if (equalEpochs(heartbeat.epoch, turn.durable.epoch)) return;
    turn.claim(`${heartbeat.name} no longer belongs to the pair`);
    return;
  }
  if (heartbeat.state !== "Master") {
    if (role.leaderlessSince === null) turn.setRole({ ...role, leaderlessSince: turn.now });
    electWith(turn, heartbeat);
    return;
  }
  if (role.leaderlessSince !== null) turn.setRole({ ...role, leaderlessSince: null });
  // A Master below what we have seen hears it in our answer, and claims anew (E3).
  if (compareEpochs(heartbeat.epoch, turn.durable.seen) < 0) turn.sayHeartbeat(false);
  else if (compareEpochs(heartbeat.epoch, turn.durable.epoch) !== 0)
    turn.setDurable({ epoch: heartbeat.epoch });
}

function meetAsMaster(turn: Turn, heartbeat: Heartbeat, relation: Relation, before: Heartbeat | null): void {
  const { role, now } = turn;
  if (role.kind !== "Master") return;
  const { handover } = role;
  if (heartbeat.state !== "Master") {
    if (relation === "we-join" && peerMayLead(heartbeat)) join(turn, heartbeat);
    else if (handover.phase === "offered" && !isOfferFresh(handover, now))
      voidOffer(turn, `${heartbeat.name} is ${heartbeat.state}`);
    else if (handover.phase !== "offered" && compareEpochs(turn.durable.seen, turn.durable.epoch) > 0)
      turn.claim("a greater epoch was seen, and nobody holds it");
    return;
  }
  const isTaken =
    handover.phase === "offered" &&
    heartbeat.epoch.n === handover.n &&
    heartbeat.epoch.unit === heartbeat.from;
  if (isTaken) {
    rememberHandover(turn);
    turn.follow(heartbeat.epoch, `handed over to ${heartbeat.name}`);
    return;
  }
  const stays = relation !== "we-join" && ourTermStays(turn.state, heartbeat);
  // One that knows our epoch and still says Master has just offered it to us, and waits to hear that we took it (H4).
  const isGiver = stays && equalEpochs(heartbeat.seen, turn.durable.epoch);
  // Said once, however often it is heard until the other steps down.
  const isSaid = before?.state === "Master" && equalEpochs(before.epoch, heartbeat.epoch);
  if (!isGiver && !(stays && isSaid))
    turn.observe({ code: "two-masters", ours: turn.durable.epoch, theirs: heartbeat.epoch, stays });
  if (!stays) stepDown(turn, heartbeat, relation);
  else if (compareEpochs(turn.durable.seen, turn.durable.epoch) > 0 && handover.phase !== "offered")
    turn.claim("the other Master has a greater epoch and does not belong to the pair");
  else turn.sayHeartbeat(false);
}

/** E4: the loser of two Masters. It merges, joins, or stands alone: its role says nothing of its data. */
function stepDown(turn: Turn, heartbeat: Heartbeat, relation: Relation): void {
  if (relation === "same-pair") {
    turn.follow(heartbeat.epoch, `${heartbeat.name} is Master under a greater epoch`);
    return;
  }
  if (relation === "we-join") {
    join(turn, heartbeat);
    return;
  }
  // Set up first no longer: the other one is, and nobody has said that ours may be overwritten.
  turn.setDurable({ setUpFirst: false });
  turn.enterStandalone({ code: "both-have-data" });
}

function otherPair(turn: Turn, heartbeat: Heartbeat): void {
  if (turn.role.kind === "Master" || heartbeat.pairId === null) return;
  turn.enterStandalone({ code: "other-pair", theirs: heartbeat.pairId });
}

/** CH18 seen from the other unit: a Master stays; anybody else stands alone and acts only when told to. */
function peerDisabled(turn: Turn): void {
  const { role } = turn;
  if (role.kind !== "Master") turn.enterStandalone({ code: "peer-disabled" });
  else if (role.handover.phase === "offered") voidOffer(turn, "the other unit was disabled");
  else resume(turn, null);
}

/** CH12: said on both units, and resolved by ignoring both. */
function noteBothPreferred(turn: Turn, heartbeat: Heartbeat): void {
  const present = turn.state.settings.preferredMaster && heartbeat.preferredMaster;
  if (present === turn.state.bothPreferred) return;
  turn.state = { ...turn.state, bothPreferred: present };
  turn.observe({ code: "both-preferred", present });
}

function onLink(turn: Turn, event: LinkEvent): void {
  switch (event.kind) {
    case "up":
      linkUp(turn);
      hastenSnapshot(turn);
      return;
    case "closed":
      linkClosed(turn, event.reason);
      interruptSnapshot(turn, event.reason, 0);
      return;
    case "refused":
      if (linkRefused(turn, event.message)) gone(turn, "refusal");
      return;
    case "failed":
      turn.setContact({ error: event.message });
      if (event.code === "not-known-there") notKnownThere(turn);
      return;
    default:
      unreachable(event);
  }
}

/** The table's third column. */
function gone(turn: Turn, by: "refusal" | "silence" | "stopped"): void {
  if (turn.contact.verdict === "gone") return;
  const why = turn.contact.error;
  noteGone(turn, by);
  const { role } = turn;
  switch (role.kind) {
    case "Slave":
      turn.claim(by === "stopped" ? "the Master stops in order" : `the Master is gone by ${by}`);
      return;
    case "Starting":
      if (mayLead(turn.durable)) turn.claim("the other unit is absent");
      else if (turn.durable.armedFor !== null)
        turn.enterStandalone({ code: "initial-sync-incomplete", message: why ?? "the other unit stopped" });
      else turn.enterStandalone({ code: "peer-absent" });
      return;
    case "Master":
      // A silent taker may still take what was offered; what refuses connections cannot (H4).
      if (
        role.handover.phase === "offered" &&
        (by !== "silence" || !canStillBeTaken(role.handover, turn.now))
      )
        voidOffer(turn, "the other unit is gone");
      else resume(turn, null);
      turn.giveUpOrder(`${peerWords(turn.state)} is gone`);
      if (turn.role.kind === "Master") turn.setRole({ ...turn.role, pausedUntil: null });
      return;
    case "Standalone":
    case "Disabled":
      return;
    default:
      unreachable(role);
  }
}

/** The right unit runs there and does not have our key: to us as if it belonged elsewhere. */
function notKnownThere(turn: Turn): void {
  const { contact, now, role } = turn;
  if (contact.linkUp || !seeksPeer(role)) return;
  turn.setContact({
    notKnownThere: true,
    verdict: "gone",
    goneBy: null,
    doubtSince: null,
    tries: 0,
    missed: 0,
    connectAt: null,
    nextAskAt: now + probeIntervalMs,
  });
  switch (role.kind) {
    case "Starting":
      if (turn.durable.pairId === null && turn.durable.setUpFirst)
        turn.claim("set up first, and the other unit has not been given our key yet");
      else turn.enterStandalone({ code: "not-known-there" });
      return;
    case "Slave":
      turn.enterStandalone({ code: "not-known-there" });
      return;
    case "Master":
      if (role.handover.phase === "offered") voidOffer(turn, "the other unit no longer knows this one");
      else resume(turn, null);
      return;
    case "Standalone":
    case "Disabled":
      return;
    default:
      unreachable(role);
  }
}

function onFacts(turn: Turn, facts: PairState["facts"]): void {
  const before = turn.state.facts;
  const hadNoNetwork = before.networks === 0;
  turn.state = { ...turn.state, facts };
  compareSteps(turn, false);
  proceed(turn);
  const { contact, role } = turn;
  const isLicensedAnew =
    before.licensing?.local !== facts.licensing?.local ||
    before.licensing?.metered !== facts.licensing?.metered;
  if (((hadNoNetwork && facts.networks > 0) || isLicensedAnew) && contact.linkUp) turn.sayHeartbeat(false);
  if (
    role.kind === "Starting" &&
    role.initialSync !== null &&
    contact.verdict === "alive" &&
    contact.heartbeat !== null
  )
    if (relationOf(turn.state, contact.heartbeat) === "we-join") join(turn, contact.heartbeat);
}

/** Self in doubt: the silence may have been ours. */
function onStalled(turn: Turn): void {
  if (!seeksPeer(turn.role) || turn.state.settings.peer === null) return;
  turn.observe({ code: "stalled" });
  turn.setContact({ doubtSince: null, tries: 0, refusals: 0, connectAt: null, missed: 0 });
  const { role, now } = turn;
  // A want whose clock stood still would be taken for fresh.
  if (role.kind === "Slave") turn.setRole({ ...role, want: null, leaderlessSince: null });
  if (role.kind === "Starting") turn.setRole({ ...role, deadline: now + electionDeadlineMs });
  if (role.kind === "Master") turn.setRole({ ...role, pausedUntil: now + probeIntervalMs + retryIntervalMs });
  ask(turn);
}

/** E5 */
function onDeviceRefused(turn: Turn, holder: Epoch, holderHeardAgoMs: number): void {
  if (compareEpochs(holder, turn.durable.epoch) <= 0) return;
  turn.learnEpoch(holder);
  turn.observe({ code: "device-refused", holder });
  const { role, now } = turn;
  if (role.kind !== "Master" || role.handover.phase === "offered") return;
  if (holder.unit === turn.state.self.unit)
    turn.claim("a device has heard a greater epoch of this very unit");
  else if (holderHeardAgoMs >= holderSilentMs)
    turn.claim("a device has heard a greater epoch, and long since nothing of its holder");
  else {
    turn.setRole({ ...role, pausedUntil: now + fencedMs });
    askBeside(turn);
  }
}

/** An operator lets a unit act that stands alone. */
function onAct(turn: Turn): void {
  const { role, durable } = turn;
  const refuse = (message: string, remedy: string): void => {
    turn.errors.push({ code: "cannot-act", field: "state", value: role.kind, message, remedy });
  };
  if (role.kind !== "Standalone") {
    refuse(`this unit is ${role.kind}`, "only a unit that stands alone can be told to act");
    return;
  }
  switch (role.reason.code) {
    case "no-peer":
      return;
    case "removed":
    case "stopping":
      refuse("this unit was removed from its pair or is stopping", "set it up anew under HA Configuration");
      return;
    case "licensing-mismatch":
    case "wire-version":
      turn.enterStandalone({ ...role.reason, acting: true });
      return;
    default:
      if (!mayLead(durable)) turn.setDurable({ setUpFirst: true, armedFor: null });
      turn.claim("an operator told this unit to act");
  }
}

/** CH24. A unit that is in no pair has none to leave; one that was removed stays so until it is set up anew. */
function onUnpair(turn: Turn, as: "stays" | "leaves"): void {
  if (turn.state.settings.peer === null && turn.durable.pairId === null) return;
  turn.setDurable({
    pairId: null,
    offered: null,
    setUpFirst: false,
    armedFor: null,
    removed: as === "leaves",
  });
  // E1: who stays acts on, and under a term of its own: devices may have heard that of the one that leaves.
  if (as === "stays") {
    const epoch = { n: turn.durable.seen.n + 1, unit: turn.state.self.unit };
    turn.setDurable({ epoch, seen: epoch });
  }
  turn.observe({ code: "unpaired", as });
  turn.enterStandalone({ code: as === "leaves" ? "removed" : "no-peer" });
  turn.setSettings({ ...turn.state.settings, peer: null, preferredMaster: false, disabled: false });
  turn.state = { ...turn.state, contact: newContact(turn.now), bothPreferred: false };
  turn.command({ type: "usePeer", peer: null });
}

function runTimers(turn: Turn): void {
  if (runLivenessTimers(turn) === "gone-by-silence") gone(turn, "silence");
  if (turn.role.kind === "Master" && turn.role.pausedUntil !== null && turn.role.pausedUntil <= turn.now)
    turn.setRole({ ...turn.role, pausedUntil: null });
  runSnapshotTimers(turn);
  runHandoverTimers(turn);
  const { role, now, contact } = turn;
  if (contact.verdict !== "alive" && contact.verdict !== "unknown") return;
  // Whichever of two Masters is to step down has to hear it, also when the first word of it got lost.
  if (role.kind === "Master" && role.handover.phase !== "offered" && contact.heartbeat?.state === "Master")
    askSoon(turn);
  if (role.kind === "Starting" && role.initialSync === null && contact.verdict === "alive") {
    if (now >= role.deadline)
      if (mayLead(turn.durable)) turn.claim(`${peerWords(turn.state)} did not become Master in time`);
      else turn.enterStandalone({ code: "peer-not-master" });
    else askSoon(turn);
  }
  if (role.kind === "Slave" && role.leaderlessSince !== null) {
    if (now - role.leaderlessSince >= electionDeadlineMs) turn.claim("nobody was Master for too long");
    else askSoon(turn);
  }
}

function wakeAtOf(turn: Turn): Millis {
  const { state, now } = turn;
  const { role } = state;
  const never = Number.POSITIVE_INFINITY;
  return Math.min(
    livenessWakeAt(turn),
    handoverWakeAt(state, now),
    snapshotWakeAt(state),
    role.kind === "Starting" && role.initialSync === null && state.contact.verdict === "alive"
      ? role.deadline
      : never,
    role.kind === "Master" && role.pausedUntil !== null ? role.pausedUntil : never,
    role.kind === "Slave" && role.leaderlessSince !== null
      ? role.leaderlessSince + electionDeadlineMs
      : never,
  );
}
