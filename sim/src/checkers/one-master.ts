/** At most one Master of a pair while the units can hear each other, but for so long after they began to. */
import { durationText } from "../journal.ts";
import type { Report } from "./violation.ts";

/** pair-protocol: probe 3 s, and the exchange after it. */
export const twoMastersMaxMs = 3_500;

export class OneMaster {
  readonly #report: Report;
  #since: number | null = null;
  longestMs = 0;

  constructor(report: Report) {
    this.#report = report;
  }

  /** Call whenever it may have changed: both are Master of one pair, and nothing keeps them from hearing each other. */
  update(now: number, areBothAndConnected: boolean): void {
    this.check(now);
    if (!areBothAndConnected) this.#since = null;
    else this.#since ??= now;
  }

  /** When to look again, at the latest. */
  get dueAt(): number | null {
    return this.#since === null ? null : this.#since + twoMastersMaxMs + 1;
  }

  check(now: number): void {
    if (this.#since === null) return;
    const lastedMs = now - this.#since;
    this.longestMs = Math.max(this.longestMs, lastedMs);
    if (lastedMs > twoMastersMaxMs)
      this.#report(`both units have been Master for ${durationText(lastedMs)} while connected`);
  }
}
