/**
 * What follows from a configuration, without the schema it is checked by: the CARP thread loads no more than this, and
 * so is up sooner.
 */
import { canonicalJson, type Json } from "@tandem/base/canonical-json";
import { sha256Hex } from "@tandem/base/digest";
import type { CarpConfig } from "@tandem/carp/state";
import type { CarpdConfiguration } from "./carpd-configuration.ts";

/** Addresses, `a.b.c.d/prefix`, that a device may carry on behalf of carpd. */
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

/** Every address the active unit carries, `a.b.c.d/prefix`, each once. */
export function carriedAddresses(configuration: CarpdConfiguration): string[] {
  const byAddress = new Map<string, string>();
  for (const text of [...configuration.sharedAddresses, ...configuration.serviceAddresses])
    if (!byAddress.has(withoutPrefix(text))) byAddress.set(withoutPrefix(text), text);
  return [...byAddress.values()];
}

/** `a.b.c.d` of `a.b.c.d/prefix`. */
export const withoutPrefix = (address: string): string => address.split("/")[0] ?? address;

/** The same for equal configurations, for comparing what carpd works by with what the unit wants. */
export const configurationDigest = (configuration: CarpdConfiguration): string =>
  sha256Hex(canonicalJson(configuration as unknown as Json));
