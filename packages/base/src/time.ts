/**
 * Two kinds of time that never mix: `Millis` runs on a monotonic clock and drives timers; `WallMillis` is for
 * people, certificates and schedules. Cores receive both as input and read no clock.
 */
declare const monotonic: unique symbol;
declare const wall: unique symbol;

/** Milliseconds of a monotonic clock with an arbitrary origin. */
export type Millis = number & { readonly [monotonic]?: true };
/** Milliseconds since the Unix epoch, UTC. */
export type WallMillis = number & { readonly [wall]?: true };

export const second = 1_000;
export const minute = 60 * second;
export const hour = 60 * minute;
