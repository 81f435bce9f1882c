/**
 * One LoadMaster as far as the election goes: its power, its carrier, the addresses on its interface, its carpd (the
 * production machine and codec, with what `carpd-engine.ts` does about its outputs), and the guard of `unit`, which
 * removes the addresses of a carpd that died.
 */
import { unreachable } from "@tandem/base/assert";
import type { Millis } from "@tandem/base/time";
import type { Cancel } from "@tandem/base/world";
import {
  type CarpAction,
  type CarpConfig,
  type CarpInput,
  type CarpRole,
  type CarpState,
  unstarted,
} from "@tandem/carp/state";
import { step } from "@tandem/carp/step";
import {
  type Authentication,
  advertisementFrame,
  createAuthentication,
  decodePacket,
  encodeAdvertisement,
  packetSource,
} from "@tandem/carp/wire";
import type { Engine } from "../engine.ts";
import type { Random } from "../random.ts";
import type { Wires } from "./wires.ts";

/** `apps/loadmaster/src/ha/carpd-client.ts`: how long the addresses of a carpd that died may stay. */
export const guardDelayMs = 500;
const etherHeaderBytes = 14;
/** What a socket keeps for a loop that stands still; the rest is dropped, as the kernel does. */
const inboxMax = 256;
/** What the attacker has recorded of what this carpd heard or said. */
const recordedMax = 40;

export type UnitName = "HA1" | "HA2";

export type Observer = {
  /** Before and after whatever may change who holds the addresses. */
  readonly changed: () => void;
  readonly tookRole: (unit: CarpUnit) => void;
  readonly announced: (unit: CarpUnit) => void;
  readonly said: (unit: CarpUnit, text: string) => void;
  readonly traced: (unit: CarpUnit, text: string) => void;
};

/** running: it works. loop: carpd stands still, the kernel answers. machine: everything stands still. */
export type Standstill = "running" | "loop" | "machine";

export class CarpUnit {
  readonly name: UnitName;
  readonly number: 1 | 2;
  isOn = false;
  hasCarrier = true;
  demotion = 0;
  /** Whether the addresses are on the interface. */
  holds = false;
  standstill: Standstill = "running";
  /** Since when it has been able to follow the election: up, carrier there, loop running, clock and settings as they were. */
  ableSince: Millis = 0;
  /** When it last stood still, or its clock or its settings changed under it. */
  confusedAt: Millis = Number.NEGATIVE_INFINITY;
  demotedAt: Millis = Number.NEGATIVE_INFINITY;
  masterSince: Millis = 0;
  /** When its carpd last died with the addresses on the interface; until the guard or its successor has removed them. */
  orphanedAt: Millis | null = null;
  other!: CarpUnit;
  config: CarpConfig;
  readonly recorded: Uint8Array[] = [];
  readonly #engine: Engine;
  readonly #wires: Wires;
  readonly #random: Random;
  readonly #observer: Observer;
  readonly #lateMaxMs: Millis;
  readonly #authentications = new WeakMap<CarpConfig, Authentication>();
  #state: CarpState = unstarted;
  #wakeAt: Millis | null = null;
  #cancelWake: Cancel = () => undefined;
  /** Of the monotonic clock against the run's. */
  #offsetMs: number;
  #inbox: Uint8Array[] = [];
  #identification = 0;
  /** Counts processes, so that what was meant for a dead one does not befall the next. */
  #lives = 0;

  constructor(
    name: UnitName,
    config: CarpConfig,
    world: {
      readonly engine: Engine;
      readonly wires: Wires;
      readonly random: Random;
      readonly observer: Observer;
      readonly lateMaxMs: Millis;
    },
  ) {
    this.name = name;
    this.number = name === "HA1" ? 1 : 2;
    this.config = config;
    this.#engine = world.engine;
    this.#wires = world.wires;
    this.#random = world.random;
    this.#observer = world.observer;
    this.#lateMaxMs = world.lateMaxMs;
    this.#offsetMs = this.#random.between(0, 1e9);
  }

  get role(): CarpRole {
    return this.#state.role;
  }

  get isCarpdRunning(): boolean {
    return this.#state.role !== "stopped";
  }

  /** It takes part in the election now. */
  get isAble(): boolean {
    return this.isOn && this.isCarpdRunning && this.hasCarrier && this.standstill === "running";
  }

  /** Neighbours that ask for the addresses get its answer. */
  get isOwner(): boolean {
    return this.holds && this.isOn && this.hasCarrier && this.standstill !== "machine";
  }

  switchOn(): void {
    if (this.isOn) return;
    this.#observer.said(this, "is switched on");
    this.isOn = true;
    this.startCarpd();
  }

  /** Nothing is said, and the addresses are gone with it. */
  losePower(): void {
    this.#change(() => {
      this.isOn = false;
      this.standstill = "running";
      this.holds = false;
      this.orphanedAt = null;
      this.#endProcess();
    });
  }

  startCarpd(): void {
    if (!this.isOn || this.isCarpdRunning || this.standstill !== "running") return;
    this.#lives += 1;
    this.recorded.length = 0;
    const counter = BigInt(`0x${this.#random.hex(8)}`);
    this.#unsettled();
    this.#give({
      type: "start",
      now: this.#now(),
      config: this.config,
      counter,
      demotion: this.demotion,
      linkUp: this.hasCarrier,
    });
  }

  stopCarpd(): void {
    if (this.isCarpdRunning && this.standstill === "running") this.#give({ type: "stop", now: this.#now() });
  }

  handOver(): void {
    if (this.#listens) this.#give({ type: "handOver", now: this.#now() });
  }

  /** Its addresses stay until the guard of `unit`, or the next carpd, removes them. */
  killCarpd(): void {
    if (!this.isCarpdRunning) return;
    this.#change(() => {
      this.#endProcess();
      if (this.holds) this.orphanedAt = this.#engine.now;
    });
    const life = this.#lives;
    this.#engine.after(guardDelayMs, () => {
      if (this.#lives === life && !this.isCarpdRunning) this.#release();
    });
  }

  setCarrier(isUp: boolean): void {
    this.#change(() => {
      this.hasCarrier = isUp;
      this.#unsettled();
      if (this.#listens) this.#give({ type: "link", now: this.#now(), up: isUp });
    });
  }

  demote(demotion: number, reason: string): void {
    if (demotion === this.demotion) return;
    this.demotion = demotion;
    this.demotedAt = this.#engine.now;
    if (this.#listens) this.#give({ type: "demotion", now: this.#now(), demotion, reason });
  }

  configure(config: CarpConfig): void {
    this.config = config;
    this.#confused();
    if (this.#listens) this.#give({ type: "configure", now: this.#now(), config });
  }

  freeze(standstill: "loop" | "machine"): void {
    this.#change(() => {
      this.standstill = standstill;
      this.#cancelWake();
    });
  }

  /** `uncountedMs`: the time that the monotonic clock did not count. Timers come first, then what waits in the socket. */
  thaw(uncountedMs: Millis): void {
    const was = this.standstill;
    this.#change(() => {
      this.standstill = "running";
      this.#offsetMs -= uncountedMs;
      this.#confused();
    });
    if (!this.isOn) return;
    this.#catchUpWithWorld();
    this.#arm(0);
    const waiting = was === "machine" ? [] : this.#inbox;
    this.#inbox = [];
    const life = this.#lives;
    this.#engine.after(0, () => {
      for (const packet of waiting) if (this.#lives === life) this.receive(packet);
    });
  }

  /** The monotonic clock runs on by so much at once. */
  jump(ms: Millis): void {
    this.#offsetMs += ms;
    this.#confused();
    if (this.standstill === "running") this.#arm(0);
  }

  /** A packet as its raw socket delivers it. */
  receive(packet: Uint8Array): void {
    if (!this.isOn || !this.isCarpdRunning || !this.hasCarrier || this.standstill === "machine") return;
    if (this.standstill === "loop") {
      if (this.#inbox.length < inboxMax) this.#inbox.push(packet);
      return;
    }
    const decoded = decodePacket(packet, this.#authentication(), this.config.vhid);
    const now = this.#now();
    if (!decoded.ok) {
      this.#give({ type: "rejected", now, reason: decoded.error, source: packetSource(packet) });
      return;
    }
    this.#record(packet);
    this.#give({ type: "advertisement", now, ...decoded.value });
  }

  get #listens(): boolean {
    return this.isCarpdRunning && this.standstill === "running";
  }

  #now(): Millis {
    return this.#engine.now + this.#offsetMs;
  }

  #unsettled(): void {
    this.ableSince = this.#engine.now;
  }

  #confused(): void {
    this.#unsettled();
    this.confusedAt = this.#engine.now;
  }

  #change(body: () => void): void {
    this.#observer.changed();
    body();
    this.#observer.changed();
  }

  #endProcess(): void {
    this.#state = unstarted;
    this.#wakeAt = null;
    this.#cancelWake();
    this.#inbox = [];
  }

  /** What its inputs were told nothing of while it stood still: the kernel remembers the carrier, `unit` the rest. */
  #catchUpWithWorld(): void {
    const { role } = this.#state;
    if (role === "stopped") return;
    if ((role !== "initial") !== this.hasCarrier)
      this.#give({ type: "link", now: this.#now(), up: this.hasCarrier });
    const memory = this.#state.memory;
    if (memory !== null && memory.config !== this.config)
      this.#give({ type: "configure", now: this.#now(), config: this.config });
    if (memory !== null && memory.demotion !== this.demotion)
      this.#give({ type: "demotion", now: this.#now(), demotion: this.demotion, reason: "a check" });
  }

  #give(input: CarpInput): void {
    const before = this.#state.role;
    const { state, outputs } = step(this.#state, input);
    this.#state = state;
    this.#observer.traced(this, `${input.type} ${state.role}`);
    for (const event of outputs.observe)
      this.#observer.said(
        this,
        event.type === "role" ? `${event.from} → ${event.to}: ${event.reason}` : event.reason,
      );
    if (state.role === "master" && before !== "master") this.masterSince = this.#engine.now;
    for (const action of outputs.actions) this.#act(action);
    if (state.role === "master" && before !== "master") this.#observer.tookRole(this);
    this.#wakeAt = outputs.wakeAt;
    this.#arm(this.#random.between(0, this.#lateMaxMs));
  }

  #arm(lateMs: Millis): void {
    this.#cancelWake();
    const wakeAt = this.#wakeAt;
    if (wakeAt === null || this.standstill !== "running") return;
    this.#cancelWake = this.#engine.at(wakeAt - this.#offsetMs + lateMs, () =>
      this.#give({ type: "tick", now: this.#now() }),
    );
  }

  #act(action: CarpAction): void {
    switch (action.type) {
      case "advertise":
        this.#advertise(action);
        return;
      case "takeAddresses":
        this.#change(() => {
          this.holds = true;
        });
        return;
      case "releaseAddresses":
        this.#release();
        return;
      case "announce":
        if (this.hasCarrier)
          this.#wires.send(this.name, "client", () => {
            this.#observer.changed();
            this.#observer.announced(this);
          });
        return;
      default:
        unreachable(action);
    }
  }

  #release(): void {
    this.#change(() => {
      this.holds = false;
      this.orphanedAt = null;
    });
  }

  #advertise(action: Extract<CarpAction, { type: "advertise" }>): void {
    if (!this.hasCarrier) return;
    this.#identification += 1;
    const frame = advertisementFrame({
      sourceMac: "00:00:5e:00:01:07",
      sourceAddress: this.config.ownAddress,
      destination: "multicast",
      payload: encodeAdvertisement(action, this.#authentication()),
      identification: this.#identification,
    });
    const packet = frame.subarray(etherHeaderBytes);
    this.#record(packet);
    this.#wires.send(this.name, this.other.name, () => this.other.receive(packet));
  }

  #record(packet: Uint8Array): void {
    this.recorded.push(packet);
    if (this.recorded.length > recordedMax) this.recorded.shift();
  }

  /** Made once per configuration. */
  #authentication(): Authentication {
    const known = this.#authentications.get(this.config);
    if (known) return known;
    const { vhid, password, hashedAddresses } = this.config;
    const made = createAuthentication({ vhid, password, addresses: hashedAddresses });
    this.#authentications.set(this.config, made);
    return made;
  }
}
