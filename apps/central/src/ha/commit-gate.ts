/** H2: during an orderly handover local commits wait, for at most `commitHoldMs`, until the peer has everything. */
import { commitHoldMs } from "@tandem/pair/constants";

export class CommitGate {
  #opened: Promise<void> | undefined;
  #open: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  hold(): void {
    if (this.#opened !== undefined) return;
    this.#opened = new Promise((resolve) => {
      this.#open = resolve;
    });
    // The pair releases it; this keeps the bound also if it did not.
    this.#timer = setTimeout(() => this.release(), commitHoldMs);
  }

  release(): void {
    clearTimeout(this.#timer);
    this.#open?.();
    this.#open = undefined;
    this.#opened = undefined;
  }

  /** Resolves at once while the gate is open. */
  async passage(): Promise<void> {
    while (this.#opened !== undefined) await this.#opened;
  }
}
