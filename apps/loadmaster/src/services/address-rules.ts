/** Where a virtual service may stand: only on an address and port that this unit, or its pair, can hold (SPEC LM1). */
import { formatCidr, formatIpv4, networkOf, parseIpv4 } from "@tandem/base/ip";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import { type NetworkInterface, onNetworkOf } from "../configuration-file.ts";
import type { StoredService, UnitDocument } from "../state/document.ts";

export type AddressFacts = {
  readonly interfaces: readonly NetworkInterface[];
  readonly sharedAddresses: readonly string[];
  readonly partners: readonly string[];
  /** True when HA is set up: addresses then have to be able to move to the partner. */
  readonly paired: boolean;
  readonly apiPort: number;
  readonly partnerPort: number;
  /** Where HAProxy's peers are listened for. */
  readonly peersPort: number;
};

/** Why a service cannot stand there; undefined when it can. `except` is the index of the service that is moved. */
export function addressFault(
  facts: AddressFacts,
  services: readonly StoredService[],
  address: string,
  port: number,
  except?: number,
): Failure | undefined {
  const refuse = (message: string): Failure => ({ code: 422, message });
  const number = parseIpv4(address);
  if (number === undefined) return refuse(`vs: "${address}" is not an IPv4 address; write it as 10.0.0.20`);
  if (facts.partners.includes(address))
    return refuse(
      `vs: ${address} is the partner's own address, which this unit can never hold; use the shared address${named(facts.sharedAddresses)}`,
    );
  const own = facts.interfaces.some((each) => each.address === address);
  if (own && facts.paired)
    return refuse(
      `vs: ${address} is this unit's own address and would not move to the partner; use the shared address${named(facts.sharedAddresses)}`,
    );
  const shared = facts.sharedAddresses.includes(address);
  if (!own && !shared) {
    const on = facts.interfaces.find((each) => onNetworkOf(each, number));
    if (on === undefined)
      return refuse(
        `vs: this unit cannot hold ${address}, which lies in none of its networks; use an address in ${facts.interfaces.map(networkText).join(" or ")}`,
      );
    if (
      on.prefix < 31 &&
      [0, broadcastOffset(on.prefix)].includes(
        number - networkOf({ address: number, prefix: on.prefix }).address,
      )
    )
      return refuse(
        `vs: ${address} is the network or broadcast address of ${networkText(on)}; use another one of that network`,
      );
  }
  if ((own || shared) && port === facts.apiPort)
    return refuse(
      `port: ${address}:${port} is where this unit's own API listens; use another port, or another address for the service`,
    );
  if (own && port === facts.partnerPort)
    return refuse(`port: ${address}:${port} is where the partner unit connects to; use another port`);
  if (own && port === facts.peersPort)
    return refuse(
      `port: ${address}:${port} is where persistence is exchanged; use another port, or another address for the service`,
    );
  const clash = services.find(
    (each) => each.index !== except && each.address === address && each.port === port,
  );
  if (clash !== undefined)
    return refuse(
      `vs: ${address}:${port} already belongs to virtual service ${clash.index}${clash.nickname === undefined ? "" : ` (${clash.nickname})`}; change that one, or use another port`,
    );
  return undefined;
}

const broadcastOffset = (prefix: number): number => 2 ** (32 - prefix) - 1;

const networkText = (each: NetworkInterface): string =>
  formatCidr(networkOf({ address: parseIpv4(each.address) ?? 0, prefix: each.prefix }));

const named = (addresses: readonly string[]): string =>
  addresses.length === 0 ? "" : ` ${addresses.join(" or ")}`;

/** Addresses that services stand on and that the unit has to put on its interfaces beside its own and the shared ones. */
export function carriedFor(
  facts: AddressFacts,
  services: readonly StoredService[],
): { device: string; address: string }[] {
  const elsewhere = new Set([
    ...facts.sharedAddresses,
    ...facts.partners,
    ...facts.interfaces.map((each) => each.address),
  ]);
  const found = new Map<string, { device: string; address: string }>();
  for (const service of services) {
    const number = parseIpv4(service.address);
    if (number === undefined || !service.enabled || elsewhere.has(service.address)) continue;
    const on = facts.interfaces.find((each) => onNetworkOf(each, number));
    // The whole of 127.0.0.0/8 is local on the loopback device without being put there.
    if (on === undefined || (on.device === "lo" && number >>> 24 === 127)) continue;
    found.set(service.address, { device: on.device, address: `${formatIpv4(number)}/${on.prefix}` });
  }
  return [...found.values()];
}

/** What a unit without a partner has to put on its interfaces. */
export function heldAlone(
  facts: AddressFacts,
  { shared, unit }: UnitDocument,
): { device: string; address: string }[] {
  const sharedOn = facts.interfaces.flatMap((each) => {
    const address = unit.holdsShared === true ? shared.sharedAddresses[each.id] : undefined;
    return address === undefined ? [] : [{ device: each.device, address: `${address}/${each.prefix}` }];
  });
  return [...sharedOn, ...carriedFor(facts, shared.services)];
}
