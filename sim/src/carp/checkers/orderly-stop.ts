/** [LH2] An active that stops in an orderly way is replaced by a standby that hears it within one exchange. */
import type { Millis } from "@tandem/base/time";
import type { CarpUnit } from "../carp-unit.ts";
import type { Checker, Report, Scene } from "../scene.ts";

export class OrderlyStop implements Checker {
  readonly name = "orderly stop";
  readonly #scene: Scene;
  readonly #report: Report;
  #stopped: { readonly unit: CarpUnit; readonly at: Millis } | null = null;

  constructor(scene: Scene, report: Report) {
    this.#scene = scene;
    this.#report = report;
  }

  /** Call just before `unit` stops. */
  stops(unit: CarpUnit): void {
    const { other } = unit;
    if (unit.role !== "master" || other.role !== "backup" || !this.#scene.areAble) return;
    if (this.#scene.wholeSince === null || this.#scene.now - this.#scene.wholeSince < this.#scene.exchangeMs)
      return;
    this.#stopped = { unit, at: this.#scene.now };
  }

  look(): void {
    const { now, swallowedAt, calmSince, exchangeMs } = this.#scene;
    if (this.#stopped === null) return;
    const { unit, at } = this.#stopped;
    if (unit.other.isOwner || swallowedAt >= at || calmSince > at) this.#stopped = null;
    else if (now > at + exchangeMs)
      this.#report(
        `${unit.name} was active and stopped in an orderly way ${Math.round(now - at)} ms ago, and ${unit.other.name} has not taken its place`,
      );
  }
}
