import assert from "node:assert/strict";
import { test } from "node:test";
import type { CentralClient } from "@tandem/central-api/client";
import { type HaEvent, type HaEvents, haEventsMax } from "@tandem/central-api/ha";
import { followEvents } from "./follow-events.ts";

const event = (log: string, number: number, at: number): HaEvent => ({
  id: `${log}.${number}`,
  at: new Date(at).toISOString(),
  unit: log,
  severity: "info",
  code: "test",
  text: `${log} ${number}`,
});

/** A timeline that answers as the API does: the newest first, in pages. */
function timeline() {
  const entries: HaEvent[] = [];
  let calls = 0;
  const client = {
    call: async (
      _route: unknown,
      { query }: { query: { limit: string; before?: string } },
    ): Promise<HaEvents> => {
      calls += 1;
      const from = Number(query.before ?? 0);
      const sorted = entries.toSorted((a, b) => (a.at < b.at ? 1 : -1));
      const end = from + Number(query.limit);
      return {
        events: sorted.slice(from, end),
        next: end < sorted.length ? String(end) : null,
        clockDifferenceMs: null,
      };
    },
  } as unknown as Pick<CentralClient, "call">;
  return { entries, client, calls: () => calls };
}

test("[CH25] a followed timeline shows each entry once: what came late by its number, and more than one page of them", async () => {
  const { entries, client, calls } = timeline();
  for (let number = 1; number <= 5; number += 1) entries.push(event("a.log", number, number * 10));
  entries.push(event("b.log", 1, 5));
  let out = "";
  let err = "";
  const steps = [
    () => entries.push(event("b.log", 2, 15)), // Older than all that is shown but its own log's.
    () => {},
    () => {
      for (let number = 6; number <= 2 * haEventsMax; number += 1)
        entries.push(event("a.log", number, number * 10));
    },
    () => {
      for (let number = 1; number <= 11 * haEventsMax; number += 1)
        entries.push(event("c.log", number, 1_000_000 + number));
    },
  ];
  let waits = 0;
  await followEvents(
    {
      client,
      line: { common: { json: false } } as never,
      world: {
        out: (text) => {
          out += text;
        },
        err: (text) => {
          err += text;
        },
        wait: async () => {
          steps[waits]?.();
          waits += 1;
          return waits <= steps.length;
        },
      },
    },
    { limit: "2" },
  );
  const shown = out
    .trim()
    .split("\n")
    .map((line) => line.split("  ").at(-1)?.trim() ?? "");
  assert.deepEqual(shown.slice(0, 4), ["a.log 4", "a.log 5", "b.log 2", "a.log 6"]);
  assert.equal(new Set(shown).size, shown.length, "none twice");
  const ofA = shown.filter((text) => text.startsWith("a.")).map((text) => Number(text.split(" ")[1]));
  assert.deepEqual(
    ofA,
    Array.from({ length: 2 * haEventsMax - 3 }, (_, index) => index + 4),
  );
  assert.equal(shown.filter((text) => text.startsWith("c.")).length, 10 * haEventsMax);
  assert.match(err, /more has happened than is shown/);
  assert.ok(calls() < 20);
});
