/** Other groups on the segment that use our virtual ID (SPEC LH8): who they are, since when, and by what they are known. */
import type { Millis } from "@tandem/base/time";
import { foreignGroupsMax } from "./constants.ts";
import type { RejectReason } from "./wire.ts";

/** `hmac`: CARP with another password or other addresses; `authlen`: by its look VRRPv2; `vrrp3`: VRRPv3. */
export const foreignReasons = ["hmac", "authlen", "vrrp3"] as const satisfies readonly RejectReason[];
export type ForeignReason = (typeof foreignReasons)[number];

export type ForeignGroup = {
  /** The IP source address of its packets. */
  readonly source: string;
  readonly reason: ForeignReason;
  readonly firstAt: Millis;
  readonly lastAt: Millis;
  /** Packets so far. */
  readonly count: number;
};

export const isForeign = (reason: RejectReason): reason is ForeignReason =>
  (foreignReasons as readonly RejectReason[]).includes(reason);

/** One more packet of `source`: the list with the latest first, at most `foreignGroupsMax` long. */
export function noteForeign(
  groups: readonly ForeignGroup[],
  source: string,
  reason: ForeignReason,
  now: Millis,
): readonly ForeignGroup[] {
  const known = groups.find((group) => group.source === source && group.reason === reason);
  const noted = {
    source,
    reason,
    firstAt: known?.firstAt ?? now,
    lastAt: now,
    count: (known?.count ?? 0) + 1,
  };
  return [noted, ...groups.filter((group) => group !== known)].slice(0, foreignGroupsMax);
}
