/**
 * The CARP machine of one unit in one group.
 *
 *                 start                     silence for a master-down time,
 *     ┌─────────┐  (link up)    ┌────────┐  or a rule of the election        ┌────────┐
 *     │ stopped │ ────────────▶ │ backup │ ────────────────────────────────▶ │ master │
 *     └─────────┘               └────────┘ ◀──────────────────────────────── └────────┘
 *        ▲   │ start             │     ▲     a superior master, a stall        │
 *        │   │ (link down)       │     │ link up         a hand-over           │
 *        │   ▼         link down ▼     │                                       │
 *        │  ┌──────────────────────────┐               link down               │
 *        │  │         initial          │ ◀─────────────────────────────────────┘
 *        │  └──────────────────────────┘
 *        └── stop, from every role
 *
 * | input         | stopped              | initial      | backup                          | master                             |
 * | ------------- | -------------------- | ------------ | ------------------------------- | ---------------------------------- |
 * | start         | release; → backup,   | (fault)      | (fault)                         | (fault)                            |
 * |               | or initial: no link  |              |                                 |                                    |
 * | start, holding| advertise, take,     | (fault)      | (fault)                         | (fault)                            |
 * |               | announce → master,   |              |                                 |                                    |
 * |               | or as start: no link |              |                                 |                                    |
 * | advertisement | –                    | –            | takes over → master, else       | superior: release, advertise       |
 * |               |                      |              | waits a master-down time anew   | → backup; else advertise, announce |
 * | rejected      | –                    | counted      | counted                         | counted                            |
 * | tick          | –                    | –            | master-down time: advertise,    | advertise each interval; announce  |
 * |               |                      |              | take, announce → master         | at +0.2 s, +1 s, then every 30 s   |
 * | configure     | –                    | kept         | kept; waits anew if the         | kept; advertise, take, announce    |
 * |               |                      |              | election changed                |                                    |
 * | demotion      | –                    | kept         | kept                            | kept; advertise                    |
 * | link down     | –                    | –            | → initial                       | release → initial                  |
 * | link up       | –                    | → backup     | –                               | –                                  |
 * | hand over     | –                    | –            | –                               | release, advertise 255/255         |
 * |               |                      |              |                                 | → backup, for a second at most     |
 * | stop          | –                    | → stopped    | → stopped                       | release, advertise 255/255         |
 * |               |                      |              |                                 | → stopped                          |
 * | any, later    | –                    | –            | waits a master-down time anew,  | release, advertise 255/255         |
 * | than a        |                      |              | then handles the input          | → backup, then handles the input   |
 * | master-down   |                      |              |                                 |                                    |
 * | time          |                      |              |                                 |                                    |
 *
 * Invariants:
 *  1. The addresses are held in the role master and in no other: `takeAddresses` enters it, `releaseAddresses` leaves it
 *     (and begins every start, for what an earlier process left behind, unless the unit holds them alone until then).
 *  2. Silence counts only when it was listened to: start (but for the one who is alone by order), link up and a stall of
 *     the own loop lead to a wait of one whole master-down time. It ends early only by a packet: a master that bows out,
 *     or one that a rule replaces. A unit that has handed over was master itself and knows of no other: it waits for its
 *     successor an interval or a second, and no more.
 *  3. Becoming master is advertise → takeAddresses → announce; the advertisement goes first because it makes a peer let go.
 *  4. Ceasing to be is releaseAddresses → one last advertisement, where there is a link to send it on: it tells the
 *     winner, who may never have known of the conflict, to announce itself again.
 *  5. Of two masters that hear each other exactly one yields (`rules.ts`).
 *  6. No two advertisements of a process carry the same counter.
 *  7. What a step says is said under the configuration of the state it leads to.
 *  8. One lost advertisement costs no role.
 *  9. At most `answersPerIntervalMax` answers are sent between two regular advertisements.
 */
import { assert, unreachable } from "@tandem/base/assert";
import type { Millis } from "@tandem/base/time";
import {
  announceRefreshMs,
  announceRepeatsMs,
  answersPerIntervalMax,
  bowOutAdvbaseSeconds,
  bowOutAdvskew,
  demotionMax,
  rejectReportIntervalMs,
} from "./constants.ts";
import { count, countReject, emptyCounters, isOrdinaryReject, rejectMeaning } from "./counters.ts";
import { isForeign, noteForeign } from "./foreign.ts";
import { checkCounter } from "./replay.ts";
import {
  backupTakesOver,
  type Claim,
  handOverPatienceMs,
  heardClaim,
  intervalMs,
  isBowOut,
  masterDownMs,
  masterYields,
  ownClaim,
  patienceMs,
} from "./rules.ts";
import type {
  CarpAction,
  CarpBackup,
  CarpConfig,
  CarpEvent,
  CarpInput,
  CarpMaster,
  CarpMemory,
  CarpRole,
  CarpState,
  CarpStep,
  CarpStopped,
} from "./state.ts";
import type { RejectReason } from "./wire.ts";

/** The roles in which something is remembered and inputs matter. */
type Taking = Exclude<CarpState, CarpStopped>;

/** Collects what one step says, in order. */
type Out = { readonly actions: CarpAction[]; readonly observe: CarpEvent[] };

const claimOf = (memory: CarpMemory): Claim => ownClaim(memory.config, memory.demotion);

/** When the next `tick` is due; null while none is. */
export function wakeAt(state: CarpState): Millis | null {
  switch (state.role) {
    case "stopped":
    case "initial":
      return null;
    case "backup":
      return state.masterDownAt;
    case "master":
      return Math.min(state.advertiseAt, state.announceAt);
    default:
      return unreachable(state);
  }
}

// ---- What the transitions are made of ----------------------------------------------------------------------------

/** Sends `claim` under a counter of its own. */
function advertise(memory: CarpMemory, claim: Claim, out: Out): CarpMemory {
  const counter = BigInt.asUintN(64, memory.counter + 1n);
  out.actions.push({ type: "advertise", vhid: memory.config.vhid, ...claim, counter });
  return { ...memory, counter, counters: count(memory.counters, "sent") };
}

const bowOutOf = (memory: CarpMemory): Claim => ({
  advbase: bowOutAdvbaseSeconds,
  advskew: bowOutAdvskew,
  demotion: claimOf(memory).demotion,
});

function announce(memory: CarpMemory, out: Out): CarpMemory {
  out.actions.push({ type: "announce" });
  return { ...memory, counters: count(memory.counters, "announced") };
}

/** How long after the n-th announcement of a series the next one comes. */
function announcePauseMs(announcements: number): Millis {
  const next = announceRepeatsMs[announcements - 1];
  return next === undefined ? announceRefreshMs : next - (announceRepeatsMs[announcements - 2] ?? 0);
}

/** Notes a change of role and its reason. */
function enter(
  memory: CarpMemory,
  from: CarpRole,
  to: CarpRole,
  now: Millis,
  reason: string,
  out: Out,
): CarpMemory {
  out.observe.push({ type: "role", at: now, from, to, reason });
  return { ...memory, since: now, reason };
}

function reject(
  before: CarpMemory,
  now: Millis,
  reason: RejectReason,
  source: string | null,
  out: Out,
): CarpMemory {
  const counters = countReject(before.counters, reason);
  const memory =
    source === null || !isForeign(reason)
      ? before
      : { ...before, foreign: noteForeign(before.foreign, source, reason, now) };
  const reportedAt = memory.rejectReportedAt[reason];
  const due = reportedAt === undefined || now - reportedAt >= rejectReportIntervalMs;
  if (!due || isOrdinaryReject(reason)) return { ...memory, counters };
  const from = source === null ? "a packet was refused" : `a packet from ${source} was refused`;
  out.observe.push({
    type: "rejected",
    at: now,
    reject: reason,
    source,
    count: counters.rejected[reason],
    reason: `${from}: ${rejectMeaning[reason]}`,
  });
  return { ...memory, counters, rejectReportedAt: { ...memory.rejectReportedAt, [reason]: now } };
}

// ---- Transitions -------------------------------------------------------------------------------------------------

/** Stopped -> Backup, or Master with what it holds already; Initial while the link is down. */
function begin(state: CarpStopped, input: Extract<CarpInput, { type: "start" }>, out: Out): Taking {
  assertDemotion(input.demotion);
  const { now, config, demotion, linkUp } = input;
  const holding = input.holding === true && linkUp;
  if (!holding) out.actions.push({ type: "releaseAddresses" });
  const memory: CarpMemory = {
    config,
    demotion,
    linkUp,
    counter: BigInt.asUintN(64, input.counter),
    peer: null,
    replay: state.memory?.replay ?? [],
    foreign: state.memory?.foreign ?? [],
    counters: state.memory?.counters ?? emptyCounters,
    rejectReportedAt: {},
    since: now,
    reason: "",
  };
  if (!linkUp)
    return { role: "initial", memory: enter(memory, "stopped", "initial", now, "the link is down", out) };
  const backup = listen(memory, "stopped", now, "just started, listening for a master", out);
  return holding ? takeOver(backup, now, "it held the addresses alone until now", null, out) : backup;
}

/** Any -> Backup: listens for one whole master-down time. */
function listen(memory: CarpMemory, from: CarpRole, now: Millis, reason: string, out: Out): CarpBackup {
  return {
    role: "backup",
    memory: enter(memory, from, "backup", now, reason, out),
    masterDownAt: now + masterDownMs(claimOf(memory)),
    handedOver: false,
  };
}

/**
 * Backup -> Master. `predecessor` is the master that is replaced while it is there; its last word is no news of a conflict.
 */
function takeOver(
  state: CarpBackup,
  now: Millis,
  reason: string,
  predecessor: string | null,
  out: Out,
): CarpMaster {
  const claim = claimOf(state.memory);
  let memory = enter(state.memory, "backup", "master", now, reason, out);
  memory = advertise({ ...memory, counters: count(memory.counters, "takeovers") }, claim, out);
  out.actions.push({ type: "takeAddresses" });
  return {
    role: "master",
    memory: announce(memory, out),
    advertiseAt: now + intervalMs(claim),
    announceAt: now + announcePauseMs(1),
    announcements: 1,
    answers: 0,
    rival: predecessor,
  };
}

/** Master -> Backup, with `last` as the last word. */
function yieldTo(state: CarpMaster, now: Millis, reason: string, last: Claim, out: Out): CarpBackup {
  out.actions.push({ type: "releaseAddresses" });
  return listen(advertise(state.memory, last, out), "master", now, reason, out);
}

/**
 * Master -> Backup, because it was told to: the last word is that of an orderly stop, on which a standby takes over at
 * once. As the new master is neither more demoted nor, without preemption, worse by any other rule, the role stays there.
 */
function handOver(state: Taking, now: Millis, out: Out): Taking {
  if (state.role !== "master") return state;
  const { memory } = state;
  const waiting = yieldTo(state, now, "the role was handed over as ordered", bowOutOf(memory), out);
  return { ...waiting, masterDownAt: now + handOverPatienceMs(claimOf(memory)), handedOver: true };
}

/** Any -> Stopped. */
function end(state: Taking, now: Millis, out: Out): CarpStopped {
  let memory = state.memory;
  if (state.role === "master") {
    out.actions.push({ type: "releaseAddresses" });
    memory = advertise(memory, bowOutOf(memory), out);
  }
  return { role: "stopped", memory: enter(memory, state.role, "stopped", now, "ordered to stop", out) };
}

// ---- Inputs ------------------------------------------------------------------------------------------------------

/**
 * A loop that comes back later than a master-down time was not there when it mattered. As a master it has let others
 * take over: it bows out, so that a peer that has not is told to. As a backup it has adverts unread: it listens again.
 */
function afterStall(state: Taking, input: CarpInput, out: Out): Taking {
  const { now } = input;
  const due = wakeAt(state);
  if (due === null || state.role === "initial") return state;
  const lateMs = now - due;
  if (lateMs <= masterDownMs(claimOf(state.memory))) return state;
  const reason = `this unit's own loop was ${Math.round(lateMs)} ms late`;
  out.observe.push({ type: "stalled", at: now, lateMs, reason });
  // The last word is signed by the configuration that the shell has by now.
  const config = input.type === "configure" ? input.config : state.memory.config;
  const memory = { ...state.memory, config, counters: count(state.memory.counters, "stalls") };
  if (state.role === "master") return yieldTo({ ...state, memory }, now, reason, bowOutOf(memory), out);
  return { ...state, memory, masterDownAt: now + masterDownMs(claimOf(memory)) };
}

/** A genuine packet of this group: ours, repeated, or news of the peer (in which case `source` is its address). */
function hear(
  memory: CarpMemory,
  input: Extract<CarpInput, { type: "advertisement" }>,
  out: Out,
): { readonly memory: CarpMemory; readonly heeded: boolean } {
  const { now, source, advertisement } = input;
  const refuse = (reason: RejectReason) => ({
    memory: reject(memory, now, reason, source, out),
    heeded: false,
  });
  if (advertisement.vhid !== memory.config.vhid) return refuse("vhid");
  if (source === memory.config.ownAddress) return refuse("own");
  let replay = memory.replay;
  if (memory.config.replayCheck === "growing") {
    const checked = checkCounter(replay, source, advertisement.counter);
    if (!checked.fresh) return refuse("replay");
    replay = checked.memory;
  }
  const { advbase, advskew, demotion } = advertisement;
  const peer = { source, advbase, advskew, demotion, heardAt: now, bowedOut: isBowOut(advertisement) };
  return { memory: { ...memory, replay, peer, counters: count(memory.counters, "received") }, heeded: true };
}

function backupHears(state: CarpBackup, now: Millis, source: string, heard: Claim, out: Out): Taking {
  const own = claimOf(state.memory);
  const patience = patienceMs(state.memory.config, own, heard);
  const reason = backupTakesOver(own, state.memory.config.preempt, heard, source, patience);
  if (reason !== null) return takeOver(state, now, reason, source, out);
  return { ...state, masterDownAt: now + patience, handedOver: false };
}

function masterHears(state: CarpMaster, now: Millis, source: string, heard: Claim, out: Out): Taking {
  const own = claimOf(state.memory);
  const reason = masterYields(own, state.memory.config.ownAddress, heard, source);
  if (reason !== null) return yieldTo(state, now, reason, own, out);

  if (state.answers >= answersPerIntervalMax)
    return { ...state, memory: { ...state.memory, counters: count(state.memory.counters, "unanswered") } };
  if (state.rival !== source)
    out.observe.push({
      type: "rival",
      at: now,
      source,
      reason: isBowOut(heard)
        ? `${source} was master as well and bowed out`
        : `${source} is master as well, and is the one to yield`,
    });
  // Neighbours may have learnt the rival's MAC, and a rival that lets go may announce once more: the series begins anew.
  return {
    ...state,
    memory: announce(advertise(state.memory, own, out), out),
    announceAt: now + announcePauseMs(1),
    announcements: 1,
    answers: state.answers + 1,
    rival: source,
  };
}

function advertisement(
  state: Taking,
  input: Extract<CarpInput, { type: "advertisement" }>,
  out: Out,
): Taking {
  if (state.role === "initial") return state;
  const { memory, heeded } = hear(state.memory, input, out);
  if (!heeded) return { ...state, memory };
  const heard = heardClaim(memory.config, input.advertisement);
  if (state.role === "backup") return backupHears({ ...state, memory }, input.now, input.source, heard, out);
  return masterHears({ ...state, memory }, input.now, input.source, heard, out);
}

function tick(state: Taking, now: Millis, out: Out): Taking {
  switch (state.role) {
    case "initial":
      return state;
    case "backup":
      if (now < state.masterDownAt) return state;
      return takeOver(state, now, silence(state, now), null, out);
    case "master":
      return announceWhenDue(advertiseWhenDue(state, now, out), now, out);
    default:
      return unreachable(state);
  }
}

function silence({ memory, handedOver }: CarpBackup, now: Millis): string {
  if (handedOver) return "nobody took the role that was handed over";
  return memory.peer === null || memory.peer.bowedOut || memory.peer.heardAt < memory.since
    ? "no master was heard"
    : `${memory.peer.source} has been silent for ${Math.round(now - memory.peer.heardAt)} ms`;
}

/** Deadlines are absolute, so that a late tick does not stretch the interval; one that is missed outright is skipped. */
function advertiseWhenDue(state: CarpMaster, now: Millis, out: Out): CarpMaster {
  if (now < state.advertiseAt) return state;
  const claim = claimOf(state.memory);
  const next = state.advertiseAt + intervalMs(claim);
  return {
    ...state,
    memory: advertise(state.memory, claim, out),
    advertiseAt: next > now ? next : now + intervalMs(claim),
    rival: state.answers === 0 ? null : state.rival,
    answers: 0,
  };
}

function announceWhenDue(state: CarpMaster, now: Millis, out: Out): CarpMaster {
  if (now < state.announceAt) return state;
  const announcements = state.announcements + 1;
  return {
    ...state,
    memory: announce(state.memory, out),
    announceAt: now + announcePauseMs(announcements),
    announcements,
  };
}

/** For the master that was last heard in this role, if any: it may not have the new configuration yet. */
function patienceWith(memory: CarpMemory): Millis {
  const { config, peer, since } = memory;
  const own = claimOf(memory);
  return peer === null || peer.bowedOut || peer.heardAt < since
    ? masterDownMs(own)
    : patienceMs(config, own, peer);
}

const sameElection = (a: CarpConfig, b: CarpConfig): boolean =>
  a.vhid === b.vhid &&
  a.password === b.password &&
  a.advbase === b.advbase &&
  a.advskew === b.advskew &&
  a.trustDemotion === b.trustDemotion &&
  a.hashedAddresses.join() === b.hashedAddresses.join();

/**
 * Nothing that can be configured costs a role. A master tells its new claim at once and puts the addresses right; a
 * backup whose election changed waits a whole master-down time of the new configuration, in which the peer gets it as well.
 */
function configure(state: Taking, now: Millis, config: CarpConfig, out: Out): Taking {
  const changed = !sameElection(state.memory.config, config);
  const memory: CarpMemory = { ...state.memory, config };
  out.observe.push({
    type: "configured",
    at: now,
    reason: changed ? "the election's parameters changed" : "the election's parameters are as before",
  });
  switch (state.role) {
    case "initial":
      return { ...state, memory };
    case "backup":
      return changed ? { ...state, memory, masterDownAt: now + patienceWith(memory) } : { ...state, memory };
    case "master": {
      const claim = claimOf(memory);
      const advertised = advertise(memory, claim, out);
      out.actions.push({ type: "takeAddresses" });
      return {
        ...state,
        memory: announce(advertised, out),
        advertiseAt: now + intervalMs(claim),
        announceAt: now + announcePauseMs(1),
        announcements: 1,
      };
    }
    default:
      return unreachable(state);
  }
}

const assertDemotion = (demotion: number): void =>
  assert(Number.isInteger(demotion) && demotion >= 0 && demotion <= demotionMax, "demotion 0 to 255");

/** A master says at once how it fares, so that a healthier standby need not wait for the next interval. */
function demote(state: Taking, now: Millis, demotion: number, reason: string, out: Out): Taking {
  assertDemotion(demotion);
  if (demotion === state.memory.demotion) return state;
  out.observe.push({ type: "demotion", at: now, demotion, reason });
  const memory: CarpMemory = { ...state.memory, demotion };
  if (state.role !== "master") return { ...state, memory };
  const claim = claimOf(memory);
  return { ...state, memory: advertise(memory, claim, out), advertiseAt: now + intervalMs(claim) };
}

function link(state: Taking, now: Millis, up: boolean, out: Out): Taking {
  const memory: CarpMemory = { ...state.memory, linkUp: up };
  if (up === (state.role !== "initial")) return state;
  if (up) return listen(memory, "initial", now, "the link came up, listening for a master", out);
  if (state.role === "master") out.actions.push({ type: "releaseAddresses" });
  return { role: "initial", memory: enter(memory, state.role, "initial", now, "the link went down", out) };
}

function next(state: CarpState, input: CarpInput, out: Out): CarpState {
  if (input.type === "start") {
    assert(state.role === "stopped", "start is for a stopped machine");
    return begin(state, input, out);
  }
  if (state.role === "stopped") return state;
  if (input.type === "stop") return end(state, input.now, out);

  const present = afterStall(state, input, out);
  switch (input.type) {
    case "advertisement":
      return advertisement(present, input, out);
    case "rejected":
      return { ...present, memory: reject(present.memory, input.now, input.reason, input.source, out) };
    case "tick":
      return tick(present, input.now, out);
    case "configure":
      return configure(present, input.now, input.config, out);
    case "demotion":
      return demote(present, input.now, input.demotion, input.reason, out);
    case "link":
      return link(present, input.now, input.up, out);
    case "handOver":
      return handOver(present, input.now, out);
    default:
      return unreachable(input);
  }
}

/**
 * One input: the next state, and what to do about it. Pure; no input that keeps to its type makes it throw, save a `start`
 * of a machine that runs and a demotion that is no byte. (SPEC LH1 to LH4; OpenBSD carp(4), ip_carp.c; ucarp carp.c.)
 */
export function step(state: CarpState, input: CarpInput): CarpStep {
  const out: Out = { actions: [], observe: [] };
  const after = next(state, input, out);
  return { state: after, outputs: { actions: out.actions, observe: out.observe, wakeAt: wakeAt(after) } };
}
