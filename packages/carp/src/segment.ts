/**
 * A network segment with CARP units on it, on a virtual clock: the machine, the codec and nothing else. Every packet
 * goes through `encodeAdvertisement` and `decodePacket`, so a wrong password is one here as well. For tests and transcripts.
 */
import { assert } from "@tandem/base/assert";
import type { Millis } from "@tandem/base/time";
import type { CarpAction, CarpConfig, CarpInput, CarpOutputs, CarpState } from "./state.ts";
import { unstarted } from "./state.ts";
import { step } from "./step.ts";
import {
  type Authentication,
  advertisementFrame,
  createAuthentication,
  decodePacket,
  encodeAdvertisement,
  packetSource,
} from "./wire.ts";

const etherHeaderBytes = 14;
/** A run that needs more steps than this has found a storm. */
const stepsMax = 200_000;

export type SegmentUnit = {
  readonly name: string;
  config: CarpConfig;
  state: CarpState;
  outputs: CarpOutputs;
  /** False from `kill` to `start`: the machine is off. */
  alive: boolean;
  carrier: boolean;
  demotion: number;
  /** The loop does not run before this time. */
  stalledUntil: Millis;
  /** Whether the addresses are on the interface, by the actions alone. */
  holdsAddresses: boolean;
  /** Since when the unit has been up, with carrier, its loop running and its configuration unchanged. */
  availableSince: Millis;
};

/** What a step did, for the transcript. */
export type SegmentRecord = {
  readonly at: Millis;
  readonly unit: SegmentUnit;
  readonly input: CarpInput;
  readonly outputs: CarpOutputs;
};

type Delivery = {
  readonly at: Millis;
  readonly from: SegmentUnit;
  readonly to: SegmentUnit;
  readonly packet: Uint8Array;
};

export class Segment {
  now: Millis = 0;
  /** False while the units are cut from each other (their carrier stays). */
  connected = true;
  connectedSince: Millis = 0;
  readonly units: readonly SegmentUnit[];
  readonly #delayMs: () => Millis;
  readonly #record: (record: SegmentRecord) => void;
  #deliveries: Delivery[] = [];
  #identification = 0;
  #steps = 0;

  constructor(
    members: readonly { readonly name: string; readonly config: CarpConfig }[],
    delayMs: () => Millis,
    record: (record: SegmentRecord) => void,
  ) {
    this.#delayMs = delayMs;
    this.#record = record;
    this.units = members.map(({ name, config }) => ({
      name,
      config,
      state: unstarted,
      outputs: { actions: [], observe: [], wakeAt: null },
      alive: false,
      carrier: true,
      demotion: 0,
      stalledUntil: 0,
      holdsAddresses: false,
      availableSince: 0,
    }));
  }

  unit(name: string): SegmentUnit {
    const unit = this.units.find((candidate) => candidate.name === name);
    assert(unit, `no unit ${name}`);
    return unit;
  }

  /** Begins the process of `unit` with 64 bits of entropy. */
  start(unit: SegmentUnit, counter: bigint): void {
    assert(!this.takesPart(unit), `${unit.name} runs already`);
    if (!unit.alive) unit.state = unstarted;
    unit.alive = true;
    unit.stalledUntil = this.now;
    unit.availableSince = this.now;
    const { config, demotion } = unit;
    this.give(unit, { type: "start", now: this.now, config, counter, demotion, linkUp: unit.carrier });
  }

  /** The machine is switched off: nothing is said, and its addresses are gone with it. */
  kill(unit: SegmentUnit): void {
    unit.alive = false;
    unit.state = unstarted;
    unit.outputs = { actions: [], observe: [], wakeAt: null };
    unit.holdsAddresses = false;
  }

  stop(unit: SegmentUnit): void {
    this.give(unit, { type: "stop", now: this.now });
  }

  handOver(unit: SegmentUnit): void {
    this.give(unit, { type: "handOver", now: this.now });
  }

  link(unit: SegmentUnit, up: boolean): void {
    unit.carrier = up;
    unit.availableSince = Math.max(this.now, unit.stalledUntil);
    if (this.takesPart(unit)) this.give(unit, { type: "link", now: this.now, up });
  }

  demote(unit: SegmentUnit, demotion: number, reason: string): void {
    unit.demotion = demotion;
    if (this.takesPart(unit)) this.give(unit, { type: "demotion", now: this.now, demotion, reason });
  }

  configure(unit: SegmentUnit, config: CarpConfig): void {
    unit.config = config;
    unit.availableSince = Math.max(this.now, unit.stalledUntil);
    if (this.takesPart(unit)) this.give(unit, { type: "configure", now: this.now, config });
  }

  /** The loop of `unit` stands still for `ms`; what arrives meanwhile waits in its socket. */
  stall(unit: SegmentUnit, ms: Millis): void {
    unit.stalledUntil = this.now + ms;
    unit.availableSince = unit.stalledUntil;
  }

  connect(connected: boolean): void {
    this.connected = connected;
    this.connectedSince = this.now;
  }

  takesPart(unit: SegmentUnit): boolean {
    return unit.alive && unit.state.role !== "stopped";
  }

  /** Lets time pass until `until`; `check` sees every instant at which something happened, and the end. */
  run(until: Millis, check: () => void = () => {}): void {
    for (;;) {
      const next = this.#next();
      if (next === null || next.at > until) break;
      // Before the clock moves on, what was true until now is checked at the new time as well.
      this.now = Math.max(this.now, next.at);
      check();
      next.happen();
      check();
    }
    this.now = until;
    check();
  }

  /** One input for one unit, now. */
  give(unit: SegmentUnit, input: CarpInput): void {
    assert(++this.#steps <= stepsMax, "a storm: too many steps");
    const { state, outputs } = step(unit.state, input);
    unit.state = state;
    unit.outputs = outputs;
    this.#record({ at: this.now, unit, input, outputs });
    for (const action of outputs.actions) this.#act(unit, action);
  }

  #act(unit: SegmentUnit, action: CarpAction): void {
    switch (action.type) {
      case "advertise":
        if (unit.carrier) this.#send(unit, action);
        break;
      case "takeAddresses":
        unit.holdsAddresses = true;
        break;
      case "releaseAddresses":
        unit.holdsAddresses = false;
        break;
      case "announce":
        assert(unit.holdsAddresses, "only who holds the addresses announces them");
        break;
    }
  }

  #send(from: SegmentUnit, action: Extract<CarpAction, { type: "advertise" }>): void {
    const { ownAddress } = from.config;
    const frame = advertisementFrame({
      sourceMac: "00:00:5e:00:01:07",
      sourceAddress: ownAddress,
      destination: "multicast",
      payload: encodeAdvertisement(action, authenticationOf(from.config)),
      identification: this.#identification++,
    });
    for (const to of this.units) {
      if (to === from || !this.connected) continue;
      // A segment keeps the order of the packets between two stations.
      const earlier = this.#deliveries.findLast((delivery) => delivery.from === from && delivery.to === to);
      const at = Math.max(this.now + this.#delayMs(), earlier?.at ?? 0);
      this.#deliveries.push({ at, from, to, packet: frame.subarray(etherHeaderBytes) });
    }
  }

  #next(): { readonly at: Millis; readonly happen: () => void } | null {
    let best: { at: Millis; happen: () => void } | null = null;
    for (const delivery of this.#deliveries) {
      const at = Math.max(delivery.at, delivery.to.stalledUntil);
      if (best === null || at < best.at) best = { at, happen: () => this.#deliver(delivery) };
    }
    for (const unit of this.units) {
      if (!this.takesPart(unit) || unit.outputs.wakeAt === null) continue;
      const at = Math.max(unit.outputs.wakeAt, unit.stalledUntil);
      if (best === null || at < best.at) {
        best = { at, happen: () => this.give(unit, { type: "tick", now: this.now }) };
      }
    }
    return best;
  }

  #deliver(delivery: Delivery): void {
    const { to, packet } = delivery;
    this.#deliveries = this.#deliveries.filter((other) => other !== delivery);
    if (!this.takesPart(to) || !to.carrier) return;
    const decoded = decodePacket(packet, authenticationOf(to.config), to.config.vhid);
    const now = this.now;
    if (decoded.ok)
      this.give(to, {
        type: "advertisement",
        now,
        source: decoded.value.source,
        advertisement: decoded.value.advertisement,
      });
    else this.give(to, { type: "rejected", now, reason: decoded.error, source: packetSource(packet) });
  }
}

const authentications = new WeakMap<CarpConfig, Authentication>();

/** Made once per configuration: a run signs and checks thousands of packets. */
function authenticationOf(config: CarpConfig): Authentication {
  const known = authentications.get(config);
  if (known) return known;
  const { vhid, password, hashedAddresses } = config;
  const made = createAuthentication({ vhid, password, addresses: hashedAddresses });
  authentications.set(config, made);
  return made;
}
