/**
 * Receives the packets of one IP protocol on one device, multicast included: raw(7), ip(7).
 */
import { assert } from "@tandem/base/assert";
import { ipv4Bytes } from "@tandem/base/ip";
import {
  AF_INET,
  closeDescriptor,
  ENODEV,
  int32,
  interfaceIndex,
  openSocket,
  SOCK_RAW,
  SystemCallError,
  setOption,
} from "./libc.ts";
import type { MessageReader } from "./message-socket.ts";

const SOL_IP = 0;
const SOL_SOCKET = 1;
const SO_BINDTODEVICE = 25;
const SO_RCVBUF = 8;
const IP_ADD_MEMBERSHIP = 35;
const IP_MULTICAST_ALL = 49;

const receiveBufferBytes = 262_144;

export type RawReceiver = {
  /** Packets that the kernel had no room for, or that could not be read. */
  readonly errors: number;
  close(): void;
};

export type RawReceiverOptions = {
  readonly device: string;
  /** IP protocol number, such as 112. */
  readonly protocol: number;
  /** The multicast group to join on the device. */
  readonly group: string;
  readonly reader: MessageReader;
  /** One packet, beginning with its IP header. The bytes are the callee's to keep. */
  readonly onPacket: (packet: Uint8Array) => void;
};

/**
 * Opens the socket in the caller's network namespace. Only packets that arrived on `device` are seen.
 * Throws {@link SystemCallError}: ENODEV without such a device, EPERM without CAP_NET_RAW.
 */
export function openRawReceiver(options: RawReceiverOptions): RawReceiver {
  const index = interfaceIndex(options.device);
  if (index === undefined) throw new SystemCallError(`if_nametoindex ${options.device}`, ENODEV);
  const group = ipv4Bytes(options.group);
  assert(group, `${options.group} is an IPv4 address`);
  const descriptor = openSocket(AF_INET, SOCK_RAW, options.protocol);
  try {
    setOption(descriptor, SOL_SOCKET, SO_BINDTODEVICE, Buffer.from(`${options.device}\0`));
    setOption(descriptor, SOL_SOCKET, SO_RCVBUF, receiveBufferBytes);
    // struct ip_mreqn: group, local address (any), interface index.
    setOption(descriptor, SOL_IP, IP_ADD_MEMBERSHIP, Buffer.concat([group, Buffer.alloc(4), int32(index)]));
    setOption(descriptor, SOL_IP, IP_MULTICAST_ALL, 0);
  } catch (error) {
    closeDescriptor(descriptor);
    throw error;
  }
  const receiver = { errors: 0, close: () => {} };
  const socket = options.reader.read(descriptor, {
    onMessage: options.onPacket,
    onError: () => {
      receiver.errors += 1;
    },
  });
  receiver.close = () => socket.close();
  return receiver;
}
