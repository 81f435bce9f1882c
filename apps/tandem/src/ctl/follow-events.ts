/** `ha events --follow`: the timeline of both units as it goes on. */
import type { CentralClient } from "@tandem/central-api/client";
import { type HaEvent, type HaEventsQuery, haEventsMax } from "@tandem/central-api/ha";
import { routes } from "@tandem/central-api/routes";
import { type CommandContext, given } from "./command.ts";
import { UsageError } from "./command-line.ts";
import { printEvent } from "./print.ts";
import type { World } from "./world.ts";

type EventsContext = {
  readonly client: Pick<CentralClient, "call">;
  readonly line: Pick<CommandContext["line"], "common">;
  readonly world: Pick<World, "out" | "err" | "wait">;
};

/** A timeline that is followed is asked for anew so often. */
const followIntervalMs = 1_000;
/** Of what happened between two questions so many pages are read; the rest is told as left out. */
const followPagesMax = 10;
const eventsDefault = 100;

/** In which log an entry stands, and under which number there. */
function placeOf({ id }: HaEvent): readonly [string, number] {
  const end = id.lastIndexOf(".");
  return [id.slice(0, end), Number(id.slice(end + 1))];
}

/**
 * Prints entries as they come, the oldest first, each once. One of the other unit's may come late, with an earlier time: it
 * is told by its number, which grows within its log.
 */
export async function followEvents(
  { client, line, world }: EventsContext,
  query: HaEventsQuery,
): Promise<void> {
  const print = (entries: readonly HaEvent[]): void => {
    for (const event of entries.toReversed())
      world.out(line.common.json ? `${JSON.stringify(event)}\n` : printEvent(event));
  };
  const limit = query.limit === undefined ? eventsDefault : Number(query.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > haEventsMax)
    throw new UsageError(`--limit takes a whole number from 1 to ${haEventsMax}`);
  const newest = new Map<string, number>();
  const know = (entries: readonly HaEvent[]): void => {
    for (const [log, number] of entries.map(placeOf))
      newest.set(log, Math.max(number, newest.get(log) ?? number));
  };
  const page = (before: string | undefined) =>
    client.call(routes.haEvents, { query: { ...query, ...given({ before }), limit: String(haEventsMax) } });
  const { events } = await page(undefined);
  print(events.slice(0, limit));
  know(events);
  while (await world.wait(followIntervalMs)) {
    const fresh: HaEvent[] = [];
    let before: string | undefined;
    for (let pages = 0; pages < followPagesMax; pages += 1) {
      const answer = await page(before);
      const news = answer.events.filter((event) => {
        const [log, number] = placeOf(event);
        return number > (newest.get(log) ?? 0);
      });
      fresh.push(...news);
      if (news.length === 0 || news.length < answer.events.length || answer.next === null) break;
      before = answer.next;
      if (pages === followPagesMax - 1) world.err("more has happened than is shown: read ha events\n");
    }
    print(fresh);
    know(fresh);
  }
}
