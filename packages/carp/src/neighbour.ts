/** The unsolicited neighbour advertisement (RFC 4861 §7.2.6): for IPv6 what a gratuitous ARP is for IPv4. */
import { assert } from "@tandem/base/assert";
import { parseIpv6 } from "@tandem/base/ipv6";
import { macBytes } from "./address.ts";
import { gratuitousArpFrame } from "./arp.ts";

/** All nodes of the link, and the MAC of that group (RFC 2464 §7). */
const allNodes = "ff02::1";
const allNodesMac = "33:33:00:00:00:01";
const etherTypeIpv6 = 0x86dd;
const etherHeaderBytes = 14;
const ipv6HeaderBytes = 40;
const nextHeaderIcmpv6 = 58;
/** RFC 4861 §7.1.2: whoever receives less than 255 drops it, since a router has passed it on. */
const hopLimit = 255;
const neighbourAdvertisement = 136;
/** Override: the MAC that a neighbour has noted is to be replaced. Neither a router's nor an answer. */
const overrideFlag = 0x20;
const targetLinkLayerAddress = 2;
/** Type, code, checksum, flags, target; then the option of 8 bytes. */
const messageBytes = 4 + 4 + 16 + 8;

/** The address itself is the source: it belongs to the interface that announces it. A prefix length is left out. */
export function neighbourAdvertisementFrame(mac: string, address: string): Uint8Array {
  const target = ipv6BytesOf(address.split("/")[0]!);
  const frame = new Uint8Array(etherHeaderBytes + ipv6HeaderBytes + messageBytes);
  frame.set(macBytes(allNodesMac));
  frame.set(macBytes(mac), 6);
  frame.set([etherTypeIpv6 >>> 8, etherTypeIpv6 & 255], 12);
  const header = frame.subarray(etherHeaderBytes);
  header.set([6 << 4, 0, 0, 0, messageBytes >>> 8, messageBytes & 255, nextHeaderIcmpv6, hopLimit]);
  header.set(target, 8);
  header.set(ipv6BytesOf(allNodes), 24);
  const message = header.subarray(ipv6HeaderBytes);
  message.set([neighbourAdvertisement, 0, 0, 0, overrideFlag]);
  message.set(target, 8);
  // The option's length counts units of 8 bytes.
  message.set([targetLinkLayerAddress, 1], 24);
  message.set(macBytes(mac), 26);
  const checksum = icmpv6Checksum(header, message);
  message.set([checksum >>> 8, checksum & 255], 2);
  return frame;
}

/** What tells the neighbours on a cable where an address is now, IPv4 or IPv6, with or without prefix length. */
export const announcementFrame = (mac: string, address: string): Uint8Array =>
  address.includes(":") ? neighbourAdvertisementFrame(mac, address) : gratuitousArpFrame(mac, address);

/** Over the pseudo header of RFC 8200 §8.1 and the message; 0 when the message holds its right checksum. */
export function icmpv6Checksum(header: Uint8Array, message: Uint8Array): number {
  const words = (bytes: Uint8Array): number => {
    let sum = 0;
    for (let index = 0; index < bytes.length; index += 2)
      sum += bytes[index]! * 256 + (bytes[index + 1] ?? 0);
    return sum;
  };
  let sum = words(header.subarray(8, ipv6HeaderBytes)) + message.length + nextHeaderIcmpv6 + words(message);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function ipv6BytesOf(address: string): Uint8Array {
  const bytes = parseIpv6(address);
  assert(bytes, `not an IPv6 address: ${address}`);
  return bytes;
}
