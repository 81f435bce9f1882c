/**
 * Two units that are active on different interfaces do not hear each other by CARP. It happens when one of them dies while
 * the traffic between the units moves (SPEC LH5): it comes back on the interface that it knew. The partner link, which
 * takes calls on every interface, tells them of each other.
 */
import { second } from "@tandem/base/time";
import type { PartnerStatus } from "./partner-messages.ts";

/**
 * True for the one of two active units that takes over the other's configuration: the one that became active later,
 * since clients are served by the other; of two that did within a second HA2. A partner of an earlier version says
 * neither, and nobody gives way to it.
 */
export function givesWay(own: PartnerStatus, theirs: PartnerStatus): boolean {
  if (own.role !== "master" || theirs.role !== "master") return false;
  if (own.haInterface === undefined || theirs.haInterface === undefined) return false;
  if (own.haInterface === theirs.haInterface) return false;
  const longerMs = (theirs.activeForMs ?? 0) - (own.activeForMs ?? 0);
  return Math.abs(longerMs) < second ? own.hamode > theirs.hamode : longerMs > 0;
}
