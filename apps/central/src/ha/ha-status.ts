/** HA Status (CH15, CH17, CH21) with dates by the wall clock, for the API. */
import type { WallMillis } from "@tandem/base/time";
import type { World } from "@tandem/base/world";
import type { HaSettings, PairState } from "@tandem/pair/state";
import { acting, type PairStatus, status } from "@tandem/pair/status";
import type { Replica } from "@tandem/replica/replica";
import type { Vector } from "@tandem/replica/version";
import type { OnlyHere } from "./acknowledgements.ts";
import type { Differences } from "./repair.ts";

export type HaStatus = Omit<PairStatus, "ourSince" | "heartbeats" | "handover"> & {
  readonly ourSince: WallMillis;
  readonly heartbeats: Omit<PairStatus["heartbeats"], "lastSent" | "lastReceived"> & {
    readonly lastSent: WallMillis | null;
    readonly lastReceived: WallMillis | null;
  };
  readonly handover:
    | (Omit<NonNullable<PairStatus["handover"]>, "since"> & { readonly since: WallMillis })
    | null;
  readonly settings: HaSettings;
  /** *HA Key for this Peer*. */
  readonly haKey: string;
  readonly isActing: boolean;
  readonly vector: Vector;
  readonly digest: string;
  /** Per table. */
  readonly digests: { readonly [table: string]: string };
  /** CH17: rows that were found to differ at equal vectors since this process started, by name; null when none were. */
  readonly differences: Differences | null;
  /** Tables with something that the peer's earlier version cannot hold: it stays on this unit until that is upgraded. */
  readonly withheld: readonly string[];
  /** Changes that were acknowledged by this unit alone and that the peer has not reported since (CH21). */
  readonly onlyHere: { readonly count: number; readonly newest: readonly OnlyHere[] };
};

export function statusOf(
  state: PairState,
  haKey: string,
  replica: Replica,
  onlyHere: HaStatus["onlyHere"],
  differences: Differences | null,
  withheld: readonly string[],
  world: World,
): HaStatus {
  const now = world.now();
  const wall = world.wall();
  const dated = (at: number | null): WallMillis | null =>
    at === null ? null : Math.round(wall - (now - at));
  const pair = status(state, now);
  return {
    ...pair,
    ourSince: dated(pair.ourSince) ?? wall,
    heartbeats: {
      ...pair.heartbeats,
      lastSent: dated(pair.heartbeats.lastSent),
      lastReceived: dated(pair.heartbeats.lastReceived),
    },
    handover: pair.handover && { ...pair.handover, since: dated(pair.handover.since) ?? wall },
    settings: state.settings,
    haKey,
    isActing: acting(state, now),
    vector: replica.vector,
    digest: replica.digest(),
    digests: replica.digests(),
    differences,
    withheld,
    onlyHere,
  };
}
