/** Where a virtual service may stand: only on an address and port that this unit, or its pair, can hold (SPEC LM1). */
import { networkOf, parseIpv4 } from "@tandem/base/ip";
import { hostFaultIpv6, isRouterAnycast, parseIpv6 } from "@tandem/base/ipv6";
import { conntrackdPort } from "@tandem/linux/conntrackd-configuration";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import { everyPort, placeText } from "@tandem/loadmaster-api/place";
import {
  type NetworkInterface,
  networkTexts,
  onNetworkOf,
  ownAddresses,
  prefixOn,
} from "../configuration-file.ts";
import type { SharedContent, StoredService, UnitDocument } from "../state/document.ts";
import { portsOf } from "./options.ts";

export type AddressFacts = {
  readonly interfaces: readonly NetworkInterface[];
  readonly sharedAddresses: readonly string[];
  readonly partners: readonly string[];
  /** The partner's own addresses of IPv6, as it tells them itself; absent: it has told none. */
  readonly partners6?: readonly string[];
  /** True when HA is set up: addresses then have to be able to move to the partner. */
  readonly paired: boolean;
  readonly apiPort: number;
  readonly partnerPort: number;
  /** Where HAProxy's peers are listened for. */
  readonly peersPort: number;
};

/** Why a service cannot stand there; undefined when it can. The address is spelled as it is kept; `except` is the index of the service that is moved. */
export function addressFault(
  facts: AddressFacts,
  services: readonly StoredService[],
  { address, port, protocol }: Pick<StoredService, "address" | "port" | "protocol">,
  except?: number,
): Failure | undefined {
  const refuse = (message: string): Failure => ({ code: 422, message });
  const number = parseIpv4(address);
  const six = parseIpv6(address);
  if (number === undefined && six === undefined)
    return refuse(
      `vs: "${address}" is not an IPv4 address, nor one of IPv6; write it as 10.0.0.20 or 2001:db8::20`,
    );
  const fault = six && hostFaultIpv6(six);
  if (fault !== undefined)
    return refuse(`vs: ${address} is ${fault}; use an address that clients can reach, such as 2001:db8::20`);
  if ([...facts.partners, ...(facts.partners6 ?? [])].includes(address))
    return refuse(
      `vs: ${address} is the partner's own address, which this unit can never hold; use the shared address${named(facts.sharedAddresses)}`,
    );
  const own = facts.interfaces.some((each) => ownAddresses(each).includes(address));
  if (own && facts.paired)
    return refuse(
      `vs: ${address} is this unit's own address and would not move to the partner; use the shared address${named(facts.sharedAddresses)}`,
    );
  const shared = facts.sharedAddresses.includes(address);
  if (!own && !shared) {
    const on = facts.interfaces.find((each) => onNetworkOf(each, address));
    if (on === undefined) {
      const networks = facts.interfaces.flatMap((each) => networkTexts(each, six && 6));
      return refuse(
        networks.length === 0
          ? `vs: this unit cannot hold ${address}, since none of its interfaces has an IPv6 address; give one its own in the unit's configuration file (address6)`
          : `vs: this unit cannot hold ${address}, which lies in none of its networks; use an address in ${networks.join(" or ")}`,
      );
    }
    if (six && isRouterAnycast({ address: six, prefix: prefixOn(on, address) }))
      return refuse(
        `vs: ${address} is the first address of ${networkTexts(on, 6)[0]}, which belongs to all its routers; use another one of that network`,
      );
    if (
      number !== undefined &&
      on.prefix < 31 &&
      [0, broadcastOffset(on.prefix)].includes(
        number - networkOf({ address: number, prefix: on.prefix }).address,
      )
    )
      return refuse(
        `vs: ${address} is the network or broadcast address of ${networkTexts(on)[0]}; use another one of that network`,
      );
  }
  const socket = placeText({ address, port, protocol });
  if ((own || shared) && port === everyPort)
    return refuse(
      `port: a service on every port of ${address} would take this unit's API, its pages and whatever else it is reached by there; use another address of the network, which only services have`,
    );
  if ((own || shared) && protocol === undefined && port === facts.apiPort)
    return refuse(
      `port: ${socket} is where this unit's own API listens; use another port, or another address for the service`,
    );
  // What the units say to each other goes over IPv4.
  if (own && protocol === undefined && six === undefined && port === facts.partnerPort)
    return refuse(`port: ${socket} is where the partner unit connects to; use another port`);
  if (own && protocol === undefined && six === undefined && port === facts.peersPort)
    return refuse(
      `port: ${socket} is where persistence is exchanged; use another port, or another address for the service`,
    );
  if (own && protocol === "udp" && port === conntrackdPort)
    return refuse(
      `port: ${socket} is where connections of layer 4 are told of; use another port, or another address for the service`,
    );
  const clash = services.find(
    (each) =>
      each.index !== except &&
      each.address === address &&
      each.protocol === protocol &&
      portsOf(each).includes(port),
  );
  if (clash !== undefined)
    return refuse(
      `vs: ${socket} already belongs to virtual service ${clash.index}${clash.nickname === undefined ? "" : ` (${clash.nickname})`}; change that one, or use another port`,
    );
  return undefined;
}

/** Whether a service is where the API is to listen, once the address is the pair's. */
export const isWhereApiListens = (service: StoredService, address: string, apiPort: number): boolean =>
  service.address === address &&
  (service.port === everyPort || (service.protocol === undefined && service.port === apiPort));

const broadcastOffset = (prefix: number): number => 2 ** (32 - prefix) - 1;

const named = (addresses: readonly string[]): string =>
  addresses.length === 0 ? "" : ` ${addresses.join(" or ")}`;

/** The pair's addresses on an interface, IPv4 first. */
export const sharedOn = (
  { sharedAddresses, sharedAddresses6 = {} }: Pick<SharedContent, "sharedAddresses" | "sharedAddresses6">,
  { id }: NetworkInterface,
): string[] => [sharedAddresses[id], sharedAddresses6[id]].filter((address) => address !== undefined);

/** Addresses that services stand on and that the unit has to put on its interfaces beside its own and the shared ones. */
export function carriedFor(
  facts: AddressFacts,
  services: readonly StoredService[],
): { device: string; address: string }[] {
  const elsewhere = new Set([
    ...facts.sharedAddresses,
    ...facts.partners,
    ...facts.interfaces.flatMap(ownAddresses),
  ]);
  const found = new Map<string, { device: string; address: string }>();
  const addresses = new Set(services.filter(({ enabled }) => enabled).map(({ address }) => address));
  for (const address of addresses) {
    if (elsewhere.has(address)) continue;
    const on = facts.interfaces.find((each) => onNetworkOf(each, address));
    // The whole of 127.0.0.0/8 is local on the loopback device without being put there.
    if (on === undefined || (on.device === "lo" && address.startsWith("127."))) continue;
    found.set(address, { device: on.device, address: `${address}/${prefixOn(on, address)}` });
  }
  return [...found.values()];
}

/** What a unit without a partner has to put on its interfaces. */
export function heldAlone(
  facts: AddressFacts,
  { shared, unit }: UnitDocument,
): { device: string; address: string }[] {
  const sharedToo = facts.interfaces.flatMap((each) => {
    const held = unit.holdsShared === true ? sharedOn(shared, each) : [];
    return held.map((address) => ({ device: each.device, address: `${address}/${prefixOn(each, address)}` }));
  });
  return [...sharedToo, ...carriedFor(facts, shared.services)];
}
