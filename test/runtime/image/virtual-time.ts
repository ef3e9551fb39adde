import type { Clock } from '../../../src/runtime/image/governor.ts';

/** A clock that jumps from one event to the next; a binary heap, ties in any but always the same order. */
export class VirtualTime implements Clock {
  readonly #microtasks: number;
  #now = 0;
  #heap: { at: number; run: () => void; wakes: boolean }[] = [];

  /** @param microtasks - awaited after each wake-up, so that all it leads to has run: two do for a governor and its caller */
  constructor(microtasks = 4) {
    this.#microtasks = microtasks;
  }

  now(): number {
    return this.#now;
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        signal?.removeEventListener('abort', end);
        resolve();
      };
      signal?.addEventListener('abort', end);
      this.#push({ at: this.#now + milliseconds, run: end, wakes: true });
    });
  }

  /** Runs `run` after a delay; what it starts that is asynchronous runs only if it `wakes`. */
  after(milliseconds: number, run: () => void, { wakes = false } = {}): void {
    this.#push({ at: this.#now + milliseconds, run, wakes });
  }

  async runUntil(milliseconds: number): Promise<void> {
    for (let i = 0; i < this.#microtasks; i++) await undefined;
    for (let event = this.#heap[0]; event && event.at <= milliseconds; event = this.#heap[0]) {
      this.#pop();
      this.#now = event.at;
      event.run();
      if (event.wakes) for (let i = 0; i < this.#microtasks; i++) await undefined;
    }
    this.#now = milliseconds;
  }

  #push(event: { at: number; run: () => void; wakes: boolean }): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (!parent || parent.at <= event.at) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      const right = heap[2 * at + 2];
      const least = right && left && right.at < left.at ? right : left;
      if (!least || least.at >= last.at) break;
      heap[at] = least;
      at = 2 * at + (least === left ? 1 : 2);
    }
    heap[at] = last;
  }
}
