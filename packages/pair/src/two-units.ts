/**
 * Two units on a virtual clock, network and disk, for tests: the same `startPair` and `step` that a Central runs.
 * The link behaves as the real one does: a killed process closes its connections and refuses new ones, a dead host
 * and a cut are silent, a frozen process completes no handshake and finds its messages when it thaws.
 * Messages may be lost, late and out of order, which is harsher than TCP.
 */
import { assert } from "@tandem/base/assert";
import { Prng } from "@tandem/base/prng";
import type { Millis } from "@tandem/base/time";
import { actionWaitDefaultMs, heartbeatDefaultMs, holdDownDefaultMs } from "./constants.ts";
import { acceptsSnapshot, durableAfterSnapshot } from "./pairing.ts";
import { covers } from "./rules.ts";
import {
  type ApplyAnswer,
  type HaSettings,
  type Licensing,
  type LinkEvent,
  newDurable,
  type PairDurable,
  type PairFacts,
  type PairInput,
  type PairState,
  type PairStep,
} from "./state.ts";
import { answerToQuestion, status, synchronises } from "./status.ts";
import { startPair, step } from "./step.ts";
import type { PairMessage, Vector } from "./wire.ts";
import { eventWords, namesIn, peerWords } from "./words.ts";

type Disk = {
  settings: HaSettings;
  durable: PairDurable;
  data: Vector;
  networks: number;
  licensing: Licensing | null;
  backups: Vector[];
};
type Process = {
  state: PairState;
  readonly incarnation: string;
  /** The connection as this side sees it. */
  connection: number | null;
  dialling: boolean;
  frozenUntil: Millis;
  readonly held: Input[];
  runningActions: number;
  wakeAt: Millis;
};
export type SimulatedUnit = {
  readonly index: 0 | 1;
  readonly name: string;
  readonly id: string;
  readonly fingerprint: string;
  readonly address: string;
  readonly disk: Disk;
  running: Process | null;
  hostUp: boolean;
};
type WithoutNow<Input> = Input extends unknown ? Omit<Input, "now"> : never;
type Input = WithoutNow<PairInput>;
type Parcel =
  | { readonly kind: "message"; readonly message: PairMessage }
  | { readonly kind: "data"; readonly vector: Vector }
  | { readonly kind: "durable"; readonly vector: Vector }
  | { readonly kind: "snapshot"; readonly pairId: string; readonly data: Vector; readonly networks: number };

const dialTimeoutMs = 2_000;
const port = 6974;

export type TwoUnitsOptions = {
  readonly seed?: number;
  readonly heartbeatMs?: number;
  readonly holdDownMs?: number;
  readonly networks?: readonly [number, number];
  readonly latencyMs?: (prng: Prng) => number;
  /** One line per event, message and fault. */
  readonly log?: (line: string) => void;
  readonly stepped?: (unit: SimulatedUnit, step: PairStep) => void;
};

export class TwoUnits {
  now: Millis = 0;
  readonly units: readonly [SimulatedUnit, SimulatedUnit];
  readonly prng: Prng;
  lossRate = 0;
  isCut = false;
  /** Nothing is logged meanwhile. */
  isSilent = false;
  /** Messages for which this says true are lost. */
  drops: (message: PairMessage, from: SimulatedUnit) => boolean = () => false;
  readonly #options: TwoUnitsOptions;
  #agenda: { readonly at: Millis; readonly order: number; readonly act: () => void }[] = [];
  #order = 0;
  #connections = 0;
  #starts = 0;

  constructor(options: TwoUnitsOptions = {}) {
    this.#options = options;
    this.prng = new Prng(options.seed ?? 1);
    const unit = (index: 0 | 1): SimulatedUnit => ({
      index,
      name: `central${index + 1}`,
      id: `${index + 1}`.repeat(16),
      fingerprint: `${index + 1}`.repeat(64),
      address: `10.213.0.1${index + 1}`,
      disk: {
        settings: {
          disabled: false,
          preferredMaster: false,
          heartbeatMs: options.heartbeatMs ?? heartbeatDefaultMs,
          holdDownMs: options.holdDownMs ?? holdDownDefaultMs,
          actionWaitMs: actionWaitDefaultMs,
          peer: null,
        },
        durable: newDurable,
        data: { [`${index + 1}`.repeat(15).concat("0")]: 5 },
        networks: options.networks?.[index] ?? 1,
        licensing: null,
        backups: [],
      },
      running: null,
      hostUp: true,
    });
    this.units = [unit(0), unit(1)];
    for (const each of this.units) this.start(each);
  }

  other(unit: SimulatedUnit): SimulatedUnit {
    return this.units[unit.index === 0 ? 1 : 0];
  }

  /** The state of a running unit. */
  state(unit: SimulatedUnit): PairState {
    assert(unit.running !== null, `${unit.name} runs`);
    return unit.running.state;
  }

  // Time

  at(at: Millis, act: () => void): void {
    this.#order += 1;
    const entry = { at, order: this.#order, act };
    let low = 0;
    let high = this.#agenda.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#agenda[middle] as { at: Millis }).at <= at) low = middle + 1;
      else high = middle;
    }
    this.#agenda.splice(low, 0, entry);
  }

  in(delayMs: number, act: () => void): void {
    this.at(this.now + delayMs, act);
  }

  run(durationMs: number): void {
    const end = this.now + durationMs;
    for (let next = this.#agenda[0]; next !== undefined && next.at <= end; next = this.#agenda[0]) {
      this.#agenda.shift();
      this.now = next.at;
      next.act();
    }
    this.now = end;
  }

  /** Runs until `condition` holds; fails after `limitMs`. Returns how long it took. */
  until(what: string, condition: () => boolean, limitMs: number): number {
    const begin = this.now;
    while (!condition()) {
      const next = this.#agenda[0];
      assert(next !== undefined && next.at - begin <= limitMs, `${what} within ${limitMs} ms`);
      this.#agenda.shift();
      this.now = next.at;
      next.act();
    }
    return this.now - begin;
  }

  // What operators and faults do

  /** The operator's Apply, with the question that the shell asks first. */
  apply(unit: SimulatedUnit, change: Partial<HaSettings> = {}): PairStep["outputs"] {
    const peer = this.other(unit);
    const requested: HaSettings = {
      ...unit.disk.settings,
      peer: { unit: peer.id, fingerprint: peer.fingerprint, address: peer.address, port },
      ...change,
    };
    const isSame = requested.peer?.unit === peer.id && requested.peer.address === peer.address;
    const answer: ApplyAnswer =
      requested.peer === null || !isSame ? { kind: "not-asked" } : this.#question(unit);
    return this.give(unit, {
      type: "apply",
      requested,
      ownAddresses: ["127.0.0.1", unit.address],
      ownPort: port,
      answer,
    }).outputs;
  }

  #question(unit: SimulatedUnit): ApplyAnswer {
    const peer = this.other(unit);
    if (this.isCut || !peer.hostUp || peer.running === null)
      return { kind: "unreachable", message: "connection refused" };
    if (peer.running.state.settings.peer?.unit !== unit.id) return { kind: "not-known-there" };
    return { kind: "answer", heartbeat: answerToQuestion(peer.running.state, this.now) };
  }

  /** Both set up in CH14's order: `first` becomes Master and keeps its data. */
  pairUp(first: SimulatedUnit, preferred: readonly [boolean, boolean] = [false, false]): void {
    const second = this.other(first);
    this.apply(first, { preferredMaster: preferred[first.index] });
    this.apply(second, { preferredMaster: preferred[second.index] });
    this.until("a pair", () => this.isPair(first), 60_000);
  }

  /** One Master (the given one, if any), one Slave, both knowing it. */
  isPair(master?: SimulatedUnit): boolean {
    return this.units.some(
      (unit) =>
        (master === undefined || master === unit) &&
        this.#isSeenAs(unit, "Master") &&
        this.#isSeenAs(this.other(unit), "Slave"),
    );
  }
  #isSeenAs(unit: SimulatedUnit, role: string): boolean {
    const seen = this.other(unit).running?.state.contact;
    return (
      unit.running?.state.role.kind === role && seen?.verdict === "alive" && seen.heartbeat?.state === role
    );
  }

  start(unit: SimulatedUnit): void {
    if (unit.running !== null || !unit.hostUp) return;
    this.#starts += 1;
    const incarnation = `${unit.index + 1}${this.#starts.toString(16).padStart(15, "0")}`;
    const started = startPair({
      now: this.now,
      self: { unit: unit.id, fingerprint: unit.fingerprint, name: unit.name, centralVersion: "1.0" },
      session: `session-${unit.index + 1}-${this.#starts}`,
      settings: unit.disk.settings,
      durable: unit.disk.durable,
      facts: this.#facts(unit, 0),
    });
    unit.running = {
      state: started.state,
      incarnation,
      connection: null,
      dialling: false,
      frozenUntil: 0,
      held: [],
      runningActions: 0,
      wakeAt: Number.POSITIVE_INFINITY,
    };
    this.#carryOut(unit, started);
  }

  /** The process dies: its machine closes its connections and refuses new ones. */
  kill(unit: SimulatedUnit): void {
    const { running } = unit;
    if (running === null) return;
    this.fault(`the process of ${unit.name} is killed`);
    unit.running = null;
    this.#closeFarEnd(unit, running.connection, "connection reset");
  }

  /** Power is lost: nothing is said. */
  powerOff(unit: SimulatedUnit): void {
    this.fault(`${unit.name} loses power`);
    unit.running = null;
    unit.hostUp = false;
  }
  powerOn(unit: SimulatedUnit): void {
    if (unit.hostUp) return;
    this.fault(`${unit.name} has power again and starts`);
    unit.hostUp = true;
    this.start(unit);
  }
  restart(unit: SimulatedUnit): void {
    if (unit.running !== null || !unit.hostUp) return;
    this.fault(`${unit.name} is started again`);
    this.start(unit);
  }
  /** An orderly end: the last heartbeat leaves before the process does. */
  stop(unit: SimulatedUnit): void {
    if (unit.running === null) return;
    this.fault(`${unit.name} stops in order`);
    this.give(unit, { type: "stopping" });
    const stopped = unit.running;
    this.in(20, () => {
      if (unit.running !== stopped) return;
      unit.running = null;
      this.#closeFarEnd(unit, stopped.connection, "connection closed");
    });
  }
  freeze(unit: SimulatedUnit, durationMs: number): void {
    const { running } = unit;
    if (running === null) return;
    this.fault(`${unit.name} stands still for ${durationMs / 1_000} s`);
    running.frozenUntil = this.now + durationMs;
    this.at(running.frozenUntil, () => {
      if (unit.running !== running || this.now < running.frozenUntil) return;
      if (durationMs > 2_000) this.give(unit, { type: "stalled" });
      for (const input of running.held.splice(0)) if (unit.running === running) this.give(unit, input);
    });
  }
  cut(): void {
    if (this.isCut) return;
    this.fault("the network between the units is cut");
    this.isCut = true;
  }
  heal(): void {
    if (!this.isCut) return;
    this.fault("the network between the units is whole again");
    this.isCut = false;
  }
  fault(words: string): void {
    this.#log("────────", words);
  }

  /** A change by an operator on this unit. */
  edit(unit: SimulatedUnit): void {
    const { running, disk } = unit;
    if (running === null || this.now < running.frozenUntil) return;
    disk.data = { ...disk.data, [running.incarnation]: (disk.data[running.incarnation] ?? 0) + 1 };
    this.tellFacts(unit);
    if (synchronises(running.state)) this.#ship(unit, { kind: "data", vector: disk.data });
  }
  setNetworks(unit: SimulatedUnit, networks: number): void {
    unit.disk.networks = networks;
    this.edit(unit);
  }
  setLicensing(unit: SimulatedUnit, licensing: Licensing): void {
    unit.disk.licensing = licensing;
    this.tellFacts(unit);
  }
  setRunningActions(unit: SimulatedUnit, runningActions: number): void {
    if (unit.running === null) return;
    unit.running.runningActions = runningActions;
    this.tellFacts(unit);
  }
  tellFacts(unit: SimulatedUnit): void {
    this.give(unit, { type: "facts", facts: this.#facts(unit, unit.running?.runningActions ?? 0) });
  }

  #facts({ disk }: SimulatedUnit, runningActions: number): PairFacts {
    const keys = Object.keys(disk.data).sort();
    return {
      vector: disk.data,
      digest: keys
        .map((key) => `${key}:${disk.data[key]}`)
        .join(" ")
        .slice(-100),
      sequence: keys.reduce((sum, key) => sum + (disk.data[key] ?? 0), 0),
      networks: disk.networks,
      runningActions,
      licensing: disk.licensing,
    };
  }

  // The shell

  give(unit: SimulatedUnit, input: Input): PairStep {
    const { running } = unit;
    assert(running !== null, `${unit.name} runs`);
    const stepped = step(running.state, { ...input, now: this.now } as PairInput);
    running.state = stepped.state;
    this.#carryOut(unit, stepped);
    return stepped;
  }

  /** Unless the process is gone; a frozen one gets it when it thaws. */
  #giveTo(unit: SimulatedUnit, running: Process, input: Input): void {
    if (unit.running !== running) return;
    if (this.now < running.frozenUntil) running.held.push(input);
    else this.give(unit, input);
  }

  #carryOut(unit: SimulatedUnit, stepped: PairStep): void {
    const running = unit.running as Process;
    const { outputs } = stepped;
    if (outputs.settings !== null) unit.disk.settings = outputs.settings;
    if (outputs.persist !== null) unit.disk.durable = outputs.persist;
    for (const event of outputs.observe)
      this.#log(unit.name, eventWords(event, peerWords(stepped.state), namesIn(stepped.state)).text);
    for (const message of outputs.send) {
      if (message.type !== "heartbeat")
        this.#log(unit.name, `  sends ${message.type} to ${peerWords(stepped.state)}`);
      this.#ship(unit, { kind: "message", message });
    }
    for (const command of outputs.apply)
      switch (command.type) {
        case "usePeer":
          if (running.connection !== null && command.peer === null) {
            this.#closeFarEnd(unit, running.connection, "the peer was changed");
            running.connection = null;
            this.in(0, () =>
              this.#giveTo(unit, running, this.#link({ kind: "closed", reason: "the peer was changed" })),
            );
          }
          break;
        case "connect":
          this.#dial(unit);
          break;
        case "serveSnapshot":
          this.#ship(unit, {
            kind: "snapshot",
            pairId: command.pairId,
            data: unit.disk.data,
            networks: unit.disk.networks,
          });
          break;
        default:
          break;
      }
    this.#options.stepped?.(unit, stepped);
    this.#arm(unit, outputs.wakeAt);
  }

  #arm(unit: SimulatedUnit, wakeAt: Millis): void {
    const running = unit.running as Process;
    assert(wakeAt > this.now, "a step settles what is due");
    running.wakeAt = wakeAt;
    if (wakeAt === Number.POSITIVE_INFINITY) return;
    this.at(wakeAt, () => {
      if (unit.running === running && running.wakeAt === wakeAt && this.now >= running.frozenUntil)
        this.give(unit, { type: "tick" });
    });
  }

  #link(event: LinkEvent): Input {
    return { type: "link", event };
  }

  #latency(): number {
    return this.#options.latencyMs?.(this.prng) ?? 1;
  }

  #dial(unit: SimulatedUnit): void {
    const running = unit.running as Process;
    if (running.dialling) return;
    running.dialling = true;
    const peer = this.other(unit);
    const ended = (delayMs: number, event: LinkEvent): void =>
      this.in(delayMs, () => {
        running.dialling = false;
        this.#giveTo(unit, running, this.#link(event));
      });
    const isSilent =
      this.isCut || !peer.hostUp || (peer.running !== null && this.now < peer.running.frozenUntil);
    if (isSilent)
      ended(dialTimeoutMs, { kind: "failed", code: "timeout", message: `no answer from ${peer.address}` });
    else if (peer.running === null)
      ended(1, { kind: "refused", message: `${peer.address} refuses connections` });
    else if (peer.running.state.settings.peer?.unit !== unit.id)
      ended(1, {
        kind: "failed",
        code: "not-known-there",
        message: "the peer has not been given this unit's HA key",
      });
    else {
      const far = peer.running;
      this.in(this.#latency(), () => {
        running.dialling = false;
        if (unit.running !== running || peer.running !== far || this.isCut) return;
        this.#connections += 1;
        running.connection = this.#connections;
        far.connection = this.#connections;
        this.#giveTo(peer, far, this.#link({ kind: "up" }));
        this.#giveTo(unit, running, this.#link({ kind: "up" }));
      });
    }
  }

  /** The other end of a connection hears that it is over, unless nothing gets there. */
  #closeFarEnd(unit: SimulatedUnit, connection: number | null, reason: string): void {
    if (connection === null) return;
    const peer = this.other(unit);
    const far = peer.running;
    if (far === null || this.isCut || !unit.hostUp) return;
    this.in(1, () => {
      if (peer.running !== far || far.connection !== connection) return;
      far.connection = null;
      this.#giveTo(peer, far, this.#link({ kind: "closed", reason }));
    });
  }

  #ship(unit: SimulatedUnit, parcel: Parcel): void {
    const running = unit.running as Process;
    const { connection } = running;
    if (connection === null || this.isCut || this.prng.next() < this.lossRate) return;
    if (parcel.kind === "message" && this.drops(parcel.message, unit)) {
      this.#log("────────", `${parcel.message.type} of ${unit.name} is lost`);
      return;
    }
    const peer = this.other(unit);
    this.in(this.#latency(), () => {
      if (this.isCut || !peer.hostUp) return;
      const far = peer.running;
      if (far === null || far.connection !== connection) {
        // Nobody has this connection there any more: the machine resets it.
        if (unit.running !== running || running.connection !== connection) return;
        running.connection = null;
        this.#giveTo(unit, running, this.#link({ kind: "closed", reason: "connection reset" }));
      } else if (this.now < far.frozenUntil) {
        // Found when it thaws, unless the connection has been replaced meanwhile.
        this.at(far.frozenUntil + 1, () => {
          if (peer.running === far && far.connection === connection) this.#deliver(peer, far, parcel);
        });
      } else this.#deliver(peer, far, parcel);
    });
  }

  #deliver(unit: SimulatedUnit, running: Process, parcel: Parcel): void {
    const { disk } = unit;
    switch (parcel.kind) {
      case "message":
        this.#giveTo(unit, running, { type: "message", message: parcel.message });
        if (
          parcel.message.type === "heartbeat" &&
          unit.running === running &&
          synchronises(running.state) &&
          !covers(parcel.message.vector, disk.data)
        )
          this.#ship(unit, { kind: "data", vector: disk.data });
        return;
      case "data": {
        if (!synchronises(running.state)) return;
        const merged: { [incarnation: string]: number } = { ...disk.data };
        for (const [key, seq] of Object.entries(parcel.vector)) merged[key] = Math.max(merged[key] ?? 0, seq);
        disk.data = merged;
        this.tellFacts(unit);
        this.#ship(unit, { kind: "durable", vector: disk.data });
        return;
      }
      case "durable":
        this.#giveTo(unit, running, { type: "durable", vector: parcel.vector });
        return;
      case "snapshot": {
        if (!acceptsSnapshot(running.state, this.other(unit).id)) return;
        disk.backups.push(disk.data);
        disk.durable = durableAfterSnapshot(
          running.state,
          parcel.pairId,
          `before-joining-${disk.backups.length}`,
        );
        disk.data = parcel.data;
        disk.networks = parcel.networks;
        this.give(unit, {
          type: "snapshotApplied",
          facts: this.#facts(unit, running.runningActions),
          pairId: parcel.pairId,
          backup: `before-joining-${disk.backups.length}`,
        });
        this.tellFacts(unit);
        this.#ship(unit, { kind: "durable", vector: disk.data });
        return;
      }
    }
  }

  /** What HA Status says on each unit, as two lines. */
  logStatus(): void {
    for (const unit of this.units) {
      if (unit.running === null) this.#log("status", `${unit.name}: not running`);
      else {
        const shown = status(unit.running.state, this.now);
        const { missed, error, flowing } = shown.heartbeats;
        const beats = flowing
          ? "heartbeats flow"
          : `${missed} heartbeats missed${error === null ? "" : ` (${error})`}`;
        const peer = shown.peerState === null ? "no peer" : `peer ${shown.peerState}, ${beats}`;
        this.#log("status", `${unit.name}: ${shown.ourState}, ${shown.ourReason}; ${peer}`);
        if (shown.inStep !== null)
          this.#log(
            "",
            `  sequence ${shown.ourSequence} here, ${shown.peerSequence} there${shown.inStep ? ", in step" : ""}`,
          );
        for (const error of shown.configurationErrors) this.#log("", `  ${error.message}: ${error.remedy}`);
      }
    }
  }

  #log(who: string, text: string): void {
    if (this.isSilent) return;
    this.#options.log?.(`${(this.now / 1_000).toFixed(3).padStart(9)}  ${who.padEnd(8)}  ${text}`.trimEnd());
  }
}
