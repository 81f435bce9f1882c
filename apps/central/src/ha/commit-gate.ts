/** H2: during an orderly handover local commits wait, for at most `commitHoldMs`, until the peer has everything. */
import type { Cancel, World } from "@tandem/base/world";
import { commitHoldMs } from "@tandem/pair/constants";

export class CommitGate {
  readonly #world: World;
  #opened: Promise<void> | undefined;
  #open: (() => void) | undefined;
  #cancel: Cancel | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  hold(): void {
    if (this.#opened !== undefined) return;
    this.#opened = new Promise((resolve) => {
      this.#open = resolve;
    });
    // The pair releases it; this keeps the bound also if it did not.
    this.#cancel = this.#world.after(commitHoldMs, () => this.release());
  }

  release(): void {
    this.#cancel?.();
    this.#open?.();
    this.#open = undefined;
    this.#opened = undefined;
  }

  /** Resolves at once while the gate is open. */
  async passage(): Promise<void> {
    while (this.#opened !== undefined) await this.#opened;
  }
}
