/**
 * When a scheduled action is due: once at a wall-clock time, or by a cron expression, in a time zone of the IANA
 * database. Daylight saving time, as croner has it: a fixed time that the clocks leap over happens right after the
 * leap, one that they show twice happens the first time; an expression with several times a day skips what is leapt
 * over and happens at both.
 */
import { err, type FieldError, ok, type Result } from "@tandem/base/result";
import type { WallMillis } from "@tandem/base/time";
import { Cron } from "croner";
import { cronMaxLength, timeZoneMaxLength } from "./constants.ts";

export type When =
  /** `at` is a local time, "2026-12-01T03:00" or with seconds. */
  | { readonly kind: "once"; readonly at: string; readonly timeZone: string }
  /** Five fields (minute, hour, day of month, month, day of week), or "@daily" and its like. */
  | { readonly kind: "cron"; readonly cron: string; readonly timeZone: string };

/** As it is asked for: exactly one of `once` and `cron`. */
export type WhenAsked = {
  readonly once?: string | undefined;
  readonly cron?: string | undefined;
  readonly timeZone: string;
};

/** The moments at which something is due. */
export type Occurrences = {
  /** The first one later than `after`; null when there is none. */
  next(after: WallMillis): WallMillis | null;
  /** At most `count` of those up to and including `upTo`, the newest first. */
  latest(upTo: WallMillis, count: number): readonly WallMillis[];
};

const localTime = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d))?$/;

/** The occurrences of what {@link readWhen} took. */
export function occurrencesOf(when: When): Occurrences {
  const pattern = when.kind === "once" ? when.at : when.cron;
  // Paused and without a function: croner only calculates.
  const cron = new Cron(pattern, {
    timezone: when.timeZone,
    paused: true,
    ...(when.kind === "cron" && { mode: "5-part" }),
  });
  const longAgo = new Date(0);
  const once = when.kind === "once" ? (cron.nextRun(longAgo)?.getTime() ?? null) : null;
  if (when.kind === "once")
    return {
      next: (after) => (once !== null && once > after ? once : null),
      latest: (upTo, count) => (once !== null && once <= upTo && count > 0 ? [once] : []),
    };
  return {
    next: (after) => cron.nextRun(new Date(after))?.getTime() ?? null,
    latest: (upTo, count) => cron.previousRuns(count, new Date(upTo + 1)).map((date) => date.getTime()),
  };
}

/** What was asked for, checked; `field` is where it stands in the request. A single time must lie after `now`. */
export function readWhen(field: string, asked: WhenAsked, now: WallMillis): Result<When, FieldError> {
  const { once, cron, timeZone } = asked;
  if ((once === undefined) === (cron === undefined))
    return fail(
      "when-unclear",
      field,
      undefined,
      once === undefined
        ? "it is not said when the action is due"
        : "both a single time and a recurrence are given",
      "give either once, a local time such as 2026-12-01T03:00, or cron, such as 0 3 * * *",
    );
  if (!isTimeZone(timeZone))
    return fail(
      "time-zone-unknown",
      `${field}/timeZone`,
      timeZone,
      `"${timeZone}" is not a time zone that is known here`,
      "name one of the IANA database, such as Europe/Vienna or UTC",
    );
  return once !== undefined
    ? readOnce(field, once, timeZone, now)
    : readCron(field, cron ?? "", timeZone, now);
}

function readOnce(field: string, text: string, timeZone: string, now: WallMillis): Result<When, FieldError> {
  const at = text.trim();
  if (!isLocalTime(at))
    return fail(
      "time-malformed",
      `${field}/once`,
      text,
      `"${text}" is not a local date and time`,
      "write it as 2026-12-01T03:00; the time zone stands beside it",
    );
  const when: When = { kind: "once", at, timeZone };
  const due = occurrencesOf(when).next(now);
  if (due === null)
    return fail(
      "time-in-the-past",
      `${field}/once`,
      text,
      `${at} in ${timeZone} has passed; it is now ${new Date(now).toISOString()}`,
      "give a time that lies ahead, or run the action now",
    );
  return ok(when);
}

function readCron(field: string, text: string, timeZone: string, now: WallMillis): Result<When, FieldError> {
  const cron = text.trim().replace(/\s+/g, " ");
  const remedy =
    "give minute, hour, day of month, month and day of week: 30 3 * * 1-5 is at 3:30 from Monday to Friday";
  const faulty = (message: string) => fail("cron-malformed", `${field}/cron`, text, message, remedy);
  if (cron.length > cronMaxLength) return faulty(`the expression is longer than ${cronMaxLength} characters`);
  if (!cron.startsWith("@") && cron.split(" ").length !== 5)
    return faulty(`"${cron}" does not have the five fields of a cron expression`);
  const when: When = { kind: "cron", cron, timeZone };
  let next: WallMillis | null;
  try {
    next = occurrencesOf(when).next(now);
  } catch (error) {
    return faulty(`"${cron}" cannot be read: ${(error as Error).message.replace(/^Cron\w+: /, "")}`);
  }
  if (next === null) return faulty(`"${cron}" never comes to pass`);
  return ok(when);
}

function isLocalTime(text: string): boolean {
  const match = localTime.exec(text);
  if (!match) return false;
  const [year = 0, month = 0, day = 0, hour = 0, minutes = 0, seconds = 0] = match.slice(1).map(Number);
  // The calendar turns the 30th of February into one of March, and shows it thereby.
  const date = new Date(Date.UTC(year, month - 1, day));
  const isDate = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return isDate && hour < 24 && minutes < 60 && (Number.isNaN(seconds) || seconds < 60);
}

function isTimeZone(name: string): boolean {
  if (name.length > timeZoneMaxLength || !/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const fail = (
  code: string,
  field: string,
  value: unknown,
  message: string,
  remedy: string,
): Result<never, FieldError> =>
  err({ code, field, ...(value === undefined ? {} : { value }), message, remedy });
