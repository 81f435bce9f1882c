/** Whether the parameters make a pair, and what carpd is to work by if they do (SPEC LH1–LH8, carp-notes). */
import { type NetworkInterface, prefixOn } from "../configuration-file.ts";
import { type AddressFacts, carriedFor, sharedOn as sharedAddressesOn } from "../services/address-rules.ts";
import type { UnitDocument } from "../state/document.ts";
import type { CarpdConfiguration } from "./carpd-configuration.ts";
import { checksOf } from "./checks.ts";
import { carpPasswordOf } from "./partner-secret.ts";

export type HaSetup =
  | { readonly kind: "single" }
  /** A mode is set, but these are still missing. */
  | { readonly kind: "incomplete"; readonly missing: readonly string[] }
  | {
      readonly kind: "pair";
      readonly mode: 1 | 2;
      readonly own: NetworkInterface;
      readonly partner: string;
      readonly sharedAddress: string;
      readonly carpd: CarpdConfiguration;
    };

/**
 * Fast mode: advertisements each 39 ms from the unit that leads (advskew 10), each 78 ms from the other (20), which gives
 * up after 234 ms of silence (SPEC LH2).
 */
const fastAdvskew = { first: 10, second: 20 } as const;
const ordinaryAdvskew = { first: 0, second: 1 } as const;

/** `sameMode`: the partner says it is the same one of the pair. */
export function haSetup(
  document: UnitDocument,
  interfaces: readonly NetworkInterface[],
  facts: AddressFacts,
  sameMode: boolean,
): HaSetup {
  const { unit, shared } = document;
  if (unit.hamode !== 1 && unit.hamode !== 2) return { kind: "single" };
  const own =
    interfaces.find((each) => each.id === shared.ha.interface) ??
    interfaces.find(
      (each) => unit.partners[each.id] !== undefined && shared.sharedAddresses[each.id] !== undefined,
    ) ??
    interfaces.find(
      (each) => unit.partners[each.id] !== undefined || shared.sharedAddresses[each.id] !== undefined,
    ) ??
    interfaces[0];
  const partner = own === undefined ? undefined : unit.partners[own.id];
  const sharedAddress = own === undefined ? undefined : shared.sharedAddresses[own.id];
  const password =
    unit.carpPassword ?? (unit.partnerKey === undefined ? undefined : carpPasswordOf(unit.partnerKey));
  if (own === undefined || partner === undefined || sharedAddress === undefined || password === undefined)
    return {
      kind: "incomplete",
      missing: [
        ...(partner === undefined ? ["the partner address (modiface partner)"] : []),
        ...(sharedAddress === undefined ? ["the shared address (modiface shared)"] : []),
        ...(password === undefined ? ["the partner secret (setpartnersecret)"] : []),
      ],
    };
  const devices = [...new Set(interfaces.map((each) => each.device))];
  const sharedOn = (device: string): string[] =>
    interfaces
      .filter((each) => each.device === device)
      .flatMap((each) =>
        sharedAddressesOn(shared, each).map((address) => `${address}/${prefixOn(each, address)}`),
      );
  const servicesOn = (device: string): string[] =>
    carriedFor(facts, shared.services)
      .filter((each) => each.device === device)
      .map((each) => each.address);
  const virtual = shared.ha.virtualMac === true && unit.carpPassword === undefined;
  const virtualOn = (device: string): { virtualInterface?: number } => {
    const id = interfaces.find((each) => each.device === device)?.id;
    return virtual && id !== undefined ? { virtualInterface: id } : {};
  };
  const further = devices
    .filter((device) => device !== own.device)
    .map((device) => ({
      device,
      addresses: [...sharedOn(device), ...servicesOn(device)],
      ...virtualOn(device),
    }))
    .filter(({ addresses }) => addresses.length > 0);
  const chosen = checksOf(shared, interfaces);
  // The carrier of the device that speaks CARP needs no check: without it the unit takes no part.
  const checks = interfaces.flatMap((each) => {
    const check = chosen[each.id];
    return check === undefined || (each.device === own.device && check.gateway === undefined)
      ? []
      : [{ device: each.device, ownAddress: each.address, ...check }];
  });
  const preferred = shared.ha.preferred === unit.hamode;
  const first = shared.ha.preferred === 0 ? unit.hamode === 1 : preferred;
  const foreignPeer = unit.carpPassword !== undefined;
  const fast = shared.ha.fast === true && !foreignPeer;
  // Two units that both say they are the same one would tie for ever: the greater address stands back.
  const leads = sameMode ? greater(partner, own.address) : first;
  return {
    kind: "pair",
    mode: unit.hamode,
    own,
    partner,
    sharedAddress,
    carpd: {
      vhid: shared.ha.vhid,
      // Three advertisements in a row may be missed, and the timeout is three seconds per step.
      advbase: fast ? 0 : shared.ha.timeout,
      advskew: (fast ? fastAdvskew : ordinaryAdvskew)[leads ? "first" : "second"],
      preempt: preferred && !sameMode,
      password,
      device: own.device,
      ownAddress: own.address,
      sharedAddresses: sharedOn(own.device),
      serviceAddresses: servicesOn(own.device),
      ...virtualOn(own.device),
      ...(further.length > 0 ? { further } : {}),
      ...(checks.length > 0 ? { checks } : {}),
      ...(shared.ha.broadcast === true ? { broadcast: true } : {}),
      ...(foreignPeer ? { foreignPeer: true } : {}),
    },
  };
}

const octets = (address: string): number =>
  address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
const greater = (a: string, b: string): boolean => octets(a) > octets(b);
