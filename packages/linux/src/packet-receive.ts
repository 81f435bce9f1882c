/** Receives whole Ethernet frames of one type on one device: packet(7). */
import {
  AF_PACKET,
  bindSocket,
  closeDescriptor,
  ENODEV,
  interfaceIndex,
  openSocket,
  SOCK_RAW,
  SystemCallError,
} from "./libc.ts";
import type { MessageReader } from "./message-socket.ts";

export const etherTypeArp = 0x0806;

/** Throws {@link SystemCallError}: ENODEV without such a device, EPERM without CAP_NET_RAW. A device that goes down is no error. */
export function openPacketReceiver(options: {
  readonly device: string;
  readonly etherType: number;
  readonly reader: MessageReader;
  /** The bytes are the callee's to keep. */
  readonly onFrame: (frame: Uint8Array) => void;
}): { close(): void } {
  const index = interfaceIndex(options.device);
  if (index === undefined) throw new SystemCallError(`if_nametoindex ${options.device}`, ENODEV);
  // Protocol 0 receives nothing: between socket(2) and bind(2) no other device's frames come in.
  const descriptor = openSocket(AF_PACKET, SOCK_RAW, 0);
  try {
    const address = Buffer.alloc(20);
    address.writeUInt16LE(AF_PACKET, 0);
    address.writeUInt16BE(options.etherType, 2);
    address.writeInt32LE(index, 4);
    bindSocket(descriptor, address);
  } catch (error) {
    closeDescriptor(descriptor);
    throw error;
  }
  return options.reader.read(descriptor, { onMessage: options.onFrame, onError: () => {} });
}
