/**
 * When a report is sent (SPEC ML6). Pure.
 *
 *     no row    ── due, and the peer connected or not met for an hour ─▶ sending ── taken ─▶ sent
 *                                                                          │  ▲
 *                                                              not taken   ▼  │ after its delay
 *                                                                         failed
 *
 * The row is on both units' disks before anything is sent, so the next Master finds it, and each report is sent once.
 * Two cases are left in which it can be sent twice: the Master dies between sending and writing that down (the next one
 * sends again after two minutes), and a cut of more than an hour just then, with both units acting. A report that is
 * sent again has the same Message-ID and Idempotency-Key.
 */
import { hour, minute, type WallMillis } from "@tandem/base/time";
import { monthBefore, monthBounds, monthOf } from "@tandem/licensing/month";
import type { ReportDeliveryValues } from "./tables.ts";

export type Due = {
  readonly what: ReportDeliveryValues["what"];
  /** The month or the day that is over. */
  readonly period: string;
  readonly endedAt: WallMillis;
};

/** The last sample of a period is there, and on both units, by then. */
const sentAfterMs = 5 * minute;
/** A unit that has a peer and does not reach it waits so long: it may be the peer who sends. */
const peerWaitMs = 1 * hour;
/** Whoever was sending has stopped in the middle of it. */
const takenOverAfterMs = 2 * minute;
const retryDelaysMs = [1 * minute, 5 * minute, 30 * minute, 2 * hour, 6 * hour] as const;
const triesMax = 12;
const dayMs = 24 * hour;

/** What the period before this one owes: last month's usage, and who was above its licence yesterday. */
export function dueAt(now: WallMillis): readonly Due[] {
  const month = monthOf(now);
  const today = now - (now % dayMs);
  const all: readonly Due[] = [
    { what: "usage", period: monthBefore(month), endedAt: monthBounds(month).from },
    { what: "over-limit", period: new Date(today - dayMs).toISOString().slice(0, 10), endedAt: today },
  ];
  return all.filter(({ endedAt }) => now >= endedAt + sentAfterMs);
}

/** Whether a unit that acts sends now. `isReached`: it has no peer, or is connected with it. */
export function isToBeSent(
  row: ReportDeliveryValues | undefined,
  { endedAt }: Due,
  now: WallMillis,
  isReached: boolean,
): boolean {
  if (row === undefined) return isReached || now >= endedAt + sentAfterMs + peerWaitMs;
  switch (row.state) {
    case "sent":
      return false;
    case "sending":
      return now >= row.begunAt + takenOverAfterMs;
    case "failed": {
      const delay = retryDelaysMs[Math.min(row.tries, retryDelaysMs.length) - 1] ?? 0;
      return row.tries < triesMax && now >= (row.endedAt ?? row.begunAt) + delay;
    }
  }
}

export const isLastTry = (tries: number): boolean => tries >= triesMax;
