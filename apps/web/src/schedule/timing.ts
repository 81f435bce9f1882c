/** When an action is due, as a form has it: the common recurrences by name, and cron for the rest. */
import type { ActionWhen } from "@tandem/central-api/schedule";

export const weekdays = [
  "Sunday",
  "Monday",
  "Tuesday",
  "Wednesday",
  "Thursday",
  "Friday",
  "Saturday",
] as const;

export type Repeats = "once" | "daily" | "weekly" | "monthly" | "cron";

/** Every field that any kind of recurrence has: what was typed stays while another kind is looked at. */
export type Timing = {
  readonly repeats: Repeats;
  /** Local date and time, `2026-12-01T03:00`. */
  readonly once: string;
  /** `03:00`. */
  readonly time: string;
  /** Number in {@link weekdays}. */
  readonly weekday: string;
  readonly dayOfMonth: string;
  readonly cron: string;
  readonly timeZone: string;
};

export const timingAtFirst = (timeZone: string): Timing => ({
  repeats: "daily",
  once: "",
  time: "03:00",
  weekday: "0",
  dayOfMonth: "1",
  cron: "0 3 * * *",
  timeZone,
});

const simple = /^(\d{1,2}) (\d{1,2}) (\*|\d{1,2}) \* (\*|[0-6])$/;

/** The form's fields for what the API has. */
export function readTiming({ once, cron = "", timeZone }: ActionWhen): Timing {
  const first = timingAtFirst(timeZone);
  if (once !== undefined) return { ...first, repeats: "once", once };
  const kept = { ...first, cron };
  const [, minute = "", hour = "", dayOfMonth, weekday] = simple.exec(cron) ?? [];
  const time = `${hour.padStart(2, "0")}:${minute.padStart(2, "0")}`;
  if (dayOfMonth === "*" && weekday === "*") return { ...kept, repeats: "daily", time };
  if (dayOfMonth === "*" && weekday !== undefined) return { ...kept, repeats: "weekly", time, weekday };
  if (weekday === "*" && dayOfMonth !== undefined) return { ...kept, repeats: "monthly", time, dayOfMonth };
  return { ...kept, repeats: "cron" };
}

/** What the API is asked for; whether it can be done is for Central to say. */
export function whenOf(timing: Timing): ActionWhen {
  const { repeats, once, timeZone, weekday, dayOfMonth } = timing;
  const [hour, minute] = timing.time.split(":").map(Number);
  const at = `${minute ?? ""} ${hour ?? ""}`;
  switch (repeats) {
    case "once":
      return { once, timeZone };
    case "daily":
      return { cron: `${at} * * *`, timeZone };
    case "weekly":
      return { cron: `${at} * * ${weekday}`, timeZone };
    case "monthly":
      return { cron: `${at} ${dayOfMonth} * *`, timeZone };
    case "cron":
      return { cron: timing.cron, timeZone };
  }
}

export function whenInWords(when: ActionWhen): string {
  const { repeats, once, time, weekday, dayOfMonth, cron, timeZone } = readTiming(when);
  const words: { readonly [kind in Repeats]: string } = {
    once: `once, ${once.replace("T", " ")}`,
    daily: `each day at ${time}`,
    weekly: `each ${weekdays[Number(weekday)]} at ${time}`,
    monthly: `each month on day ${dayOfMonth} at ${time}`,
    cron,
  };
  return `${words[repeats]} (${timeZone})`;
}
