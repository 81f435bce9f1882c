/** Addresses as bytes, IPv4 and IPv6, as the HMAC and the frames need them. */
import { assert } from "@tandem/base/assert";
import { formatIpv4, ipv4Bytes } from "@tandem/base/ip";

const ipv6Bytes = 16;
const ipv6Groups = 8;

/** The 16-bit groups of one side of a "::", an IPv4 tail counting as two; undefined when malformed. */
function parseGroups(text: string): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (part.includes(".")) {
      const tail = index === parts.length - 1 ? ipv4Bytes(part) : undefined;
      if (!tail) return undefined;
      groups.push(tail[0]! * 256 + tail[1]!, tail[2]! * 256 + tail[3]!);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}

/** The 16 bytes of an IPv6 address (RFC 4291 §2.2), without zone; undefined when malformed. */
export function parseIpv6(text: string): Uint8Array | undefined {
  const sides = text.split("::");
  if (sides.length > 2) return undefined;
  const head = parseGroups(sides[0]!);
  const tail = sides.length === 2 ? parseGroups(sides[1]!) : [];
  if (!head || !tail || (sides.length === 2 && sides[0]!.includes("."))) return undefined;
  const missing = ipv6Groups - head.length - tail.length;
  if (sides.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const bytes = new Uint8Array(ipv6Bytes);
  for (const [index, group] of [...head, ...new Array<number>(missing).fill(0), ...tail].entries()) {
    bytes[index * 2] = group >>> 8;
    bytes[index * 2 + 1] = group & 255;
  }
  return bytes;
}

/** 4 or 16 bytes of an address; a prefix length after it ("10.0.0.1/24") is checked and left out. Undefined when malformed. */
export function addressBytes(text: string): Uint8Array | undefined {
  const [address, prefix, ...rest] = text.split("/");
  if (address === undefined || rest.length > 0) return undefined;
  const bytes = ipv4Bytes(address) ?? parseIpv6(address);
  if (bytes && prefix !== undefined && !(/^\d{1,3}$/.test(prefix) && Number(prefix) <= bytes.length * 8))
    return undefined;
  return bytes;
}

/** The bytes of an IPv4 address that has been validated before. */
export function ipv4BytesOf(address: string): Uint8Array {
  const bytes = ipv4Bytes(address);
  assert(bytes, `not an IPv4 address: ${address}`);
  return bytes;
}

/** The dotted form of four bytes at `offset`. */
export const ipv4At = (bytes: Uint8Array, offset: number): string =>
  formatIpv4(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(offset));

/** Byte-wise order, the shorter first on a tie. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const difference = a[index]! - b[index]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** True for fe80::/10. */
export const isLinkLocalIpv6 = (bytes: Uint8Array): boolean =>
  bytes.length === ipv6Bytes && bytes[0] === 0xfe && (bytes[1]! & 0xc0) === 0x80;

/** The six bytes of a MAC address in colon form ("00:00:5e:00:01:07"). */
export function macBytes(mac: string): Uint8Array {
  assert(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(mac), `not a MAC address: ${mac}`);
  return Uint8Array.from(mac.split(":"), (byte) => Number.parseInt(byte, 16));
}
