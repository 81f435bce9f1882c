/**
 * The shell round the CARP state machine: takes one input, steps, performs the actions in their order, arms the next
 * wake-up. What it decides itself is only which device and which addresses are meant.
 */

import { unreachable } from "@tandem/base/assert";
import type { Millis, WallMillis } from "@tandem/base/time";
import { announcementFrame } from "@tandem/carp/neighbour";
import type { CarpAction, CarpEvent, CarpInput, CarpState } from "@tandem/carp/state";
import { unstarted } from "@tandem/carp/state";
import { step } from "@tandem/carp/step";
import {
  type Authentication,
  advertisementFrame,
  createAuthentication,
  decodePacket,
  encodeAdvertisement,
  packetSource,
} from "@tandem/carp/wire";
import { HeldAddresses } from "./carpd-addresses.ts";
import type { CarpdConfiguration } from "./carpd-configuration.ts";
import {
  type Carrier,
  carpConfigOf,
  carriersOf,
  configurationDigest,
  type DeviceAddresses,
} from "./carpd-group.ts";
import { Health, probeIntervalMs } from "./carpd-health.ts";
import type { CarpKernel, DeviceLink } from "./carpd-kernel.ts";
import type { CarpdStatus } from "./carpd-protocol.ts";
import { differsVisibly, statusOf } from "./carpd-status.ts";

export type EnginePorts = {
  readonly kernel: CarpKernel;
  readonly monotonic: () => Millis;
  readonly wall: () => WallMillis;
  /** 64 random bits. */
  readonly entropy: () => bigint;
  /** Calls back after so many milliseconds, unless cancelled by the returned function. */
  readonly timer: (milliseconds: number, wake: () => void) => () => void;
  readonly onEvent: (event: CarpEvent) => void;
  readonly onStatus: (status: CarpdStatus) => void;
  readonly pid: number;
};

/** One group on one device as it is worked by now. */
type Group = {
  readonly configuration: CarpdConfiguration;
  readonly authentication: Authentication;
  readonly digest: string;
};

export class CarpEngine {
  readonly #ports: EnginePorts;
  readonly #held: HeldAddresses;
  #state: CarpState = unstarted;
  #group: Group | null = null;
  #link: DeviceLink | undefined;
  #cancelTimer: () => void = () => {};
  /** What the machine was last told. */
  #demotion = 0;
  readonly #health: Health;
  #cancelHealth: () => void = () => {};
  #cancelProbe: () => void = () => {};
  /** The addresses outlive this engine: the unit holds them itself. */
  #keeps = false;
  /** Indexes of the further devices and whether they run: one that was made anew, or was set down, has lost addresses. */
  #furtherIndexes = "";
  #identification = 0;
  #sendFailures = 0;

  constructor(ports: EnginePorts) {
    this.#ports = ports;
    this.#held = new HeldAddresses(ports.kernel);
    this.#health = new Health(ports.kernel, ports.monotonic, () => this.#weigh());
  }

  /**
   * Works by `configuration` from now on. `stale` goes first: addresses that nobody may be holding any more. `holding`: the
   * unit holds the addresses alone, so a machine that begins with it is master with them, and has them all the time.
   */
  configure(configuration: CarpdConfiguration, stale: readonly DeviceAddresses[], holding?: true): void {
    const before = this.#group?.configuration;
    const moved = before !== undefined && before.device !== configuration.device;
    // Whoever is not active listens anew on the other device; there is no last word to be said on this one.
    const anew = moved && this.#state.role !== "master";
    if (anew) this.#take({ type: "stop", now: this.#ports.monotonic() });
    this.#held.removeStale(stale);
    this.#group = {
      configuration,
      authentication: createAuthentication({
        vhid: configuration.vhid,
        password: configuration.password,
        addresses: configuration.sharedAddresses,
      }),
      digest: configurationDigest(configuration),
    };
    this.#health.configure(configuration.checks ?? []);
    this.#probe();
    this.#furtherIndexes = this.#indexesOf(configuration);
    this.#held.prepare(configuration);
    const config = carpConfigOf(configuration);
    if (before !== undefined && !anew) {
      if (moved) this.#move();
      this.#take({ type: "configure", now: this.#ports.monotonic(), config });
      if (this.#state.role === "master") this.#announce(this.#held.carry(configuration));
      this.#weigh();
      this.#report();
      return;
    }
    this.#openDevice();
    this.#demotion = this.#health.demotion().demotion;
    this.#take({
      type: "start",
      now: this.#ports.monotonic(),
      config,
      counter: this.#ports.entropy(),
      demotion: this.#demotion,
      linkUp: this.#link?.running ?? false,
      ...(holding === undefined ? {} : { holding }),
    });
  }

  /** What the unit says of itself, 0 to 255; remembered also while nothing is configured. */
  demote(demotion: number, reason: string): void {
    this.#health.report(demotion, reason);
    this.#weigh();
  }

  /** The unit's process stays away, or is back. */
  unitIs(presence: "here" | "away"): void {
    this.#health.unitIs(presence);
    this.#weigh();
  }

  /** Gives the role to the standby; without effect unless this machine is active. */
  handOver(): void {
    if (this.#group) this.#take({ type: "handOver", now: this.#ports.monotonic() });
  }

  /** To be called after every change of any link. */
  linkChanged(): void {
    if (!this.#group) return;
    const known = this.#link;
    const link = this.#ports.kernel.link(this.#group.configuration.device);
    const replaced = link?.index !== known?.index;
    // A device that was made anew carries no addresses and hears nothing on the old sockets.
    if (replaced && known?.running) this.#take({ type: "link", now: this.#ports.monotonic(), up: false });
    if (replaced) this.#openDevice();
    else this.#link = link;
    const up = this.#link?.running ?? false;
    if (up !== (known?.running ?? false) || replaced)
      this.#take({ type: "link", now: this.#ports.monotonic(), up });
    const { configuration } = this.#group;
    const indexes = this.#indexesOf(configuration);
    if (replaced || indexes !== this.#furtherIndexes) {
      if (this.#state.role === "master") this.#held.restore(configuration);
      else this.#held.prepare(configuration);
    }
    this.#furtherIndexes = indexes;
    this.#health.look();
    this.#weigh();
  }

  #indexesOf({ further = [] }: CarpdConfiguration): string {
    return further
      .map(({ device }) => {
        const link = this.#ports.kernel.link(device);
        return link === undefined ? "none" : `${link.index} ${link.running}`;
      })
      .join();
  }

  /** Tells the machine what there is against this unit, when that has changed, and looks again when it may fall. */
  #weigh(): void {
    this.#cancelHealth();
    const { monotonic, timer } = this.#ports;
    const due = this.#health.dueAt;
    this.#cancelHealth =
      due === null ? () => {} : timer(Math.max(1, Math.ceil(due - monotonic())), () => this.#weigh());
    const { demotion, reason } = this.#health.demotion();
    if (demotion === this.#demotion) return;
    this.#demotion = demotion;
    if (this.#group) this.#take({ type: "demotion", now: monotonic(), demotion, reason });
  }

  #probe(): void {
    this.#cancelProbe();
    if (!this.#health.asks) return;
    this.#health.probe();
    this.#weigh();
    this.#cancelProbe = this.#ports.timer(probeIntervalMs, () => this.#probe());
  }

  /** Orderly end: afterwards nothing is armed, and no address is held, unless all are to be kept where they are. */
  stop(keep?: true): void {
    this.#keeps = keep === true;
    if (this.#group) this.#take({ type: "stop", now: this.#ports.monotonic() });
    this.#cancelTimer();
    this.#cancelHealth();
    this.#cancelProbe();
    this.#health.close();
    if (this.#group) this.#held.dismantle(this.#group.configuration);
    this.#ports.kernel.close();
  }

  status(): CarpdStatus {
    const { kernel, monotonic, wall, pid } = this.#ports;
    return statusOf(this.#state, {
      pid,
      monotonicNow: monotonic(),
      wallNow: wall(),
      demotion: this.#health.demotion().demotion,
      checks: this.#health.status(),
      addresses: this.#group ? this.#held.present(this.#group.configuration) : [],
      addressFailures: this.#held.failures.map(({ address, code }) => `${address}: ${code}`),
      configurationDigest: this.#group?.digest ?? null,
      sendFailures: this.#sendFailures,
      receiveErrors: kernel.receiveErrors(),
    });
  }

  /**
   * An active unit goes to another device in its role: the addresses stay where they are, and only who is spoken to
   * changes. The partner has moved before, and waits for a whole timeout (SPEC LH5).
   */
  #move(): void {
    this.#openDevice();
    if (this.#link?.running !== true) this.#take({ type: "link", now: this.#ports.monotonic(), up: false });
  }

  #openDevice(): void {
    const { kernel } = this.#ports;
    const { device } = this.#requireGroup().configuration;
    this.#link = kernel.open(device, (packet) => this.#receive(packet)) ? kernel.link(device) : undefined;
  }

  #receive(packet: Uint8Array): void {
    const { authentication, configuration } = this.#requireGroup();
    const now = this.#ports.monotonic();
    const decoded = decodePacket(packet, authentication, configuration.vhid);
    if (!decoded.ok)
      this.#take({ type: "rejected", now, reason: decoded.error, source: packetSource(packet) });
    else this.#take({ type: "advertisement", now, ...decoded.value });
  }

  #take(input: CarpInput): void {
    const before = this.#state;
    const { state, outputs } = step(before, input);
    this.#state = state;
    for (const action of outputs.actions) this.#perform(action);
    for (const event of outputs.observe) this.#ports.onEvent(event);
    this.#cancelTimer();
    this.#cancelTimer =
      outputs.wakeAt === null
        ? () => {}
        : this.#ports.timer(Math.max(0, outputs.wakeAt - this.#ports.monotonic()), () =>
            this.#take({ type: "tick", now: this.#ports.monotonic() }),
          );
    if (differsVisibly(before, state)) this.#report();
    if (state.role !== "master") this.#held.lower();
  }

  #perform(action: CarpAction): void {
    const { configuration, authentication } = this.#requireGroup();
    switch (action.type) {
      case "advertise": {
        const payload = encodeAdvertisement(action, authentication);
        this.#identification += 1;
        this.#send(configuration.device, this.#sourceMac(), (sourceMac) =>
          advertisementFrame({
            sourceMac,
            sourceAddress: configuration.ownAddress,
            destination: configuration.broadcast === true ? "broadcast" : "multicast",
            payload,
            identification: this.#identification,
          }),
        );
        return;
      }
      case "takeAddresses":
        this.#announce(this.#held.carry(configuration));
        return;
      case "releaseAddresses":
        if (!this.#keeps) this.#held.release(configuration);
        return;
      case "announce":
        this.#announce(carriersOf(configuration));
        return;
      default:
        unreachable(action);
    }
  }

  #announce(carriers: readonly Carrier[]): void {
    const main = this.#requireGroup().configuration.device;
    for (const { device, virtualMac, addresses } of carriers) {
      const mac = virtualMac ?? (device === main ? this.#link?.mac : this.#ports.kernel.link(device)?.mac);
      for (const address of addresses) this.#send(device, mac, (from) => announcementFrame(from, address));
    }
  }

  /**
   * With a virtual MAC advertisements leave with it, so that switches learn where it is. Without one they leave with the
   * device's own: nothing else on this cable owns one, port security has nothing to object to, and ucarp, which uses a
   * MAC of its own making, looks at nobody's.
   */
  #sourceMac(): string | undefined {
    return carriersOf(this.#requireGroup().configuration)[0]?.virtualMac ?? this.#link?.mac;
  }

  #send(device: string, mac: string | undefined, frame: (sourceMac: string) => Uint8Array): void {
    if (mac === undefined || !this.#ports.kernel.send(device, frame(mac))) this.#sendFailures += 1;
  }

  #requireGroup(): Group {
    if (!this.#group) throw new Error("the engine is not configured");
    return this.#group;
  }

  #report(): void {
    this.#ports.onStatus(this.status());
  }
}
