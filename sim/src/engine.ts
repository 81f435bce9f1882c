/**
 * Virtual time: a heap of what is to happen, in order of time and then of having been asked for. Nothing runs
 * between two events but the promises that the last one settled, so a run depends on its seed alone.
 */
import { assert } from "@tandem/base/assert";
import type { Cancel } from "@tandem/base/world";

type Pending = { readonly at: number; readonly order: number; body: (() => void) | null };

/** The longest chain of awaits between an event and what follows from it, with room to spare. */
const promiseHops = 16;

const isBefore = (a: Pending, b: Pending): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

export class Engine {
  /** Milliseconds since the run began. */
  now = 0;
  events = 0;
  /** Set when something was found: nothing more happens. */
  isHalted = false;
  /** Promises that somebody of the run waits for at this moment. */
  waiting = 0;
  /** Set where promises are kept that nobody is told of. */
  alwaysDrains = false;
  #heap: Pending[] = [];
  #order = 0;
  #hasSettled = false;

  after(delayMs: number, body: () => void): Cancel {
    return this.at(this.now + Math.max(0, delayMs), body);
  }

  at(time: number, body: () => void): Cancel {
    assert(Number.isFinite(time), "a time without end");
    const pending: Pending = { at: Math.max(time, this.now), order: this.#order++, body };
    this.#push(pending);
    return () => {
      pending.body = null;
    };
  }

  /** Say so when a promise may have been settled that nobody is counted for in `waiting`. */
  settled(): void {
    this.#hasSettled = true;
  }

  async runUntil(end: number): Promise<void> {
    await this.drain();
    for (
      let next = this.#heap[0];
      next !== undefined && next.at <= end && !this.isHalted;
      next = this.#heap[0]
    ) {
      this.#pop();
      const { body } = next;
      if (body === null) continue;
      next.body = null;
      this.now = next.at;
      this.events += 1;
      body();
      if (this.#hasSettled || this.waiting > 0 || this.alwaysDrains) await this.drain();
    }
    this.now = Math.max(this.now, end);
  }

  /** True as soon as the condition holds, which is looked at after each step of that many milliseconds. */
  async runUntilTrue(condition: () => boolean, withinMs: number, stepMs: number): Promise<boolean> {
    const end = this.now + withinMs;
    while (!condition()) {
      if (this.now >= end) return false;
      await this.runUntil(Math.min(end, this.now + stepMs));
    }
    return true;
  }

  async drain(): Promise<void> {
    this.#hasSettled = false;
    for (let hop = 0; hop < promiseHops; hop += 1) await undefined;
  }

  #push(pending: Pending): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(pending);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as Pending;
      if (!isBefore(pending, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = pending;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Pending;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Pending, heap[child] as Pending)) child += 1;
      const below = heap[child] as Pending;
      if (!isBefore(below, last)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
  }
}
