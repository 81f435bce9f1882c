/**
 * The two reports of a month (SPEC ML3, ML6): usage of metered licences, with what is billed, and usage of the pool.
 * CSV (RFC 4180) and HTML are functions of the report and of who shows it: both Centrals of a pair write the same
 * bytes, but for the parentheses around the device IDs of LoadMasters that the other one has licensed.
 */
import type { UnitId } from "@tandem/base/ids";
import { type Billed, billedOf, type Slots, type UsageLine } from "./month.ts";
import { sizeOf } from "./sampled-unit.ts";

export type UsageReport = {
  readonly kind: "metered" | "pool";
  /** Such as 2026-11. */
  readonly month: string;
  readonly slotMs: number;
  readonly slots: Slots;
  /** The month is over; until then a report tells of what there has been of it. */
  readonly isOver: boolean;
  readonly lines: readonly UsageLine[];
  readonly tierGbps: number | null;
  /** Of the pool nothing is billed by use. */
  readonly billed: Billed | null;
};

/** In the order of names, then of licensing ids. */
export function usageReport(
  about: Pick<UsageReport, "kind" | "month" | "slotMs" | "slots" | "isOver" | "tierGbps">,
  lines: readonly UsageLine[],
): UsageReport {
  return {
    ...about,
    lines: lines.toSorted((a, b) => compareTexts(sortKey(a), sortKey(b))),
    billed:
      about.kind === "metered"
        ? billedOf(
            lines.map(({ peak }) => peak?.bitsPerSecond ?? 0),
            about.tierGbps,
          )
        : null,
  };
}

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const sortKey = ({ members }: UsageLine): string =>
  members.map(({ unit, sampled }) => `${sampled.name}\0${unit}`).join("\0");

// What both kinds of text say.

const iso = (slot: number, slotMs: number): string =>
  new Date(slot * slotMs).toISOString().replace(".000Z", "Z");

const milliPerGbit = 1_000_000n;
/** With three places, rounded up: what is shown is never less than what is counted. */
export function gbps(bitsPerSecond: number): string {
  const milli = (BigInt(bitsPerSecond) + milliPerGbit - 1n) / milliPerGbit;
  return `${milli / 1_000n}.${String(milli % 1_000n).padStart(3, "0")}`;
}

const stretchesShownMax = 50;
function missingText({ missingSlots }: UsageLine, slotMs: number): string {
  const shown = missingSlots
    .slice(0, stretchesShownMax)
    .map(({ from, to }) => `${iso(from, slotMs)}/${iso(to, slotMs)}`);
  const more = missingSlots.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join(" ");
}

/** In parentheses: that on the other Central, which licensed it (SPEC ML3). */
function deviceIds({ members }: UsageLine, viewer: UnitId): string {
  return members
    .map(({ sampled: { deviceNumber, central } }) => {
      const id = deviceNumber === 0 ? "?" : String(deviceNumber);
      return central === viewer ? id : `(${id})`;
    })
    .join(" + ");
}

type Column = {
  readonly title: string;
  readonly isNumber?: true;
  readonly cell: (line: UsageLine) => string;
};

function columnsOf({ kind, slotMs }: UsageReport, viewer: UnitId): readonly Column[] {
  const all = (of: (member: UsageLine["members"][number]) => string) => (line: UsageLine) =>
    line.members.map(of).join(" + ");
  const size: Column = {
    title: "Licensed (Mbit/s)",
    isNumber: true,
    cell: all(({ sampled }) => String(sizeOf(sampled) ?? 0)),
  };
  const over: Column = { title: "Slots above licence", isNumber: true, cell: (line) => String(line.over) };
  return [
    { title: "Device ID", cell: (line) => deviceIds(line, viewer) },
    { title: "LoadMaster", cell: all(({ sampled }) => sampled.name) },
    { title: "Licensing ID", cell: all(({ unit }) => unit) },
    ...(kind === "pool" ? [size] : []),
    {
      title: "Peak (bit/s)",
      isNumber: true,
      cell: ({ peak }) => (peak === null ? "" : String(peak.bitsPerSecond)),
    },
    {
      title: "Peak (Gbit/s)",
      isNumber: true,
      cell: ({ peak }) => (peak === null ? "" : gbps(peak.bitsPerSecond)),
    },
    { title: "Peak at (UTC)", cell: ({ peak }) => (peak === null ? "" : iso(peak.slot, slotMs)) },
    ...(kind === "pool" ? [over] : []),
    { title: "Samples", isNumber: true, cell: (line) => String(line.measured) },
    { title: "Missing samples", isNumber: true, cell: (line) => String(line.missing) },
    { title: "Missing (UTC)", cell: (line) => missingText(line, slotMs) },
  ];
}

function summaryOf({ billed, tierGbps }: UsageReport): readonly (readonly [name: string, value: string])[] {
  if (billed === null) return [];
  return [
    ["Sum of peaks (bit/s)", String(billed.sumBitsPerSecond)],
    ["Sum of peaks (Gbit/s)", gbps(billed.sumBitsPerSecond)],
    ["Billed (Gbit/s)", String(billed.billedGbps)],
    ["Tier (Gbit/s)", tierGbps === null ? "none" : String(tierGbps)],
    ["Beyond the tier (Gbit/s)", billed.beyondTierGbps === null ? "" : String(billed.beyondTierGbps)],
  ];
}

const titleOf = ({ kind, month }: UsageReport): string =>
  kind === "metered" ? `Metered usage, ${month}` : `Usage of the pool, ${month}`;

function stretchOf({ slots, slotMs, isOver }: UsageReport): string {
  const stretch = `${iso(slots.from, slotMs)} to ${iso(slots.to, slotMs)}`;
  return isOver ? stretch : `${stretch}, the month is not over`;
}

/** Such as `metered-usage-2026-11.csv`. */
export const reportName = ({ kind, month }: Pick<UsageReport, "kind" | "month">, ending: string): string =>
  `${kind}-usage-${month}.${ending}`;

// CSV.

/** A spreadsheet takes what begins so for a formula; LoadMasters name themselves. */
const looksLikeFormula = /^[=+\-@\t\r]/;
const isPlainNumber = /^-?\d+(\.\d+)?$/;

function csvCell(text: string): string {
  const safe = looksLikeFormula.test(text) && !isPlainNumber.test(text) && text !== "-" ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
const csvRow = (cells: readonly string[]): string => `${cells.map(csvCell).join(",")}\r\n`;

/** The lines under their titles, an empty row, then name and value of what is said of the whole. */
export function usageCsv(report: UsageReport, viewer: UnitId): string {
  const columns = columnsOf(report, viewer);
  return [
    csvRow(columns.map(({ title }) => title)),
    ...report.lines.map((line) => csvRow(columns.map(({ cell }) => cell(line)))),
    csvRow([""]),
    csvRow(["Month", report.month]),
    csvRow(["Slots (UTC)", stretchOf(report)]),
    csvRow(["Slot (s)", String(report.slotMs / 1_000)]),
    ...summaryOf(report).map(csvRow),
  ].join("");
}

// HTML.

const entities: { readonly [character: string]: string } = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const html = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character] ?? "");

const style = `body{font:14px sans-serif;color:#222;margin:2em}table{border-collapse:collapse;margin:1em 0}
th,td{border:1px solid #bbb;padding:.3em .6em;text-align:left;vertical-align:top}
td.number{text-align:right;white-space:nowrap}th{background:#eee}tr.missing td{background:#fff3d6}`;

const notes: { readonly [kind in UsageReport["kind"]]: string } = {
  metered:
    "Of each LoadMaster its greatest in the month counts; a pair counts once, in each slot by the greater of its members. The sum is rounded up to whole Gbit/s.",
  pool: "A slot above the licence carried more than the size that was licensed in it.",
};

/** One page without anything from elsewhere, fit for a mail. */
export function usageHtml(report: UsageReport, viewer: UnitId): string {
  const columns = columnsOf(report, viewer);
  const title = html(titleOf(report));
  const cell = (column: Column, line: UsageLine): string =>
    `<td${column.isNumber ? ' class="number"' : ""}>${html(column.cell(line))}</td>`;
  const rows = report.lines.map(
    (line) =>
      `<tr${line.missing > 0 ? ' class="missing"' : ""}>${columns.map((column) => cell(column, line)).join("")}</tr>`,
  );
  const summary = summaryOf(report).map(
    ([name, value]) => `<tr><th>${html(name)}</th><td class="number">${html(value)}</td></tr>`,
  );
  return [
    "<!doctype html>",
    `<html lang="en"><head><meta charset="utf-8"><title>${title}</title><style>${style}</style></head><body>`,
    `<h1>${title}</h1>`,
    `<p>${html(stretchOf(report))} (UTC).</p>`,
    `<table><thead><tr>${columns.map((column) => `<th>${html(column.title)}</th>`).join("")}</tr></thead><tbody>`,
    ...(rows.length === 0 ? [`<tr><td colspan="${columns.length}">No LoadMaster.</td></tr>`] : rows),
    "</tbody></table>",
    ...(summary.length === 0 ? [] : ["<table><tbody>", ...summary, "</tbody></table>"]),
    `<p>Throughput is bits in and out on the client side over ${report.slotMs / 1_000} s. ${html(notes[report.kind])} A device ID in parentheses is that on the other Central, which licensed the LoadMaster.</p>`,
    "</body></html>",
    "",
  ].join("\n");
}
