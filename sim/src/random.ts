/** Everything random in a run comes from its seed, over streams that do not disturb each other. */
import { sha256Hex } from "@tandem/base/digest";
import { Prng } from "@tandem/base/prng";

export class Random {
  readonly #seed: string;
  readonly #prng: Prng;

  constructor(seed: string) {
    this.#seed = seed;
    this.#prng = new Prng(Number.parseInt(sha256Hex(seed).slice(0, 8), 16));
  }

  /** A stream of its own: what is drawn from it changes nothing for the others. */
  stream(name: string): Random {
    return new Random(`${this.#seed}/${name}`);
  }

  /** Uniform in [0, 1). */
  next(): number {
    return this.#prng.next();
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + this.#prng.next() * (high - low);
  }

  /** Uniform integer in [low, high]. */
  integer(low: number, high: number): number {
    return low + this.#prng.below(high - low + 1);
  }

  chance(probability: number): boolean {
    return this.#prng.next() < probability;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.#prng.below(items.length)] as Item;
  }

  weighted<Item>(items: readonly (readonly [weight: number, item: Item])[]): Item {
    const total = items.reduce((sum, [weight]) => sum + weight, 0);
    let left = this.#prng.next() * total;
    for (const [weight, item] of items) {
      left -= weight;
      if (left < 0) return item;
    }
    return (items.at(-1) as readonly [number, Item])[1];
  }

  hex(bytes: number): string {
    let text = "";
    for (let index = 0; index < bytes; index += 1)
      text += this.#prng.below(256).toString(16).padStart(2, "0");
    return text;
  }
}
