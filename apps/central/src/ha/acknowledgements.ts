/**
 * CH21: a change counts as on both units once the peer has reported a durable vector that covers this unit's
 * whole vector at the commit. A write waits for that at most a second while the units are connected; what was
 * acknowledged alone stays listed until the peer has it. Waiting may end too early and never claims too much.
 */
import type { WallMillis } from "@tandem/base/time";
import type { Cancel, World } from "@tandem/base/world";
import { covers, type Vector } from "@tandem/replica/version";

export type Acknowledged = "both" | "this unit only";

/** A change that, as far as this unit knows, is on its own disk alone. */
export type OnlyHere = { readonly at: WallMillis; readonly author: string; readonly summary: string };

export const acknowledgementWaitMs = 1_000;
/** Beyond it the oldest are no longer listed one by one; the number stays right. */
const onlyHereListedMax = 200;

type Waiting = {
  readonly vector: Vector;
  readonly change: OnlyHere;
  readonly resolve: (acknowledged: Acknowledged) => void;
  readonly cancel: Cancel;
};

export class Acknowledgements {
  readonly #world: World;
  readonly #waiting = new Set<Waiting>();
  #onlyHere: { readonly vector: Vector; readonly change: OnlyHere }[] = [];
  #unlisted: { count: number; vector: Vector } = { count: 0, vector: {} };
  /** What the peer reported last on this link; null while nothing was, or there is no link. */
  #peerDurable: Vector | null = null;

  constructor(world: World) {
    this.#world = world;
  }

  /** Call in the same turn as the commit whose vector it is. `isConnected`: whether the peer can answer at all. */
  await(vector: Vector, change: OnlyHere, isConnected: boolean): Promise<Acknowledged> {
    if (this.#peerDurable !== null && covers(this.#peerDurable, vector)) return Promise.resolve("both");
    if (!isConnected) {
      this.#list(vector, change);
      return Promise.resolve("this unit only");
    }
    return new Promise((resolve) => {
      const cancel = this.#world.after(acknowledgementWaitMs, () => this.#giveUp(waiting));
      const waiting: Waiting = { vector, change, resolve, cancel };
      this.#waiting.add(waiting);
    });
  }

  /** The peer says what is on its disk. Its latest word counts, also when it is less than before (V10). */
  reported(vector: Vector): void {
    this.#peerDurable = vector;
    for (const waiting of this.#waiting) {
      if (!covers(vector, waiting.vector)) continue;
      this.#waiting.delete(waiting);
      waiting.cancel();
      waiting.resolve("both");
    }
    this.#onlyHere = this.#onlyHere.filter((entry) => !covers(vector, entry.vector));
    if (covers(vector, this.#unlisted.vector)) this.#unlisted = { count: 0, vector: {} };
  }

  /** The link is gone, or what is on the other end is no longer our pair: nobody will answer. */
  disconnected(): void {
    this.#peerDurable = null;
    for (const waiting of this.#waiting) this.#giveUp(waiting);
  }

  /** This unit's state was overwritten (CH13): what was its alone is in the backup, and nobody will ever report it. */
  overwritten(): void {
    this.disconnected();
    this.#onlyHere = [];
    this.#unlisted = { count: 0, vector: {} };
  }

  /** What is known to this unit alone, oldest first, and how many there are. */
  onlyHere(): { readonly count: number; readonly newest: readonly OnlyHere[] } {
    return {
      count: this.#onlyHere.length + this.#unlisted.count,
      newest: this.#onlyHere.map((entry) => entry.change),
    };
  }

  #giveUp(waiting: Waiting): void {
    this.#waiting.delete(waiting);
    waiting.cancel();
    this.#list(waiting.vector, waiting.change);
    waiting.resolve("this unit only");
  }

  #list(vector: Vector, change: OnlyHere): void {
    this.#onlyHere.push({ vector, change });
    if (this.#onlyHere.length <= onlyHereListedMax) return;
    const oldest = this.#onlyHere.shift() as { readonly vector: Vector };
    this.#unlisted = { count: this.#unlisted.count + 1, vector: oldest.vector };
  }
}
