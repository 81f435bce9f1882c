/** Metering over the API (SPEC ML3, ML6): reports as JSON and as files, and where they are sent to. */
import type { UnitId } from "@tandem/base/ids";
import { second, type WallMillis } from "@tandem/base/time";
import type {
  MonthUsage,
  ReportDelivery,
  ReportDestination,
  ReportDestinationPut,
  UsageLineAnswer,
  UsageReportAnswer,
} from "@tandem/central-api/metering";
import { routes } from "@tandem/central-api/routes";
import { monthOf, type UsageLine } from "@tandem/licensing/month";
import { reportName, type UsageReport, usageCsv, usageHtml } from "@tandem/licensing/usage-report";
import { createRow, deleteRow, updateRow } from "@tandem/replica/edits";
import type { RouteRegistry } from "../api/route-registry.ts";
import type { SharedRows } from "../fleet/shared-rows.ts";
import { unfitness } from "../notifications/target.ts";
import { Refusal, written } from "../refusal.ts";
import { statisticsStatus } from "../stats/routes.ts";
import type { Deliveries } from "./deliveries.ts";
import type { Metering } from "./metering.ts";
import type { MonthReports } from "./month-reading.ts";
import { asTarget } from "./send-report.ts";
import { type ReportDestinationValues, reportDeliveries, reportDestinations } from "./tables.ts";

export type MeteringRoutePorts<Target> = {
  readonly metering: Metering<Target>;
  readonly deliveries: Deliveries;
  readonly shared: SharedRows;
  readonly unit: UnitId;
  readonly wall: () => WallMillis;
};

const deliveriesShownMax = 200;
const iso = (at: WallMillis): string => new Date(at).toISOString();

export function registerMeteringRoutes<Target>(
  { route }: RouteRegistry,
  { metering, deliveries, shared, unit, wall }: MeteringRoutePorts<Target>,
): void {
  const reportsOf = (month: string): Promise<MonthReports> => {
    const months = metering.months();
    if (months.includes(month)) return metering.reports(month);
    throw new Refusal(404, {
      code: "month-unknown",
      field: "month",
      value: month,
      message: `there are no samples of ${month}`,
      remedy: `choose one of ${months.join(", ")}`,
    });
  };
  route(routes.meteringMonths, () => {
    const running = monthOf(wall());
    return { months: metering.months().map((month) => ({ month, isOver: month !== running })) };
  });
  route(routes.monthUsage, async ({ params: { month } }): Promise<MonthUsage> => {
    const { metered, pool } = await reportsOf(month);
    return {
      month,
      isOver: metered.isOver,
      slotSeconds: metered.slotMs / second,
      metered: reportAnswer(metered, unit),
      pool: reportAnswer(pool, unit),
    };
  });
  route(routes.downloadUsage, async ({ params: { month, kind, format } }, { reply }) => {
    const report = (await reportsOf(month))[kind];
    const bytes = Buffer.from(format === "csv" ? usageCsv(report, unit) : usageHtml(report, unit));
    reply.header("content-length", bytes.length);
    reply.header("content-disposition", `attachment; filename="${reportName(report, format)}"`);
    return bytes;
  });
  route(routes.meteringStatus, () => statisticsStatus(metering.statistics));

  route(routes.listReportDestinations, () => ({
    destinations: shared.rows(reportDestinations).map(({ values }) => shown(values)),
    deliveries: shared
      .rows(reportDeliveries)
      .map(
        ({ values }): ReportDelivery => ({
          ...values,
          begunAt: iso(values.begunAt),
          endedAt: values.endedAt === null ? null : iso(values.endedAt),
        }),
      )
      .sort((a, b) => (a.begunAt < b.begunAt ? 1 : -1))
      .slice(0, deliveriesShownMax),
  }));
  route(routes.putReportDestination, async ({ params: { kind }, body }, { caller }) => {
    const before = shared.row(reportDestinations, kind)?.values;
    const values = destinationOf(kind, body, before, wall());
    const fault = unfitness(asTarget(values));
    if (fault !== null) throw new Refusal(400, fault);
    const edit =
      before === undefined
        ? createRow(reportDestinations, values)
        : updateRow(reportDestinations, kind, values);
    const words = `usage reports by ${kind}: ${values.enabled ? "on" : "off"}`;
    const acknowledged = written(await shared.write([edit], caller.author, words));
    return { ...shown(values), acknowledged };
  });
  route(routes.removeReportDestination, async ({ params: { kind } }, { caller }) => ({
    kind,
    acknowledged: written(
      await shared.write(
        [deleteRow(reportDestinations, kind)],
        caller.author,
        `usage reports by ${kind}: removed`,
      ),
    ),
  }));
  route(routes.sendReport, async ({ body: { month } }) => {
    await reportsOf(month);
    if (shared.rows(reportDestinations).length === 0)
      throw new Refusal(400, {
        code: "destination-missing",
        field: "",
        message: "there is no destination for usage reports",
        remedy: "give one, e-mail or webhook, first",
      });
    return deliveries.sendNow(month);
  });
}

function destinationOf(
  kind: ReportDestinationValues["kind"],
  put: ReportDestinationPut,
  before: ReportDestinationValues | undefined,
  now: WallMillis,
): ReportDestinationValues {
  return {
    certificateAuthority: "",
    security: "starttls",
    user: "",
    from: "",
    to: [],
    ...before,
    ...put,
    kind,
    secret: put.secret ?? before?.secret ?? "",
    enabledAt: before?.enabled === put.enabled ? before.enabledAt : now,
  };
}

function shown({ secret, enabledAt: _, to, ...values }: ReportDestinationValues): ReportDestination {
  return { ...values, to: [...to], hasSecret: secret !== "" };
}

function reportAnswer(report: UsageReport, unit: UnitId): UsageReportAnswer {
  const { kind, slotMs, slots, lines, tierGbps, billed } = report;
  return {
    kind,
    from: iso(slots.from * slotMs),
    to: iso(slots.to * slotMs),
    lines: lines.map((line) => lineAnswer(line, slotMs, unit)),
    tierGbps,
    sumBitsPerSecond: billed?.sumBitsPerSecond ?? null,
    billedGbps: billed?.billedGbps ?? null,
    beyondTierGbps: billed?.beyondTierGbps ?? null,
  };
}

function lineAnswer(line: UsageLine, slotMs: number, viewer: UnitId): UsageLineAnswer {
  const { members, peak, measured, missing, missingSlots, mbps, over } = line;
  return {
    members: members.map(({ unit, sampled: { name, type, central, deviceNumber } }) => ({
      unit,
      name,
      type,
      central,
      deviceId: deviceNumber === 0 ? null : deviceNumber,
      isPeer: central !== viewer,
    })),
    peakBitsPerSecond: peak?.bitsPerSecond ?? null,
    peakAt: peak === null ? null : iso(peak.slot * slotMs),
    samples: measured,
    missing,
    missingStretches: missingSlots.map(({ from, to }) => ({
      from: iso(from * slotMs),
      to: iso(to * slotMs),
    })),
    licensedMbps: mbps,
    slotsAboveLicence: over,
  };
}
