import { err, type FieldError, ok, type Result } from "@tandem/base/result";
import { type LogLine, type LogStatus, type LogsQuery, logLinesDefault } from "@tandem/central-api/logs";
import { routes } from "@tandem/central-api/routes";
import type { LogPosition, LogQuery, StoredLine } from "@tandem/storage/log-store";
import { facilities, type SeverityWord, severities } from "@tandem/syslog/message";
import type { RouteRegistry } from "../api/route-registry.ts";
import type { SharedRows } from "../fleet/shared-rows.ts";
import { orRefuse } from "../refusal.ts";
import { nameOf, originsOf } from "./senders.ts";
import type { Syslog } from "./syslog.ts";

export function registerLogRoutes({ route }: RouteRegistry, syslog: Syslog, shared: SharedRows): void {
  route(routes.searchLogs, async ({ query = {} }) => {
    const page = orRefuse(await syslog.search.search(readQuery(shared, query)), 503);
    return {
      lines: page.lines.map((line) => shown(shared, line)),
      next: page.next === null ? null : positionText(page.next),
    };
  });
  route(routes.logStatus, () => statusOf(syslog));
}

function readQuery(shared: SharedRows, query: LogsQuery): LogQuery {
  const { device, severity, text, from, to, limit, before } = query;
  return {
    limit: limit === undefined ? logLinesDefault : Number(limit),
    ...(device !== undefined && { origins: orRefuse(originsOf(shared, device)) }),
    ...(severity !== undefined && { severityMax: severityNumber(severity) }),
    ...(text !== undefined && { text }),
    ...(from !== undefined && { since: orRefuse(readMoment("from", from)) }),
    ...(to !== undefined && { until: orRefuse(readMoment("to", to)) }),
    ...(before !== undefined && { before: readPosition(before) }),
  };
}

const severityNumber = (text: string): number =>
  /^\d$/.test(text) ? Number(text) : severities.indexOf(text as SeverityWord);

const moment = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)$/;

function readMoment(field: string, text: string): Result<number, FieldError> {
  const at = moment.test(text) ? Date.parse(text.toUpperCase()) : Number.NaN;
  if (!Number.isNaN(at)) return ok(at);
  return err({
    code: "moment-malformed",
    field,
    value: text,
    message: `${field} "${text}" is not a moment with its time zone`,
    remedy: "write it as in 2026-11-25T14:00:00Z; in a URL a + is written as %2B",
  });
}

const positionText = ({ receivedAt, id }: LogPosition): string => `${receivedAt}.${id}`;
const readPosition = (text: string): LogPosition => {
  const [receivedAt, id] = text.split(".").map(Number) as [number, number];
  return { receivedAt, id };
};

const shown = (shared: SharedRows, line: StoredLine): LogLine => ({
  id: positionText(line),
  receivedAt: new Date(line.receivedAt).toISOString(),
  source: line.source,
  device: line.device,
  deviceName: nameOf(shared, line.device),
  severity: line.severity === null ? null : (severities[line.severity] ?? null),
  facility: line.facility === null ? null : (facilities[line.facility] ?? null),
  time: line.time,
  host: line.host,
  app: line.app,
  procid: line.procid,
  msgid: line.msgid,
  structuredData: line.structuredData,
  message: line.message,
});

const nothingYet = {
  listeners: [],
  received: 0,
  stored: 0,
  dropped: { kernelBufferFull: 0, waitingLinesFull: 0, unknownSenders: 0, tooManyConnections: 0, empty: 0 },
  cut: 0,
  malformed: 0,
  waiting: 0,
  connections: 0,
  linesPerSecond: 0,
  unknownSenders: [],
  writeError: null,
  days: [],
};

function statusOf({ collector, retentionDays }: Syslog): LogStatus {
  const { state, restarts, status } = collector;
  const { listeners, unknownSenders, days, ...counts } = status ?? nothingYet;
  return {
    state: state.kind,
    error: state.kind === "restarting" ? state.error : null,
    restarts,
    ...counts,
    listeners: [...listeners],
    unknownSenders: [...unknownSenders],
    retentionDays,
    days: [...days],
  };
}
