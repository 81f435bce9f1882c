/**
 * Notices that this process stood still (stopped, swapped out, suspended, its machine paused): then its timers
 * say nothing about the peer, and a Master asks before it acts on (pair-protocol, "self in doubt"). The
 * monotonic clock stops in suspend, so boot time and the wall clock are looked at as well.
 */
import { uptime } from "node:os";

const checkIntervalMs = 500;
export const stallToleratedMs = 2_000;

type Readings = { readonly monotonic: number; readonly boot: number; readonly wall: number };
const readClocks = (): Readings => ({
  monotonic: performance.now(),
  boot: uptime() * 1_000,
  wall: Date.now(),
});

export class StallWatch {
  readonly #read: () => Readings;
  #last: Readings;
  readonly #timer: NodeJS.Timeout;

  /** `onStall` is called at the next regular look; whoever is about to act on a timer calls `check` first. */
  constructor(onStall: () => void, read: () => Readings = readClocks) {
    this.#read = read;
    this.#last = read();
    this.#timer = setInterval(() => this.check() && onStall(), checkIntervalMs);
  }

  /** True when one of the clocks ran more than 2 s further than a loop that lives could have let pass. */
  check(): boolean {
    const now = this.#read();
    const furthest = Math.max(
      now.monotonic - this.#last.monotonic,
      now.boot - this.#last.boot,
      now.wall - this.#last.wall,
    );
    this.#last = now;
    return furthest > checkIntervalMs + stallToleratedMs;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
