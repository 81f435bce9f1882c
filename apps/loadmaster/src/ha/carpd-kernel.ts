/** What the CARP engine asks of the kernel on one device; the real one is made of raw sockets and rtnetlink. */
import { macBytes } from "@tandem/carp/address";
import { carpIpProtocol, carpMulticastAddress } from "@tandem/carp/constants";
import { interfaceIndex, SystemCallError } from "@tandem/linux/libc";
import type { MessageReader } from "@tandem/linux/message-socket";
import { etherTypeArp, openPacketReceiver } from "@tandem/linux/packet-receive";
import { PacketTransmitter } from "@tandem/linux/packet-transmit";
import { openRawReceiver, type RawReceiver } from "@tandem/linux/raw-socket";
import { type AddressFailure, RouteNetlink } from "@tandem/linux/rtnetlink";
import { prepareVirtualDevice } from "@tandem/linux/sysctl";

export type DeviceLink = {
  /** Changes when the device is removed and made again. */
  readonly index: number;
  /** Colon form, lower case. */
  readonly mac: string;
  readonly running: boolean;
};

export interface CarpKernel {
  /** The device now; undefined when there is none. */
  link(device: string): DeviceLink | undefined;
  /** Begins to receive and be able to send on the device, whatever was open before. False when there is none. */
  open(device: string, onPacket: (packet: Uint8Array) => void): boolean;
  /** Sends a whole frame on a device; false when it could not be sent. */
  send(device: string, frame: Uint8Array): boolean;
  /** Gives out every ARP frame that arrives on a device, until closed; null when there is no such device. */
  listenArp(device: string, onFrame: (frame: Uint8Array) => void): { close(): void } | null;
  addresses(device: string): string[];
  addAddresses(device: string, addresses: readonly string[]): AddressFailure[];
  removeAddresses(device: string, addresses: readonly string[]): AddressFailure[];
  /** A macvlan of this name and MAC on the parent, down unless it was there; the error's name when there can be none. */
  makeVirtual(name: string, parent: string, mac: string, carriesIpv6: boolean): string | undefined;
  setVirtual(name: string, state: "up" | "down"): string | undefined;
  removeVirtual(name: string): void;
  /** Packets the kernel had no room for or could not deliver. */
  receiveErrors(): number;
  close(): void;
}

const ethernetMacBytes = 6;

export const macText = (mac: Uint8Array): string =>
  Array.from(mac, (byte) => byte.toString(16).padStart(2, "0")).join(":");

/** What an act returns, or the name of the system's error it failed with. */
function failureOf(act: () => string | undefined): string | undefined {
  try {
    return act();
  } catch (error) {
    if (error instanceof SystemCallError) return error.code;
    throw error;
  }
}

export class LinuxCarpKernel implements CarpKernel {
  readonly #netlink = new RouteNetlink();
  readonly #reader: MessageReader;
  #receiver: RawReceiver | null = null;
  /** By device, each with the index of the device it was opened on: one that was made anew needs another. */
  readonly #transmitters = new Map<
    string,
    { readonly index: number; readonly transmitter: PacketTransmitter }
  >();
  #receiveErrorsBefore = 0;

  constructor(reader: MessageReader) {
    this.#reader = reader;
  }

  link(device: string): DeviceLink | undefined {
    const link = this.#netlink.link(device);
    if (link?.mac.length !== ethernetMacBytes) return undefined;
    return { index: link.index, mac: macText(link.mac), running: link.running };
  }

  open(device: string, onPacket: (packet: Uint8Array) => void): boolean {
    this.#closeSockets();
    try {
      this.#receiver = openRawReceiver({
        device,
        protocol: carpIpProtocol,
        group: carpMulticastAddress,
        reader: this.#reader,
        onPacket,
      });
      return true;
    } catch (error) {
      this.#closeSockets();
      if (error instanceof SystemCallError && error.code === "ENODEV") return false;
      throw error;
    }
  }

  send(device: string, frame: Uint8Array): boolean {
    try {
      const transmitter = this.#transmitterOf(device);
      transmitter?.send(frame);
      return transmitter !== undefined;
    } catch (error) {
      // A device that is down or full: a lost packet, as on the wire.
      if (error instanceof SystemCallError) return false;
      throw error;
    }
  }

  listenArp(device: string, onFrame: (frame: Uint8Array) => void): { close(): void } | null {
    try {
      return openPacketReceiver({ device, etherType: etherTypeArp, reader: this.#reader, onFrame });
    } catch (error) {
      if (error instanceof SystemCallError && error.code === "ENODEV") return null;
      throw error;
    }
  }

  addresses(device: string): string[] {
    return this.#netlink.addresses(device);
  }

  addAddresses(device: string, addresses: readonly string[]): AddressFailure[] {
    return this.#netlink.addAddresses(device, addresses);
  }

  removeAddresses(device: string, addresses: readonly string[]): AddressFailure[] {
    return this.#netlink.removeAddresses(device, addresses);
  }

  makeVirtual(name: string, parent: string, mac: string, carriesIpv6: boolean): string | undefined {
    return failureOf(() => {
      const known = this.#netlink.link(name);
      const on = this.#netlink.link(parent);
      if (!(known && macText(known.mac) === mac && known.parent === on?.index)) {
        this.#netlink.removeLink(name);
        this.#netlink.addMacvlan(name, parent, macBytes(mac));
      }
      // Also one that was there: it may carry the first address of IPv6 from now on.
      const [refused] = prepareVirtualDevice(name, carriesIpv6);
      if (refused === undefined) return undefined;
      this.#netlink.removeLink(name);
      return `${refused.parameter}: ${refused.code}`;
    });
  }

  setVirtual(name: string, state: "up" | "down"): string | undefined {
    return failureOf(() => {
      this.#netlink.setLink(name, state);
      return undefined;
    });
  }

  removeVirtual(name: string): void {
    failureOf(() => {
      this.#netlink.removeLink(name);
      return undefined;
    });
  }

  receiveErrors(): number {
    return this.#receiveErrorsBefore + (this.#receiver?.errors ?? 0);
  }

  close(): void {
    this.#closeSockets();
    this.#netlink.close();
  }

  #closeSockets(): void {
    this.#receiveErrorsBefore = this.receiveErrors();
    this.#receiver?.close();
    this.#receiver = null;
    for (const { transmitter } of this.#transmitters.values()) transmitter.close();
    this.#transmitters.clear();
  }

  #transmitterOf(device: string): PacketTransmitter | undefined {
    const index = interfaceIndex(device);
    const known = this.#transmitters.get(device);
    if (known?.index === index) return known?.transmitter;
    known?.transmitter.close();
    this.#transmitters.delete(device);
    if (index === undefined) return undefined;
    const transmitter = new PacketTransmitter(device);
    this.#transmitters.set(device, { index, transmitter });
    return transmitter;
  }
}
