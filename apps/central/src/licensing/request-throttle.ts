/** How often one LoadMaster is heard: one that turns to both Centrals ten times a second must not keep them busy. */
import { type Millis, minute } from "@tandem/base/time";
import type { LicensingId } from "@tandem/licensing/wire";

export const requestsPerMinuteMax = 6;
const unitsRememberedMax = 10_000;

export class RequestThrottle {
  readonly #heard = new Map<LicensingId, readonly Millis[]>();

  /** 0, and the request is counted; or how long to wait until one is heard again. */
  waitMs(unit: LicensingId, now: Millis): number {
    const recent = (this.#heard.get(unit) ?? []).filter((at) => now - at < minute);
    const [oldest] = recent;
    if (recent.length >= requestsPerMinuteMax && oldest !== undefined) return oldest + minute - now;
    // The one that asked last stands last; the first is forgotten when there are too many.
    this.#heard.delete(unit);
    this.#heard.set(unit, [...recent, now]);
    const [first] = this.#heard.keys();
    if (this.#heard.size > unitsRememberedMax && first !== undefined) this.#heard.delete(first);
    return 0;
  }
}
