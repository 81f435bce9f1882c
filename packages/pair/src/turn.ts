/**
 * One step under way: the state as it becomes, and what is to be put out. It lives for one call of `step`,
 * which is therefore pure although the parts of a step write to it.
 */
import type { Epoch } from "@tandem/base/epoch";
import type { FieldError } from "@tandem/base/result";
import type { Millis } from "@tandem/base/time";
import { electionDeadlineMs } from "./constants.ts";
import type { PairEvent } from "./events.ts";
import { maxEpoch } from "./rules.ts";
import type {
  Contact,
  HaSettings,
  InitialSync,
  PairCommand,
  PairDurable,
  PairState,
  PairStep,
  Role,
  StandaloneReason,
} from "./state.ts";
import { type Heartbeat, type PairMessage, wireVersion } from "./wire.ts";
import { ourReasonWords, peerWords, standaloneWords, waitingFor } from "./words.ts";

type HeartbeatAnswers = Heartbeat["answers"];
/** A message without its header, which is added last, when the counter is known. */
export type Unsent =
  | { readonly type: "want"; readonly nonce: string; readonly byOperator?: boolean }
  | { readonly type: "hand"; readonly n: number; readonly nonce: string }
  | {
      readonly type: "refuse";
      readonly nonce: string;
      readonly reason: string;
      readonly gettingReady: boolean;
      readonly final?: boolean;
    }
  | { readonly type: "snapshot-request" };

export class Turn {
  state: PairState;
  readonly now: Millis;
  readonly errors: FieldError[] = [];
  readonly #before: PairState;
  readonly #unsent: Unsent[] = [];
  readonly #commands: PairCommand[] = [];
  readonly #events: PairEvent[] = [];
  #heartbeat: { ask: boolean; answers: HeartbeatAnswers } | null = null;

  constructor(state: PairState, now: Millis) {
    this.state = state;
    this.#before = state;
    this.now = now;
  }

  get role(): Role {
    return this.state.role;
  }
  get contact(): Contact {
    return this.state.contact;
  }
  get durable(): PairDurable {
    return this.state.durable;
  }

  setDurable(change: Partial<PairDurable>): void {
    this.state = { ...this.state, durable: { ...this.state.durable, ...change } };
  }
  setSettings(settings: HaSettings): void {
    this.state = { ...this.state, settings };
  }
  setContact(change: Partial<Contact>): void {
    this.state = { ...this.state, contact: { ...this.state.contact, ...change } };
  }
  /** Replaces data of the same role; a change of role goes through `enter`. */
  setRole(role: Role): void {
    this.state = { ...this.state, role };
  }
  /** E2: persisted before anything is answered. */
  learnEpoch(epoch: Epoch): void {
    const seen = maxEpoch(this.durable.seen, epoch);
    if (seen !== this.durable.seen) this.setDurable({ seen });
  }

  observe(event: PairEvent): void {
    this.#events.push(event);
  }
  command(command: PairCommand): void {
    if (command.type === "connect" && this.#commands.some(({ type }) => type === "connect")) return;
    this.#commands.push(command);
  }
  say(message: Unsent): void {
    this.#unsent.push(message);
  }
  /** At most one heartbeat leaves a step; it shows the state as it is at the end. */
  sayHeartbeat(ask: boolean, answers: HeartbeatAnswers = null): void {
    this.#heartbeat = {
      ask: ask || (this.#heartbeat?.ask ?? false),
      answers: answers ?? this.#heartbeat?.answers ?? null,
    };
  }

  /** The counter that the next message will carry: with the session it names one moment of this process. */
  get nonce(): string {
    return `${this.state.session}:${this.state.counter + 1 + this.#unsent.length}`;
  }

  /** Changes the role, lets go of what belonged to the old one, says so, and tells the peer. */
  enter(role: Role, why: string): void {
    const from = this.role;
    if (from.kind === "Master" && from.handover.phase === "holding") this.command({ type: "releaseCommits" });
    if (from.kind === "Starting" && from.initialSync?.phase === "receiving")
      this.command({ type: "dropSnapshot" });
    this.#endOrder(from, role, why);
    this.setRole(role);
    this.observe({ code: "role-changed", from: from.kind, to: role.kind, why, epoch: this.durable.epoch });
    this.sayHeartbeat(false);
  }

  /** What an operator ordered has come about with the change of role, or can no longer. */
  #endOrder(from: Role, to: Role, why: string): void {
    const { order } = this.state;
    if (order === null || from.kind === to.kind) return;
    const isDone =
      (from.kind === "Slave" && to.kind === "Master") || (from.kind === "Master" && to.kind === "Slave");
    if (order.phase === "open" && !isDone) this.giveUpOrder(`became ${to.kind}: ${why}`);
    else this.state = { ...this.state, order: null };
  }

  giveUpOrder(reason: string): void {
    if (this.state.order?.phase !== "open") return;
    this.state = { ...this.state, order: { phase: "given-up", since: this.now, reason } };
    this.observe({ code: "handover-given-up", reason });
  }

  enterStandalone(reason: StandaloneReason): void {
    const role = this.role;
    if (role.kind === "Standalone") {
      const isSame = JSON.stringify(role.reason) === JSON.stringify(reason);
      if (isSame) return;
      this.setRole({ ...role, reason });
      this.observe({ code: "standalone-because", reason });
      this.sayHeartbeat(false);
      return;
    }
    const why = standaloneWords(reason, peerWords(this.state));
    this.enter({ kind: "Standalone", since: this.now, reason }, why);
  }

  enterStarting(why: string, initialSync: InitialSync | null = null): void {
    if (this.role.kind === "Starting") {
      if (initialSync !== null && this.role.initialSync === null) this.setRole({ ...this.role, initialSync });
      return;
    }
    const since = this.now;
    this.enter({ kind: "Starting", since, deadline: since + electionDeadlineMs, initialSync }, why);
  }

  /** For a unit that waits for the other to become Master: a Slave waits as Slave. */
  enterStartingUnlessSlave(why: string): void {
    if (this.role.kind !== "Slave") this.enterStarting(why);
  }

  /** E1: a new term; persisted, then announced, then acted upon. */
  claim(why: string): void {
    const epoch = { n: this.durable.seen.n + 1, unit: this.state.self.unit };
    this.setDurable({ epoch, seen: epoch, offered: null, armedFor: null });
    this.#becomeMaster(why);
    if (this.contact.linkUp) this.sayHeartbeat(true);
  }

  /** H3: the term that the peer offered us. */
  takeOffered(n: number): void {
    const epoch = { n, unit: this.state.self.unit };
    this.setDurable({ epoch, seen: maxEpoch(this.durable.seen, epoch), offered: null });
    this.#becomeMaster("handed over by the other unit");
    this.sayHeartbeat(true);
  }

  #becomeMaster(why: string): void {
    const since = this.now;
    const role: Role = { kind: "Master", since, handover: { phase: "none" }, pausedUntil: null };
    const before = this.role;
    if (before.kind === "Master") {
      if (before.handover.phase === "holding") this.command({ type: "releaseCommits" });
      this.setRole({ ...role, since: before.since });
      this.observe({ code: "epoch-claimed", epoch: this.durable.epoch, why });
      this.sayHeartbeat(false);
    } else this.enter(role, why);
  }

  /** The peer is Master under an epoch that is not below any we know, or below it and about to claim anew. */
  follow(epoch: Epoch, why: string): void {
    this.setDurable({ epoch, offered: null });
    this.enter(
      {
        kind: "Slave",
        since: this.now,
        want: null,
        wantNotBefore: this.now,
        refusal: null,
        leaderlessSince: null,
      },
      why,
    );
  }

  /** CH10: said once, on both units, each time it becomes another. */
  #noteWaiting(): void {
    const units = waitingFor(this.state).map(({ name }) => name);
    const before = waitingFor(this.#before).map(({ name }) => name);
    if (units.length > 0 && units.join() !== before.join())
      this.observe({ code: "waiting-for-networks", units });
  }

  /** Puts the step together: heartbeat first, so that the receiver knows the state that the rest was said in. */
  finish(wakeAt: Millis): PairStep {
    this.#noteWaiting();
    const { self, session } = this.state;
    let counter = this.state.counter;
    const header = () => {
      counter += 1;
      return { wire: wireVersion, from: self.unit, session, counter };
    };
    const send: PairMessage[] = [];
    if (this.state.settings.peer !== null) {
      if (this.#heartbeat !== null)
        send.push({ ...heartbeatOf(this.state, this.now), ...header(), ...this.#heartbeat });
      for (const message of this.#unsent) send.push({ ...message, ...header() });
    }
    if (send.length > 0) this.setContact({ lastSentAt: this.now });
    this.state = { ...this.state, counter };
    return {
      state: this.state,
      outputs: {
        settings: this.state.settings === this.#before.settings ? null : this.state.settings,
        persist: this.state.durable === this.#before.durable ? null : this.state.durable,
        send,
        apply: this.#commands,
        observe: this.#events,
        errors: this.errors,
        wakeAt,
      },
    };
  }
}

/** What a unit says of itself; header with counter 0, which no session uses. */
export function heartbeatOf(state: PairState, now: Millis): Heartbeat {
  const { self, durable, settings, facts, role } = state;
  return {
    type: "heartbeat",
    wire: wireVersion,
    from: self.unit,
    session: state.session,
    counter: 0,
    ask: false,
    answers: null,
    name: self.name,
    centralVersion: self.centralVersion,
    state: role.kind,
    reason: ourReasonWords(state, now),
    stopping: role.kind === "Standalone" && role.reason.code === "stopping",
    pairId: durable.pairId,
    setUpFirst: durable.setUpFirst,
    armed: settings.peer !== null && durable.armedFor === settings.peer.unit,
    epoch: durable.epoch,
    seen: durable.seen,
    preferredMaster: settings.preferredMaster,
    heartbeatMs: settings.heartbeatMs,
    holdDownMs: settings.holdDownMs,
    networks: facts.networks,
    runningActions: facts.runningActions,
    vector: facts.vector,
    digest: facts.digest,
    sequence: facts.sequence,
    waitingFor: waitingFor(state).map(({ unit, what }) => ({ unit, what })),
    licensing: facts.licensing,
    invites: role.kind === "Master" && state.order?.phase === "open",
  };
}
