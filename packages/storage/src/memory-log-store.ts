/** The log store without a disk, for tests and the simulator. */
import {
  dayOf,
  expiredDays,
  holdsText,
  isBefore,
  type LogLine,
  type LogPage,
  type LogPosition,
  type LogQuery,
  type LogStore,
  originOf,
  type StoredLine,
} from "./log-store.ts";

/** What stands in for the folder: it outlives the stores opened on it. */
export type MemoryLogs = {
  readonly days: Map<string, StoredLine[]>;
  /** While set, everything that writes throws it and changes nothing. */
  failure: Error | null;
};
export const emptyMemoryLogs = (): MemoryLogs => ({ days: new Map(), failure: null });

export function openMemoryLogStore(logs: MemoryLogs): LogStore {
  const sizeOf = (lines: readonly LogLine[]): number =>
    lines.reduce((bytes, line) => bytes + JSON.stringify(line).length, 0);
  return {
    append(lines) {
      if (logs.failure) throw logs.failure;
      for (const line of lines) {
        const day = dayOf(line.receivedAt);
        const stored = logs.days.get(day) ?? [];
        logs.days.set(day, stored);
        stored.push({ ...line, id: (stored.at(-1)?.id ?? 0) + 1 });
      }
    },
    search: (query, isOver = () => false) => search(logs, query, isOver),
    days: () =>
      [...logs.days]
        .sort(([a], [b]) => (a < b ? 1 : -1))
        .map(([day, lines]) => ({ day, bytes: sizeOf(lines) })),
    expire(today, retentionDays) {
      if (logs.failure) throw logs.failure;
      const expired = expiredDays([...logs.days.keys()], today, retentionDays);
      for (const day of expired) logs.days.delete(day);
      return expired;
    },
    close() {},
  };
}

/** Lines looked at between two questions whether to stop. */
const stepLines = 100;

function search(logs: MemoryLogs, query: LogQuery, isOver: () => boolean): LogPage {
  const { before, since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = query;
  const all = [...logs.days.values()]
    .flat()
    .filter((line) => line.receivedAt >= since && line.receivedAt < until)
    .filter((line) => before === undefined || isBefore(line, before))
    .sort((a, b) => (isBefore(a, b) ? 1 : -1));
  const fits = filterOf(query);
  const lines: StoredLine[] = [];
  let last: LogPosition | null = null;
  for (const [index, line] of all.entries()) {
    if (lines.length >= query.limit || (index > 0 && index % stepLines === 0 && isOver()))
      return { lines, next: last };
    if (fits(line)) lines.push(line);
    last = { receivedAt: line.receivedAt, id: line.id };
  }
  return { lines, next: lines.length >= query.limit ? last : null };
}

function filterOf(query: LogQuery): (line: LogLine) => boolean {
  const { origins, severityMax } = query;
  const holds = holdsText(query);
  return (line) =>
    (origins === undefined || origins.includes(originOf(line))) &&
    (severityMax === undefined || (line.severity !== null && line.severity <= severityMax)) &&
    holds(line);
}
