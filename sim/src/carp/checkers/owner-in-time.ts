/**
 * [LH2] Somebody owns the addresses within the timeout, whatever happened, as long as a unit could follow the election
 * all that time; the paths need not be there for it.
 */
import type { Millis } from "@tandem/base/time";
import type { Checker, Report, Scene } from "../scene.ts";

/** It adds its own advskew to that setting's advbase: 20/256 s at most. */
const mixedSkewMs = 79;

export class OwnerInTime implements Checker {
  readonly name = "owner in time";
  readonly #scene: Scene;
  readonly #report: Report;
  readonly #outage: (lastedMs: Millis) => void;
  #since: Millis | null = 0;
  /** A standby may still wait by the slower setting of a master that it last heard before the pair was set anew. */
  #boundMs: Millis = 0;
  #boundUntil: Millis = 0;

  constructor(scene: Scene, report: Report, outage: (lastedMs: Millis) => void) {
    this.#scene = scene;
    this.#report = report;
    this.#outage = outage;
  }

  look(): void {
    const { now, owners, units, timeoutMs, exchangeMs } = this.#scene;
    if (timeoutMs >= this.#boundMs || (owners.length > 0 && now > this.#boundUntil)) {
      this.#boundMs = timeoutMs;
      this.#boundUntil = now + timeoutMs;
    }
    if (owners.length > 0) {
      // Who was not there when it began could not have helped.
      const since = this.#since;
      if (since !== null && owners.some((owner) => owner.ableSince <= since)) this.#outage(now - since);
      this.#since = null;
      return;
    }
    this.#since ??= now;
    for (const unit of units) {
      if (!unit.isAble) continue;
      const lastedMs = now - Math.max(this.#since, unit.ableSince);
      const boundMs = this.#boundMs + (this.#boundMs > timeoutMs ? mixedSkewMs : 0);
      if (lastedMs > boundMs + exchangeMs)
        this.#report(
          `nobody has owned the addresses for ${Math.round(lastedMs)} ms, and ${unit.name} could have (${unit.role})`,
        );
    }
  }
}
