/** How often each kind of fault met a unit in each role, and how long nobody was active after one that came alone. */
import type { Millis } from "@tandem/base/time";
import type { CarpUnit } from "./carp-unit.ts";
import { type CarpFaultKind, carpFaultKinds } from "./faults.ts";

export const carpStates = ["master", "backup", "listening", "initial", "stopped"] as const;
type CarpStateName = (typeof carpStates)[number];

/** A backup that has heard nobody yet only listens. */
export function stateOf(unit: CarpUnit): CarpStateName {
  if (unit.role === "backup" && unit.other.role !== "master") return "listening";
  return unit.role;
}

/** As a share of the timeout, and in the fast mode in milliseconds: two figures that mean something. */
export type Mode = "timeout" | "fast";

export class CarpCoverage {
  readonly #met = new Map<string, number>();
  readonly #outages = new Map<string, number>();

  met(kind: CarpFaultKind, state: CarpStateName): void {
    const cell = `${kind}|${state}`;
    this.#met.set(cell, (this.#met.get(cell) ?? 0) + 1);
  }

  outage(
    kind: CarpFaultKind,
    mode: Mode,
    { lastedMs, timeoutMs }: { lastedMs: Millis; timeoutMs: Millis },
  ): void {
    const cell = `${kind}|${mode}`;
    this.#outages.set(cell, Math.max(this.#outages.get(cell) ?? 0, lastedMs / timeoutMs));
  }

  add(other: CarpCoverage): void {
    for (const [cell, count] of other.#met) this.#met.set(cell, (this.#met.get(cell) ?? 0) + count);
    for (const [cell, share] of other.#outages)
      this.#outages.set(cell, Math.max(this.#outages.get(cell) ?? 0, share));
  }

  count(kind: CarpFaultKind, state: CarpStateName): number {
    return this.#met.get(`${kind}|${state}`) ?? 0;
  }

  /** The longest outage after one fault of this kind, in shares of the timeout; undefined when there was none. */
  longestOutage(kind: CarpFaultKind, mode: Mode): number | undefined {
    return this.#outages.get(`${kind}|${mode}`);
  }

  /** Cells that no seed came to; a carrier that is gone is not lost. */
  unmet(): readonly string[] {
    return carpFaultKinds.flatMap((kind) =>
      carpStates
        .filter((state) => this.count(kind, state) === 0 && !(kind === "carrier lost" && state === "initial"))
        .map((state) => `${kind} × ${state}`),
    );
  }
}
