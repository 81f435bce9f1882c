/** CH8: the graphs have no hole: each minute that begins while a unit acts, and goes on acting, has its sample. */
import { hour, minute, second } from "@tandem/base/time";
import type { Report } from "./violation.ts";

/** A poll begins with the minute; by then it has been answered, kept and shipped. */
const polledWithinMs = 15 * second;
/** Between two looks the wall clock runs beside the other one, but for its drift. */
const clockSlackMs = 1 * second;
/** Samples are kept for a week; a clock that was set ahead is not to blame. */
const judgedMs = 6 * 24 * hour;

/** What a unit is seen doing at a moment. */
export type Seen = {
  readonly unit: string;
  /** Another one after each start; null while it does not act, or is behind with what it has to do. */
  readonly acting: object | null;
  readonly wall: number;
  readonly monotonic: number;
};

export class PolledMinutes {
  readonly #since = new Map<string, { readonly acting: object; readonly wall: number; offset: number }>();
  readonly #expected = new Set<number>();

  see({ unit, acting, wall, monotonic }: Seen): void {
    const before = this.#since.get(unit);
    const offset = wall - monotonic;
    if (acting === null) {
      this.#since.delete(unit);
      return;
    }
    if (before?.acting !== acting || Math.abs(offset - before.offset) > clockSlackMs) {
      this.#since.set(unit, { acting, wall, offset });
      return;
    }
    before.offset = offset;
    const slot = Math.floor(wall / minute);
    const begun = slot * minute;
    if (before.wall < begun - second && wall >= begun + polledWithinMs) this.#expected.add(slot);
  }

  /** A unit went away for good, and with it what it alone had. */
  forget(): void {
    this.#expected.clear();
  }

  check(slots: ReadonlySet<number>, wall: number, report: Report): void {
    const missing = [...this.#expected]
      .filter((slot) => !slots.has(slot) && slot * minute > wall - judgedMs)
      .sort((a, b) => a - b);
    const [first] = missing;
    if (first !== undefined)
      report(
        `${missing.length} minutes began while a unit acted, and have no sample: first that of ${new Date(first * minute).toISOString()}`,
      );
  }
}
