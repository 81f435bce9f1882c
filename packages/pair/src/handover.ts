/**
 * CH11: the preferred unit gets the role back in order; and an operator's `ha handover` on either unit moves it on
 * the same path, without hold-down and preference. Ordered on the Master, its heartbeats invite the Slave to ask.
 *
 *     R (Slave)                              G (Master)
 *     preferred, in step for the hold-down;
 *     or ordered by an operator
 *     H1  want{nonce} ─────────────────────▶ starts no more actions, waits for the running ones,
 *                                        H2  holds commits ≤ 1 s until R has everything
 *                     ◀──────────── refuse   or says why not, and goes on
 *                     ◀────── hand{n, nonce} H3  persists the offer first
 *     within 4 s of its own want: persists epoch (n, R), is Master, says so
 *                     ─────────────────────▶ H4  Slave; or, after 6 s without: a new epoch of its own
 *
 * From the offer on G executes nothing, and R only once it holds the epoch: there is no moment when two act.
 */
import { compareEpochs } from "@tandem/base/epoch";
import type { FieldError } from "@tandem/base/result";
import type { Millis } from "@tandem/base/time";
import {
  commitHoldMs,
  handoverMemoryMs,
  handoverOrderMaxMs,
  handoverOrderMs,
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
import { covers, equalVectors, relationOf } from "./rules.ts";
import type { Giving, PairState } from "./state.ts";
import type { Turn } from "./turn.ts";
import { type PairMessage, wireVersionWithChannels } from "./wire.ts";
import { peerWords } from "./words.ts";

type Refuse = Extract<PairMessage, { type: "refuse" }>;

/** The hold-down after the handovers of the last hour: doubled by each, at most an hour (or what was set, if more). */
export function holdDownNow(state: PairState, settingMs: number, now: Millis): number {
  const recent = state.handovers.filter((at) => now - at < handoverMemoryMs).length;
  return Math.min(settingMs * 2 ** recent, Math.max(holdDownMaxMs, settingMs));
}

export function rememberHandover(turn: Turn): void {
  const handovers = [...turn.state.handovers, turn.now].slice(-handoversRememberedMax);
  turn.state = { ...turn.state, handovers };
  turn.setDurable({ handovers: handovers.length });
}

/** A handover that is an hour past no longer counts, also after the next start. */
function forgetOldHandovers(turn: Turn): void {
  const handovers = turn.state.handovers.filter((at) => turn.now - at < handoverMemoryMs);
  if (handovers.length === turn.state.handovers.length) return;
  turn.state = { ...turn.state, handovers };
  turn.setDurable({ handovers: handovers.length });
}

/** True on a Slave that is to ask at once: its own operator ordered it, or the Master's invites it. */
const isOrdered = (state: PairState): boolean =>
  state.order?.phase === "open" || state.contact.heartbeat?.invites === true;

/** An operator's `ha handover`: the Slave takes the role, the Master hands it over. Errors change nothing. */
export function onHandoverOrder(turn: Turn): void {
  const { role, now } = turn;
  const fault = orderFault(turn.state);
  if (fault !== null || (role.kind !== "Master" && role.kind !== "Slave")) {
    if (fault !== null) turn.errors.push(fault);
    return;
  }
  const isNew = turn.state.order?.phase !== "open";
  turn.state = { ...turn.state, order: { phase: "open", since: now, deadline: now + handoverOrderMs } };
  if (isNew) turn.observe({ code: "handover-ordered", as: role.kind === "Master" ? "giver" : "taker" });
  if (role.kind === "Slave") turn.setRole({ ...role, wantNotBefore: now, refusal: null });
  else turn.sayHeartbeat(true);
}

/** Why the role cannot change hands in order now; null when it can be tried. */
function orderFault(state: PairState): FieldError | null {
  const { role, contact } = state;
  const peer = peerWords(state);
  const fault = (code: string, message: string, remedy: string): FieldError => ({
    code,
    field: "state",
    value: role.kind,
    message,
    remedy,
  });
  if (role.kind !== "Master" && role.kind !== "Slave")
    return fault("no-role", `this unit is ${role.kind}`, "a handover needs a Master and a Slave");
  const { heartbeat } = contact;
  if (contact.verdict !== "alive" || !contact.linkUp || heartbeat === null)
    return fault(
      "peer-absent",
      `${peer} does not answer`,
      role.kind === "Master"
        ? "bring it back first, so that there is somebody to hand the role to"
        : "wait: when it is gone this unit becomes Master by itself",
    );
  const isFitting = heartbeat.state === (role.kind === "Master" ? "Slave" : "Master");
  if (!isFitting || relationOf(state, heartbeat) !== "same-pair")
    return fault(
      "no-pair",
      `${peer} is ${heartbeat.state}`,
      "wait until one unit is Master and the other Slave of the same pair",
    );
  if (heartbeat.wire < wireVersionWithChannels)
    return fault(
      "peer-too-old",
      `${peer} runs version ${heartbeat.centralVersion}, which knows no handover by an operator`,
      `upgrade ${peer}; or stop Central on the Master in order, and the Slave takes the role at once`,
    );
  if (contact.digestsEqual === false && contact.inStepSince === null)
    return fault(
      "digests-differ",
      "both units know the same changes, and their states differ",
      "wait for the repair; HA Status names the tables and rows that differ",
    );
  return null;
}

/** What the operator should know when an order is accepted; null when there is nothing to say. */
export function handoverNote(state: PairState, now: Millis): string | null {
  const { role, settings, contact, self } = state;
  const { heartbeat } = contact;
  if (heartbeat === null || settings.preferredMaster === heartbeat.preferredMaster) return null;
  const giverIsUs = role.kind === "Master";
  const giverIsPreferred = giverIsUs ? settings.preferredMaster : heartbeat.preferredMaster;
  if (!giverIsPreferred) return null;
  const giver = giverIsUs ? self.name : peerWords(state);
  // This handover will be one more of the last hour.
  const holdDownMs = holdDownNow(
    { ...state, handovers: [...state.handovers, now] },
    giverIsUs ? settings.holdDownMs : heartbeat.holdDownMs,
    now,
  );
  return `${giver} is Preferred Master and takes the role back after ${Math.ceil(holdDownMs / 1_000)} s in step; clear Preferred Master on it to leave the role where it goes now`;
}

/** Headway was made: the order lives on, within its bound. */
function prolongOrder(turn: Turn): void {
  const { order } = turn.state;
  if (order?.phase !== "open") return;
  const deadline = Math.min(turn.now + handoverOrderMs, order.since + handoverOrderMaxMs);
  turn.state = { ...turn.state, order: { ...order, deadline } };
}

/** When the Slave may ask, ordered or preferred: Infinity while something else than time is missing. */
export function wantDueAt(state: PairState, now: Millis): Millis {
  const { role, contact, settings } = state;
  const never = Number.POSITIVE_INFINITY;
  if (role.kind !== "Slave" || (role.want !== null && !role.want.isDeferred)) return never;
  const { heartbeat } = contact;
  if (contact.verdict !== "alive" || !contact.linkUp || heartbeat === null) return never;
  if (heartbeat.state !== "Master" || contact.inStepSince === null) return never;
  if (isOrdered(state)) return role.wantNotBefore;
  if (!settings.preferredMaster || heartbeat.preferredMaster) return never;
  const heldDownAt = Math.max(contact.inStepSince, role.since) + holdDownNow(state, settings.holdDownMs, now);
  return Math.max(heldDownAt, role.wantNotBefore);
}

/** H1 */
function sendWant(turn: Turn): void {
  if (turn.role.kind !== "Slave") return;
  const { nonce } = turn;
  const byOperator = isOrdered(turn.state);
  turn.say({ type: "want", nonce, ...(byOperator ? { byOperator } : {}) });
  if (turn.role.refusal === null) turn.observe({ code: "handover-asked", byOperator });
  turn.setRole({ ...turn.role, want: { nonce, at: turn.now, byOperator, isDeferred: false } });
}

/** R hears that it has to wait. */
export function onRefuse(turn: Turn, { nonce, reason, gettingReady, final }: Refuse): void {
  const { role, now } = turn;
  if (role.kind !== "Slave" || role.want?.nonce !== nonce) return;
  const { byOperator } = role.want;
  if (role.refusal !== reason)
    turn.observe(gettingReady ? { code: "handover-waiting", reason } : { code: "handover-refused", reason });
  const isSoon = gettingReady || (byOperator && final !== true);
  const wantNotBefore = now + (isSoon ? wantRepeatMs : wantAgainMs);
  const want = gettingReady ? { ...role.want, isDeferred: true } : null;
  turn.setRole({ ...role, want, refusal: reason, wantNotBefore });
  if (byOperator && final === true) turn.giveUpOrder(reason);
  else if (gettingReady) prolongOrder(turn);
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
export function onWant(turn: Turn, nonce: string, byOperator: boolean): void {
  const { role, now } = turn;
  const fault = wantFault(turn, byOperator);
  if (fault !== null || role.kind !== "Master") {
    turn.say({ type: "refuse", nonce, reason: fault ?? "is not Master", gettingReady: false });
    return;
  }
  switch (role.handover.phase) {
    case "none":
      turn.setRole({ ...role, handover: { phase: "draining", since: now, nonce, wantAt: now, byOperator } });
      break;
    case "draining":
    case "holding":
      turn.setRole({ ...role, handover: { ...role.handover, nonce, wantAt: now, byOperator } });
      break;
    case "offered":
      return;
  }
  prolongOrder(turn);
  proceed(turn);
  const { role: after } = turn;
  if (after.kind === "Master" && after.handover.phase === "draining") {
    const reason = `waits for ${turn.state.facts.runningActions} running actions`;
    if (role.handover.phase === "none") turn.observe({ code: "handover-waiting", reason });
    turn.say({ type: "refuse", nonce, reason, gettingReady: true });
  }
}

/** Why G does not even begin; null when it may. */
function wantFault(turn: Turn, byOperator: boolean): string | null {
  const { role, contact, now } = turn;
  const { settings } = turn.state;
  const heartbeat = contact.heartbeat;
  if (role.kind !== "Master") return "is not Master";
  if (heartbeat === null || relationOf(turn.state, heartbeat) !== "same-pair")
    return "is not of the same pair";
  if (contact.inStepSince === null) return "is not in step";
  if (byOperator) return null;
  if (!heartbeat.preferredMaster) return "is not asked by a preferred master";
  if (settings.preferredMaster) return "is preferred itself";
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
  turn.setRole({ ...turn.role, handover: { phase: "offered", at: now, n, byOperator: handover.byOperator } });
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

/** G goes on as before. `isFinal`: an operator's order ends with it as well. */
export function resume(turn: Turn, reason: string | null, isFinal = false): void {
  const { role } = turn;
  if (role.kind !== "Master" || role.handover.phase === "none" || role.handover.phase === "offered") return;
  if (role.handover.phase === "holding") turn.command({ type: "releaseCommits" });
  if (reason !== null) {
    turn.say({
      type: "refuse",
      nonce: role.handover.nonce,
      reason,
      gettingReady: false,
      ...(isFinal ? { final: true } : {}),
    });
    turn.observe({ code: "handover-refused", reason });
  }
  turn.setRole({ ...role, handover: { phase: "none" } });
  if (!isFinal || reason === null || turn.state.order?.phase !== "open") return;
  turn.giveUpOrder(reason);
  // It invites no longer, and says so before it refuses.
  turn.sayHeartbeat(false);
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
  forgetOldHandovers(turn);
  const { order } = turn.state;
  const isOverdue = order?.phase === "open" && order.deadline <= now;
  if (role.kind === "Slave") {
    if (isOverdue)
      turn.giveUpOrder(role.refusal ?? "the Master did not answer, or the units were not in step");
    else if (role.want !== null && !role.want.isDeferred && now - role.want.at > wantValidMs)
      turn.setRole({ ...role, want: null, wantNotBefore: role.want.at + wantAgainMs });
    else if (wantDueAt(turn.state, now) <= now) sendWant(turn);
    return;
  }
  if (role.kind !== "Master") return;
  const { handover } = role;
  switch (handover.phase) {
    case "none":
      if (isOverdue) turn.giveUpOrder(`${peerWords(turn.state)} did not take the role in time`);
      else if (order?.phase === "open") askSoon(turn);
      return;
    case "draining":
      if (now - handover.since >= turn.state.settings.actionWaitMs)
        resume(turn, `${turn.state.facts.runningActions} actions still run after the longest wait`, true);
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
  const { role, order, handovers } = state;
  const never = Number.POSITIVE_INFINITY;
  const forgetsAt = handovers[0] === undefined ? never : handovers[0] + handoverMemoryMs;
  const deadline = order?.phase === "open" ? order.deadline : never;
  if (role.kind === "Slave") {
    const wantAt =
      role.want === null || role.want.isDeferred ? wantDueAt(state, now) : role.want.at + wantValidMs + 1;
    return Math.min(wantAt, deadline, forgetsAt);
  }
  if (role.kind !== "Master") return never;
  return Math.min(
    givingWakeAt(state, role.handover),
    role.handover.phase === "none" ? deadline : never,
    forgetsAt,
  );
}

function givingWakeAt(state: PairState, handover: Giving): Millis {
  switch (handover.phase) {
    case "draining":
      return Math.min(handover.since + state.settings.actionWaitMs, handover.wantAt + wantSilenceMs);
    case "holding":
      return handover.since + commitHoldMs;
    case "offered":
      return state.contact.verdict === "gone" ? handover.at + wantValidMs + 1 : Number.POSITIVE_INFINITY;
    case "none":
      return Number.POSITIVE_INFINITY;
  }
}

/** True from the moment the Master starts no more actions. */
export const isGiving = (state: PairState): boolean =>
  state.role.kind === "Master" && state.role.handover.phase !== "none";

export type HandoverPhase =
  | "hold-down"
  | "ordered"
  | "asking"
  | "inviting"
  | "draining"
  | "holding"
  | "offered"
  | "given-up";
/** For HA Status: how far a handover is, and what it waits for. */
export type HandoverProgress = {
  readonly phase: HandoverPhase;
  readonly since: Millis;
  readonly byOperator: boolean;
  /** In words; for `given-up`, why. */
  readonly waitsFor: string;
};

export function handoverProgress(state: PairState, now: Millis): HandoverProgress | null {
  const { role, order, contact, settings } = state;
  const peer = peerWords(state);
  const say = (phase: HandoverPhase, since: Millis, byOperator: boolean, waitsFor: string) => ({
    phase,
    since,
    byOperator,
    waitsFor,
  });
  if (role.kind === "Master" && role.handover.phase !== "none") {
    const { handover } = role;
    switch (handover.phase) {
      case "draining":
        return say(
          "draining",
          handover.since,
          handover.byOperator,
          `the end of ${state.facts.runningActions} running actions`,
        );
      case "holding":
        return say("holding", handover.since, handover.byOperator, `${peer} to hold every change`);
      case "offered":
        return say("offered", handover.at, handover.byOperator, `${peer} to take the role`);
    }
  }
  if (order?.phase === "given-up") return say("given-up", order.since, true, order.reason);
  if (role.kind === "Master")
    return order === null ? null : say("inviting", order.since, true, `${peer} to ask for the role`);
  if (role.kind !== "Slave") return null;
  if (role.want !== null && !role.want.isDeferred)
    return say("asking", order?.since ?? role.want.at, role.want.byOperator, `the answer of ${peer}`);
  if (order !== null) {
    const isInStep = contact.inStepSince !== null;
    return say(
      "ordered",
      order.since,
      true,
      isInStep ? (role.refusal ?? `the question to ${peer}`) : "both units to be in step",
    );
  }
  const dueAt = wantDueAt(state, now);
  if (!Number.isFinite(dueAt) || !settings.preferredMaster || contact.inStepSince === null) return null;
  return say(
    "hold-down",
    Math.max(contact.inStepSince, role.since),
    false,
    role.refusal ?? `${Math.ceil(Math.max(0, dueAt - now) / 1_000)} s more in step`,
  );
}
