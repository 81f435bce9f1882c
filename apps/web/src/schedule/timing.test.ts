import { expect, test } from "vitest";
import { readTiming, timingAtFirst, whenInWords, whenOf } from "./timing.ts";

const timeZone = "Europe/Vienna";

test.each([
  [{ once: "2026-12-01T03:00", timeZone }, "once", "once, 2026-12-01 03:00 (Europe/Vienna)"],
  [{ cron: "5 3 * * *", timeZone }, "daily", "each day at 03:05 (Europe/Vienna)"],
  [{ cron: "30 14 * * 1", timeZone }, "weekly", "each Monday at 14:30 (Europe/Vienna)"],
  [{ cron: "0 0 28 * *", timeZone }, "monthly", "each month on day 28 at 00:00 (Europe/Vienna)"],
  [{ cron: "0 3 1 * 1", timeZone }, "cron", "0 3 1 * 1 (Europe/Vienna)"],
  [{ cron: "*/5 * * * *", timeZone }, "cron", "*/5 * * * * (Europe/Vienna)"],
  [{ cron: "@daily", timeZone }, "cron", "@daily (Europe/Vienna)"],
] as const)("[CH9] when an action is due survives the form: %j", (when, repeats, words) => {
  const timing = readTiming(when);
  expect(timing.repeats).toBe(repeats);
  expect(whenOf(timing)).toEqual(when);
  expect(whenInWords(when)).toBe(words);
});

test("[CH9] a new action is daily at three, unless it is said otherwise", () => {
  expect(whenOf(timingAtFirst("UTC"))).toEqual({ cron: "0 3 * * *", timeZone: "UTC" });
});
