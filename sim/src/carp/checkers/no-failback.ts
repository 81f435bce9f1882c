/**
 * [LH3] A unit takes the role from a master that is there and well only when that one is more demoted, or when the
 * taker is the preferred host. That it has just come back is no reason, nor is a single lost advertisement.
 */
import type { CarpUnit } from "../carp-unit.ts";
import type { Report, Scene } from "../scene.ts";

export class NoFailback {
  readonly name = "no failback";
  readonly #scene: Scene;
  readonly #report: Report;

  constructor(scene: Scene, report: Report) {
    this.#scene = scene;
    this.#report = report;
  }

  tookRole(taker: CarpUnit): void {
    const { other } = taker;
    const { now, wires, wholeSince, timeoutMs, intervalMs, exchangeMs } = this.#scene;
    if (other.role !== "master" || !other.isAble || other.masterSince > now - exchangeMs) return;
    const patience = now - timeoutMs - exchangeMs;
    // The very first thing that the other said as a master was lost, and it has had no time to say more.
    if (wires.swallowedSince(other.masterSince) > 0 && other.masterSince > now - intervalMs - exchangeMs)
      return;
    if (wholeSince === null || wholeSince > patience || wires.swallowedSince(patience) > 1) return;
    // It had just begun to listen, in fast mode for as long as three of its own intervals, and one of the other's was lost.
    if (wires.swallowedSince(taker.ableSince) > 0 && taker.ableSince > patience) return;
    if (taker.demotion < other.demotion) return;
    if (taker.demotion === other.demotion && taker.config.preempt) return;
    // It acted on what it had heard before it could hear of the change.
    if (Math.max(taker.demotedAt, other.demotedAt) > now - exchangeMs) return;
    this.#report(
      `${taker.name} (demotion ${taker.demotion}) took the role from ${other.name} (demotion ${other.demotion}), which was well and could be heard`,
    );
  }
}
