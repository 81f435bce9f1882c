/** The addresses that one engine has put on its devices, and how they come and go. */
import type { AddressFailure } from "@tandem/linux/rtnetlink";
import type { CarpdConfiguration } from "./carpd-configuration.ts";
import { type Carrier, carriersOf, type DeviceAddresses, isIpv6Text, isVirtualName } from "./carpd-group.ts";
import type { CarpKernel } from "./carpd-kernel.ts";

export class HeldAddresses {
  readonly #kernel: CarpKernel;
  /** By the device that has them. */
  #held = new Map<string, readonly string[]>();
  readonly #raised = new Set<string>();
  #failures: readonly AddressFailure[] = [];

  constructor(kernel: CarpKernel) {
    this.#kernel = kernel;
  }

  /** What the kernel refused at the last change. */
  get failures(): readonly AddressFailure[] {
    return this.#failures;
  }

  /** Makes the devices carry exactly what is configured. Returns the addresses that are new beside others held before. */
  carry(configuration: CarpdConfiguration): Carrier[] {
    const wanted = carriersOf(configuration);
    const before = this.#held;
    const failures: AddressFailure[] = [];
    for (const [on, addresses] of before) {
      const kept = wanted.find((carrier) => carrier.on === on)?.addresses ?? [];
      const surplus = addresses.filter((address) => !kept.includes(address));
      failures.push(...this.#kernel.removeAddresses(on, surplus));
    }
    for (const carrier of wanted) failures.push(...this.#raise(carrier));
    this.#failures = failures;
    this.#held = new Map(wanted.map(({ on, addresses }) => [on, addresses]));
    return before.size === 0
      ? []
      : wanted.map((carrier) => ({
          ...carrier,
          addresses: carrier.addresses.filter((address) => !before.get(carrier.on)?.includes(address)),
        }));
  }

  /** Removes what is held and what is configured: after it none of either is on a device. */
  release(configuration: CarpdConfiguration): void {
    const all = new Map(this.#held);
    for (const { on, addresses } of carriersOf(configuration))
      all.set(on, [...new Set([...(all.get(on) ?? []), ...addresses])]);
    this.#failures = [...all].flatMap(([on, addresses]) => this.#kernel.removeAddresses(on, addresses));
    this.#held = new Map();
  }

  /** Puts back what went away with its link. */
  restore(configuration: CarpdConfiguration): void {
    this.#failures = carriersOf(configuration).flatMap((carrier) => this.#raise(carrier));
  }

  /** Virtual devices are made before they are needed, and stay down until this unit is active. */
  prepare(configuration: CarpdConfiguration): void {
    for (const carrier of carriersOf(configuration))
      if (carrier.virtualMac !== null) this.#note(carrier.on, this.#makeVirtual(carrier, carrier.virtualMac));
  }

  /**
   * Sets virtual devices down after their addresses have gone, so that nothing leaves with a MAC that is another's by now.
   * It takes the kernel some 10 ms each, so it comes after everything that is urgent.
   */
  lower(): void {
    for (const name of this.#raised) this.#kernel.setVirtual(name, "down");
    this.#raised.clear();
  }

  /** Removes the virtual devices of a configuration. */
  dismantle(configuration: CarpdConfiguration): void {
    for (const { on, virtualMac } of carriersOf(configuration))
      if (virtualMac !== null) this.#kernel.removeVirtual(on);
    this.#raised.clear();
  }

  #makeVirtual({ device, on, addresses }: Carrier, mac: string): string | undefined {
    return this.#kernel.makeVirtual(on, device, mac, addresses.some(isIpv6Text));
  }

  #raise(carrier: Carrier): AddressFailure[] {
    const { on, virtualMac, addresses } = carrier;
    if (virtualMac !== null) {
      const code = this.#makeVirtual(carrier, virtualMac) ?? this.#kernel.setVirtual(on, "up");
      this.#raised.add(on);
      if (code !== undefined) return [{ address: on, code }];
    }
    return this.#kernel.addAddresses(on, addresses);
  }

  #note(address: string, code: string | undefined): void {
    if (code !== undefined) this.#failures = [{ address, code }];
  }

  /** Removes what others may have left behind. */
  removeStale(stale: readonly DeviceAddresses[]): void {
    this.#failures = stale.flatMap(({ device, addresses }) =>
      this.#kernel.removeAddresses(device, addresses),
    );
    for (const { device } of stale) if (isVirtualName(device)) this.#kernel.removeVirtual(device);
  }

  /** Those of the configured addresses that the devices have now, with the kernel's prefix lengths. */
  present(configuration: CarpdConfiguration): string[] {
    return carriersOf(configuration).flatMap(({ on, addresses }) =>
      this.#kernel.addresses(on).filter((address) => addresses.includes(address)),
    );
  }
}
