/**
 * What follows from a configuration, without the schema it is checked by: the CARP thread loads no more than this, and
 * so is up sooner.
 */
import { canonicalJson, type Json } from "@tandem/base/canonical-json";
import { sha256Hex } from "@tandem/base/digest";
import { interfaceIdMax, vhidMax, vhidMin } from "@tandem/carp/constants";
import type { CarpConfig } from "@tandem/carp/state";
import { virtualMac } from "@tandem/carp/wire";
import type { CarpdConfiguration } from "./carpd-configuration.ts";

/** Addresses with their prefix lengths that a device may carry on behalf of carpd. Plain data: it is kept on disk. */
export type DeviceAddresses = { device: string; addresses: string[] };

/** The part of it that the state machine works by. */
export const carpConfigOf = (configuration: CarpdConfiguration): CarpConfig => ({
  vhid: configuration.vhid,
  advbase: configuration.advbase,
  advskew: configuration.advskew,
  preempt: configuration.preempt,
  password: configuration.password,
  hashedAddresses: configuration.sharedAddresses,
  ownAddress: configuration.ownAddress,
  trustDemotion: !configuration.foreignPeer,
  replayCheck: configuration.foreignPeer ? "none" : "growing",
});

/** A device and every address that it carries while this unit is active, with its prefix length, each once. */
export type Carrier = {
  /** On whose cable the addresses are announced. */
  readonly device: string;
  /** The device that has them: the same, or a macvlan on it. */
  readonly on: string;
  /** With which the addresses are announced; null: the device's own MAC. */
  readonly virtualMac: string | null;
  readonly addresses: readonly string[];
};

/** The device that speaks CARP comes first. */
export const carriersOf = (configuration: CarpdConfiguration): Carrier[] =>
  [
    {
      device: configuration.device,
      addresses: [...configuration.sharedAddresses, ...configuration.serviceAddresses],
      virtualInterface: configuration.virtualInterface,
    },
    ...(configuration.further ?? []),
  ].map(({ device, addresses, virtualInterface: id }) =>
    id === undefined
      ? { device, on: device, virtualMac: null, addresses: eachOnce(addresses) }
      : {
          device,
          on: virtualName(id, configuration.vhid),
          virtualMac: virtualMac(id, configuration.vhid),
          // Without a network of its own: the way to the neighbours stays the parent's.
          addresses: eachOnce(addresses).map(
            (address) => `${withoutPrefix(address)}/${isIpv6Text(address) ? 128 : 32}`,
          ),
        },
  );

const virtualName = (interfaceId: number, vhid: number): string => `carp${interfaceId}.${vhid}`;

/** True for the name of a macvlan of ours: it is removed as a whole, with all that it carries. */
export const isVirtualName = (device: string): boolean => /^carp\d{1,3}\.\d{1,3}$/.test(device);

/** True for a macvlan of ours by its name and its MAC, whoever remembers it. */
export function isVirtualDevice(name: string, mac: string): boolean {
  const [, id = "", vhid = ""] = /^carp(\d{1,3})\.(\d{1,3})$/.exec(name) ?? [];
  return (
    id !== "" &&
    Number(id) <= interfaceIdMax &&
    Number(vhid) >= vhidMin &&
    Number(vhid) <= vhidMax &&
    virtualMac(Number(id), Number(vhid)) === mac
  );
}

/** What may be on the devices because of this configuration. */
export const carriedBy = (configuration: CarpdConfiguration): DeviceAddresses[] =>
  carriersOf(configuration).map(({ on, addresses }) => ({ device: on, addresses: [...addresses] }));

function eachOnce(addresses: readonly string[]): string[] {
  const byAddress = new Map<string, string>();
  for (const text of addresses)
    if (!byAddress.has(withoutPrefix(text))) byAddress.set(withoutPrefix(text), text);
  return [...byAddress.values()];
}

/** Of an address that has been validated before, with or without its prefix length. */
export const isIpv6Text = (address: string): boolean => address.includes(":");

/** The address of `address/prefix`. */
export const withoutPrefix = (address: string): string => address.split("/")[0] ?? address;

/** The same for equal configurations, for comparing what carpd works by with what the unit wants. */
export const configurationDigest = (configuration: CarpdConfiguration): string =>
  sha256Hex(canonicalJson(configuration as unknown as Json));
