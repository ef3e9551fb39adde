/** Cancels what was to happen. */
export type Cancel = () => void;

interface Timer {
  at: number;
  order: number;
  run: () => unknown;
}

/**
 * The double's time. Virtual: it stands still until `advance`. Real: it runs with the machine's clock, from where it was.
 * It starts at the machine's time, because the SDK compares expiries and signatures with that.
 */
export class Clock {
  #timers: Timer[] = [];
  #now: number;
  #order = 0;
  #offset: number | undefined;
  #wake: ReturnType<typeof setTimeout> | undefined;

  constructor(start = Date.now()) {
    this.#now = start;
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.#offset === undefined ? this.#now : Date.now() + this.#offset;
  }

  date(): Date {
    return new Date(this.now());
  }

  /** Runs `run` once, `ms` from now. */
  after(ms: number, run: () => unknown): Cancel {
    const timer = { at: this.now() + ms, order: this.#order++, run };
    this.#timers.push(timer);
    this.#timers.sort((a, b) => a.at - b.at || a.order - b.order);
    this.#schedule();
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  /** Moves time on; what falls due runs in order, each finished before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.now() + ms;
    for (let next = this.#timers[0]; next && next.at <= end; next = this.#timers[0]) {
      this.#timers.shift();
      this.#set(Math.max(this.now(), next.at));
      await next.run();
    }
    this.#set(end);
  }

  /** Milliseconds until the next timer; undefined when nothing is planned. */
  untilNext(): number | undefined {
    const next = this.#timers[0];
    return next && Math.max(0, next.at - this.now());
  }

  /** From now on time passes by itself; timers keep no process alive. */
  runOnRealTime(): void {
    this.#offset ??= this.#now - Date.now();
    this.#schedule();
  }

  get isReal(): boolean {
    return this.#offset !== undefined;
  }

  /** For long work of a timer, which must not reject: the virtual clock waits for it, on real time it goes on beside. */
  alongside(work: Promise<unknown>): Promise<unknown> | undefined {
    return this.isReal ? undefined : work;
  }

  /** Forgets every timer. */
  clear(): void {
    this.#timers = [];
    clearTimeout(this.#wake);
  }

  #set(now: number): void {
    if (this.#offset === undefined) this.#now = now;
    else this.#offset = now - Date.now();
  }

  #schedule(): void {
    if (this.#offset === undefined) return;
    clearTimeout(this.#wake);
    const wait = this.untilNext();
    if (wait === undefined) return;
    this.#wake = setTimeout(() => void this.advance(0).finally(() => this.#schedule()), wait);
    this.#wake.unref();
  }
}
