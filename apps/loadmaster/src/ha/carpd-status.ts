/** The machine's state in the words of the local socket: wall-clock times, plain counters. */
import type { Millis, WallMillis } from "@tandem/base/time";
import type { CarpState } from "@tandem/carp/state";
import type { CarpdStatus } from "./carpd-protocol.ts";

export type StatusFacts = Pick<
  CarpdStatus,
  "pid" | "demotion" | "checks" | "addresses" | "addressFailures" | "configurationDigest"
> & {
  readonly monotonicNow: Millis;
  readonly wallNow: WallMillis;
  readonly sendFailures: number;
  readonly receiveErrors: number;
};

/** `facts` are what the machine does not know: the kernel's view, and the two clocks read together. */
export function statusOf(state: CarpState, facts: StatusFacts): CarpdStatus {
  const { monotonicNow, wallNow, sendFailures, receiveErrors, ...rest } = facts;
  const toWall = (at: Millis): WallMillis => Math.round(wallNow - (monotonicNow - at));
  const { memory } = state;
  const { rejected: rejects = {}, ...counters } = memory?.counters ?? {};
  const peer = memory?.peer;
  return {
    type: "status",
    ...rest,
    role: state.role,
    since: memory ? toWall(memory.since) : wallNow,
    reason: memory?.reason ?? "not configured",
    peer: peer
      ? {
          source: peer.source,
          advbase: peer.advbase,
          advskew: peer.advskew,
          demotion: peer.demotion,
          heardAt: toWall(peer.heardAt),
          bowedOut: peer.bowedOut,
        }
      : null,
    counters: { ...counters, sendFailures, receiveErrors },
    rejects,
    foreign: (memory?.foreign ?? []).map((group) => ({
      ...group,
      firstAt: toWall(group.firstAt),
      lastAt: toWall(group.lastAt),
    })),
  };
}

/** True when somebody who watches would want to know at once. */
export const differsVisibly = (before: CarpState, after: CarpState): boolean =>
  before.role !== after.role ||
  before.memory?.demotion !== after.memory?.demotion ||
  before.memory?.foreign.length !== after.memory?.foreign.length ||
  before.memory?.reason !== after.memory?.reason;
