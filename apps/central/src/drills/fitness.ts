/** Whether a drill may begin: what both units say of their pair, and whether a service of theirs is the target. Pure. */
import { canonicalAddress } from "@tandem/base/ipv6";
import { err, ok, type Result } from "@tandem/base/result";
import type { HaView } from "@tandem/loadmaster-api/ha-view";
import type { ProbeTarget } from "@tandem/probe/target";
import type { ProbedService } from "./ports.ts";

/** What a unit says of itself and its partner. */
export type UnitView = Pick<HaView, "squares" | "sharedAddress"> & {
  readonly isActive: boolean;
  /** The preferred host's number; 0: neither is preferred. */
  readonly preferred: number;
};

export type FitPair = {
  /** The index of the member that is active. */
  readonly active: 0 | 1;
  /** The active one is the preferred host, and takes the role back by itself. */
  readonly returnsByItself: boolean;
};

/** Of the two members, in the group's order; or every reason why the role cannot be moved now, each a clause. */
export function fitPair(
  names: readonly [string, string],
  views: readonly [Result<UnitView, string>, Result<UnitView, string>],
  sharedAddress: string,
): Result<FitPair, readonly string[]> {
  const [one, two] = views;
  if (!one.ok || !two.ok)
    return err(
      views.flatMap((view, index) =>
        view.ok ? [] : [`${names[index]} does not say how it is: ${view.error}`],
      ),
    );
  const isActive = [one.value.isActive, two.value.isActive];
  if (isActive[0] && isActive[1]) return err(["both units say that they are active"]);
  if (!isActive[0] && !isActive[1]) return err(["neither unit says that it is active"]);
  const active = isActive[0] ? 0 : 1;
  const { squares, preferred, sharedAddress: own } = active === 0 ? one.value : two.value;
  if (squares === null) return err([`HA is not set up on ${names[active]}`]);
  if (own !== null && canonicalAddress(own) !== canonicalAddress(sharedAddress))
    return err([`${names[active]} has the shared address ${own}, and the group ${sharedAddress}`]);
  const partner = squares.find(({ self }) => !self);
  const standby = names[1 - active];
  if (partner === undefined) return err([`${names[active]} does not know ${standby}`]);
  const against =
    partner.state === "standby, ready" ? [] : [`${standby} is ${partner.state}`, ...partner.reasons];
  // Each of them sees what the other does not: its own faults, and what it has heard.
  const itself = (active === 0 ? two.value : one.value).squares?.find(({ self }) => self);
  if (against.length === 0 && itself?.state !== "standby, ready")
    against.push(
      `${standby} says of itself that it is ${itself?.state ?? "no part of a pair"}`,
      ...(itself?.reasons ?? []),
    );
  if (against.length > 0) return err(against);
  const self = squares.find((square) => square.self);
  return ok({ active, returnsByItself: preferred !== 0 && self?.unit === `HA${preferred}` });
}

/** Why the target is none of the services; undefined when it is one. */
export function targetFault(target: ProbeTarget, services: readonly ProbedService[]): string | undefined {
  const { host, port } = endpointOf(target);
  const address = canonicalAddress(host);
  if (address === undefined)
    return `"${host}" is a name, and not the address of a virtual service of the pair`;
  const isServed = services.some(
    (each) =>
      each.protocol.toLowerCase() === "tcp" &&
      canonicalAddress(each.address) === address &&
      each.port === port,
  );
  return isServed ? undefined : `the pair has no virtual service of TCP at ${address} port ${port}`;
}

function endpointOf(target: ProbeTarget): { readonly host: string; readonly port: number } {
  if (target.kind === "tcp") return target;
  const url = new URL(target.url);
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? (target.kind === "https" ? 443 : 80) : Number(url.port),
  };
}
