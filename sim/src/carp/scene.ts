import type { Millis } from "@tandem/base/time";
import { intervalMs, masterDownMs } from "@tandem/carp/rules";
import type { Engine } from "../engine.ts";
import type { CarpUnit } from "./carp-unit.ts";
import type { Wires } from "./wires.ts";

/** What checkers look at. */
export class Scene {
  readonly units: readonly [CarpUnit, CarpUnit];
  readonly wires: Wires;
  /** The longest way of a packet, and the latest that a timer fires. */
  readonly hopMs: Millis;
  /** Since when nothing has been done to anybody. */
  calmSince: Millis = 0;
  /** Whose MAC the client has for the shared address. */
  clientEntry: CarpUnit | null = null;
  readonly #engine: Engine;

  constructor(
    engine: Engine,
    parts: {
      readonly units: readonly [CarpUnit, CarpUnit];
      readonly wires: Wires;
      readonly hopMs: Millis;
    },
  ) {
    this.#engine = engine;
    this.units = parts.units;
    this.wires = parts.wires;
    this.hopMs = parts.hopMs;
  }

  get now(): Millis {
    return this.#engine.now;
  }

  /** Two hops and a little: an advertisement and the answer to it. */
  get exchangeMs(): Millis {
    return 2 * this.hopMs + 1;
  }

  get owners(): readonly CarpUnit[] {
    return this.units.filter((unit) => unit.isOwner);
  }

  get areAble(): boolean {
    return this.units.every((unit) => unit.isAble);
  }

  /** The time in which the slower of the two gives up a silent master. */
  get timeoutMs(): Millis {
    return Math.max(...this.units.map(({ config }) => masterDownMs(config)));
  }

  get intervalMs(): Millis {
    return Math.max(...this.units.map(({ config }) => intervalMs(config)));
  }

  /** The units work by one setting. */
  get doSettingsAgree(): boolean {
    const [one, two] = this.units;
    return (
      one.config.password === two.config.password &&
      one.config.advbase === two.config.advbase &&
      one.config.advskew !== two.config.advskew &&
      !(one.config.preempt && two.config.preempt)
    );
  }

  /** Since when the segment has been whole and nobody was confused; null while that is not so. */
  get wholeSince(): Millis | null {
    const since = this.wires.wholeSince;
    if (since === null || !this.doSettingsAgree) return null;
    if (this.units.some(({ standstill }) => standstill !== "running")) return null;
    return Math.max(since, ...this.units.map(({ confusedAt }) => confusedAt));
  }

  /** The time when the last packet was lost alone. */
  get swallowedAt(): Millis {
    return this.wires.swallowedAt.at(-1) ?? Number.NEGATIVE_INFINITY;
  }

  /** Nothing was done to anybody, and no packet lost, for so long, and the segment is whole. */
  isCalmFor(ms: Millis): boolean {
    const { wholeSince } = this;
    return wholeSince !== null && this.now - Math.max(wholeSince, this.calmSince, this.swallowedAt) > ms;
  }
}

export type Checker = {
  readonly name: string;
  /** Called before and after whatever may matter, and each second. */
  readonly look: () => void;
};

/** What a checker does when it sees what must not be. */
export type Report = (message: string) => void;
