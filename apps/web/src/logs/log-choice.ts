/** What the Syslog page searches for, as it stands in its address. */
import type { LogsQuery } from "@tandem/central-api/logs";

/** `from` and `to` are local times as a form has them: `2026-11-25T14:00`. */
export type LogChoice = Pick<LogsQuery, "device" | "severity" | "text" | "from" | "to">;

export const choiceFields = [
  "device",
  "severity",
  "text",
  "from",
  "to",
] as const satisfies readonly (keyof LogChoice)[];

/** What is not text is left out; whether the rest makes sense is for Central to say. */
export const readLogChoice = (search: Readonly<Record<string, unknown>>): LogChoice =>
  Object.fromEntries(
    choiceFields.flatMap((field) => {
      const value = search[field];
      // A number in an address is read as one: the search for it is a search for its digits.
      const text = typeof value === "number" ? String(value) : value;
      return typeof text === "string" && text !== "" ? [[field, text]] : [];
    }),
  );

/** Moments with their zone; what is none stays as it is, to be refused by name. */
function momentOf(local: string): string {
  const at = new Date(local);
  return Number.isNaN(at.getTime()) ? local : at.toISOString();
}

export const logQueryOf = ({ from, to, ...rest }: LogChoice): LogsQuery => ({
  ...rest,
  ...(from === undefined ? {} : { from: momentOf(from) }),
  ...(to === undefined ? {} : { to: momentOf(to) }),
});
