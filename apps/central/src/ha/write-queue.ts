/**
 * Writes that come at the same time reach the disk together: what costs is the disk's confirmation, not the data.
 * A write that comes alone is made at once. Those that follow it wait until everything that has arrived by then has been
 * taken in; they are then made in order, in one transaction, as if each had come alone. So it goes on until none
 * came in between. Nothing is shown, sent or answered before its transaction is on disk.
 */
import type { FieldError, Result } from "@tandem/base/result";
import type { WallMillis } from "@tandem/base/time";
import type { Cancel, World } from "@tandem/base/world";
import type { Edit, WriteConflict } from "@tandem/replica/edits";
import { UnitStopped } from "../unit-stopped.ts";
import type { Acknowledged } from "./acknowledgements.ts";

export type Write = {
  readonly edits: readonly Edit[];
  readonly author: string;
  /** In a few words what, for the list of what the peer does not have yet. */
  readonly summary: string;
  readonly at: WallMillis;
};
export type Committed = Result<Promise<Acknowledged> | Acknowledged, WriteConflict | FieldError>;

/** Beyond so many, those that wait are made at once. */
const writesWaitingMax = 1_000;

type Waiting = {
  readonly write: Write;
  readonly resolve: (committed: Committed) => void;
  readonly reject: (error: Error) => void;
};

export class WriteQueue {
  readonly #world: World;
  /** In one transaction, which is on disk when it returns; throws when it could not be kept. */
  readonly #commit: (writes: readonly Write[]) => readonly Committed[];
  #waiting: Waiting[] = [];
  /** Set while others are likely to follow a write that was just made. */
  #cancel: Cancel | null = null;

  constructor(world: World, commit: (writes: readonly Write[]) => readonly Committed[]) {
    this.#world = world;
    this.#commit = commit;
  }

  add(write: Write): Promise<Committed> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ write, resolve, reject });
      if (this.#cancel === null || this.#waiting.length >= writesWaitingMax) this.#make();
    });
  }

  /** Makes what waits now. */
  flush(): void {
    if (this.#waiting.length > 0) this.#make();
  }

  #make(): void {
    this.#cancel?.();
    this.#cancel = this.#world.after(0, () => {
      this.#cancel = null;
      this.flush();
    });
    const waiting = this.#waiting;
    this.#waiting = [];
    try {
      const committed = this.#commit(waiting.map(({ write }) => write));
      for (const [index, { resolve }] of waiting.entries()) resolve(committed[index] as Committed);
    } catch (error) {
      for (const { reject } of waiting) reject(new UnitStopped(error as Error));
    }
  }
}
