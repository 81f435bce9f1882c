/**
 * What a program needs of the world beside disk and network, as a seam: the real one reads the machine's clocks
 * and entropy, the simulator's runs on a virtual clock and a seed, so that a run can be repeated to the byte.
 */
import type { Millis, WallMillis } from "./time.ts";

/** Ends what it was given for; harmless when that is over already. */
export type Cancel = () => void;

export type World = {
  /** Monotonic; drives every timer and every judgement of silence. */
  now(): Millis;
  /** For people, certificates and schedules; may jump. */
  wall(): WallMillis;
  /** Runs `body` once, after at least so many milliseconds. */
  after(delayMs: number, body: () => void): Cancel;
  /** So many random bytes as lower-case hexadecimal digits. */
  randomHex(bytes: number): string;
};
