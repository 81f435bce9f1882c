/** Two units' channels over a virtual clock, for tests: what passes can be held back, changed, counted and lost. */
import { assert } from "@tandem/base/assert";
import type { Json } from "@tandem/base/canonical-json";
import type { World } from "@tandem/base/world";
import { Channels } from "../ha/channels.ts";

/** A clock that moves only when told; timers run in the order of their time, then of their making. */
export class VirtualWorld implements World {
  #now = 0;
  #timers: { readonly at: number; readonly body: () => void }[] = [];
  #random = 0;

  now(): number {
    return this.#now;
  }

  wall(): number {
    return 1_700_000_000_000 + this.#now;
  }

  after(delayMs: number, body: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, delayMs), body };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  randomHex(bytes: number): string {
    this.#random += 1;
    return this.#random.toString(16).padStart(2 * bytes, "0");
  }

  /** Runs what falls due meanwhile. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let runs = 0; ; runs += 1) {
      assert(runs < 1_000_000, "timers without end");
      const next = this.#timers
        .filter(({ at }) => at <= end)
        .reduce<{ at: number; body: () => void } | undefined>(
          (first, each) => (first === undefined || each.at < first.at ? each : first),
          undefined,
        );
      if (next === undefined) break;
      this.#timers = this.#timers.filter((each) => each !== next);
      this.#now = Math.max(this.#now, next.at);
      next.body();
    }
    this.#now = end;
  }
}

/** What becomes of a message on its way: itself, another, several, or none. */
export type Wire = (body: Json) => readonly Json[];

const flightMs = 1;

/** The channels of units 0 and 1. */
export function virtualChannels(world: VirtualWorld): {
  readonly units: readonly [Channels, Channels];
  setOpen(isOpen: boolean): void;
  /** From now on, for what unit `from` sends. */
  setWire(from: 0 | 1, wire: Wire): void;
} {
  const wires: [Wire, Wire] = [(body) => [body], (body) => [body]];
  let session = 0;
  const send =
    (from: 0 | 1) =>
    (channel: string, body: Json): boolean => {
      const sentIn = session;
      for (const arriving of wires[from](JSON.parse(JSON.stringify(body)) as Json))
        world.after(flightMs, () => {
          if (session === sentIn) units[from === 0 ? 1 : 0].received(channel, arriving);
        });
      return true;
    };
  const units = [new Channels(send(0)), new Channels(send(1))] as const;
  return {
    units,
    setOpen(isOpen) {
      session += 1;
      for (const channels of units) channels.setOpen(isOpen);
    },
    setWire(from, wire) {
      wires[from] = wire;
    },
  };
}
