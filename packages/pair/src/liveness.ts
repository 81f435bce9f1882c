/**
 * How a peer's silence is judged (CH7). The link is one, whoever opened it.
 *
 * - *alive*: anything authenticated was received since the doubt began.
 * - *gone by refusal*: no connection in either direction, three connects 250 ms apart refused, nothing received.
 * - *gone by silence*: a due heartbeat tried at 0, 1 and 2 s and unanswered at 3 s.
 * - *self in doubt*: this process stood still; its own timers start again before it judges anybody.
 *
 * A unit whose peer is gone asks every 3 s, so that two Masters soon meet when a cut heals.
 */
import type { Millis } from "@tandem/base/time";
import {
  connectIntervalMs,
  electionAskIntervalMs,
  probeIntervalMs,
  refusalSpacingMinMs,
  refusalsBeforeGone,
  retryIntervalMs,
  stepLagMaxMs,
  triesBeforeGone,
} from "./constants.ts";
import { equalVectors } from "./rules.ts";
import type { Contact, Role } from "./state.ts";
import type { Turn } from "./turn.ts";
import type { Heartbeat, PairMessage } from "./wire.ts";

/** Nothing known yet: the first ask is under way. */
export const newContact = (now: Millis): Contact => ({
  linkUp: false,
  verdict: "unknown",
  goneBy: null,
  doubtSince: now,
  tries: 1,
  nextAskAt: now + retryIntervalMs,
  lastAskAt: now,
  refusals: 0,
  lastRefusalAt: null,
  connectAt: null,
  lastSentAt: null,
  lastReceivedAt: null,
  missed: 0,
  error: null,
  notKnownThere: false,
  session: null,
  heartbeat: null,
  vector: null,
  digest: null,
  inStepSince: null,
  outOfStepSince: null,
  digestsEqual: null,
  digestFaults: 0,
});

/** Whether this role talks to a peer on its own account. A Disabled unit only answers. */
export function seeksPeer(role: Role): boolean {
  if (role.kind === "Disabled") return false;
  if (role.kind !== "Standalone") return true;
  const { code } = role.reason;
  return code !== "no-peer" && code !== "removed" && code !== "stopping";
}

/** Asks anew as if nothing were known: what was concluded while this unit was not looking may have changed. */
export function askAnew(turn: Turn): void {
  turn.setContact({
    verdict: "unknown",
    goneBy: null,
    doubtSince: turn.now,
    tries: 0,
    refusals: 0,
    missed: 0,
    connectAt: null,
    nextAskAt: turn.now,
  });
}

/** Sends an ask now. It begins a doubt, or is one more try in it. */
export function ask(turn: Turn): void {
  const { contact, now } = turn;
  if (turn.state.settings.peer === null || !seeksPeer(turn.role)) return;
  const isTry = contact.verdict !== "gone";
  turn.setContact({
    doubtSince: contact.doubtSince ?? now,
    tries: isTry ? contact.tries + 1 : contact.tries,
    lastAskAt: now,
    nextAskAt: now + (isTry ? retryIntervalMs : probeIntervalMs),
  });
  turn.sayHeartbeat(true);
  // A link that seems up and stays silent may have been cut: try a new one beside it.
  if (!contact.linkUp || contact.doubtSince !== null) connectNow(turn);
}

/** Asks at once outside the rhythm, for instance over a connection that has just come up. Not counted as a try. */
export function askBeside(turn: Turn): void {
  if (turn.state.settings.peer === null || !seeksPeer(turn.role)) return;
  const { contact, now } = turn;
  turn.setContact({
    doubtSince: contact.doubtSince ?? now,
    tries: contact.doubtSince === null ? 1 : contact.tries,
    lastAskAt: now,
    nextAskAt: contact.doubtSince === null ? now + retryIntervalMs : contact.nextAskAt,
  });
  turn.sayHeartbeat(true);
}

export function connectNow(turn: Turn): void {
  turn.setContact({ connectAt: null });
  turn.command({ type: "connect" });
}

/** Something authenticated arrived: no doubt remains, and the next heartbeat is due one interval after the last. */
export function heard(turn: Turn): void {
  const { contact, now } = turn;
  const heartbeatMs = turn.state.settings.heartbeatMs;
  const wasInDoubt = contact.doubtSince !== null || contact.verdict !== "alive";
  turn.setContact({
    lastReceivedAt: now,
    doubtSince: null,
    tries: 0,
    refusals: 0,
    connectAt: null,
    missed: 0,
    error: null,
    notKnownThere: false,
    nextAskAt: wasInDoubt ? (contact.lastAskAt ?? now) + heartbeatMs : contact.nextAskAt,
  });
  if (turn.role.kind === "Master" && turn.role.pausedUntil !== null)
    turn.setRole({ ...turn.role, pausedUntil: null });
}

/**
 * Whether a message counts, and if so remembers its place: what is older than the last of its session is
 * dropped, and so is everything of another session than the one that counts, unless it answers what we asked since
 * that one began to count, and is thereby proved to be the living one. Words of a process that is long dead may come
 * late, over a connection that a cut held up, also when nothing of it was ever heard before. A unit that asks nobody
 * has to believe what it hears.
 */
export function admit(turn: Turn, message: PairMessage): boolean {
  const { session } = turn.contact;
  const place = { id: message.session, counter: message.counter };
  if (session === null) {
    turn.setContact({ session: { ...place, replacedAt: turn.state.counter } });
    return true;
  }
  if (session.id === message.session) {
    // A request for the snapshot is as good late as early: it says nothing of the sender's state.
    if (message.counter <= session.counter) return message.type === "snapshot-request";
    turn.setContact({ session: { ...session, counter: message.counter } });
    return true;
  }
  if (seeksPeer(turn.role) && !provesLife(turn, message, session.replacedAt)) return false;
  turn.setContact({
    session: { ...place, replacedAt: turn.state.counter },
    heartbeat: null,
    vector: null,
    digest: null,
    inStepSince: null,
    outOfStepSince: null,
  });
  return true;
}

const provesLife = (turn: Turn, message: PairMessage, replacedAt: number): boolean =>
  message.type === "heartbeat" &&
  message.answers !== null &&
  message.answers.session === turn.state.session &&
  message.answers.counter > replacedAt;

/** The peer says what it is: it is alive. */
export function noteHeartbeat(turn: Turn, heartbeat: Heartbeat): void {
  const before = turn.contact;
  const isNew = before.verdict !== "alive" || before.heartbeat === null;
  const isChanged = before.heartbeat?.state !== heartbeat.state;
  turn.setContact({
    verdict: "alive",
    goneBy: null,
    heartbeat,
    vector: heartbeat.vector,
    digest: heartbeat.digest,
  });
  if ((isNew || isChanged) && !heartbeat.stopping)
    turn.observe({ code: "peer-heard", name: heartbeat.name, state: heartbeat.state });
}

/** CH17: in step = vectors equal; equal vectors with unequal digests are corruption (V8), said at the second time. */
export function compareSteps(turn: Turn, isExchange: boolean): void {
  const { contact, now } = turn;
  const { facts } = turn.state;
  if (contact.vector === null || contact.verdict !== "alive") return;
  if (!equalVectors(contact.vector, facts.vector)) {
    if (contact.outOfStepSince === null) turn.setContact({ outOfStepSince: now });
    return;
  }
  if (contact.digest === null) {
    // `durable` says which changes the peer has, and nothing of its state: the next heartbeat does.
    turn.setContact({ outOfStepSince: null, inStepSince: contact.inStepSince ?? now });
    return;
  }
  const digestsEqual = contact.digest === facts.digest;
  // A digest is made for its pair: before a unit has joined, unequal ones say nothing.
  const isOfOnePair = contact.heartbeat?.pairId === turn.durable.pairId;
  const digestFaults = digestsEqual || !isOfOnePair ? 0 : contact.digestFaults + (isExchange ? 1 : 0);
  if (digestFaults === 2 && contact.digestFaults === 1) turn.observe({ code: "digests-differ" });
  if (digestsEqual && contact.digestFaults >= 2) turn.observe({ code: "digests-agree-again" });
  turn.setContact({
    outOfStepSince: null,
    inStepSince: digestsEqual ? (contact.inStepSince ?? now) : null,
    digestsEqual,
    digestFaults,
  });
}

/** The verdict. What follows from it for our role is `step.ts`'s. */
export function noteGone(turn: Turn, by: "refusal" | "silence" | "stopped"): void {
  const { contact, now } = turn;
  turn.setContact({
    verdict: "gone",
    goneBy: by,
    doubtSince: null,
    tries: 0,
    refusals: 0,
    connectAt: null,
    nextAskAt: now + probeIntervalMs,
    inStepSince: null,
    outOfStepSince: null,
  });
  turn.observe({ code: "peer-gone", by, error: contact.error });
}

export function linkUp(turn: Turn): void {
  turn.setContact({ linkUp: true, refusals: 0, connectAt: null, notKnownThere: false });
  askBeside(turn);
}

/** No connection is left: connect at once, and doubt. A process that died refuses; a host that died is silent. */
export function linkClosed(turn: Turn, reason: string): void {
  const { contact, now } = turn;
  turn.setContact({ linkUp: false, refusals: 0 });
  if (!seeksPeer(turn.role)) return;
  connectNow(turn);
  if (contact.verdict === "gone") return;
  turn.setContact({ error: reason });
  if (contact.doubtSince === null)
    turn.setContact({ doubtSince: now, tries: 1, lastAskAt: now, nextAskAt: now + retryIntervalMs });
}

/** Counts a refused connect; true when it was the one that decides. */
export function linkRefused(turn: Turn, message: string): boolean {
  const { contact, now } = turn;
  turn.setContact({ error: message });
  if (contact.linkUp || contact.verdict === "gone" || !seeksPeer(turn.role)) return false;
  const isSameTry =
    contact.refusals > 0 &&
    contact.lastRefusalAt !== null &&
    now - contact.lastRefusalAt < refusalSpacingMinMs;
  if (isSameTry) return false;
  const refusals = contact.refusals + 1;
  turn.setContact({ refusals, lastRefusalAt: now, connectAt: now + connectIntervalMs });
  return refusals >= refusalsBeforeGone;
}

/** What the timers of this file have come to: nothing, a connect or an ask sent, or the verdict. */
export function runLivenessTimers(turn: Turn): "gone-by-silence" | null {
  if (turn.state.settings.peer === null || !seeksPeer(turn.role)) return null;
  const { contact, now } = turn;
  if (contact.connectAt !== null && contact.connectAt <= now) connectNow(turn);
  if (
    contact.outOfStepSince !== null &&
    now - contact.outOfStepSince >= stepLagMaxMs &&
    contact.inStepSince !== null
  )
    turn.setContact({ inStepSince: null });
  if (turn.contact.nextAskAt > now) return null;
  if (contact.doubtSince !== null) {
    const missed = contact.missed + 1;
    turn.setContact({ missed });
    if (missed === 1 && contact.verdict === "alive")
      turn.observe({ code: "heartbeat-missed", missed, error: contact.error });
    if (contact.verdict !== "gone" && contact.tries >= triesBeforeGone) return "gone-by-silence";
  }
  ask(turn);
  return null;
}

/** While nobody of two connected units is Master, or an offer is out, the next ask is at most this far away. */
export function askSoon(turn: Turn): void {
  const soon = (turn.contact.lastAskAt ?? turn.now) + electionAskIntervalMs;
  if (turn.contact.nextAskAt > soon) turn.setContact({ nextAskAt: Math.max(soon, turn.now) });
}

export function livenessWakeAt(turn: Turn): Millis {
  if (turn.state.settings.peer === null || !seeksPeer(turn.role)) return Number.POSITIVE_INFINITY;
  const { contact } = turn;
  return Math.min(
    contact.nextAskAt,
    contact.connectAt ?? Number.POSITIVE_INFINITY,
    contact.outOfStepSince !== null && contact.inStepSince !== null
      ? contact.outOfStepSince + stepLagMaxMs
      : Number.POSITIVE_INFINITY,
  );
}
