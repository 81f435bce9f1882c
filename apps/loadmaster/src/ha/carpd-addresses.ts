/** The addresses that one engine has put on a device, and how they come and go. */
import type { AddressFailure } from "@tandem/linux/rtnetlink";
import type { CarpdConfiguration } from "./carpd-configuration.ts";
import { carriedAddresses, type DeviceAddresses } from "./carpd-group.ts";
import type { CarpKernel } from "./carpd-kernel.ts";

export class HeldAddresses {
  readonly #kernel: CarpKernel;
  #held: readonly string[] = [];
  #failures: readonly AddressFailure[] = [];

  constructor(kernel: CarpKernel) {
    this.#kernel = kernel;
  }

  /** What the kernel refused at the last change. */
  get failures(): readonly AddressFailure[] {
    return this.#failures;
  }

  /** Makes the device carry exactly what is configured. Returns the addresses that are new beside others held before. */
  carry(configuration: CarpdConfiguration): string[] {
    const wanted = carriedAddresses(configuration);
    const surplus = this.#held.filter((address) => !wanted.includes(address));
    const added = this.#held.length === 0 ? [] : wanted.filter((address) => !this.#held.includes(address));
    this.#failures = [
      ...this.#kernel.removeAddresses(configuration.device, surplus),
      ...this.#kernel.addAddresses(configuration.device, wanted),
    ];
    this.#held = wanted;
    return added;
  }

  /** Removes what is held and what is configured: after it none of either is on the device. */
  release(configuration: CarpdConfiguration): void {
    const addresses = new Set([...this.#held, ...carriedAddresses(configuration)]);
    this.#failures = this.#kernel.removeAddresses(configuration.device, [...addresses]);
    this.#held = [];
  }

  /** Removes what others may have left behind. */
  removeStale(stale: readonly DeviceAddresses[]): void {
    this.#failures = stale.flatMap(({ device, addresses }) =>
      this.#kernel.removeAddresses(device, addresses),
    );
  }

  /** Those of the configured addresses that the device has now, with the kernel's prefix lengths. */
  present(configuration: CarpdConfiguration): string[] {
    const carried = new Set(carriedAddresses(configuration));
    return this.#kernel.addresses(configuration.device).filter((address) => carried.has(address));
  }
}
