/** What is sent: a month's usage with its reports as files, and who was above its licence on a day. Pure. */
import { sha256Hex } from "@tandem/base/digest";
import type { UnitId } from "@tandem/base/ids";
import type { UsageLine } from "@tandem/licensing/month";
import { gbps, reportName, usageCsv, usageHtml } from "@tandem/licensing/usage-report";
import type { MonthReports } from "./month-reading.ts";

export type SentFile = { readonly filename: string; readonly contentType: string; readonly content: string };
export type ReportText = {
  readonly subject: string;
  readonly text: string;
  readonly files: readonly SentFile[];
  /** The same on both Centrals, and each time it is sent. */
  readonly id: string;
};

const namesOf = ({ members }: UsageLine): string => members.map(({ sampled }) => sampled.name).join(" + ");
const idOf = (subject: string, text: string): string => sha256Hex(`${subject}\n${text}`).slice(0, 32);

/** Null: no LoadMaster was licensed for metering or out of the pool in it. */
export function usageText({ metered, pool }: MonthReports, viewer: UnitId): ReportText | null {
  if (metered.lines.length === 0 && pool.lines.length === 0) return null;
  const { month, isOver, billed, tierGbps } = metered;
  const missing = metered.lines.filter((line) => line.missing > 0);
  const over = pool.lines.filter((line) => line.over > 0);
  const subject = `Usage of LoadMaster licences, ${month}: ${billed?.billedGbps ?? 0} Gbit/s billed`;
  const paragraphs = [
    `${metered.lines.length} metered LoadMaster(s) or pair(s), peaks of ${gbps(billed?.sumBitsPerSecond ?? 0)} Gbit/s in all, billed as ${billed?.billedGbps ?? 0} Gbit/s.`,
    ...(tierGbps === null
      ? []
      : [`The tier is ${tierGbps} Gbit/s; beyond it: ${billed?.beyondTierGbps ?? 0} Gbit/s.`]),
    ...(missing.length === 0 ? [] : [`Samples are missing of: ${missing.map(namesOf).join(", ")}.`]),
    ...(pool.lines.length === 0
      ? []
      : [
          `${pool.lines.length} LoadMaster(s) or pair(s) licensed out of the pool, ${over.length} of them above the licence at some time.`,
        ]),
    ...(isOver ? [] : ["The month is not over: this is what there has been of it."]),
  ];
  const files = [metered, pool].flatMap((report): SentFile[] => [
    { filename: reportName(report, "csv"), contentType: "text/csv", content: usageCsv(report, viewer) },
    { filename: reportName(report, "html"), contentType: "text/html", content: usageHtml(report, viewer) },
  ]);
  const text = `${paragraphs.join("\n")}\n`;
  return { subject, text, files, id: idOf(subject, text) };
}

/** `pool`: of that day. Null: none was above its licence. */
export function overLimitText(day: string, pool: readonly UsageLine[], slotMs: number): ReportText | null {
  const over = pool.filter((line) => line.over > 0);
  if (over.length === 0) return null;
  const subject = `${over.length} LoadMaster(s) above the pooled licence on ${day}`;
  const rows = over.map((line) => {
    const at = line.peak === null ? "" : new Date(line.peak.slot * slotMs).toISOString().slice(11, 16);
    const peak = gbps(line.peak?.bitsPerSecond ?? 0);
    return `${namesOf(line)}: licensed for ${line.mbps ?? 0} Mbit/s, above it in ${line.over} slot(s) of ${slotMs / 1_000} s, at most ${peak} Gbit/s at ${at} UTC.`;
  });
  const text = `${rows.join("\n")}\nTraffic is not limited; license a greater size to those that need it.\n`;
  return { subject, text, files: [], id: idOf(subject, text) };
}
