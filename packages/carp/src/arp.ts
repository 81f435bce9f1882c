/** ARP for IPv4 on Ethernet (RFC 826): the announcement of an address by its owner, and the question whether another is there. */
import { ipv4At, ipv4BytesOf, macBytes } from "./address.ts";

const broadcastMac = "ff:ff:ff:ff:ff:ff";
const etherTypeArp = 0x0806;
const etherHeaderBytes = 14;
const ethernetMinBytes = 60;
const arpBytes = 28;
const replyOperation = 2;
/** Hardware Ethernet, protocol IPv4, lengths 6 and 4. */
const ipv4OnEthernet = [0, 1, 8, 0, 6, 4] as const;

/** A request for `target` by the owner of `sender`, broadcast, padded to the Ethernet minimum. Prefix lengths are left out. */
export function arpRequestFrame(mac: string, sender: string, target: string): Uint8Array {
  const frame = new Uint8Array(ethernetMinBytes);
  frame.set(macBytes(broadcastMac));
  frame.set(macBytes(mac), 6);
  frame.set([etherTypeArp >>> 8, etherTypeArp & 255], 12);
  const arp = frame.subarray(etherHeaderBytes);
  // Operation 1 = request; the target's MAC stays zero.
  arp.set([...ipv4OnEthernet, 0, 1]);
  arp.set(macBytes(mac), 8);
  arp.set(ipv4BytesOf(sender.split("/")[0]!), 14);
  arp.set(ipv4BytesOf(target.split("/")[0]!), 24);
  return frame;
}

/** A gratuitous ARP (RFC 5227 §3): a request for `address` by its owner. */
export const gratuitousArpFrame = (mac: string, address: string): Uint8Array =>
  arpRequestFrame(mac, address, address);

/** Who answers in a frame that is an ARP reply: its IPv4 address; null for any other frame. Total. */
export function arpReplySender(frame: Uint8Array): string | null {
  if (frame.length < etherHeaderBytes + arpBytes) return null;
  if (frame[12]! * 256 + frame[13]! !== etherTypeArp) return null;
  const arp = frame.subarray(etherHeaderBytes);
  if (ipv4OnEthernet.some((byte, index) => arp[index] !== byte)) return null;
  return arp[6]! * 256 + arp[7]! === replyOperation ? ipv4At(arp, 14) : null;
}
