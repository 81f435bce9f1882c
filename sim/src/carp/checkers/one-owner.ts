/**
 * At most one unit owns the addresses while the segment is whole, but for the time of one exchange at a change of
 * roles, of one interval after healing, and of the 500 ms in which `unit` cleans up after a carpd that was killed. A
 * loop that stands still while its kernel goes on answering can let go of nothing: that is no whole segment either.
 */
import type { Millis } from "@tandem/base/time";
import { guardDelayMs } from "../carp-unit.ts";
import type { Checker, Report, Scene } from "../scene.ts";

export class OneOwner implements Checker {
  readonly name = "one owner";
  /** The longest time of two owners of a whole segment that was seen. */
  longestMs: Millis = 0;
  readonly #scene: Scene;
  readonly #report: Report;
  #since: Millis | null = null;

  constructor(scene: Scene, report: Report) {
    this.#scene = scene;
    this.#report = report;
  }

  look(): void {
    const { now, owners, wholeSince, exchangeMs, intervalMs, swallowedAt, units } = this.#scene;
    if (owners.length < 2) {
      this.#since = null;
      return;
    }
    this.#since ??= now;
    if (wholeSince === null) return;
    const disturbedAt = Math.max(wholeSince, swallowedAt, ...units.map(({ ableSince }) => ableSince));
    const orphanedAt = Math.max(...units.map((unit) => unit.orphanedAt ?? Number.NEGATIVE_INFINITY));
    this.longestMs = Math.max(this.longestMs, now - Math.max(this.#since, wholeSince));
    const until = Math.max(
      this.#since + exchangeMs,
      disturbedAt + intervalMs + exchangeMs,
      orphanedAt + guardDelayMs,
    );
    if (now > until)
      this.#report(
        `both units have owned the addresses for ${Math.round(now - this.#since)} ms, on a segment that has been whole for ${Math.round(now - wholeSince)} ms`,
      );
  }
}
