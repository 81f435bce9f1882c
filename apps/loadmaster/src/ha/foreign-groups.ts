/**
 * Other groups with our HA Virtual ID (SPEC LH8), in words and as an alarm. carpd sees them on the segment; which of them
 * is but the partner with another password only the unit knows.
 */
import { minute, type WallMillis } from "@tandem/base/time";
import type { CarpdStatus } from "./carpd-protocol.ts";

export type ForeignSeen = NonNullable<CarpdStatus["foreign"]>[number];

/** A group that was silent for so long is gone. */
export const foreignGoneMs = 1 * minute;
/** One alarm in so long, whatever is heard: a flood of forged packets does not fill the log. */
export const foreignAlarmIntervalMs = 1 * minute;

const kinds: { readonly [reason in ForeignSeen["reason"]]: string } = {
  hmac: "a CARP group with another password or other addresses",
  authlen: "a VRRPv2 router, such as keepalived",
  vrrp3: "a VRRPv3 router, such as keepalived",
};

/** Those that are there now. */
export const foreignNow = (seen: readonly ForeignSeen[], now: WallMillis): readonly ForeignSeen[] =>
  seen.filter((group) => now - group.lastAt < foreignGoneMs);

export function foreignInWords(group: ForeignSeen, vhid: number, partner: string | undefined): string {
  if (group.source === partner && group.reason === "hmac")
    return `the partner ${partner} advertises HA Virtual ID ${vhid}, but not with our password and shared addresses: set the same partner secret and the same shared addresses on both units (${group.count} packets)`;
  return `another group uses HA Virtual ID ${vhid}: ${kinds[group.reason]}, at ${group.source} (${group.count} packets); choose another number for one of the two, here with havhid`;
}

export type ForeignAlarm = {
  readonly event: "ha-foreign-group" | "ha-foreign-group-gone";
  readonly sources: readonly string[];
  readonly reason: string;
};

/** Says each group once while it is there, new ones together at most once a minute, and once when all are gone. */
export class ForeignAlarms {
  readonly #told = new Set<string>();
  #toldAt = Number.NEGATIVE_INFINITY;

  take(
    seen: readonly ForeignSeen[],
    vhid: number,
    partner: string | undefined,
    now: WallMillis,
  ): ForeignAlarm | undefined {
    const present = foreignNow(seen, now);
    const keyOf = (group: ForeignSeen): string => `${group.source} ${group.reason}`;
    if (present.length === 0) {
      if (this.#told.size === 0) return undefined;
      const sources = [...this.#told].map((key) => key.split(" ")[0] ?? "");
      this.#told.clear();
      return {
        event: "ha-foreign-group-gone",
        sources,
        reason: `nobody else uses HA Virtual ID ${vhid} any more`,
      };
    }
    const fresh = present.filter((group) => !this.#told.has(keyOf(group)));
    if (fresh.length === 0 || Math.abs(now - this.#toldAt) < foreignAlarmIntervalMs) return undefined;
    // Those that are gone are told of again should they come back; that keeps the set as short as carpd's list.
    const here = new Set(present.map(keyOf));
    for (const key of this.#told) if (!here.has(key)) this.#told.delete(key);
    for (const group of fresh) this.#told.add(keyOf(group));
    this.#toldAt = now;
    return {
      event: "ha-foreign-group",
      sources: fresh.map((group) => group.source),
      reason: fresh.map((group) => foreignInWords(group, vhid, partner)).join("; "),
    };
  }
}
