/** Received syslog (SPEC CH2): searching it, and how its collector is. */
import { type Static, Type } from "@tandem/base/schema";
import { facilities, severities } from "@tandem/syslog/message";
import { closed, Moment } from "./errors.ts";
import type { Route } from "./routes.ts";

const wordOrNull = <Word extends string>(words: readonly Word[], description: string) =>
  Type.Unsafe<Word | null>(
    Type.Union([...words.map((word) => Type.Literal(word)), Type.Null()], { description }),
  );
const textOrNull = Type.Union([Type.String(), Type.Null()]);

export const LogLine = Type.Object({
  id: Type.String({ description: "where the line stands; usable as before" }),
  receivedAt: Moment,
  source: Type.String({ description: "the address it came from" }),
  device: Type.Union([Type.String(), Type.Null()], {
    description: "id of the device, or HA group, that had this address; null for an unknown sender",
  }),
  deviceName: textOrNull,
  severity: wordOrNull(severities, "null when the line has no valid priority"),
  facility: wordOrNull(facilities, "null when the line has no valid priority"),
  time: Type.Union([Type.String(), Type.Null()], { description: "the moment as the sender wrote it" }),
  host: textOrNull,
  app: textOrNull,
  procid: textOrNull,
  msgid: textOrNull,
  structuredData: textOrNull,
  message: Type.String(),
});
export type LogLine = Static<typeof LogLine>;

export const logLinesMax = 1_000;
export const logLinesDefault = 100;

export const LogsQuery = Type.Object(
  {
    device: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        description: "id or address of a device, id of an HA group, or address of an unknown sender",
      }),
    ),
    severity: Type.Optional(
      Type.String({
        pattern: `^(${severities.join("|")}|[0-7])$`,
        description: `this severe or worse: ${severities.join(", ")}, or 0 to 7`,
      }),
    ),
    text: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 256,
        description: "in the message, the application's name or the structured data; case counts for nothing",
      }),
    ),
    from: Type.Optional(
      Type.String({
        maxLength: 40,
        description: "first moment of reception, RFC 3339: 2026-11-25T14:00:00Z",
      }),
    ),
    to: Type.Optional(
      Type.String({
        maxLength: 40,
        description: "the moment of reception before which lines are wanted, RFC 3339",
      }),
    ),
    limit: Type.Optional(
      Type.String({
        pattern: "^([1-9][0-9]{0,2}|1000)$",
        description: `from 1 to ${logLinesMax}; ${logLinesDefault} when absent`,
      }),
    ),
    before: Type.Optional(
      Type.String({ pattern: "^[0-9]{1,15}\\.[0-9]{1,15}$", description: "the next of the page before" }),
    ),
  },
  closed,
);
export type LogsQuery = Static<typeof LogsQuery>;

/** The newest first. A page may hold fewer lines than asked for, even none, although there are more. */
export const LogPage = Type.Object({
  lines: Type.Array(LogLine),
  next: Type.Union([Type.String(), Type.Null()], {
    description: "before of the next page; null when there is nothing more",
  }),
});
export type LogPage = Static<typeof LogPage>;

const count = Type.Integer({ minimum: 0 });

export const LogListener = Type.Object({
  protocol: Type.Union([Type.Literal("udp"), Type.Literal("tcp")]),
  address: Type.String(),
  port: Type.Integer({ minimum: 0, maximum: 65_535 }),
  error: Type.Union([Type.String(), Type.Null()], { description: "null while it listens" }),
  receiveBufferBytes: Type.Union([count, Type.Null()]),
});

/** Counts are since the collector started, and of this unit alone. */
export const LogStatus = Type.Object({
  state: Type.Union([
    Type.Literal("starting"),
    Type.Literal("running"),
    Type.Literal("restarting"),
    Type.Literal("stopped"),
  ]),
  error: Type.Union([Type.String(), Type.Null()], { description: "why the collector had to be restarted" }),
  restarts: count,
  listeners: Type.Array(LogListener),
  received: count,
  stored: count,
  dropped: Type.Object({
    kernelBufferFull: count,
    waitingLinesFull: count,
    unknownSenders: count,
    tooManyConnections: count,
    empty: count,
  }),
  cut: Type.Integer({ minimum: 0, description: "lines longer than the bound; the rest was cut off" }),
  malformed: Type.Integer({ minimum: 0, description: "lines without a valid priority, kept whole" }),
  waiting: Type.Integer({ minimum: 0, description: "lines that are not written yet" }),
  connections: count,
  linesPerSecond: Type.Number({ minimum: 0, description: "average of the last minute" }),
  unknownSenders: Type.Array(Type.Object({ address: Type.String(), lines: count })),
  writeError: Type.Union([Type.String(), Type.Null()]),
  retentionDays: Type.Integer({ minimum: 1 }),
  days: Type.Array(Type.Object({ day: Type.String(), bytes: count })),
});
export type LogStatus = Static<typeof LogStatus>;

/** Part of the one table in `routes.ts`. */
export const logRoutes = {
  searchLogs: {
    method: "GET",
    path: "/logs",
    access: "user",
    tags: ["logs"],
    summary: "Search the syslog that this unit has received, newest first",
    status: 200,
    query: LogsQuery,
    answer: LogPage,
  },
  logStatus: {
    method: "GET",
    path: "/logs/status",
    access: "user",
    tags: ["logs"],
    summary: "How the collector of syslog is, and what it keeps",
    status: 200,
    answer: LogStatus,
  },
} as const satisfies { readonly [name: string]: Route };
