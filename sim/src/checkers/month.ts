/** SPEC ML6: both units make the same month out of their samples. */
import { canonicalJson, type Json } from "@tandem/base/canonical-json";
import type { MonthReports } from "@tandem/central/metering/month-reading";
import type { Report } from "./violation.ts";

export function checkMonth(a: MonthReports | undefined, b: MonthReports | undefined, report: Report): void {
  if (a === undefined || b === undefined) {
    report("a unit has no report of the month");
    return;
  }
  for (const kind of ["metered", "pool"] as const) {
    const [ofA, ofB] = [a[kind], b[kind]].map((each) => canonicalJson(each as unknown as Json));
    if (ofA !== ofB) report(`the units make different months of what is ${kind}: ${ofA} and ${ofB}`);
  }
}
