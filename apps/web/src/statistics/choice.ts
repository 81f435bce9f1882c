/** What the Statistics page shows, as it stands in its address. */
import type { StatisticsQuery } from "@tandem/central-api/statistics";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
export const ranges = {
  "1h": { title: "1 hour", ms: hourMs },
  "6h": { title: "6 hours", ms: 6 * hourMs },
  "1d": { title: "1 day", ms: dayMs },
  "7d": { title: "7 days", ms: 7 * dayMs },
  "90d": { title: "90 days", ms: 90 * dayMs },
  "1y": { title: "1 year", ms: 366 * dayMs },
} as const;
export type RangeName = keyof typeof ranges;
export const rangeNames = Object.keys(ranges) as readonly RangeName[];

/** Neither network nor device: the whole fleet. */
export type Choice = {
  readonly network?: string;
  readonly device?: string;
  readonly service?: string;
  readonly server?: string;
  readonly range?: RangeName;
};

const text = (value: unknown): value is string => typeof value === "string" && value !== "";

/** What is not understood is left out; a server needs its service, and that its device. */
export function readChoice(search: Readonly<Record<string, unknown>>): Choice {
  const { network, device, service, server, range } = search;
  const ofDevice = text(device) ? { device } : null;
  const ofService = ofDevice && text(service) ? { service } : null;
  return {
    ...(!ofDevice && text(network) ? { network } : {}),
    ...ofDevice,
    ...ofService,
    ...(ofService && text(server) ? { server } : {}),
    ...(text(range) && Object.hasOwn(ranges, range) ? { range: range as RangeName } : {}),
  };
}

/** `now`: milliseconds since 1970. */
export function queryOf({ range = "1h", ...whose }: Choice, now: number): StatisticsQuery {
  return { ...whose, from: new Date(now - ranges[range].ms).toISOString(), to: new Date(now).toISOString() };
}
