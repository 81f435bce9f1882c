/** IPv6 addresses: read in every spelling of RFC 4291 §2.2, written in the one of RFC 5952. */
import { ipv4Bytes, parseIpv4 } from "./ip.ts";

const addressBytes = 16;
const groupCount = 8;

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

/** The 16 bytes of an address, without zone; undefined when malformed. */
export function parseIpv6(text: string): Uint8Array | undefined {
  const sides = text.split("::");
  if (sides.length > 2) return undefined;
  const head = parseGroups(sides[0]!);
  const tail = sides.length === 2 ? parseGroups(sides[1]!) : [];
  if (!head || !tail || (sides.length === 2 && sides[0]!.includes("."))) return undefined;
  const missing = groupCount - head.length - tail.length;
  if (sides.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const bytes = new Uint8Array(addressBytes);
  for (const [index, group] of [...head, ...new Array<number>(missing).fill(0), ...tail].entries()) {
    bytes[index * 2] = group >>> 8;
    bytes[index * 2 + 1] = group & 255;
  }
  return bytes;
}

/** RFC 5952 §4: lower case, no leading zeros, "::" for the first of the longest runs of two zero groups or more. */
export function formatIpv6(bytes: Uint8Array): string {
  const groups = Array.from(
    { length: groupCount },
    (_, index) => bytes[index * 2]! * 256 + bytes[index * 2 + 1]!,
  );
  let best = { start: 0, length: 1 };
  for (let start = 0; start < groupCount; start++) {
    let end = start;
    while (end < groupCount && groups[end] === 0) end++;
    if (end - start > best.length) best = { start, length: end - start };
  }
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(":");
  return best.length < 2
    ? hex(groups)
    : `${hex(groups.slice(0, best.start))}::${hex(groups.slice(best.start + best.length))}`;
}

/** The one spelling of an IPv4 or IPv6 address that is kept and compared; undefined when it is neither. */
export function canonicalAddress(text: string): string | undefined {
  if (parseIpv4(text) !== undefined) return text;
  const bytes = parseIpv6(text);
  return bytes && formatIpv6(bytes);
}

/** `address:port`, an IPv6 address in brackets. */
export const socketText = (address: string, port: number): string =>
  `${isIpv6(address) ? `[${address}]` : address}:${port}`;

export const isIpv6 = (text: string): boolean => parseIpv6(text) !== undefined;

/** True for fe80::/10. */
export const isLinkLocalIpv6 = (bytes: Uint8Array): boolean =>
  bytes.length === addressBytes && bytes[0] === 0xfe && (bytes[1]! & 0xc0) === 0x80;

/** Why an address is none that a host can be reached at by others, in words; undefined when it is one. */
export function hostFaultIpv6(bytes: Uint8Array): string | undefined {
  if (bytes.subarray(0, 15).every((byte) => byte === 0)) {
    if (bytes[15] === 0) return "the unspecified address, which nobody has";
    if (bytes[15] === 1) return "the loopback address, which never leaves its machine";
  }
  if (bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff)
    return "an IPv4 address written as IPv6; give it in its IPv4 form";
  if (isLinkLocalIpv6(bytes)) return "a link-local address, which each machine has for itself";
  return bytes[0] === 0xff ? "a multicast address, which no single machine has" : undefined;
}

export type Cidr6 = { readonly address: Uint8Array; readonly prefix: number };

/** `address/n`, host bits allowed (an interface's address); undefined when malformed. */
export function parseInterfaceCidr6(text: string): Cidr6 | undefined {
  const [addressText, prefixText, ...rest] = text.split("/");
  if (addressText === undefined || prefixText === undefined || rest.length > 0) return undefined;
  const address = parseIpv6(addressText);
  const prefix = /^\d{1,3}$/.test(prefixText) ? Number(prefixText) : Number.NaN;
  return address && prefix <= addressBytes * 8 ? { address, prefix } : undefined;
}

/** The network an interface's address lies in. */
export const networkOf6 = ({ address, prefix }: Cidr6): Cidr6 => ({
  address: address.map((byte, index) => byte & (0xff00 >>> Math.min(8, Math.max(0, prefix - index * 8)))),
  prefix,
});

export const formatCidr6 = (cidr: Cidr6): string => `${formatIpv6(cidr.address)}/${cidr.prefix}`;

/** The first address of a network is that of all its routers (RFC 4291 §2.6.1); a link between two has none. */
export const isRouterAnycast = (cidr: Cidr6): boolean =>
  cidr.prefix < 127 && formatCidr6(networkOf6(cidr)) === formatCidr6(cidr);

/** True when `address` lies within the network of `outer`. */
export const contains6 = (outer: Cidr6, address: Uint8Array): boolean =>
  formatCidr6(networkOf6(outer)) === formatCidr6(networkOf6({ address, prefix: outer.prefix }));
