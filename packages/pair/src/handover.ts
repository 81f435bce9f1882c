/**
 * CH11: the preferred unit gets the role back in order.
 *
 *     R (preferred Slave)                    G (Master)
 *     in step for the hold-down
 *     H1  want{nonce} ─────────────────────▶ starts no more actions, waits for the running ones,
 *                                        H2  holds commits ≤ 1 s until R has everything
 *                     ◀──────────── refuse   or says why not, and goes on
 *                     ◀────── hand{n, nonce} H3  persists the offer first
 *     within 4 s of its own want: persists epoch (n, R), is Master, says so
 *                     ─────────────────────▶ H4  Slave; or, after 6 s without: a new epoch of its own
 *
 * From the offer on G executes nothing, and R only once it holds the epoch: there is no moment when two act.
 */
import type { Millis } from "@tandem/base/time";
import {
  commitHoldMs,
  handoverMemoryMs,
  handoversRememberedMax,
  holdDownMaxMs,
  offerValidMs,
  wantAgainMs,
  wantFreshMs,
  wantRepeatMs,
  wantSilenceMs,
  wantValidMs,
} from "./constants.ts";
import { askSoon } from "./liveness.ts";
import { compareEpochs, covers, equalVectors, relationOf } from "./rules.ts";
import type { Giving, PairState } from "./state.ts";
import type { Turn } from "./turn.ts";
import { peerWords } from "./words.ts";

/** The hold-down after the handovers of the last hour: doubled by each, at most an hour (or what was set, if more). */
export function holdDownNow(state: PairState, settingMs: number, now: Millis): number {
  const recent = state.handovers.filter((at) => now - at < handoverMemoryMs).length;
  return Math.min(settingMs * 2 ** recent, Math.max(holdDownMaxMs, settingMs));
}

export function rememberHandover(turn: Turn): void {
  const handovers = [...turn.state.handovers, turn.now].slice(-handoversRememberedMax);
  turn.state = { ...turn.state, handovers };
}

/** When the preferred Slave may ask: Infinity while something else than time is missing. */
export function wantDueAt(state: PairState, now: Millis): Millis {
  const { role, contact, settings } = state;
  const never = Number.POSITIVE_INFINITY;
  if (role.kind !== "Slave" || role.want !== null || !settings.preferredMaster) return never;
  const { heartbeat } = contact;
  if (contact.verdict !== "alive" || !contact.linkUp || heartbeat === null) return never;
  if (heartbeat.state !== "Master" || heartbeat.preferredMaster || contact.inStepSince === null) return never;
  const heldDownAt = Math.max(contact.inStepSince, role.since) + holdDownNow(state, settings.holdDownMs, now);
  return Math.max(heldDownAt, role.wantNotBefore);
}

/** H1 */
function sendWant(turn: Turn): void {
  if (turn.role.kind !== "Slave") return;
  const { nonce } = turn;
  turn.say({ type: "want", nonce });
  if (turn.role.refusal === null) turn.observe({ code: "handover-asked" });
  turn.setRole({ ...turn.role, want: { nonce, at: turn.now } });
}

/** R hears that it has to wait. */
export function onRefuse(turn: Turn, nonce: string, reason: string, gettingReady: boolean): void {
  const { role, now } = turn;
  if (role.kind !== "Slave" || role.want?.nonce !== nonce) return;
  if (role.refusal !== reason)
    turn.observe(gettingReady ? { code: "handover-waiting", reason } : { code: "handover-refused", reason });
  const wantNotBefore = now + (gettingReady ? wantRepeatMs : wantAgainMs);
  turn.setRole({ ...role, want: null, refusal: reason, wantNotBefore });
}

/** H3: R takes the role, but only as the answer to its own fresh question. */
export function onHand(turn: Turn, n: number, nonce: string): void {
  const { role, now } = turn;
  if (role.kind !== "Slave" || role.want?.nonce !== nonce || now - role.want.at > wantValidMs) return;
  if (compareEpochs({ n, unit: turn.state.self.unit }, turn.durable.seen) < 0) return;
  rememberHandover(turn);
  turn.takeOffered(n);
}

/** H2: G is asked. */
export function onWant(turn: Turn, nonce: string): void {
  const { role, now } = turn;
  const fault = wantFault(turn);
  if (fault !== null || role.kind !== "Master") {
    turn.say({ type: "refuse", nonce, reason: fault ?? "is not Master", gettingReady: false });
    return;
  }
  switch (role.handover.phase) {
    case "none":
      turn.setRole({ ...role, handover: { phase: "draining", since: now, nonce, wantAt: now } });
      break;
    case "draining":
    case "holding":
      turn.setRole({ ...role, handover: { ...role.handover, nonce, wantAt: now } });
      break;
    case "offered":
      return;
  }
  proceed(turn);
  const { role: after } = turn;
  if (after.kind === "Master" && after.handover.phase === "draining") {
    const reason = `waits for ${turn.state.facts.runningActions} running actions`;
    if (role.handover.phase === "none") turn.observe({ code: "handover-waiting", reason });
    turn.say({ type: "refuse", nonce, reason, gettingReady: true });
  }
}

/** Why G does not even begin; null when it may. */
function wantFault(turn: Turn): string | null {
  const { role, contact, now } = turn;
  const { settings } = turn.state;
  const heartbeat = contact.heartbeat;
  if (role.kind !== "Master") return "is not Master";
  if (heartbeat === null || relationOf(turn.state, heartbeat) !== "same-pair")
    return "is not of the same pair";
  if (!heartbeat.preferredMaster) return "is not asked by a preferred master";
  if (settings.preferredMaster) return "is preferred itself";
  if (contact.inStepSince === null) return "is not in step";
  const holdDownMs = holdDownNow(turn.state, heartbeat.holdDownMs, now);
  const isRepeated = holdDownMs > heartbeat.holdDownMs;
  // The asker forgets earlier handovers when it crashes; the giver remembers them.
  if (isRepeated && now - contact.inStepSince < holdDownMs)
    return `handed over ${turn.state.handovers.length} times lately, so it waits ${Math.ceil(holdDownMs / 1_000)} s in step`;
  return null;
}

/** H2 goes on as far as it can: from draining to holding to the offer. Called whenever something may have changed. */
export function proceed(turn: Turn): void {
  const { now } = turn;
  if (turn.role.kind !== "Master") return;
  const { handover: before } = turn.role;
  // An old question is not begun upon: the asker would no longer take the answer, and asks again within 2 s.
  const isFresh = before.phase === "draining" && now - before.wantAt <= wantFreshMs - commitHoldMs;
  if (before.phase === "draining" && isFresh && turn.state.facts.runningActions === 0) {
    turn.setRole({ ...turn.role, handover: { ...before, phase: "holding", since: now } });
    turn.command({ type: "holdCommits" });
    turn.sayHeartbeat(true);
  }
  const { handover } = turn.role;
  if (handover.phase !== "holding" || now - handover.wantAt > wantFreshMs || !peerHasEverything(turn.state))
    return;
  const peer = turn.contact.heartbeat?.from;
  if (peer === undefined) return;
  const n = turn.durable.seen.n + 1;
  turn.setDurable({ offered: { n, to: peer }, seen: { n, unit: peer } });
  turn.setRole({ ...turn.role, handover: { phase: "offered", at: now, n } });
  turn.command({ type: "releaseCommits" });
  turn.say({ type: "hand", n, nonce: handover.nonce });
  turn.observe({ code: "handover-offered", n });
}

/** H2: the peer's vector covers ours, and wherever the vectors were equal the digests were. */
function peerHasEverything(state: PairState): boolean {
  const { contact, facts } = state;
  if (contact.verdict !== "alive" || contact.vector === null || !covers(contact.vector, facts.vector))
    return false;
  return equalVectors(contact.vector, facts.vector)
    ? contact.digest === facts.digest
    : contact.digestsEqual === true;
}

/** G goes on as before. */
export function resume(turn: Turn, reason: string | null): void {
  const { role } = turn;
  if (role.kind !== "Master" || role.handover.phase === "none" || role.handover.phase === "offered") return;
  if (role.handover.phase === "holding") turn.command({ type: "releaseCommits" });
  if (reason !== null) {
    turn.say({ type: "refuse", nonce: role.handover.nonce, reason, gettingReady: false });
    turn.observe({ code: "handover-refused", reason });
  }
  turn.setRole({ ...role, handover: { phase: "none" } });
}

/** H4: the role was offered and not taken. */
export function voidOffer(turn: Turn, why: string): void {
  turn.observe({ code: "handover-void", why });
  turn.claim("the offered role was not taken");
}

export function isOfferFresh(handover: Giving, now: Millis): boolean {
  return handover.phase === "offered" && now - handover.at < offerValidMs;
}

/** H3: the taker takes it within 4 s of its question, which was before the offer. */
export const canStillBeTaken = (handover: Giving, now: Millis): boolean =>
  handover.phase === "offered" && now - handover.at <= wantValidMs;

export function runHandoverTimers(turn: Turn): void {
  const { role, now } = turn;
  if (role.kind === "Slave") {
    if (role.want !== null && now - role.want.at > wantValidMs)
      turn.setRole({ ...role, want: null, wantNotBefore: role.want.at + wantAgainMs });
    else if (wantDueAt(turn.state, now) <= now) sendWant(turn);
    return;
  }
  if (role.kind !== "Master") return;
  const { handover } = role;
  switch (handover.phase) {
    case "none":
      return;
    case "draining":
      if (now - handover.since >= turn.state.settings.actionWaitMs)
        resume(turn, `${turn.state.facts.runningActions} actions still run after the longest wait`);
      else if (now - handover.wantAt >= wantSilenceMs)
        resume(turn, `${peerWords(turn.state)} no longer asks`);
      else proceed(turn);
      return;
    case "holding":
      if (now - handover.since >= commitHoldMs) resume(turn, "the other unit does not hold everything yet");
      else proceed(turn);
      return;
    case "offered":
      // The answer to an ask after the offer's end tells who is Master; a lost announcement costs a second.
      if (turn.contact.verdict !== "gone") askSoon(turn);
      else if (!canStillBeTaken(handover, now)) voidOffer(turn, "the other unit is gone");
      return;
  }
}

export function handoverWakeAt(state: PairState, now: Millis): Millis {
  const { role } = state;
  if (role.kind === "Slave")
    return role.want === null ? wantDueAt(state, now) : role.want.at + wantValidMs + 1;
  if (role.kind !== "Master") return Number.POSITIVE_INFINITY;
  switch (role.handover.phase) {
    case "draining":
      return Math.min(
        role.handover.since + state.settings.actionWaitMs,
        role.handover.wantAt + wantSilenceMs,
      );
    case "holding":
      return role.handover.since + commitHoldMs;
    case "offered":
      return state.contact.verdict === "gone" ? role.handover.at + wantValidMs + 1 : Number.POSITIVE_INFINITY;
    default:
      return Number.POSITIVE_INFINITY;
  }
}

/** True from the moment the Master starts no more actions. */
export const isGiving = (state: PairState): boolean =>
  state.role.kind === "Master" && state.role.handover.phase !== "none";
