/**
 * What the CARP machine knows, is told, and answers. The diagram, the table and the invariants stand in `step.ts`;
 * the rules of the election in `rules.ts`.
 */
import type { Millis } from "@tandem/base/time";
import type { CarpCounters } from "./counters.ts";
import type { ForeignGroup } from "./foreign.ts";
import type { SourceMemory } from "./replay.ts";
import type { CarpAdvertisement, RejectReason } from "./wire.ts";

/** One unit's part in one group. Check with `validateCarpConfig` before it is given to `step`. */
export type CarpConfig = {
  /** HA virtual ID, 1 to 255. */
  readonly vhid: number;
  /** Seconds between advertisements, 0 to 254; 0 is the fast mode, paced by advskew alone. */
  readonly advbase: number;
  /** 1/256 s on top, 0 to 254; the smaller interval wins the election. Never equal on both units. */
  readonly advskew: number;
  /** Take the role back from a master whose interval is longer. */
  readonly preempt: boolean;
  /** 1 to 19 bytes of UTF-8. */
  readonly password: string;
  /** Shared addresses that enter the HMAC, IPv4 or IPv6, with or without prefix length; the same set on both units. */
  readonly hashedAddresses: readonly string[];
  /** This unit's own IPv4 address on the HA interface, without prefix length: the source of its advertisements. */
  readonly ownAddress: string;
  /**
   * True between units of ours (and OpenBSD): the demotion byte is sent and heeded. False towards ucarp, which knows no
   * demotion: 0 is sent, what arrives is ignored, and a demoted unit raises its advskew instead. The same on both units.
   */
  readonly trustDemotion: boolean;
  /**
   * `growing` between units of ours: the counter of each source grows within each of its process lifetimes, and a
   * backup waits for a master that advertises at a slower pace than its own. `none` for a foreign peer: OpenBSD's
   * counter stands still, and ucarp adopts its peer's.
   */
  readonly replayCheck: "none" | "growing";
};

/** The last genuine advertisement of another unit. */
export type CarpPeer = {
  readonly source: string;
  readonly advbase: number;
  readonly advskew: number;
  readonly demotion: number;
  readonly heardAt: Millis;
  /** It said that it is leaving. */
  readonly bowedOut: boolean;
};

/** What is kept in every role. */
export type CarpMemory = {
  readonly config: CarpConfig;
  /** How many of this unit's checks fail, 0 to 255; 0 is healthy. */
  readonly demotion: number;
  readonly linkUp: boolean;
  /** The counter of the last advertisement sent; it starts at 64 random bits and never repeats in a process lifetime. */
  readonly counter: bigint;
  readonly peer: CarpPeer | null;
  readonly replay: readonly SourceMemory[];
  /** Other groups with this virtual ID, the latest heard first. */
  readonly foreign: readonly ForeignGroup[];
  readonly counters: CarpCounters;
  /** When each reject reason was last reported. */
  readonly rejectReportedAt: { readonly [reason in RejectReason]?: Millis };
  /** When the present role began, and why, in words. */
  readonly since: Millis;
  readonly reason: string;
};

/** The link is down: neither heard nor seen, holding nothing. */
export type CarpInitial = { readonly role: "initial"; readonly memory: CarpMemory };

/** Listening; takes over at `masterDownAt` unless a master is heard before. */
export type CarpBackup = {
  readonly role: "backup";
  readonly memory: CarpMemory;
  readonly masterDownAt: Millis;
  /** It was master itself, has handed the role over, and has heard nobody take it yet. */
  readonly handedOver: boolean;
};

/** Holds the addresses and says so. */
export type CarpMaster = {
  readonly role: "master";
  readonly memory: CarpMemory;
  readonly advertiseAt: Millis;
  readonly announceAt: Millis;
  /** Announcements made since the series began. */
  readonly announcements: number;
  /** Inferior advertisements answered since the last regular advertisement. */
  readonly answers: number;
  /** Another master that is being heard and is known of; null again after an interval without it. */
  readonly rival: string | null;
};

/** Not taking part: before `start` (memory is null) and after `stop`. */
export type CarpStopped = { readonly role: "stopped"; readonly memory: CarpMemory | null };

export type CarpState = CarpInitial | CarpBackup | CarpMaster | CarpStopped;
export type CarpRole = CarpState["role"];

/** The state of a process that has just begun. */
export const unstarted: CarpStopped = { role: "stopped", memory: null };

/** Every input carries the monotonic time at which it is handled. */
export type CarpInput =
  /**
   * Begins: `counter` is 64 random bits, fresh in every process. After a `stop` it may be given again. `holding`: the
   * addresses are on the devices already and nobody else has a claim to them, so this unit is master from the first moment.
   */
  | {
      readonly type: "start";
      readonly now: Millis;
      readonly config: CarpConfig;
      readonly counter: bigint;
      readonly demotion: number;
      readonly linkUp: boolean;
      readonly holding?: true;
    }
  /** A packet that `decodePacket` accepted; `source` is its IP source address. */
  | {
      readonly type: "advertisement";
      readonly now: Millis;
      readonly source: string;
      readonly advertisement: CarpAdvertisement;
    }
  /** A packet that `decodePacket` refused; `source` from `packetSource`. */
  | {
      readonly type: "rejected";
      readonly now: Millis;
      readonly reason: RejectReason;
      readonly source: string | null;
    }
  /** The time of `wakeAt` has come (early or late does no harm). */
  | { readonly type: "tick"; readonly now: Millis }
  /** A new, valid configuration. */
  | { readonly type: "configure"; readonly now: Millis; readonly config: CarpConfig }
  /** The number of failing checks, 0 to 255, and why, in words. */
  | { readonly type: "demotion"; readonly now: Millis; readonly demotion: number; readonly reason: string }
  /** Carrier of the HA interface. */
  | { readonly type: "link"; readonly now: Millis; readonly up: boolean }
  /** A master is to give the role to its standby and be standby itself; whether there is one is for the caller to know. */
  | { readonly type: "handOver"; readonly now: Millis }
  /** Orderly end. */
  | { readonly type: "stop"; readonly now: Millis };

/** Done in the order given; a failed one is reported and does not stop the next. */
export type CarpAction =
  /** Sign (`encodeAdvertisement` takes the action as it is) and send now. */
  | ({ readonly type: "advertise" } & CarpAdvertisement)
  /** Make the interface carry exactly the configured addresses; also given again when they were changed. */
  | { readonly type: "takeAddresses" }
  /** Remove every address of the group; without effect when there is none. */
  | { readonly type: "releaseAddresses" }
  /** Gratuitous ARP for each address. */
  | { readonly type: "announce" };

/** For the log and the timeline; `reason` is a plain clause in words. */
export type CarpEvent =
  | {
      readonly type: "role";
      readonly at: Millis;
      readonly from: CarpRole;
      readonly to: CarpRole;
      readonly reason: string;
    }
  /** A master heard another, inferior master: addresses were held twice until it yields. */
  | { readonly type: "rival"; readonly at: Millis; readonly source: string; readonly reason: string }
  /** A reject reason, at its first packet and then at most once a minute. `count` is the total so far. */
  | {
      readonly type: "rejected";
      readonly at: Millis;
      readonly reject: RejectReason;
      readonly source: string | null;
      readonly count: number;
      readonly reason: string;
    }
  | { readonly type: "stalled"; readonly at: Millis; readonly lateMs: number; readonly reason: string }
  | { readonly type: "demotion"; readonly at: Millis; readonly demotion: number; readonly reason: string }
  | { readonly type: "configured"; readonly at: Millis; readonly reason: string };

export type CarpOutputs = {
  readonly actions: readonly CarpAction[];
  readonly observe: readonly CarpEvent[];
  /** When to give the next `tick`; null while nothing is due. */
  readonly wakeAt: Millis | null;
};

export type CarpStep = { readonly state: CarpState; readonly outputs: CarpOutputs };
