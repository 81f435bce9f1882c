/**
 * A conflict may be found by either unit, or by both at once, and is told once: by the unit that executes when the
 * list, which is the same on both, has become longer (SPEC CH25).
 */
import { second } from "@tandem/base/time";
import type { Cancel, World } from "@tandem/base/world";
import type { HighAvailability } from "../ha/shell.ts";

/** Looked for at most so often; by then a merge that ends a cut has settled who executes. */
const lookIntervalMs = 2 * second;

export class ConflictWatch {
  readonly #unfollow: () => void;
  #cancel: Cancel | undefined;
  #known: ReadonlySet<string>;

  constructor(
    world: World,
    pair: Pick<HighAvailability, "conflicts" | "isActing" | "onChange">,
    tell: (count: number) => void,
  ) {
    const ids = (): ReadonlySet<string> => new Set(pair.conflicts().map(({ id }) => id));
    this.#known = ids();
    const look = (): void => {
      this.#cancel = undefined;
      const now = ids();
      const count = [...now].filter((id) => !this.#known.has(id)).length;
      this.#known = now;
      if (count > 0 && pair.isActing) tell(count);
    };
    this.#unfollow = pair.onChange((what) => {
      if (what === "data") this.#cancel ??= world.after(lookIntervalMs, look);
    });
  }

  stop(): void {
    this.#unfollow();
    this.#cancel?.();
  }
}
