/** Removes addresses when the one who should have done it is gone. */
import { type AddressFailure, RouteNetlink } from "@tandem/linux/rtnetlink";
import { type DeviceAddresses, isVirtualDevice, isVirtualName } from "./carpd-group.ts";
import { macText } from "./carpd-kernel.ts";

/**
 * Its connection to the kernel is opened when it is made, not when it is needed: a process that runs out of
 * descriptors can still let go of its addresses.
 */
export class AddressRelease {
  readonly #netlink = new RouteNetlink();

  /** Removes all of them from their devices; absent ones are no failure. Synchronous: fit for a process about to end. */
  remove(list: readonly DeviceAddresses[]): AddressFailure[] {
    const failures = list.flatMap(({ device, addresses }) =>
      this.#netlink.removeAddresses(device, addresses),
    );
    // Everywhere the addresses have gone before the first virtual device is waited for.
    for (const { device } of list) if (isVirtualName(device)) this.#netlink.removeLink(device);
    return failures;
  }

  /** Macvlans of ours that are there, also those that no record names any more: they may answer for an address. */
  left(): DeviceAddresses[] {
    return this.#netlink
      .links()
      .filter(({ name, mac }) => isVirtualDevice(name, macText(mac)))
      .map(({ name }) => ({ device: name, addresses: [] }));
  }

  close(): void {
    this.#netlink.close();
  }
}
