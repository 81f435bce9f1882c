/** What a LoadMaster answers to `stats`, as statistics. A unit that is not ours leaves some of it out. */
import { err, ok, type Result } from "@tandem/base/result";
import type { CallError } from "@tandem/loadmaster-api/client";
import type { StatisticsView } from "@tandem/loadmaster-api/views";
import { type Counters, type DeviceStatistics, sinceUnknown } from "./core.ts";

type Row = { readonly [field: string]: unknown };

const rowsIn = (value: unknown): readonly Row[] =>
  (Array.isArray(value) ? value : value === undefined ? [] : [value]).filter(
    (row) => row !== null && typeof row === "object",
  );
const numberIn = (row: Row | undefined, field: string): number => {
  const value = Number(row?.[field] ?? 0);
  return Number.isFinite(value) && value >= 0 ? value : 0;
};
const textIn = (row: Row, field: string): string => String(row[field] ?? "");

const serviceCounters = (row: Row): Counters => ({
  active: numberIn(row, "ActiveConns"),
  connections: numberIn(row, "TotalConns"),
  bytesIn: numberIn(row, "BytesRead"),
  bytesOut: numberIn(row, "BytesWritten"),
  requests: numberIn(row, "Requests"),
});

const serverCounters = (row: Row): Counters => ({
  active: numberIn(row, "ActivConns"),
  connections: numberIn(row, "Conns"),
  bytesIn: numberIn(row, "BytesRead"),
  bytesOut: numberIn(row, "BytesWritten"),
  requests: numberIn(row, "Requests"),
});

export function readStatistics(view: Partial<StatisticsView>): Result<DeviceStatistics, CallError> {
  const [totals] = rowsIn(view.VStotals);
  if (totals === undefined)
    return err({ kind: "malformed", message: "the answer to stats holds no totals (VStotals)" });
  const [counters] = rowsIn(view.Counters);
  const servers = Map.groupBy(rowsIn(view.Rs), (row) => textIn(row, "VSIndex"));
  // What a SubVS does is part of what the service above it does.
  const addressed = rowsIn(view.Vs).filter((row) => textIn(row, "VSAddress") !== "");
  const services = addressed.map((row) => ({
    service: `${textIn(row, "VSAddress")}:${textIn(row, "VSPort")}/${textIn(row, "VSProt")}`,
    ...serviceCounters(row),
    servers: (servers.get(textIn(row, "Index")) ?? []).map((server) => ({
      server: `${textIn(server, "Addr")}:${textIn(server, "Port")}`,
      ...serverCounters(server),
    })),
  }));
  return ok({
    since: numberIn(counters, "Since") || sinceUnknown,
    totals: {
      active: services.reduce((sum, { active }) => sum + active, 0),
      connections: numberIn(totals, "TotalConns"),
      bytesIn: numberIn(totals, "BytesRead"),
      bytesOut: numberIn(totals, "BytesWritten"),
      requests: numberIn(totals, "Requests"),
    },
    services,
  });
}
