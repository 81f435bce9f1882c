/** Names that a unit knows the addresses of by itself; they go before what the machine's resolver says. */
import { parseIpv4 } from "@tandem/base/ip";
import { formatIpv6, parseIpv6 } from "@tandem/base/ipv6";
import { err, ok, type Result } from "@tandem/base/result";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import { hostsEntriesMax } from "@tandem/loadmaster-api/network-commands";
import type { HostsEntry, UnitContent } from "../state/document.ts";

const refuse = (message: string): Result<never, Failure> => err({ code: 422, message });

/** The address that an entry gives a name, or the name itself. */
export const addressOfHost = (entries: readonly HostsEntry[] | undefined, name: string): string =>
  entries?.find((each) => each.name.toLowerCase() === name.toLowerCase())?.address ?? name;

export const hostsView = ({ hosts = [] }: UnitContent) =>
  hosts.map(({ address, name }) => ({ HostIPAddress: address, HostFQDN: name }));

export function addHost(unit: UnitContent, hostip: string, name: string): Result<UnitContent, Failure> {
  const address = readAddress(hostip);
  if (!address.ok) return address;
  const { hosts = [] } = unit;
  const same = hosts.find(
    (each) => each.address === address.value || each.name.toLowerCase() === name.toLowerCase(),
  );
  if (same !== undefined)
    return refuse(
      `${same.address === address.value ? "hostip" : "hostfqdn"}: ${same.address} is ${same.name} already; remove that entry first (delhostsentry)`,
    );
  return hosts.length >= hostsEntriesMax
    ? refuse(`hostip: there are ${hostsEntriesMax} entries already; remove one first`)
    : ok({ ...unit, hosts: [...hosts, { address: address.value, name }] });
}

export function removeHost(unit: UnitContent, hostip: string): Result<UnitContent, Failure> {
  const address = readAddress(hostip);
  if (!address.ok) return address;
  const { hosts = [], ...rest } = unit;
  const left = hosts.filter((each) => each.address !== address.value);
  if (left.length === hosts.length)
    return refuse(`hostip: there is no entry of ${address.value}; gethosts lists those that there are`);
  return ok({ ...rest, ...(left.length === 0 ? {} : { hosts: left }) });
}

function readAddress(text: string): Result<string, Failure> {
  if (parseIpv4(text) !== undefined) return ok(text);
  const six = parseIpv6(text);
  return six ? ok(formatIpv6(six)) : refuse(`hostip: "${text}" is not an IPv4 or IPv6 address`);
}
