/** One unit and whatever its peer says, for tests of single rules. */
import { actionWaitDefaultMs, heartbeatDefaultMs, holdDownDefaultMs } from "./constants.ts";
import {
  type HaSettings,
  newDurable,
  type PairDurable,
  type PairFacts,
  type PairInput,
  type PairState,
  type PairStep,
  type StartInput,
} from "./state.ts";
import { startPair, step } from "./step.ts";
import { heartbeatOf } from "./turn.ts";
import { type Heartbeat, type PairMessage, wireVersion } from "./wire.ts";

export const unitA = "a".repeat(16);
export const unitB = "b".repeat(16);
export const pairP = "1".repeat(32);
export const incarnation = "c".repeat(16);

export const peerSettings = {
  unit: unitB,
  fingerprint: "b".repeat(64),
  address: "192.0.2.2",
  port: 6974,
} as const;
export const settings: HaSettings = {
  disabled: false,
  preferredMaster: false,
  heartbeatMs: heartbeatDefaultMs,
  holdDownMs: holdDownDefaultMs,
  actionWaitMs: actionWaitDefaultMs,
  peer: peerSettings,
};
export const facts: PairFacts = {
  vector: { [incarnation]: 3 },
  digest: "same",
  sequence: 3,
  networks: 1,
  runningActions: 0,
  licensing: null,
};
/** A unit that belongs to pair P and has seen epoch 4 of its peer. */
export const inPair: PairDurable = {
  ...newDurable,
  pairId: pairP,
  epoch: { n: 4, unit: unitB },
  seen: { n: 4, unit: unitB },
};

type WithoutNow<Input> = Input extends unknown ? Omit<Input, "now"> : never;
type Header = "wire" | "from" | "session" | "counter";
type Said = PairMessage extends infer Each ? (Each extends PairMessage ? Omit<Each, Header> : never) : never;

export class OneUnit {
  now = 1_000;
  state: PairState;
  last: PairStep;
  /** The peer's session; another one means that its process was started again. */
  peerSession = "peer-session-1";
  peerCounter = 0;
  /** The wire version that the peer speaks. */
  peerWire = wireVersion;

  constructor(input: Partial<Omit<StartInput, "now">> = {}) {
    this.last = startPair({
      now: this.now,
      self: { unit: unitA, fingerprint: "a".repeat(64), name: "central1", centralVersion: "1.0" },
      session: "session-of-a",
      settings,
      durable: newDurable,
      facts,
      ...input,
    });
    this.state = this.last.state;
  }

  give(input: WithoutNow<PairInput>): PairStep["outputs"] {
    this.last = step(this.state, { ...input, now: this.now } as PairInput);
    this.state = this.last.state;
    return this.last.outputs;
  }
  after(durationMs: number): PairStep["outputs"] {
    const end = this.now + durationMs;
    while (this.last.outputs.wakeAt < end) {
      this.now = Math.max(this.now, this.last.outputs.wakeAt);
      this.give({ type: "tick" });
    }
    this.now = end;
    return this.give({ type: "tick" });
  }
  linkUp(): PairStep["outputs"] {
    return this.give({ type: "link", event: { kind: "up" } });
  }
  refused(): PairStep["outputs"] {
    return this.give({ type: "link", event: { kind: "refused", message: "connection refused" } });
  }
  said(message: Said): PairStep["outputs"] {
    this.peerCounter += 1;
    const header = { wire: this.peerWire, from: unitB, session: this.peerSession, counter: this.peerCounter };
    return this.give({ type: "message", message: { ...message, ...header } as PairMessage });
  }
  /** The peer's heartbeat: in the same pair and with the same data, unless told otherwise. */
  heard(change: Partial<Heartbeat> = {}): PairStep["outputs"] {
    return this.said({ ...this.heartbeat(change) });
  }
  heartbeat(change: Partial<Heartbeat> = {}): Heartbeat {
    const epoch = change.epoch ?? { n: 4, unit: unitB };
    return {
      ...heartbeatOf(this.state, this.now),
      from: unitB,
      name: "central2",
      state: "Master",
      reason: "",
      stopping: false,
      pairId: pairP,
      setUpFirst: false,
      armed: false,
      epoch,
      seen: epoch,
      preferredMaster: false,
      holdDownMs: holdDownDefaultMs,
      vector: facts.vector,
      digest: facts.digest,
      networks: 1,
      runningActions: 0,
      waitingFor: [],
      ...change,
    };
  }
  get role(): string {
    return this.state.role.kind;
  }
  get reason(): string | null {
    return this.state.role.kind === "Standalone" ? this.state.role.reason.code : null;
  }
}

/** A Slave of unit B in pair P. */
export function slave(input: Partial<Omit<StartInput, "now">> = {}): OneUnit {
  const unit = new OneUnit({ durable: inPair, ...input });
  unit.linkUp();
  unit.heard();
  return unit;
}
/** A Master in pair P, under epoch 5 of A, whose peer is Slave. */
export function master(input: Partial<Omit<StartInput, "now">> = {}): OneUnit {
  const unit = new OneUnit({
    durable: { ...inPair, epoch: { n: 4, unit: unitA }, seen: { n: 4, unit: unitA } },
    ...input,
  });
  unit.linkUp();
  unit.heard({ state: "Starting", epoch: { n: 4, unit: unitA } });
  unit.heard({ state: "Slave", epoch: unit.state.durable.epoch });
  return unit;
}
