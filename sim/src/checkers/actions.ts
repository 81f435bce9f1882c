/** CH22: an action takes effect at most once per run on a device that fences. */
import type { Report } from "./violation.ts";

export function checkEffect(run: string, times: number, report: Report): void {
  if (times > 1) report(`run ${run.slice(0, 8)} took effect ${times} times on a device that fences`);
}
