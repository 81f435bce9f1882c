/**
 * The segment: a path from each unit to the other, and from each unit to the client that uses the shared address. A
 * path keeps the order of its packets, takes its time, and can be cut or lose some. An attacker at it repeats what he
 * recorded.
 */
import type { Millis } from "@tandem/base/time";
import type { Engine } from "../engine.ts";
import type { Random } from "../random.ts";

export type End = "HA1" | "HA2" | "client";

type Path = {
  cut: number;
  /** 0 to 1. */
  loss: number;
  /** So many packets more are lost. */
  swallow: number;
  busyUntil: Millis;
};

export class Wires {
  /** Packets that a path lost one by one while it was whole otherwise. */
  readonly swallowedAt: Millis[] = [];
  readonly delayMaxMs: Millis;
  readonly #engine: Engine;
  readonly #random: Random;
  readonly #paths = new Map<string, Path>();
  #wholeSince: Millis = 0;

  constructor(engine: Engine, random: Random, delayMaxMs: Millis) {
    this.#engine = engine;
    this.#random = random;
    this.delayMaxMs = delayMaxMs;
  }

  /** Since when every path has been there, without random loss; null while one is not. */
  get wholeSince(): Millis | null {
    return [...this.#paths.values()].every(isWhole) ? this.#wholeSince : null;
  }

  isWhole(from: End, to: End): boolean {
    return isWhole(this.#path(from, to));
  }

  cut(from: End, to: End, isCut: boolean): void {
    this.#path(from, to).cut += isCut ? 1 : -1;
    this.#wholeSince = this.#engine.now;
  }

  lose(from: End, to: End, loss: number): void {
    this.#path(from, to).loss = loss;
    this.#wholeSince = this.#engine.now;
  }

  /** The next packet on the way is lost, alone. */
  swallowNext(from: End, to: End): void {
    this.#path(from, to).swallow += 1;
  }

  /** Hands something over at the other end, unless it is lost; what is under way when a path is cut still arrives. */
  send(from: End, to: End, arrive: () => void): void {
    const path = this.#path(from, to);
    if (path.cut > 0 || (path.loss > 0 && this.#random.chance(path.loss))) return;
    if (path.swallow > 0) {
      path.swallow -= 1;
      this.swallowedAt.push(this.#engine.now);
      return;
    }
    path.busyUntil = Math.max(path.busyUntil, this.#engine.now + this.#random.between(0.03, this.delayMaxMs));
    this.#engine.at(path.busyUntil, arrive);
  }

  /** How many packets were swallowed at or after `since`. */
  swallowedSince(since: Millis): number {
    return this.swallowedAt.filter((at) => at >= since).length;
  }

  #path(from: End, to: End): Path {
    const key = `${from}>${to}`;
    let path = this.#paths.get(key);
    if (path === undefined) {
      path = { cut: 0, loss: 0, swallow: 0, busyUntil: 0 };
      this.#paths.set(key, path);
    }
    return path;
  }
}

const isWhole = (path: Path): boolean => path.cut === 0 && path.loss === 0;
