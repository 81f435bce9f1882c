/**
 * [LH7] Of two units that hear each other the less demoted one is active: at once when the active has become worse, and
 * otherwise with the next advertisement.
 */
import type { Checker, Report, Scene } from "../scene.ts";

export class LessDemoted implements Checker {
  readonly name = "less demoted";
  readonly #scene: Scene;
  readonly #report: Report;

  constructor(scene: Scene, report: Report) {
    this.#scene = scene;
    this.#report = report;
  }

  look(): void {
    const { owners, areAble, intervalMs, exchangeMs, calmSince, swallowedAt, now } = this.#scene;
    const [owner, ...others] = owners;
    if (owner === undefined || others.length > 0 || !areAble) return;
    const isOwnersNews = owner.demotedAt === calmSince && swallowedAt < calmSince;
    const boundMs = isOwnersNews ? exchangeMs : intervalMs + exchangeMs;
    if (!this.#scene.isCalmFor(boundMs) || now - owner.masterSince <= boundMs) return;
    if (owner.demotion > owner.other.demotion)
      this.#report(
        `${owner.name} is active with demotion ${owner.demotion}, and ${owner.other.name} has ${owner.other.demotion}`,
      );
  }
}
