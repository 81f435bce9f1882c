/** HA checks per interface (SPEC LH7): which interfaces are checked, which are in use, and what is wrong about the choice. */
import { err, ok, type Result } from "@tandem/base/result";
import { type NetworkInterface, onNetworkOf } from "../configuration-file.ts";
import { allServices } from "../services/sub-services.ts";
import { type SharedContent, withHa } from "../state/document.ts";

export type ChecksById = NonNullable<SharedContent["ha"]["checks"]>;

/** By interface id. As long as nothing was chosen, the first interface is checked. */
export function checksOf(shared: SharedContent, interfaces: readonly NetworkInterface[]): ChecksById {
  const first = interfaces[0];
  return shared.ha.checks ?? (first === undefined ? {} : { [first.id]: {} });
}

/** With the check of an interface switched; the last one is moved, never cleared. */
export function withCheck(
  shared: SharedContent,
  interfaces: readonly NetworkInterface[],
  id: number,
  on: boolean,
): Result<SharedContent, string> {
  const checks = { ...checksOf(shared, interfaces) };
  if (on === (checks[id] !== undefined)) return ok(shared);
  if (on) checks[id] = {};
  else delete checks[id];
  if (Object.keys(checks).length === 0)
    return err(`interface ${id} is the last one that is checked; set hacheck on another one first`);
  return ok(withHa(shared, { checks }));
}

/** With the gateway that must answer ARP; empty: its carrier alone is looked at. */
export function withGateway(
  shared: SharedContent,
  interfaces: readonly NetworkInterface[],
  on: NetworkInterface,
  gateway: string,
): Result<SharedContent, string> {
  const checks = { ...checksOf(shared, interfaces) };
  if (checks[on.id] === undefined) return err(`interface ${on.id} is not checked; set hacheck on it first`);
  const known = new Set([
    ...interfaces.map((each) => each.address),
    ...Object.values(shared.sharedAddresses),
  ]);
  if (known.has(gateway))
    return err(
      `${gateway} is an address of the pair itself; give a neighbour that both units need, such as the router`,
    );
  checks[on.id] = gateway === "" ? {} : { gateway };
  return ok(withHa(shared, { checks }));
}

/** Interfaces that something depends on and that are not checked, each with what depends on it. */
export function uncheckedInUse(
  shared: SharedContent,
  interfaces: readonly NetworkInterface[],
  defaultRouteDevices: readonly string[],
): { readonly on: NetworkInterface; readonly uses: readonly string[] }[] {
  const checks = checksOf(shared, interfaces);
  return interfaces
    .filter((on) => checks[on.id] === undefined)
    .map((on) => ({
      on,
      uses: [
        ...(shared.services.some(({ address }) => onNetworkOf(on, address)) ? ["virtual services"] : []),
        ...(allServices(shared).some(({ servers }) => servers.some(({ address }) => onNetworkOf(on, address)))
          ? ["real servers"]
          : []),
        ...(defaultRouteDevices.includes(on.device) ? ["the default gateway"] : []),
      ],
    }))
    .filter(({ uses }) => uses.length > 0);
}
