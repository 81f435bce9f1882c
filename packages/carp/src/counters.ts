/** How many packets there were, and for each reason how many were refused. For the status and its alarms. */
import { type RejectReason, rejectReasons } from "./wire.ts";

export type CarpCounters = {
  /** Genuine advertisements of the peer. */
  readonly received: number;
  readonly sent: number;
  readonly announced: number;
  /** Times this unit became master. */
  readonly takeovers: number;
  /** Inferior advertisements left unanswered because their number in one interval had reached its bound. */
  readonly unanswered: number;
  /** Times the own loop came back later than a master-down time. */
  readonly stalls: number;
  readonly rejected: { readonly [reason in RejectReason]: number };
};

export const emptyCounters: CarpCounters = {
  received: 0,
  sent: 0,
  announced: 0,
  takeovers: 0,
  unanswered: 0,
  stalls: 0,
  rejected: Object.fromEntries(rejectReasons.map((reason) => [reason, 0])) as Record<RejectReason, number>,
};

/** One more of a plain counter. */
export const count = (
  counters: CarpCounters,
  name: Exclude<keyof CarpCounters, "rejected">,
): CarpCounters => ({
  ...counters,
  [name]: counters[name] + 1,
});

/** One more refused packet. */
export const countReject = (counters: CarpCounters, reason: RejectReason): CarpCounters => ({
  ...counters,
  rejected: { ...counters.rejected, [reason]: counters.rejected[reason] + 1 },
});

/** What a refused packet means to whoever reads the log. */
export const rejectMeaning: { readonly [reason in RejectReason]: string } = {
  short: "the packet ends before its header says",
  "ip-header": "the IP header is malformed",
  protocol: "it is not IP protocol 112",
  fragment: "CARP is never fragmented",
  ttl: "its TTL is not 255, so it was not sent on this segment",
  "ip-checksum": "the checksum of its IP header is wrong",
  length: "it is not as long as a CARP advertisement",
  version: "it is neither CARP version 2 nor VRRP version 3",
  type: "it is not an advertisement",
  vhid: "it belongs to another virtual ID",
  vrrp3: "it is VRRPv3 with this virtual ID: one of the two must change its number",
  authlen:
    "it is not CARP but, by its look, VRRPv2 with this virtual ID: one of the two must change its number",
  checksum: "its checksum is wrong",
  hmac: "it has this virtual ID but not our authentication: the password or the shared addresses differ between the units, or another group uses the same virtual ID",
  own: "it is our own, looped back",
  replay: "its counter was seen before: it is a repetition",
};

/** Ordinary on a shared segment: counted, never reported. */
export const isOrdinaryReject = (reason: RejectReason): boolean => reason === "vhid" || reason === "own";
