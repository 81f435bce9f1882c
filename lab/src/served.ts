/** What the lab's client sees of the service, once it can be said. */

import { monotonicMs } from "@tandem/probe/monotonic";
import type { ProberReport } from "@tandem/probe/sampler";
import { proberReport } from "./prober-report.ts";
import type { World } from "./story-world.ts";
import { notYet, seen, waitUntil } from "./wait-until.ts";

const serviceWithinMs = 20_000;

/** The report on a window once every request begun in it has come to an end. */
export const settledReport = (world: World, from: number, to: number): Promise<ProberReport> =>
  waitUntil({ what: "the client's requests end", deadlineMs: serviceWithinMs, everyMs: 50 }, async () => {
    const report = await proberReport(world.lab, from, to);
    return report.pending === 0 ? seen(report) : notYet(`${report.pending} have not ended`);
  });

/** Waits until the client has begun this many requests since a moment and they have ended, and reports on them. */
export async function requestsSince(world: World, from: number, count: number): Promise<ProberReport> {
  await waitUntil(
    { what: `${count} requests of the client`, deadlineMs: serviceWithinMs, everyMs: 50 },
    async () => {
      const { view } = await proberReport(world.lab, from, monotonicMs());
      return view.requests >= count ? seen(true) : notYet(`${view.requests}`);
    },
  );
  return settledReport(world, from, monotonicMs());
}

const servedWindowMs = 500;
/** A client that asks every 10 ms and is served begins 50 in the window; a busy machine may leave out a few. */
const servedRequestsMin = 25;
/** How many may be under way at the moment of the report, as they always are. */
const servedPendingMax = 5;

/**
 * Waits until the client has been served without a gap for half a second since then, by this many servers; answers
 * when that was.
 */
export const servedWell = (world: World, servers: number, since: number): Promise<number> =>
  waitUntil({ what: "the client is served", deadlineMs: serviceWithinMs, everyMs: 50 }, async () => {
    const now = monotonicMs();
    const { view, pending } = await proberReport(world.lab, now - servedWindowMs, now);
    const names = Object.keys(view.servers);
    return now - servedWindowMs >= since &&
      view.failed === 0 &&
      pending <= servedPendingMax &&
      view.succeeded >= servedRequestsMin &&
      names.length >= servers
      ? seen(now)
      : notYet(
          `in half a second ${view.succeeded} answered by ${names.join(", ") || "nobody"}, ${pending} under way, ${JSON.stringify(view.failures)} failed`,
        );
  });
