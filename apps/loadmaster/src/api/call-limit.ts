/**
 * How many calls a unit carries out: above 30 in 3 s, over both versions of the API, real units drop the connection, and
 * clients keep to that. Only who has signed in counts, so that nobody else can use the calls up; what is dropped does not
 * count. Sessions of browsers are no API interface, and the partner link is none either.
 */
export const callsMaxDefault = 30;
export const callsWindowMs = 3_000;

export class CallLimit {
  readonly #callsMax: () => number;
  /** When the calls of the last window began, the oldest first; monotonic. */
  #starts: number[] = [];
  #dropped = 0;
  #toldAt = Number.NEGATIVE_INFINITY;

  /** 0: no limit. */
  constructor(callsMax: () => number) {
    this.#callsMax = callsMax;
  }

  /** Whether one more call may begin now. */
  admits(now: number): boolean {
    const most = this.#callsMax();
    if (most === 0) {
      this.#starts = [];
      return true;
    }
    this.#starts = this.#starts.filter((start) => now - start < callsWindowMs);
    if (this.#starts.length < most) {
      this.#starts.push(now);
      return true;
    }
    this.#dropped += 1;
    return false;
  }

  /** How many were dropped since this was last asked; undefined where there is nothing to tell, or it was told just now. */
  untold(now: number): number | undefined {
    if (this.#dropped === 0 || now - this.#toldAt < 20 * callsWindowMs) return undefined;
    const dropped = this.#dropped;
    this.#dropped = 0;
    this.#toldAt = now;
    return dropped;
  }
}
