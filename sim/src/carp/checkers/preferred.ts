/** [LH3] The preferred host is active where it is as well off as the other, an interval after the last change at the latest. */
import type { Checker, Report, Scene } from "../scene.ts";

export class Preferred implements Checker {
  readonly name = "preferred";
  readonly #scene: Scene;
  readonly #report: Report;

  constructor(scene: Scene, report: Report) {
    this.#scene = scene;
    this.#report = report;
  }

  look(): void {
    const { owners, areAble, intervalMs, exchangeMs, now } = this.#scene;
    const [owner, ...others] = owners;
    if (owner === undefined || others.length > 0 || !areAble) return;
    if (!this.#scene.isCalmFor(intervalMs + exchangeMs)) return;
    if (now - owner.masterSince <= intervalMs + exchangeMs) return;
    const { other } = owner;
    if (other.config.preempt && other.demotion === owner.demotion)
      this.#report(`${other.name} is preferred and as well off, and ${owner.name} is active`);
  }
}
