/** The addresses that one engine has put on its devices, and how they come and go. */
import type { AddressFailure } from "@tandem/linux/rtnetlink";
import type { CarpdConfiguration } from "./carpd-configuration.ts";
import { type Carrier, carriersOf, type DeviceAddresses } from "./carpd-group.ts";
import type { CarpKernel } from "./carpd-kernel.ts";

export class HeldAddresses {
  readonly #kernel: CarpKernel;
  /** By the device that has them. */
  #held = new Map<string, readonly string[]>();
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
    for (const { on, addresses } of wanted) failures.push(...this.#kernel.addAddresses(on, addresses));
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
    this.#failures = carriersOf(configuration).flatMap(({ on, addresses }) =>
      this.#kernel.addAddresses(on, addresses),
    );
  }

  /** Removes what others may have left behind. */
  removeStale(stale: readonly DeviceAddresses[]): void {
    this.#failures = stale.flatMap(({ device, addresses }) =>
      this.#kernel.removeAddresses(device, addresses),
    );
  }

  /** Those of the configured addresses that the devices have now, with the kernel's prefix lengths. */
  present(configuration: CarpdConfiguration): string[] {
    return carriersOf(configuration).flatMap(({ on, addresses }) =>
      this.#kernel.addresses(on).filter((address) => addresses.includes(address)),
    );
  }
}
