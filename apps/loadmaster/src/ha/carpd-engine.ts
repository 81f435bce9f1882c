/**
 * The shell round the CARP state machine: takes one input, steps, performs the actions in their order, arms the next
 * wake-up. What it decides itself is only which device and which addresses are meant.
 */

import { unreachable } from "@tandem/base/assert";
import type { Millis, WallMillis } from "@tandem/base/time";
import type { CarpAction, CarpEvent, CarpInput, CarpState } from "@tandem/carp/state";
import { unstarted } from "@tandem/carp/state";
import { step } from "@tandem/carp/step";
import {
  type Authentication,
  advertisementFrame,
  createAuthentication,
  decodePacket,
  encodeAdvertisement,
  gratuitousArpFrame,
  packetSource,
} from "@tandem/carp/wire";
import { HeldAddresses } from "./carpd-addresses.ts";
import type { CarpdConfiguration } from "./carpd-configuration.ts";
import { carpConfigOf, carriedAddresses, configurationDigest, type DeviceAddresses } from "./carpd-group.ts";
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
  #demotion = 0;
  #identification = 0;
  #sendFailures = 0;

  constructor(ports: EnginePorts) {
    this.#ports = ports;
    this.#held = new HeldAddresses(ports.kernel);
  }

  /** Works by `configuration` from now on. `stale` goes first: addresses that nobody may be holding any more. */
  configure(configuration: CarpdConfiguration, stale: readonly DeviceAddresses[]): void {
    const before = this.#group?.configuration;
    const moved = before !== undefined && before.device !== configuration.device;
    if (moved) this.#take({ type: "stop", now: this.#ports.monotonic() });
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
    const config = carpConfigOf(configuration);
    if (before !== undefined && !moved) {
      this.#take({ type: "configure", now: this.#ports.monotonic(), config });
      if (this.#state.role === "master") this.#announce(this.#held.carry(configuration));
      this.#report();
      return;
    }
    this.#openDevice();
    this.#take({
      type: "start",
      now: this.#ports.monotonic(),
      config,
      counter: this.#ports.entropy(),
      demotion: this.#demotion,
      linkUp: this.#link?.running ?? false,
    });
  }

  /** How many of the unit's checks fail; remembered also while nothing is configured. */
  demote(demotion: number, reason: string): void {
    this.#demotion = demotion;
    if (this.#group) this.#take({ type: "demotion", now: this.#ports.monotonic(), demotion, reason });
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
  }

  /** Orderly end: afterwards no address is held and nothing is armed. */
  stop(): void {
    if (this.#group) this.#take({ type: "stop", now: this.#ports.monotonic() });
    this.#cancelTimer();
    this.#ports.kernel.close();
  }

  status(): CarpdStatus {
    const { kernel, monotonic, wall, pid } = this.#ports;
    return statusOf(this.#state, {
      pid,
      monotonicNow: monotonic(),
      wallNow: wall(),
      demotion: this.#demotion,
      addresses: this.#group ? this.#held.present(this.#group.configuration) : [],
      addressFailures: this.#held.failures.map(({ address, code }) => `${address}: ${code}`),
      configurationDigest: this.#group?.digest ?? null,
      sendFailures: this.#sendFailures,
      receiveErrors: kernel.receiveErrors(),
    });
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
  }

  #perform(action: CarpAction): void {
    const { configuration, authentication } = this.#requireGroup();
    switch (action.type) {
      case "advertise": {
        const payload = encodeAdvertisement(action, authentication);
        this.#identification += 1;
        this.#send((sourceMac) =>
          advertisementFrame({
            sourceMac,
            sourceAddress: configuration.ownAddress,
            destination: "multicast",
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
        this.#held.release(configuration);
        return;
      case "announce":
        this.#announce(carriedAddresses(configuration));
        return;
      default:
        unreachable(action);
    }
  }

  #announce(addresses: readonly string[]): void {
    for (const address of addresses) this.#send((mac) => gratuitousArpFrame(mac, address));
  }

  /**
   * Advertisements, too, leave with the device's own MAC: without a virtual MAC nothing else on this cable owns one,
   * a switch learns no address that moves, port security has nothing to object to, and ucarp, which uses a MAC of
   * its own making, looks at nobody's.
   */
  #send(frame: (sourceMac: string) => Uint8Array): void {
    const mac = this.#link?.mac;
    if (mac === undefined || !this.#ports.kernel.send(frame(mac))) this.#sendFailures += 1;
  }

  #requireGroup(): Group {
    if (!this.#group) throw new Error("the engine is not configured");
    return this.#group;
  }

  #report(): void {
    this.#ports.onStatus(this.status());
  }
}
