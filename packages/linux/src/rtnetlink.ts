/**
 * Addresses and links of the kernel over rtnetlink(7): one system call for a batch, each message with its own
 * outcome. The kernel answers inside sendto(2), so a request and its answers are one synchronous act.
 */

import { assert } from "@tandem/base/assert";
import { parseInterfaceCidr } from "@tandem/base/ip";
import { isIpv6, isLinkLocalIpv6, parseInterfaceCidr6, parseIpv6 } from "@tandem/base/ipv6";
import {
  AF_NETLINK,
  bindSocket,
  closeDescriptor,
  EADDRNOTAVAIL,
  EEXIST,
  ENOBUFS,
  ENODEV,
  ESRCH,
  errorName,
  openSocket,
  receive,
  SOCK_RAW,
  SystemCallError,
  send,
  setOption,
} from "./libc.ts";
import type { MessageReader } from "./message-socket.ts";
import {
  addressOf,
  type DeviceAddress,
  decodeMessages,
  deleteAddressBody,
  dumpAddressesBody,
  dumpLinksBody,
  encodeMessage,
  errorOf,
  type Link,
  linkByNameBody,
  linkOf,
  linkStateBody,
  type NetlinkMessage,
  NLM_F_ACK,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_EXCL,
  NLM_F_REQUEST,
  NLMSG_DONE,
  newAddressBody,
  newMacvlanBody,
  RTM_DELADDR,
  RTM_DELLINK,
  RTM_DELROUTE,
  RTM_GETADDR,
  RTM_GETLINK,
  RTM_NEWADDR,
  RTM_NEWLINK,
  RTM_NEWROUTE,
  routeBody,
} from "./netlink-message.ts";

const NETLINK_ROUTE = 0;
const SOL_SOCKET = 1;
const SOL_NETLINK = 270;
const SO_RCVBUF = 8;
const NETLINK_CAP_ACK = 10;
const RTMGRP_LINK = 1;

const receiveBufferBytes = 1_048_576;
/** The kernel writes a dump in datagrams of at most 32 KiB. */
const datagramMaxBytes = 65_536;
/** A batch larger than this goes out in parts, so that its acknowledgements fit the receive buffer. */
const batchMaxMessages = 128;

/** An address with its prefix length that could not be added or removed, and the error's name, such as `EPERM`. */
export type AddressFailure = { readonly address: string; readonly code: string };

type Request = { readonly type: number; readonly flags: number; readonly body: Buffer };

/** A connection to the kernel's routing tables, in the network namespace of the thread that made it. */
export class RouteNetlink {
  readonly #descriptor: number;
  readonly #buffer = Buffer.alloc(datagramMaxBytes);
  #sequence = 0;

  constructor() {
    this.#descriptor = openRouteSocket(0);
  }

  /** The link named `device`; undefined when there is none. */
  link(device: string): Link | undefined {
    try {
      const answers = this.#request([{ type: RTM_GETLINK, flags: NLM_F_ACK, body: linkByNameBody(device) }]);
      return answers.messages.map(linkOf).find((link) => link?.name === device);
    } catch (error) {
      if (error instanceof SystemCallError && error.errno === ENODEV) return undefined;
      throw error;
    }
  }

  /** Every link of the namespace. */
  links(): Link[] {
    const { messages } = this.#request([{ type: RTM_GETLINK, flags: NLM_F_DUMP, body: dumpLinksBody() }]);
    return messages.map(linkOf).filter((link) => link !== undefined);
  }

  /**
   * The addresses of `device` with their prefix lengths, in the kernel's order, IPv4 first and without the link-local ones
   * of IPv6, which the kernel gives by itself; empty when there is no such device.
   */
  addresses(device: string): string[] {
    const link = this.link(device);
    if (!link) return [];
    const { messages } = this.#request([{ type: RTM_GETADDR, flags: NLM_F_DUMP, body: dumpAddressesBody() }]);
    return messages
      .map(addressOf)
      .filter((entry): entry is DeviceAddress => entry?.index === link.index)
      .filter(({ address }) => !isLinkLocalIpv6(parseIpv6(address) ?? new Uint8Array()))
      .map((entry) => `${entry.address}/${entry.prefix}`);
  }

  /**
   * Adds addresses with their prefix lengths to `device` in one batch. One that is there already is no failure. An IPv6
   * address can be used at once, on a device that is up.
   * Throws {@link SystemCallError} only when the kernel cannot be spoken to at all.
   */
  addAddresses(device: string, addresses: readonly string[]): AddressFailure[] {
    return this.#changeAddresses(device, addresses, EEXIST, (index, bytes, prefix) => ({
      type: RTM_NEWADDR,
      flags: NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
      body: newAddressBody(index, bytes, prefix),
    }));
  }

  /**
   * Removes addresses from `device` in one batch, whatever prefix length each has now. One that is not there,
   * or a device that is not there, is no failure.
   */
  removeAddresses(device: string, addresses: readonly string[]): AddressFailure[] {
    if (!this.link(device)) return [];
    return this.#changeAddresses(
      device,
      this.#asTheyAre(device, addresses),
      EADDRNOTAVAIL,
      (index, bytes, prefix) => ({
        type: RTM_DELADDR,
        flags: NLM_F_ACK,
        body: deleteAddressBody(index, bytes, prefix),
      }),
    );
  }

  /**
   * Adds or removes a static route of IPv4 in the main table; the error's name where the kernel refuses, `EEXIST` for one to
   * a destination that has one. A route that is not there is removed without failure.
   */
  changeRoute(
    act: "add" | "remove",
    device: string,
    route: { readonly destination: string; readonly gateway: string },
  ): string | undefined {
    const link = this.link(device);
    if (!link) return errorName(ENODEV);
    const body = routeBody(
      link.index,
      interfaceAddress(route.destination),
      interfaceAddress(`${route.gateway}/32`).bytes,
    );
    const request =
      act === "add"
        ? { type: RTM_NEWROUTE, flags: NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, body }
        : { type: RTM_DELROUTE, flags: NLM_F_ACK, body };
    const [errno = 0] = this.#request([request], "report").errors;
    return errno === 0 || (act === "remove" && errno === ESRCH) ? undefined : errorName(errno);
  }

  /** Makes a macvlan of mode bridge on `parent`, down. Throws {@link SystemCallError}, ENODEV without the parent. */
  addMacvlan(name: string, parent: string, mac: Uint8Array): void {
    const on = this.link(parent);
    if (!on) throw new SystemCallError(`macvlan on ${parent}`, ENODEV);
    const flags = NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
    this.#request([{ type: RTM_NEWLINK, flags, body: newMacvlanBody(name, on.index, mac) }]);
  }

  /** Setting a link down waits for the kernel, some 10 ms. One that is not there, or is so already, is left alone. */
  setLink(device: string, state: "up" | "down"): void {
    const link = this.link(device);
    if (!link || link.up === (state === "up")) return;
    this.#request([{ type: RTM_NEWLINK, flags: NLM_F_ACK, body: linkStateBody(link.index, state === "up") }]);
  }

  /** Removes a link with its addresses, some 20 ms; one that is not there is left alone. */
  removeLink(device: string): void {
    const link = this.link(device);
    if (link)
      this.#request([{ type: RTM_DELLINK, flags: NLM_F_ACK, body: linkStateBody(link.index, false) }]);
  }

  close(): void {
    closeDescriptor(this.#descriptor);
  }

  /** The kernel removes an IPv6 address by the prefix length that it has; those that are not there are left out. */
  #asTheyAre(device: string, addresses: readonly string[]): readonly string[] {
    const bare = (text: string): string => text.split("/")[0] ?? text;
    const six = new Set(addresses.map(bare).filter(isIpv6));
    if (six.size === 0) return addresses;
    return [
      ...addresses.filter((text) => !six.has(bare(text))),
      ...this.addresses(device).filter((text) => six.has(bare(text))),
    ];
  }

  #changeAddresses(
    device: string,
    addresses: readonly string[],
    harmlessErrno: number,
    request: (index: number, bytes: Uint8Array, prefix: number) => Request,
  ): AddressFailure[] {
    if (addresses.length === 0) return [];
    const link = this.link(device);
    if (!link) return addresses.map((address) => ({ address, code: errorName(ENODEV) }));
    const requests = addresses.map((address) => {
      const { bytes, prefix } = interfaceAddress(address);
      return request(link.index, bytes, prefix);
    });
    const failures: AddressFailure[] = [];
    for (let start = 0; start < requests.length; start += batchMaxMessages) {
      const { errors } = this.#request(requests.slice(start, start + batchMaxMessages), "report");
      errors.forEach((errno, position) => {
        const address = addresses[start + position];
        if (errno !== 0 && errno !== harmlessErrno && address !== undefined)
          failures.push({ address, code: errorName(errno) });
      });
    }
    return failures;
  }

  /**
   * Sends all requests in one system call and reads until each is acknowledged or its dump is done.
   * `errors` holds one error number per request, in order; with "throw" the first that is not 0 is thrown.
   */
  #request(
    requests: readonly Request[],
    onError: "throw" | "report" = "throw",
  ): { messages: NetlinkMessage[]; errors: number[] } {
    const first = this.#sequence + 1;
    const datagram = Buffer.concat(
      requests.map((request) =>
        encodeMessage({ ...request, flags: request.flags | NLM_F_REQUEST, sequence: this.#nextSequence() }),
      ),
    );
    send(this.#descriptor, datagram, netlinkAddress(0));
    const messages: NetlinkMessage[] = [];
    const errors = new Map<number, number>();
    while (errors.size < requests.length) {
      const length = receive(this.#descriptor, this.#buffer);
      if (length === undefined) throw new SystemCallError("rtnetlink answer", ENOBUFS);
      for (const message of decodeMessages(Buffer.from(this.#buffer.subarray(0, length)))) {
        const position = message.sequence - first;
        if (position < 0 || position >= requests.length) continue;
        const errno = message.type === NLMSG_DONE ? 0 : errorOf(message);
        if (errno === undefined) messages.push(message);
        else errors.set(position, errno);
      }
    }
    const inOrder = requests.map((_, position) => errors.get(position) ?? 0);
    const failed = inOrder.find((errno) => errno !== 0);
    if (onError === "throw" && failed !== undefined) throw new SystemCallError("rtnetlink", failed);
    return { messages, errors: inOrder };
  }

  #nextSequence(): number {
    this.#sequence += 1;
    assert(this.#sequence < 0xffff_ffff, "netlink sequence numbers have not run out");
    return this.#sequence;
  }
}

/**
 * Calls `onChange` after every change of any link of the namespace, and after changes that were lost because too
 * many came at once: the caller then asks for the link it cares about, so nothing is missed.
 */
export function watchLinks(reader: MessageReader, onChange: () => void): { close(): void } {
  return reader.read(openRouteSocket(RTMGRP_LINK), { onMessage: onChange, onError: onChange });
}

function openRouteSocket(groups: number): number {
  const descriptor = openSocket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  try {
    setOption(descriptor, SOL_SOCKET, SO_RCVBUF, receiveBufferBytes);
    setOption(descriptor, SOL_NETLINK, NETLINK_CAP_ACK, 1);
    bindSocket(descriptor, netlinkAddress(groups));
    return descriptor;
  } catch (error) {
    closeDescriptor(descriptor);
    throw error;
  }
}

/** struct sockaddr_nl: the kernel is port 0. */
function netlinkAddress(groups: number): Buffer {
  const address = Buffer.alloc(12);
  address.writeUInt16LE(AF_NETLINK, 0);
  address.writeUInt32LE(groups, 8);
  return address;
}

function interfaceAddress(text: string): { bytes: Uint8Array; prefix: number } {
  const six = parseInterfaceCidr6(text);
  if (six) return { bytes: six.address, prefix: six.prefix };
  const cidr = parseInterfaceCidr(text);
  assert(cidr, `"${text}" is an address with its prefix length`);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(cidr.address);
  return { bytes, prefix: cidr.prefix };
}
