/**
 * The bytes of rtnetlink: netlink(7), rtnetlink(7). Pure; the socket is in `rtnetlink.ts`.
 */
import { formatIpv4 } from "@tandem/base/ip";
import { formatIpv6 } from "@tandem/base/ipv6";

export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;
export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
export const RTM_GETADDR = 22;
export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

export const NLM_F_REQUEST = 1;
export const NLM_F_ACK = 4;
export const NLM_F_DUMP = 0x300;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;

const familyInet = 2;
const familyInet6 = 10;
const headerBytes = 16;
const ipv6Bytes = 16;
const attributeHeaderBytes = 4;
const addressBodyBytes = 8;
const linkBodyBytes = 16;

const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RT_TABLE_MAIN = 254;
/** Of routes that an administrator has set. */
const RTPROT_STATIC = 4;
const RTN_UNICAST = 1;
const routeBodyBytes = 12;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_CACHEINFO = 6;
const IFA_FLAGS = 8;
/** Usable at once: CARP has settled who has it, so that nobody need be asked (RFC 4862 §5.4). */
const IFA_F_NODAD = 0x02;
/** The way to the network is the unit's own address's, before, during and after. */
const IFA_F_NOPREFIXROUTE = 0x200;
const lifetimeForever = 0xffff_ffff;
const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_LINK = 5;
const IFLA_LINKINFO = 18;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const IFLA_MACVLAN_MODE = 1;
/** What arrives with the link's own address as its source is passed to the parent, so that a peer with the same one is heard there. */
const MACVLAN_MODE_BRIDGE = 4;
const IFF_UP = 1;
const IFF_RUNNING = 0x40;

export type NetlinkMessage = {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly body: Buffer;
};

/** One address of a device, IPv4 dotted, IPv6 as RFC 5952 writes it. */
export type DeviceAddress = { readonly index: number; readonly address: string; readonly prefix: number };

/** `running` is carrier and administratively up; `mac` is empty for devices without one. */
export type Link = {
  readonly index: number;
  readonly name: string;
  readonly mac: Uint8Array;
  readonly running: boolean;
  /** Administratively up, whatever its carrier. */
  readonly up: boolean;
  /** Index of the device it stands on; undefined for one that stands by itself. */
  readonly parent: number | undefined;
};

const aligned = (length: number): number => (length + 3) & ~3;

/** Encodes one message; `sequence` comes back with its acknowledgement. */
export function encodeMessage(message: NetlinkMessage): Buffer {
  const bytes = Buffer.alloc(aligned(headerBytes + message.body.length));
  bytes.writeUInt32LE(headerBytes + message.body.length, 0);
  bytes.writeUInt16LE(message.type, 4);
  bytes.writeUInt16LE(message.flags, 6);
  bytes.writeUInt32LE(message.sequence, 8);
  message.body.copy(bytes, headerBytes);
  return bytes;
}

/** The messages of one datagram. Whatever does not fit its own length ends the list. */
export function decodeMessages(datagram: Buffer): NetlinkMessage[] {
  const messages: NetlinkMessage[] = [];
  for (let offset = 0; offset + headerBytes <= datagram.length; ) {
    const length = datagram.readUInt32LE(offset);
    if (length < headerBytes || offset + length > datagram.length) break;
    messages.push({
      type: datagram.readUInt16LE(offset + 4),
      flags: datagram.readUInt16LE(offset + 6),
      sequence: datagram.readUInt32LE(offset + 8),
      body: datagram.subarray(offset + headerBytes, offset + length),
    });
    offset += aligned(length);
  }
  return messages;
}

/** The error number of an NLMSG_ERROR message, 0 for an acknowledgement; undefined for any other message. */
export const errorOf = (message: NetlinkMessage): number | undefined =>
  message.type === NLMSG_ERROR && message.body.length >= 4 ? -message.body.readInt32LE(0) : undefined;

function attribute(type: number, value: Uint8Array): Buffer {
  const bytes = Buffer.alloc(aligned(attributeHeaderBytes + value.length));
  bytes.writeUInt16LE(attributeHeaderBytes + value.length, 0);
  bytes.writeUInt16LE(type, 2);
  bytes.set(value, attributeHeaderBytes);
  return bytes;
}

function attributesOf(body: Buffer, start: number): Map<number, Buffer> {
  const attributes = new Map<number, Buffer>();
  for (let offset = start; offset + attributeHeaderBytes <= body.length; ) {
    const length = body.readUInt16LE(offset);
    if (length < attributeHeaderBytes || offset + length > body.length) break;
    // The two top bits of the type are flags (nested, byte order).
    attributes.set(
      body.readUInt16LE(offset + 2) & 0x3fff,
      body.subarray(offset + attributeHeaderBytes, offset + length),
    );
    offset += aligned(length);
  }
  return attributes;
}

/**
 * The body of RTM_NEWADDR (struct ifaddrmsg with IFA_LOCAL and IFA_ADDRESS). `address` is 4 or 16 bytes. One of IPv6 is
 * not preferred (struct ifa_cacheinfo with a preferred lifetime of 0): it answers whoever asks for it, and what the unit
 * begins itself goes on leaving from its own address.
 */
export function newAddressBody(index: number, address: Uint8Array, prefix: number): Buffer {
  if (address.length === ipv6Bytes)
    return Buffer.concat([
      addressHeader(index, prefix, familyInet6),
      attribute(IFA_ADDRESS, address),
      attribute(IFA_FLAGS, uint32(IFA_F_NODAD | IFA_F_NOPREFIXROUTE)),
      attribute(IFA_CACHEINFO, Buffer.concat([0, lifetimeForever, 0, 0].map(uint32))),
    ]);
  return Buffer.concat([
    addressHeader(index, prefix),
    attribute(IFA_LOCAL, address),
    attribute(IFA_ADDRESS, address),
  ]);
}

/**
 * The body of RTM_DELADDR. Without IFA_ADDRESS the kernel looks at the local address alone, so an IPv4 address goes
 * away whatever its prefix length was when it was added. Of an IPv6 address the kernel wants the prefix length as it is.
 */
export function deleteAddressBody(index: number, address: Uint8Array, prefix: number): Buffer {
  if (address.length === ipv6Bytes)
    return Buffer.concat([addressHeader(index, prefix, familyInet6), attribute(IFA_ADDRESS, address)]);
  return Buffer.concat([addressHeader(index, 32), attribute(IFA_LOCAL, address)]);
}

/** The body of RTM_NEWROUTE and RTM_DELROUTE (struct rtmsg): an IPv4 route of the main table over a gateway. */
export function routeBody(
  index: number,
  destination: { readonly bytes: Uint8Array; readonly prefix: number },
  gateway: Uint8Array,
): Buffer {
  const header = Buffer.alloc(routeBodyBytes);
  header[0] = familyInet;
  header[1] = destination.prefix;
  header[4] = RT_TABLE_MAIN;
  header[5] = RTPROT_STATIC;
  header[7] = RTN_UNICAST;
  return Buffer.concat([
    header,
    attribute(RTA_DST, destination.bytes),
    attribute(RTA_OIF, uint32(index)),
    attribute(RTA_GATEWAY, gateway),
  ]);
}

function addressHeader(index: number, prefix: number, family = familyInet): Buffer {
  const header = Buffer.alloc(addressBodyBytes);
  header[0] = family;
  header[1] = prefix;
  header.writeUInt32LE(index, 4);
  return header;
}

/** The body of a dump of all addresses, IPv4 first. */
export const dumpAddressesBody = (): Buffer => addressHeader(0, 0, 0);

export const dumpLinksBody = (): Buffer => Buffer.alloc(linkBodyBytes);

/** The body of a request for one link by name (struct ifinfomsg with IFLA_IFNAME). */
export function linkByNameBody(name: string): Buffer {
  return Buffer.concat([Buffer.alloc(linkBodyBytes), attribute(IFLA_IFNAME, Buffer.from(`${name}\0`))]);
}

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

/** The body of RTM_NEWLINK for a macvlan of mode bridge, made down. `mac` is six bytes, `parent` an index. */
export function newMacvlanBody(name: string, parent: number, mac: Uint8Array): Buffer {
  return Buffer.concat([
    Buffer.alloc(linkBodyBytes),
    attribute(IFLA_LINK, uint32(parent)),
    attribute(IFLA_IFNAME, Buffer.from(`${name}\0`)),
    attribute(IFLA_ADDRESS, mac),
    attribute(
      IFLA_LINKINFO,
      Buffer.concat([
        attribute(IFLA_INFO_KIND, Buffer.from("macvlan")),
        attribute(IFLA_INFO_DATA, attribute(IFLA_MACVLAN_MODE, uint32(MACVLAN_MODE_BRIDGE))),
      ]),
    ),
  ]);
}

/** The body of RTM_NEWLINK that sets a link up or down, and of RTM_DELLINK, which looks at the index alone. */
export function linkStateBody(index: number, up: boolean): Buffer {
  const header = Buffer.alloc(linkBodyBytes);
  header.writeInt32LE(index, 4);
  header.writeUInt32LE(up ? IFF_UP : 0, 8);
  header.writeUInt32LE(IFF_UP, 12);
  return header;
}

/** The IPv4 or IPv6 address of an RTM_NEWADDR message; undefined for anything else. */
export function addressOf(message: NetlinkMessage): DeviceAddress | undefined {
  const { body } = message;
  if (message.type !== RTM_NEWADDR || body.length < addressBodyBytes) return undefined;
  const attributes = attributesOf(body, addressBodyBytes);
  const bytes = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS);
  const address =
    body[0] === familyInet && bytes?.length === 4
      ? formatIpv4(bytes.readUInt32BE(0))
      : body[0] === familyInet6 && bytes?.length === ipv6Bytes
        ? formatIpv6(bytes)
        : undefined;
  return address === undefined ? undefined : { index: body.readUInt32LE(4), address, prefix: body[1] ?? 0 };
}

/** The link of an RTM_NEWLINK or RTM_DELLINK message (a deleted link is not running); undefined for anything else. */
export function linkOf(message: NetlinkMessage): Link | undefined {
  const { body } = message;
  if ((message.type !== RTM_NEWLINK && message.type !== RTM_DELLINK) || body.length < linkBodyBytes)
    return undefined;
  const attributes = attributesOf(body, linkBodyBytes);
  const flags = body.readUInt32LE(8);
  const name = attributes.get(IFLA_IFNAME)?.toString("latin1").replace(/\0.*$/s, "");
  if (name === undefined) return undefined;
  return {
    index: body.readInt32LE(4),
    name,
    mac: Uint8Array.from(attributes.get(IFLA_ADDRESS) ?? []),
    up: message.type === RTM_NEWLINK && (flags & IFF_UP) !== 0,
    parent: attributes.get(IFLA_LINK)?.readInt32LE(0),
    running: message.type === RTM_NEWLINK && (flags & IFF_UP) !== 0 && (flags & IFF_RUNNING) !== 0,
  };
}
