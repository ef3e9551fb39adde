/** A value whose changes are seen only after a while, as AWS's eventually consistent reads show them. */
export class Delayed<T> {
  #latest: T;
  #before: T;
  #visibleAt: number;

  constructor(before: T, latest: T, visibleAt = 0) {
    this.#before = before;
    this.#latest = latest;
    this.#visibleAt = visibleAt;
  }

  /** What a reader sees at `now` (milliseconds since the epoch). */
  read(now: number): T {
    return now >= this.#visibleAt ? this.#latest : this.#before;
  }

  /** What was written last, seen or not. */
  latest(): T {
    return this.#latest;
  }

  write(value: T, now: number, delay: number): void {
    this.#before = this.read(now);
    this.#latest = value;
    this.#visibleAt = now + delay;
  }

  /** One of its own, with its values copied so. */
  copy(value: (each: T) => T): Delayed<T> {
    return new Delayed(value(this.#before), value(this.#latest), this.#visibleAt);
  }
}
