/** Addresses as bytes, IPv4 and IPv6, as the HMAC and the frames need them. */
import { assert } from "@tandem/base/assert";
import { formatIpv4, ipv4Bytes } from "@tandem/base/ip";
import { parseIpv6 } from "@tandem/base/ipv6";

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

/** The six bytes of a MAC address in colon form ("00:00:5e:00:01:07"). */
export function macBytes(mac: string): Uint8Array {
  assert(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(mac), `not a MAC address: ${mac}`);
  return Uint8Array.from(mac.split(":"), (byte) => Number.parseInt(byte, 16));
}
