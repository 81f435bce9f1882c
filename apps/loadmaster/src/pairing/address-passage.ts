/**
 * Addresses pass from the unit to carpd when it gets a partner, and back when it is alone again, without leaving their
 * device: who takes them has them before the other lets go (SPEC LH10). A client's connection does not notice.
 */
import { announcementFrame } from "@tandem/carp/neighbour";
import { PacketTransmitter } from "@tandem/linux/packet-transmit";
import { RouteNetlink } from "@tandem/linux/rtnetlink";
import type { CarpRole } from "../ha/carp-role.ts";
import type { CarpdConfiguration } from "../ha/carpd-configuration.ts";
import { carriersOf, withoutPrefix } from "../ha/carpd-group.ts";
import type { CarriedAddress, StandaloneAddresses } from "../services/standalone-addresses.ts";

/** carpd that runs already takes some milliseconds. */
const carpTakesMs = 5_000;
const lookIntervalMs = 10;

/** As they stand on the devices without a virtual MAC. */
const carriedOf = (configuration: CarpdConfiguration): CarriedAddress[] =>
  carriersOf(configuration).flatMap(({ device, addresses }, index) => {
    const { sharedAddresses, serviceAddresses, further = [] } = configuration;
    const asGiven =
      index === 0 ? [...sharedAddresses, ...serviceAddresses] : (further[index - 1]?.addresses ?? []);
    return addresses.flatMap((address) => {
      const given = asGiven.find((each) => withoutPrefix(each) === withoutPrefix(address));
      return given === undefined ? [] : [{ device, address: given }];
    });
  });

/** carpd, which began as the one who holds them, has them; until it says so they remain the unit's own. */
export async function giveToCarp(
  configuration: CarpdConfiguration,
  carp: Pick<CarpRole, "status">,
  standalone: StandaloneAddresses,
): Promise<string[]> {
  const wanted = carriersOf(configuration).flatMap(({ addresses }) => addresses.map(withoutPrefix));
  const deadline = performance.now() + carpTakesMs;
  const has = (): boolean => {
    const { status } = carp;
    if (status?.role !== "master") return false;
    const held = new Set((status.addresses ?? wanted).map(withoutPrefix));
    return wanted.every((address) => held.has(address));
  };
  while (!has()) {
    if (performance.now() > deadline)
      return ["carpd has not taken the addresses, which stay where they were; see its status"];
    await new Promise((resolve) => setTimeout(resolve, lookIntervalMs));
  }
  // With a virtual MAC they are on another device by now, and the unit's own can go.
  const onOwnDevice = carriersOf(configuration).every(({ virtualMac }) => virtualMac === null);
  return standalone.giveOver(onOwnDevice ? carriedOf(configuration) : []);
}

/** True when carpd held them as the active one: they are the unit's own now, so that carpd can end and leave them. */
export async function takeFromCarp(
  configuration: CarpdConfiguration,
  carp: Pick<CarpRole, "status">,
  standalone: StandaloneAddresses,
): Promise<boolean> {
  if (carp.status?.role !== "master") return false;
  const all = carriedOf(configuration);
  await standalone.add(all);
  // Neighbours know them by the virtual MAC, which ends with carpd.
  if (carriersOf(configuration).some(({ virtualMac }) => virtualMac !== null)) announce(all);
  return true;
}

function announce(addresses: readonly CarriedAddress[]): void {
  const netlink = new RouteNetlink();
  try {
    for (const device of new Set(addresses.map((each) => each.device))) {
      const mac = netlink.link(device)?.mac;
      if (mac?.length !== 6) continue;
      const text = Array.from(mac, (byte) => byte.toString(16).padStart(2, "0")).join(":");
      const transmitter = new PacketTransmitter(device);
      try {
        for (const each of addresses)
          if (each.device === device) transmitter.send(announcementFrame(text, each.address));
      } finally {
        transmitter.close();
      }
    }
  } catch {
    // Neighbours ask again by themselves, later.
  } finally {
    netlink.close();
  }
}
