/** A clock for tests of what waits and of promises. */
import { sha256Hex } from "@tandem/base/digest";
import type { Millis, WallMillis } from "@tandem/base/time";
import type { World } from "@tandem/base/world";

/** Time that passes when the test says so. */
export class VirtualTime {
  #now: Millis = 0;
  wallAtStart: WallMillis;
  #timers: { at: Millis; body: () => void }[] = [];
  #random = 0;

  constructor(start: string) {
    this.wallAtStart = Date.parse(start);
  }

  readonly world: World = {
    now: () => this.#now,
    wall: () => this.wallAtStart + this.#now,
    after: (delayMs, body) => {
      const timer = { at: this.#now + Math.max(0, delayMs), body };
      this.#timers.push(timer);
      return () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      };
    },
    randomHex: (bytes) => {
      this.#random += 1;
      return sha256Hex(`random ${this.#random}`).slice(0, 2 * bytes);
    },
  };

  /** Lets so much time pass, timer by timer; what they promise is done in between. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const [next] = this.#timers.sort((a, b) => a.at - b.at);
      if (next === undefined || next.at > end) break;
      this.#timers.shift();
      this.#now = Math.max(this.#now, next.at);
      next.body();
      await settle();
    }
    this.#now = end;
  }
}

/** Promises that are kept already, and those that hang on them, take their turn. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}
