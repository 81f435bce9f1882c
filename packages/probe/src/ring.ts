/** A bounded memory: the newest item takes the place of the oldest. */
export class Ring<Item> {
  readonly #items: Item[] = [];
  readonly #max: number;
  #next = 0;

  constructor(max: number) {
    this.#max = max;
  }

  push(item: Item): void {
    this.#items[this.#next] = item;
    this.#next = (this.#next + 1) % this.#max;
  }

  /** In no order once something has been forgotten. */
  values(): readonly Item[] {
    return this.#items;
  }
}
