/**
 * Echo requests by ICMP (RFC 792) and ICMPv6 (RFC 4443 section 4) over raw sockets, which need CAP_NET_RAW. Answers are
 * known by random bytes in each request, since a raw socket is given those to all programs of the machine.
 */
import { randomBytes } from "node:crypto";
import { assert } from "@tandem/base/assert";
import { ipv4Bytes } from "@tandem/base/ip";
import { parseIpv6 } from "@tandem/base/ipv6";
import {
  AF_INET,
  AF_INET6,
  closeDescriptor,
  openSocket,
  SOCK_RAW,
  SystemCallError,
  send,
  setOption,
} from "./libc.ts";
import { chooseMessageReader } from "./message-socket.ts";

const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;
const SOL_RAW = 255;
const ICMP_FILTER = 1;
const SOL_ICMPV6 = 58;
const ICMPV6_FILTER = 1;

const headerBytes = 8;
const tokenBytes = 16;

type Family = {
  readonly domain: number;
  readonly protocol: number;
  readonly request: number;
  readonly reply: number;
};

const four: Family = { domain: AF_INET, protocol: IPPROTO_ICMP, request: 8, reply: 0 };
const six: Family = { domain: AF_INET6, protocol: IPPROTO_ICMPV6, request: 128, reply: 129 };

type Opened = { readonly descriptor: number; readonly close: () => void };

export class Pinger {
  readonly #sockets = new Map<Family, Promise<Opened>>();
  /** By the token of the request, in hexadecimal digits. */
  readonly #waiting = new Map<string, () => void>();
  #sequence = 0;

  /** True when the address has answered within `timeoutMs`. Throws {@link SystemCallError} where no socket can be opened: EPERM. */
  async ping(address: string, timeoutMs: number): Promise<boolean> {
    const bytes4 = ipv4Bytes(address);
    const bytes6 = parseIpv6(address);
    const bytes = bytes4 ?? bytes6;
    assert(bytes, `${address} is an IP address`);
    const family = bytes4 === undefined ? six : four;
    const { descriptor } = await this.#socketOf(family);
    const token = randomBytes(tokenBytes);
    const key = token.toString("hex");
    const answered = new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), timeoutMs);
      this.#waiting.set(key, () => {
        clearTimeout(timer);
        resolve(true);
      });
    });
    try {
      this.#sequence = (this.#sequence + 1) & 0xffff;
      send(descriptor, requestOf(family, this.#sequence, token), socketAddress(family, bytes));
    } catch (error) {
      // No way to the address, say.
      if (!(error instanceof SystemCallError)) throw error;
      this.#waiting.delete(key);
      return false;
    }
    const alive = await answered;
    this.#waiting.delete(key);
    return alive;
  }

  /** What is under way has no answer any more. */
  close(): void {
    for (const opening of this.#sockets.values())
      opening.then(
        (opened) => opened.close(),
        () => {},
      );
    this.#sockets.clear();
  }

  #socketOf(family: Family): Promise<Opened> {
    const known = this.#sockets.get(family);
    if (known !== undefined) return known;
    const opening = this.#open(family);
    this.#sockets.set(family, opening);
    opening.catch(() => this.#sockets.delete(family));
    return opening;
  }

  async #open(family: Family): Promise<Opened> {
    const reader = await chooseMessageReader();
    // One to send by, which receives nothing, since the reader takes its own one over.
    const sending = openSocket(family.domain, SOCK_RAW, family.protocol);
    let receiving: number | undefined;
    try {
      admit(family, sending, undefined);
      receiving = openSocket(family.domain, SOCK_RAW, family.protocol);
      admit(family, receiving, family.reply);
    } catch (error) {
      closeDescriptor(sending);
      if (receiving !== undefined) closeDescriptor(receiving);
      throw error;
    }
    const socket = reader.read(receiving, {
      onMessage: (packet) => this.#heard(family, packet),
      onError: () => {},
    });
    return {
      descriptor: sending,
      close() {
        socket.close();
        closeDescriptor(sending);
      },
    };
  }

  #heard(family: Family, packet: Buffer): void {
    // Of IPv4 the packet begins with its IP header, whose first byte counts its words of four bytes.
    const start = family === four ? ((packet[0] ?? 0) & 0x0f) * 4 : 0;
    if (packet[start] !== family.reply) return;
    const token = packet.subarray(start + headerBytes, start + headerBytes + tokenBytes);
    this.#waiting.get(token.toString("hex"))?.();
  }
}

/** Type, code, checksum, identifier, sequence number, token. The kernel fills in the checksum of ICMPv6 (RFC 3542 section 3.1). */
function requestOf({ request, domain }: Family, sequence: number, token: Uint8Array): Buffer {
  const message = Buffer.concat([Buffer.alloc(headerBytes), token]);
  message[0] = request;
  message.writeUInt16BE(process.pid & 0xffff, 4);
  message.writeUInt16BE(sequence, 6);
  if (domain === AF_INET) message.writeUInt16BE(checksum(message), 2);
  return message;
}

/** RFC 1071, over an even number of bytes. */
function checksum(message: Buffer): number {
  let sum = 0;
  for (let at = 0; at < message.length; at += 2) sum += message.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** struct sockaddr_in or sockaddr_in6 with port 0. */
function socketAddress({ domain }: Family, bytes: Uint8Array): Buffer {
  const address = Buffer.alloc(domain === AF_INET ? 16 : 28);
  address.writeUInt16LE(domain, 0);
  address.set(bytes, domain === AF_INET ? 4 : 8);
  return address;
}

/** Only messages of one type, or none, get to the socket: raw(7), RFC 3542 section 3.2. A set bit keeps a type out. */
function admit({ domain }: Family, descriptor: number, type: number | undefined): void {
  const words = Buffer.alloc(domain === AF_INET ? 4 : 32, 0xff);
  if (type !== undefined) words.writeUInt32LE((0xffff_ffff & ~(1 << (type % 32))) >>> 0, (type >> 5) * 4);
  if (domain === AF_INET) setOption(descriptor, SOL_RAW, ICMP_FILTER, words);
  else setOption(descriptor, SOL_ICMPV6, ICMPV6_FILTER, words);
}
