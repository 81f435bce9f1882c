/**
 * Kernel parameters of the caller's network namespace, through /proc/sys/net (ip-sysctl of the kernel's documentation).
 */
import { readFileSync, writeFileSync } from "node:fs";
import { assert } from "@tandem/base/assert";

/** A parameter that could not be set, and why in the system's words. */
export type SysctlFailure = { readonly parameter: string; readonly value: string; readonly code: string };

/** A device's name as the kernel allows it, and safe as part of a path. */
const deviceName = /^[A-Za-z0-9_.@:-]{1,15}$/;

/** Reads a parameter given with slashes, such as `ipv4/ip_nonlocal_bind`; undefined when the kernel has none. */
export function readSysctl(parameter: string): string | undefined {
  try {
    return readFileSync(pathOf(parameter), "utf8").trim();
  } catch {
    return undefined;
  }
}

/** Sets a parameter unless it has that value already; returns undefined or the failure. */
export function writeSysctl(parameter: string, value: string): SysctlFailure | undefined {
  try {
    if (readSysctl(parameter) !== value) writeFileSync(pathOf(parameter), value);
    return undefined;
  } catch (error) {
    return { parameter, value, code: (error as NodeJS.ErrnoException).code ?? String(error) };
  }
}

/** Lets processes listen on addresses that this unit does not hold now, so that HAProxy runs on a standby too. */
export const allowNonlocalBind = (): SysctlFailure | undefined =>
  writeSysctl("ipv4/ip_nonlocal_bind", "1") ??
  (readSysctl("ipv6/ip_nonlocal_bind") === undefined ? undefined : writeSysctl("ipv6/ip_nonlocal_bind", "1"));

/**
 * What a device needs that carries shared addresses under its own MAC:
 * - `arp_ignore=1`: answer only for addresses on the device that was asked, so that another interface of an active
 *   unit does not answer for a shared address;
 * - `arp_announce=2`: ask with the unit's own address as the sender, since neighbours learn from questions, too;
 * - `promote_secondaries=1`: removing one shared address must not take the others of its network along.
 */
export function prepareSharedAddressDevice(device: string): SysctlFailure[] {
  assert(deviceName.test(device), `"${device}" is a device name`);
  return [
    writeSysctl(`ipv4/conf/${device}/arp_ignore`, "1"),
    writeSysctl(`ipv4/conf/${device}/arp_announce`, "2"),
    writeSysctl(`ipv4/conf/${device}/promote_secondaries`, "1"),
  ].filter((failure) => failure !== undefined);
}

/**
 * What a unit with layer-4 services needs: packets are passed on, and a client is never told of a way past the unit to a
 * server of the same network, which would not know its connection.
 */
export function prepareForwarding(devices: readonly string[]): SysctlFailure[] {
  for (const device of devices) assert(deviceName.test(device), `"${device}" is a device name`);
  return [
    writeSysctl("ipv4/ip_forward", "1"),
    ...["all", ...devices].map((device) => writeSysctl(`ipv4/conf/${device}/send_redirects`, "0")),
  ].filter((failure) => failure !== undefined);
}

/**
 * What a macvlan needs that carries shared addresses under a virtual MAC, besides what its parent needs:
 * - with addresses of IPv6: `addr_gen_mode=1` (no link-local address of its own), `accept_ra=0`, `accept_dad=0`;
 * - without any: `disable_ipv6=1`. Either way no frame of its own leaves with the virtual MAC;
 * - `arp_ignore=1`: it does not answer for the unit's own addresses;
 * - `rp_filter=2`: answers leave by the parent, which a strict filter would object to; the greater of this and `all` counts.
 */
export function prepareVirtualDevice(device: string, carriesIpv6: boolean): SysctlFailure[] {
  assert(deviceName.test(device), `"${device}" is a device name`);
  const ipv6 = `ipv6/conf/${device}`;
  const six: readonly [string, string][] = carriesIpv6
    ? [
        ["addr_gen_mode", "1"],
        ["accept_ra", "0"],
        ["accept_dad", "0"],
        // Last: only now IPv6 begins there.
        ["disable_ipv6", "0"],
      ]
    : [["disable_ipv6", "1"]];
  return [
    ...(carriesIpv6 || readSysctl(`${ipv6}/disable_ipv6`) !== undefined
      ? six.map(([name, value]) => writeSysctl(`${ipv6}/${name}`, value))
      : []),
    writeSysctl(`ipv4/conf/${device}/arp_ignore`, "1"),
    writeSysctl(`ipv4/conf/${device}/rp_filter`, "2"),
  ].filter((failure) => failure !== undefined);
}

function pathOf(parameter: string): string {
  assert(!parameter.split("/").includes(".."), "a parameter's name does not leave /proc/sys/net");
  return `/proc/sys/net/${parameter}`;
}
