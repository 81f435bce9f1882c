/**
 * CARP on the wire, as OpenBSD's ip_carp.c and ucarp have it. An advertisement is 36 bytes after the IP header:
 *
 *     0       1       2         3          4          5         6..7       8..15         16..35
 *     0x21 | vhid | advskew | authlen 7 | demotion | advbase | checksum | counter BE64 | HMAC-SHA1
 *
 * The checksum is the Internet checksum (RFC 1071) over the 36 bytes, without pseudo header. The HMAC's key is the
 * password, padded with NULs to 20 bytes; its message is
 *
 *     version 2 | type 1 | vhid | IPv4 addresses ascending | IPv6 addresses ascending | counter
 *
 * advskew, advbase and the demotion are NOT covered by it: whoever can replay a packet can change them (the
 * replay check of `replay.ts` stands against that between our own units). VRRPv2 shares protocol number, group and
 * even the first byte; what tells it apart is the authlen byte, where VRRPv2 keeps its number of addresses.
 */
import { assert } from "@tandem/base/assert";
import { equalBytes, hmacSha1 } from "@tandem/base/digest";
import { isLinkLocalIpv6 } from "@tandem/base/ipv6";
import { err, ok, type Result } from "@tandem/base/result";
import { addressBytes, compareBytes, ipv4At, ipv4BytesOf, macBytes } from "./address.ts";
import {
  carpAdvertisementBytes,
  carpAdvertisementType,
  carpAuthLengthWords,
  carpCounterOffset,
  carpHmacOffset,
  carpIpProtocol,
  carpMulticastAddress,
  carpMulticastMac,
  carpTos,
  carpTtl,
  carpVersion,
  interfaceIdMax,
  passwordFieldBytes,
  passwordMaxBytes,
  vhidMax,
  vhidMin,
  vrrp3Version,
} from "./constants.ts";

/** What one advertisement says. */
export type CarpAdvertisement = {
  /** HA virtual ID, 1 to 255. */
  readonly vhid: number;
  /** 1/256 s on top of advbase, 0 to 255. */
  readonly advskew: number;
  /** Seconds between advertisements, 0 to 255. */
  readonly advbase: number;
  /** How many checks fail at the sender, 0 to 255. */
  readonly demotion: number;
  /** 64 bits, unsigned. */
  readonly counter: bigint;
};

/** A CARP packet that was sent for us and is genuine. */
export type DecodedPacket = {
  readonly source: string;
  readonly destination: string;
  readonly advertisement: CarpAdvertisement;
};

/**
 * Why a packet was not heeded. All but the last two come from {@link decodePacket}; those are the state machine's:
 * `own` is our own packet looped back, `replay` one that was seen before.
 */
export const rejectReasons = [
  "short",
  "ip-header",
  "protocol",
  "fragment",
  "ttl",
  "ip-checksum",
  "length",
  "version",
  "type",
  "vhid",
  "vrrp3",
  "authlen",
  "checksum",
  "hmac",
  "own",
  "replay",
] as const;
export type RejectReason = (typeof rejectReasons)[number];

/** Key and hashed text of one pair: made once per configuration by {@link createAuthentication}. */
export type Authentication = {
  readonly vhid: number;
  readonly key: Uint8Array;
  /** The HMAC's message up to the counter, as we send it. */
  readonly prefix: Uint8Array;
  /** The same with link-local IPv6 addresses, which OpenBSD accepts beside the first; null when there are none. */
  readonly prefixWithLinkLocal: Uint8Array | null;
};

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/**
 * `addresses`: the shared addresses of the HA interface, IPv4 or IPv6, with or without a prefix length (which is not
 * hashed), in any order. With ucarp as the peer exactly one. The input must have passed `validateCarpConfig`.
 */
export function createAuthentication(group: {
  readonly vhid: number;
  readonly password: string;
  readonly addresses: readonly string[];
}): Authentication {
  const password = new TextEncoder().encode(group.password);
  assert(password.length <= passwordMaxBytes, "CARP password longer than 19 bytes");
  const key = new Uint8Array(passwordFieldBytes);
  key.set(password);
  const addresses = group.addresses.map((text) => {
    const bytes = addressBytes(text);
    assert(bytes, `not an address: ${text}`);
    return bytes;
  });
  const head = Uint8Array.of(carpVersion, carpAdvertisementType, group.vhid);
  const ipv4 = addresses.filter((address) => address.length === 4).sort(compareBytes);
  const ipv6 = addresses.filter((address) => address.length !== 4).sort(compareBytes);
  const ipv6Global = ipv6.filter((address) => !isLinkLocalIpv6(address));
  return {
    vhid: group.vhid,
    key,
    prefix: concatenate([head, ...ipv4, ...ipv6Global]),
    prefixWithLinkLocal: ipv6Global.length === ipv6.length ? null : concatenate([head, ...ipv4, ...ipv6]),
  };
}

/** The Internet checksum (RFC 1071); 0 over data that holds its own correct checksum. */
export function internetChecksum(data: Uint8Array): number {
  let sum = 0;
  for (let index = 0; index < data.length; index += 2) sum += data[index]! * 256 + (data[index + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The 36 bytes after the IP header. The advertisement's vhid must be the authentication's. */
export function encodeAdvertisement(
  advertisement: CarpAdvertisement,
  authentication: Authentication,
): Uint8Array {
  assert(advertisement.vhid === authentication.vhid, "an advertisement is signed for its own virtual ID");
  const bytes = new Uint8Array(carpAdvertisementBytes);
  const view = viewOf(bytes);
  bytes[0] = (carpVersion << 4) | carpAdvertisementType;
  bytes[1] = advertisement.vhid;
  bytes[2] = advertisement.advskew;
  bytes[3] = carpAuthLengthWords;
  bytes[4] = advertisement.demotion;
  bytes[5] = advertisement.advbase;
  view.setBigUint64(carpCounterOffset, advertisement.counter);
  const counter = bytes.subarray(carpCounterOffset, carpHmacOffset);
  bytes.set(hmacSha1(authentication.key, authentication.prefix, counter), carpHmacOffset);
  view.setUint16(6, internetChecksum(bytes));
  return bytes;
}

const ipHeaderMinBytes = 20;
/** More-fragments flag and fragment offset. */
const fragmentMask = 0x3fff;
/** What VRRPv2 and CARP have in common: enough to tell them apart. */
const commonHeaderBytes = 8;

/**
 * The advertisement in a whole IPv4 packet, as a raw socket delivers it, if it is one of our group. Total: any bytes
 * give an answer. The virtual ID is looked at before the length and the HMAC, so that other groups on the segment
 * (reason `vhid`) and a VRRP router with our number (`authlen` for version 2, `vrrp3`) are told from a wrong password
 * (`hmac`).
 */
export function decodePacket(
  packet: Uint8Array,
  authentication: Authentication,
  vhid: number,
): Result<DecodedPacket, RejectReason> {
  if (packet.length < ipHeaderMinBytes) return err("short");
  const ip = viewOf(packet);
  const headerBytes = (packet[0]! & 15) * 4;
  const totalBytes = ip.getUint16(2);
  if (packet[0]! >>> 4 !== 4 || headerBytes < ipHeaderMinBytes || totalBytes < headerBytes)
    return err("ip-header");
  if (packet.length < totalBytes) return err("short");
  if (packet[9] !== carpIpProtocol) return err("protocol");
  if ((ip.getUint16(6) & fragmentMask) !== 0) return err("fragment");
  if (packet[8] !== carpTtl) return err("ttl");
  if (internetChecksum(packet.subarray(0, headerBytes)) !== 0) return err("ip-checksum");

  const payload = packet.subarray(headerBytes, totalBytes);
  if (payload.length < commonHeaderBytes) return err("length");
  const version = payload[0]! >>> 4;
  if (version !== carpVersion && version !== vrrp3Version) return err("version");
  if ((payload[0]! & 15) !== carpAdvertisementType) return err("type");
  if (payload[1] !== vhid) return err("vhid");
  if (version === vrrp3Version) return err("vrrp3");
  if (payload[3] !== carpAuthLengthWords) return err("authlen");
  if (payload.length !== carpAdvertisementBytes) return err("length");
  if (internetChecksum(payload) !== 0) return err("checksum");

  const counter = payload.subarray(carpCounterOffset, carpHmacOffset);
  const hmac = payload.subarray(carpHmacOffset);
  const { key, prefix, prefixWithLinkLocal } = authentication;
  const genuine =
    equalBytes(hmacSha1(key, prefix, counter), hmac) ||
    (prefixWithLinkLocal !== null && equalBytes(hmacSha1(key, prefixWithLinkLocal, counter), hmac));
  if (!genuine) return err("hmac");
  return ok({
    source: ipv4At(packet, 12),
    destination: ipv4At(packet, 16),
    advertisement: {
      vhid,
      advskew: payload[2]!,
      advbase: payload[5]!,
      demotion: payload[4]!,
      counter: viewOf(payload).getBigUint64(carpCounterOffset),
    },
  });
}

/** Who a packet claims to come from, for the report of a rejected one; null when it is too short to say. */
export const packetSource = (packet: Uint8Array): string | null =>
  packet.length < ipHeaderMinBytes ? null : ipv4At(packet, 12);

const broadcastMac = "ff:ff:ff:ff:ff:ff";
const broadcastAddress = "255.255.255.255";
const etherTypeIpv4 = 0x0800;

function ethernetHeader(destination: string, source: string, etherType: number): Uint8Array {
  return concatenate([
    macBytes(destination),
    macBytes(source),
    Uint8Array.of(etherType >>> 8, etherType & 255),
  ]);
}

/**
 * A whole Ethernet frame round an advertisement: TTL 255, TOS 0x10, don't fragment, and a valid IP checksum, which
 * ucarp insists on and an AF_PACKET socket does not compute. MACs are in colon form; `identification` is the
 * IP header's, of which the low 16 bits are used.
 */
export function advertisementFrame(frame: {
  readonly sourceMac: string;
  readonly sourceAddress: string;
  readonly destination: "multicast" | "broadcast";
  readonly payload: Uint8Array;
  readonly identification: number;
}): Uint8Array {
  const multicast = frame.destination === "multicast";
  const header = new Uint8Array(ipHeaderMinBytes);
  const view = viewOf(header);
  header[0] = 0x45;
  header[1] = carpTos;
  view.setUint16(2, ipHeaderMinBytes + frame.payload.length);
  view.setUint16(4, frame.identification & 0xffff);
  view.setUint16(6, 0x4000);
  header[8] = carpTtl;
  header[9] = carpIpProtocol;
  header.set(ipv4BytesOf(frame.sourceAddress), 12);
  header.set(ipv4BytesOf(multicast ? carpMulticastAddress : broadcastAddress), 16);
  view.setUint16(10, internetChecksum(header));
  return concatenate([
    ethernetHeader(multicast ? carpMulticastMac : broadcastMac, frame.sourceMac, etherTypeIpv4),
    header,
    frame.payload,
  ]);
}

/** The MAC that belongs to whichever unit is master, in colon form (SPEC LH8): `00:00:5e:00:(1 + 2 × interface):vhid`. */
export function virtualMac(interfaceId: number, vhid: number): string {
  assert(
    Number.isInteger(interfaceId) && interfaceId >= 0 && interfaceId <= interfaceIdMax,
    "interface id 0 to 127",
  );
  assert(Number.isInteger(vhid) && vhid >= vhidMin && vhid <= vhidMax, "virtual ID 1 to 255");
  const hex = (byte: number): string => byte.toString(16).padStart(2, "0");
  return `00:00:5e:00:${hex(1 + 2 * interfaceId)}:${hex(vhid)}`;
}
