/** What the CARP engine asks of the kernel on one device; the real one is made of raw sockets and rtnetlink. */
import { carpIpProtocol, carpMulticastAddress } from "@tandem/carp/constants";
import { SystemCallError } from "@tandem/linux/libc";
import type { MessageReader } from "@tandem/linux/message-socket";
import { PacketTransmitter } from "@tandem/linux/packet-transmit";
import { openRawReceiver, type RawReceiver } from "@tandem/linux/raw-socket";
import { type AddressFailure, RouteNetlink } from "@tandem/linux/rtnetlink";

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
  /** Sends a whole frame; false when it could not be sent. */
  send(frame: Uint8Array): boolean;
  addresses(device: string): string[];
  addAddresses(device: string, addresses: readonly string[]): AddressFailure[];
  removeAddresses(device: string, addresses: readonly string[]): AddressFailure[];
  /** Packets the kernel had no room for or could not deliver. */
  receiveErrors(): number;
  close(): void;
}

const ethernetMacBytes = 6;

export class LinuxCarpKernel implements CarpKernel {
  readonly #netlink = new RouteNetlink();
  readonly #reader: MessageReader;
  #receiver: RawReceiver | null = null;
  #transmitter: PacketTransmitter | null = null;
  #receiveErrorsBefore = 0;

  constructor(reader: MessageReader) {
    this.#reader = reader;
  }

  link(device: string): DeviceLink | undefined {
    const link = this.#netlink.link(device);
    if (link?.mac.length !== ethernetMacBytes) return undefined;
    const mac = Array.from(link.mac, (byte) => byte.toString(16).padStart(2, "0")).join(":");
    return { index: link.index, mac, running: link.running };
  }

  open(device: string, onPacket: (packet: Uint8Array) => void): boolean {
    this.#closeSockets();
    try {
      this.#transmitter = new PacketTransmitter(device);
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

  send(frame: Uint8Array): boolean {
    try {
      this.#transmitter?.send(frame);
      return this.#transmitter !== null;
    } catch (error) {
      // A device that is down or full: a lost packet, as on the wire.
      if (error instanceof SystemCallError) return false;
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
    this.#transmitter?.close();
    this.#transmitter = null;
  }
}
