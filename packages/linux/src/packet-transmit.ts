/**
 * Sends whole Ethernet frames on one device: packet(7). Protocol 0 makes a socket that receives nothing.
 */
import {
  AF_PACKET,
  bindSocket,
  closeDescriptor,
  ENODEV,
  interfaceIndex,
  openSocket,
  SOCK_RAW,
  SystemCallError,
  send,
  setOption,
} from "./libc.ts";

const SOL_SOCKET = 1;
const SO_PRIORITY = 12;
/** The highest priority that needs no privilege: these frames go before bulk traffic in a queue that heeds it. */
const priority = 6;

export class PacketTransmitter {
  #descriptor: number;

  /** Throws {@link SystemCallError}: ENODEV without such a device, EPERM without CAP_NET_RAW. */
  constructor(device: string) {
    const index = interfaceIndex(device);
    if (index === undefined) throw new SystemCallError(`if_nametoindex ${device}`, ENODEV);
    this.#descriptor = openSocket(AF_PACKET, SOCK_RAW, 0);
    try {
      bindSocket(this.#descriptor, linkLayerAddress(index));
      setOption(this.#descriptor, SOL_SOCKET, SO_PRIORITY, priority);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** One frame, destination address first. Throws {@link SystemCallError}, ENETDOWN while the device is down. */
  send(frame: Uint8Array): void {
    send(this.#descriptor, frame);
  }

  close(): void {
    if (this.#descriptor < 0) return;
    closeDescriptor(this.#descriptor);
    this.#descriptor = -1;
  }
}

/** struct sockaddr_ll with protocol 0. */
function linkLayerAddress(index: number): Buffer {
  const address = Buffer.alloc(20);
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeInt32LE(index, 4);
  return address;
}
