/**
 * Static routes of the unit. What the document says is in the kernel while the unit runs and after: like an interface's own
 * address a route belongs to the machine, and goes when it is deleted. Routes of the machine itself are left alone.
 */
import {
  type Cidr,
  contains,
  formatCidr,
  formatIpv4,
  networkOf,
  parseInterfaceCidr,
  parseIpv4,
} from "@tandem/base/ip";
import { err, ok, type Result } from "@tandem/base/result";
import { RouteNetlink } from "@tandem/linux/rtnetlink";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import { routesMax } from "@tandem/loadmaster-api/network-commands";
import { type NetworkInterface, onNetworkOf, ownAddresses } from "../configuration-file.ts";
import type { StoredRoute, UnitContent } from "../state/document.ts";

const refuse = (message: string): Result<never, Failure> => err({ code: 422, message });

export const routesView = ({ routes = [] }: UnitContent) =>
  routes.map(({ destination, gateway }) => ({ Destination: destination, Gateway: gateway }));

const loopback: Cidr = { address: 0x7f00_0000, prefix: 8 };
const multicast: Cidr = { address: 0xe000_0000, prefix: 4 };

const readNetwork = (text: string): Cidr | undefined =>
  parseInterfaceCidr(text.includes("/") ? text : `${text}/32`);

const networksOf = (interfaces: readonly NetworkInterface[]): Cidr[] =>
  interfaces.map((each) => networkOf({ address: parseIpv4(each.address) ?? 0, prefix: each.prefix }));

/** A route as it is kept, or why it cannot be. */
export function readRoute(
  unit: UnitContent,
  interfaces: readonly NetworkInterface[],
  dest: string,
  gateway: string,
): Result<StoredRoute, Failure> {
  const { routes = [] } = unit;
  const cidr = readNetwork(dest);
  if (cidr === undefined)
    return refuse(`dest: "${dest}" is not an IPv4 network; write it as 10.9.0.0/16, or an address alone`);
  const network = networkOf(cidr);
  const destination = formatCidr(network);
  if (network.address !== cidr.address)
    return refuse(`dest: ${dest} has bits beyond its prefix length; write ${destination}`);
  if (network.prefix === 0)
    return refuse(
      "dest: the default route is that of the machine; set it in the machine's own network set-up",
    );
  if ([loopback, multicast].some((each) => contains(each, network)))
    return refuse(`dest: ${destination} is of loopback or multicast, which no gateway leads to`);
  const own = networksOf(interfaces).find((each) => contains(each, network));
  if (own !== undefined)
    return refuse(
      `dest: ${destination} lies in ${formatCidr(own)}, which this unit is in itself; no gateway is needed`,
    );
  if (parseIpv4(gateway) === undefined) return refuse(`gateway: "${gateway}" is not an IPv4 address`);
  const on = interfaces.find((each) => onNetworkOf(each, gateway));
  if (on === undefined)
    return refuse(
      `gateway: ${gateway} lies in none of this unit's networks; use one in ${networksOf(interfaces).map(formatCidr).join(" or ")}`,
    );
  if (interfaces.some((each) => ownAddresses(each).includes(gateway)))
    return refuse(`gateway: ${gateway} is this unit's own address; give that of a router`);
  if (routes.some((each) => each.destination === destination))
    return refuse(`dest: there is a route to ${destination} already; delete that one first (delroute)`);
  if (routes.length >= routesMax)
    return refuse(`dest: there are ${routesMax} routes already; delete one first`);
  return ok({ destination, gateway: formatIpv4(parseIpv4(gateway) ?? 0) });
}

export function findRoute(unit: UnitContent, dest: string): Result<StoredRoute, Failure> {
  const cidr = readNetwork(dest);
  const found = unit.routes?.find((each) => cidr !== undefined && each.destination === formatCidr(cidr));
  return found === undefined
    ? refuse(`dest: there is no route to "${dest}"; showroute lists those that there are`)
    : ok(found);
}

export const withoutRoute = ({ routes = [], ...rest }: UnitContent, route: StoredRoute): UnitContent => {
  const left = routes.filter((each) => each.destination !== route.destination);
  return { ...rest, ...(left.length === 0 ? {} : { routes: left }) };
};

/** The kernel's words for what it refuses, by route; `EEXIST` of a route that is there already is one of them. */
export function changeRoutes(
  act: "add" | "remove",
  routes: readonly StoredRoute[],
  interfaces: readonly NetworkInterface[],
): { readonly route: StoredRoute; readonly code: string }[] {
  if (routes.length === 0) return [];
  let netlink: RouteNetlink | undefined;
  try {
    netlink = new RouteNetlink();
    const kernel = netlink;
    return routes.flatMap((route) => {
      const device = interfaces.find((each) => onNetworkOf(each, route.gateway))?.device;
      const code = device === undefined ? "no interface" : kernel.changeRoute(act, device, route);
      return code === undefined ? [] : [{ route, code }];
    });
  } catch (error) {
    return routes.map((route) => ({ route, code: (error as Error).message }));
  } finally {
    netlink?.close();
  }
}
