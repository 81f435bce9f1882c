import type { Log } from "./unit.ts";

/** What does not work although it is configured, by part; each is told once when it begins, and once when it ends. */
export class Troubles {
  readonly #reasons = new Map<string, string>();
  readonly #log: Log;
  readonly #changed: () => void;

  constructor(log: Log, changed: () => void) {
    this.#log = log;
    this.#changed = changed;
  }

  get inWords(): string[] {
    return [...this.#reasons].map(([part, reason]) => `${part}: ${reason}`);
  }

  /** `reason`: what is wrong with the part; undefined or empty: nothing. */
  report(part: string, reason: string | undefined): void {
    if (!reason) this.#over(part);
    else if (this.#reasons.get(part) !== reason) {
      this.#reasons.set(part, reason);
      this.#changed();
      this.#log("error", "trouble", { part, reason });
    }
  }

  /** Whether `work` fails is told; it resolves all the same. */
  async during(part: string, work: Promise<unknown>): Promise<void> {
    await work.then(
      () => this.#over(part),
      (error: Error) => this.report(part, error.message),
    );
  }

  #over(part: string): void {
    if (!this.#reasons.delete(part)) return;
    this.#changed();
    this.#log("info", "trouble-over", { part });
  }
}
