/**
 * [LH4] A client on a whole segment has the address of the unit that is active: soon after two that were both active
 * have found each other, and in any case after the active has announced itself anew.
 */
import type { Millis } from "@tandem/base/time";
import { announceRefreshMs, announceRepeatsMs } from "@tandem/carp/constants";
import type { Checker, Report, Scene } from "../scene.ts";

export class ClientFollows implements Checker {
  readonly name = "client follows";
  readonly #scene: Scene;
  readonly #report: Report;
  /** Both were active on a whole segment, nothing else was amiss, and since then one of them is. */
  #metAt: Millis | null = null;
  #wereBoth = false;
  #wrongSince: Millis | null = null;

  constructor(scene: Scene, report: Report) {
    this.#scene = scene;
    this.#report = report;
  }

  look(): void {
    const { now, owners, areAble, wholeSince, clientEntry, exchangeMs, calmSince, swallowedAt } = this.#scene;
    const [owner, ...others] = owners;
    if (wholeSince === null || owner === undefined || owner.orphanedAt !== null || others.length > 0) {
      this.#wereBoth = wholeSince !== null && areAble && others.length > 0;
      this.#metAt = null;
      this.#wrongSince = null;
      return;
    }
    if (this.#wereBoth && areAble) this.#metAt = now;
    this.#wereBoth = false;
    if (clientEntry === owner) {
      this.#wrongSince = null;
      return;
    }
    this.#wrongSince ??= now;
    const wrongMs = now - Math.max(this.#wrongSince, wholeSince);
    const isMet = this.#metAt !== null && Math.max(calmSince, swallowedAt) < this.#metAt && areAble;
    if (wrongMs > announceRefreshMs + exchangeMs || (isMet && wrongMs > announceRepeatsMs[0] + exchangeMs))
      this.#report(
        `${owner.name} has been active alone, and the client has had another's address for ${Math.round(wrongMs)} ms`,
      );
  }
}
