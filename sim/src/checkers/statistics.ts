/** CH8: both units hold the same samples, and together they count nothing twice. */
import { totalsOf } from "@tandem/central/stats/core";
import { digestOf, type Sample } from "@tandem/storage/statistics-store";
import type { Report } from "./violation.ts";

export function checkStatistics(
  a: readonly Sample[],
  b: readonly Sample[],
  /** Connections that the device has really had. */
  truth: number,
  report: Report,
): void {
  const digests = new Map(a.map((sample) => [`${sample.device} ${sample.slot}`, digestOf(sample)]));
  const differing = b.filter((sample) => digests.get(`${sample.device} ${sample.slot}`) !== digestOf(sample));
  if (a.length !== b.length || differing.length > 0)
    report(`the units hold ${a.length} and ${b.length} samples, of which ${differing.length} differ`);
  for (const [device, { connections }] of totalsOf(a))
    if (connections > truth)
      report(`${connections} connections of ${device} are counted, and ${truth} were made`);
}
