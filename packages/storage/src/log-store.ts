/**
 * Received log lines, a file for each day of reception (UTC). Two implementations, one on SQLite and one in memory,
 * under one contract suite. Lines are only ever added; retention removes whole days.
 */
import type { WallMillis } from "@tandem/base/time";

export type LogLine = {
  /** Whole milliseconds; decides the day. */
  readonly receivedAt: WallMillis;
  /** The address it came from. */
  readonly source: string;
  /** Id of the device or HA group that has this address; null for an unknown sender. */
  readonly device: string | null;
  readonly severity: number | null;
  readonly facility: number | null;
  /** The moment as the sender wrote it. */
  readonly time: string | null;
  readonly host: string | null;
  readonly app: string | null;
  readonly procid: string | null;
  readonly msgid: string | null;
  readonly structuredData: string | null;
  readonly message: string;
};

/** Where a line stands among all: a later one is received later, or in the same millisecond and written later. */
export type LogPosition = { readonly receivedAt: WallMillis; readonly id: number };
export type StoredLine = LogLine & LogPosition;

export type LogQuery = {
  /** Lines of any of these devices (by id) and of these unknown senders (by address); undefined: all lines. */
  readonly origins?: readonly string[];
  /** This severe or worse; lines without a severity are left out then. */
  readonly severityMax?: number;
  /** In the message, the application's name or the structured data; see {@link holdsText}. */
  readonly text?: string;
  /** First moment of reception, included. */
  readonly since?: WallMillis;
  /** Last moment of reception, not included. */
  readonly until?: WallMillis;
  /** Only what stands before this. */
  readonly before?: LogPosition;
  readonly limit: number;
};

export type LogPage = {
  /** The newest first. */
  readonly lines: readonly StoredLine[];
  /**
   * Where to go on: null when there is nothing more. Set although fewer lines than asked for were found when the
   * search was over its time.
   */
  readonly next: LogPosition | null;
};

export type LogDay = { readonly day: string; readonly bytes: number };

export type LogStore = {
  /** On disk, as far as a crash of the process goes, when this returns; all or nothing of each day. Throws when it cannot. */
  append(lines: readonly LogLine[]): void;
  /** `isOver` is asked now and then whether to stop looking. */
  search(query: LogQuery, isOver?: () => boolean): LogPage;
  /** The newest first. */
  days(): readonly LogDay[];
  /** Removes the days that {@link expiredDays} names; answers which. */
  expire(today: string, retentionDays: number): readonly string[];
  close(): void;
};

/** The day that a line received then belongs to: `2026-11-25`. */
export const dayOf = (at: WallMillis): string => new Date(at).toISOString().slice(0, 10);
const dayMs = 24 * 60 * 60 * 1_000;
export const beginOfDay = (day: string): WallMillis => Date.parse(`${day}T00:00:00.000Z`);
export const endOfDay = (day: string): WallMillis => beginOfDay(day) + dayMs;

/**
 * The days older than the retention. Today is believed to be at most the day after the last but one that holds lines:
 * a clock that jumps ahead for a few hours makes one stray day and must not delete all others.
 */
export function expiredDays(
  days: readonly string[],
  today: string,
  retentionDays: number,
): readonly string[] {
  const sorted = [...days].sort().reverse();
  const [newest, second] = sorted;
  if (newest === undefined) return [];
  const believed = Math.min(beginOfDay(today), second === undefined ? beginOfDay(newest) : endOfDay(second));
  const keptFrom = dayOf(believed - (retentionDays - 1) * dayMs);
  return sorted.filter((day) => day < keptFrom);
}

export const isAscii = (text: string): boolean => /^[\0-\x7f]*$/.test(text);
const lowerAscii = (text: string): string => text.replace(/[A-Z]+/g, (upper) => upper.toLowerCase());

/** What the database's index goes by. */
export const originOf = ({ device, source }: LogLine): string => device ?? source;

/**
 * Case counts for nothing: of the 26 letters alone when the wanted text has no others, so that the database can
 * compare by itself; of all letters otherwise.
 */
export function textMatcher(wanted: string): (text: string | null) => boolean {
  const fold = isAscii(wanted) ? lowerAscii : (text: string) => text.toLowerCase();
  const folded = fold(wanted);
  return (text) => text !== null && fold(text).includes(folded);
}

export const holdsText = ({ text }: LogQuery): ((line: LogLine) => boolean) => {
  if (text === undefined || text === "") return () => true;
  const holds = textMatcher(text);
  return ({ message, app, structuredData }) => holds(message) || holds(app) || holds(structuredData);
};

export const isBefore = (a: LogPosition, b: LogPosition): boolean =>
  a.receivedAt < b.receivedAt || (a.receivedAt === b.receivedAt && a.id < b.id);
