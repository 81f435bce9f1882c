/**
 * [LH13] An active that is told to hand over is replaced by a standby that hears it within one exchange, and the role
 * stays there until something else happens. The preferred host, and a unit that is less demoted, take it back by right.
 */
import type { Millis } from "@tandem/base/time";
import type { CarpUnit } from "../carp-unit.ts";
import type { Checker, Report, Scene } from "../scene.ts";

export class HandOver implements Checker {
  readonly name = "hand-over";
  readonly #scene: Scene;
  readonly #report: Report;
  #order: { readonly from: CarpUnit; readonly at: Millis; isTaken: boolean } | null = null;

  constructor(scene: Scene, report: Report) {
    this.#scene = scene;
    this.#report = report;
  }

  /** Call just before `unit` is told. */
  orders(unit: CarpUnit): void {
    const { other } = unit;
    const { areAble, exchangeMs, timeoutMs, now, wholeSince } = this.#scene;
    if (unit.role !== "master" || other.role !== "backup" || !areAble) return;
    if (unit.config.preempt || other.demotion > unit.demotion) return;
    if (wholeSince === null || now - wholeSince < exchangeMs) return;
    // A standby whose patience may end just now takes over by itself, and what it says crosses the order.
    if (this.#scene.swallowedAt > now - timeoutMs) return;
    this.#order = { from: unit, at: now, isTaken: false };
  }

  look(): void {
    const { now, swallowedAt, calmSince, exchangeMs } = this.#scene;
    if (this.#order === null) return;
    const { from, at } = this.#order;
    const { other } = from;
    if (swallowedAt >= at || calmSince > at) {
      this.#order = null;
      return;
    }
    this.#order.isTaken ||= other.isOwner;
    if (!this.#order.isTaken && now > at + exchangeMs)
      this.#report(
        `${from.name} handed over ${Math.round(now - at)} ms ago, and ${other.name} has not taken the role`,
      );
    if (this.#order.isTaken && from.isOwner)
      this.#report(`${from.name} handed the role over and has taken it back from ${other.name}`);
  }
}
