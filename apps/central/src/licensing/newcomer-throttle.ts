/**
 * How many LoadMasters that nobody knew before are heard. Whoever reaches Central can make keys and ask with each of
 * them once; a program that does must fill neither the tree nor the timeline. In memory: a new start counts anew.
 */
import { type Millis, minute } from "@tandem/base/time";
import type { LicensingId } from "@tandem/licensing/wire";

export const newcomersMax = 60;
export const newcomerWindowMs: number = 10 * minute;

export class NewcomerThrottle {
  /** When each was first heard, the oldest first. */
  readonly #heard = new Map<LicensingId, Millis>();

  /** 0, and the newcomer is counted, once in a window; or how long to wait until another one is heard. */
  waitMs(unit: LicensingId, now: Millis): number {
    for (const [known, at] of this.#heard) {
      if (now - at < newcomerWindowMs) break;
      this.#heard.delete(known);
    }
    if (this.#heard.has(unit)) return 0;
    const [oldest] = this.#heard.values();
    if (this.#heard.size >= newcomersMax && oldest !== undefined) return oldest + newcomerWindowMs - now;
    this.#heard.set(unit, now);
    return 0;
  }
}
