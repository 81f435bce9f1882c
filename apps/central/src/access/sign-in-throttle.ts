/** Slows down whoever guesses passwords, by the address they come from. Nobody else is locked out by it. */
import { isIPv6 } from "node:net";
import { minute, second, type WallMillis } from "@tandem/base/time";

export const failuresFree = 5;
const waitFirstMs = 30 * second;
const waitMaxMs = 15 * minute;
const forgetAfterMs = 60 * minute;
/** Addresses remembered; the one that failed longest ago is forgotten for a new one. */
export const addressesMax = 10_000;

type Failures = { count: number; lastAt: WallMillis };

/** A household or an office has a whole /64: its addresses count as one. */
const originOf = (address: string): string => {
  const plain = address.replace(/^::ffff:/i, "");
  return isIPv6(plain) ? plain.split(":").slice(0, 4).join(":") : plain;
};

export class SignInThrottle {
  readonly #failures = new Map<string, Failures>();

  /** How long until this address may try again; 0 when it may now. */
  waitMs(address: string, now: WallMillis): number {
    const failures = this.#failures.get(originOf(address));
    if (failures === undefined || failures.count < failuresFree) return 0;
    const wait = Math.min(waitMaxMs, waitFirstMs * 2 ** (failures.count - failuresFree));
    return Math.max(0, failures.lastAt + wait - now);
  }

  /** Counted before the password is looked at, so that many tries at once do not pass together. */
  failed(address: string, now: WallMillis): void {
    const origin = originOf(address);
    const before = this.#failures.get(origin);
    this.#failures.delete(origin);
    const isFresh = before !== undefined && now - before.lastAt < forgetAfterMs;
    if (this.#failures.size >= addressesMax) {
      const [oldest] = this.#failures.keys();
      if (oldest !== undefined) this.#failures.delete(oldest);
    }
    this.#failures.set(origin, { count: isFresh ? before.count + 1 : 1, lastAt: now });
  }

  succeeded(address: string): void {
    this.#failures.delete(originOf(address));
  }
}
