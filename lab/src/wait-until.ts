/** Waiting for a condition, with a deadline, and with an error that says what was seen instead. */
import { setTimeout as delay } from "node:timers/promises";

/** What is waited for can no longer come. */
export class Hopeless extends Error {
  override name = "Hopeless";
}

export class DeadlinePassed extends Error {
  override name = "DeadlinePassed";
}

/** What one look at the world gave: the value that was waited for, or what was seen instead. */
export type Look<Value> =
  | { readonly done: true; readonly value: Value }
  | { readonly done: false; readonly seen: string };

export const seen = <Value>(value: Value): Look<Value> => ({ done: true, value });
export const notYet = (what: string): Look<never> => ({ done: false, seen: what });

export type WaitOptions = {
  /** What is waited for, as the subject of the error message. */
  readonly what: string;
  readonly deadlineMs: number;
  readonly everyMs?: number;
};

/**
 * Looks every `everyMs` (default 100) until `look` says done. A look that throws counts as "not yet" with the
 * error's message, unless it is {@link Hopeless}. Throws {@link DeadlinePassed} naming what was waited for and what was seen last.
 */
export async function waitUntil<Value>(
  options: WaitOptions,
  look: () => Look<Value> | Promise<Look<Value>>,
): Promise<Value> {
  const everyMs = options.everyMs ?? 100;
  const deadline = performance.now() + options.deadlineMs;
  for (;;) {
    let last: string;
    try {
      const result = await look();
      if (result.done) return result.value;
      last = result.seen;
    } catch (error) {
      if (error instanceof Hopeless) throw error;
      last = error instanceof Error ? error.message : String(error);
    }
    if (performance.now() + everyMs > deadline)
      throw new DeadlinePassed(`${options.what}: not within ${options.deadlineMs} ms; last seen: ${last}`);
    await delay(everyMs);
  }
}
