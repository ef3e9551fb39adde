import { createPace } from './pace.ts';

/** Time as the governor sees it, so that tests can run it fast. */
export interface Clock {
  /** Milliseconds since any moment; never goes back. */
  now(): number;
  /** Ends early, without an error, when the signal is aborted. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/** Paces labeler calls, those of one worker. Workers do not talk to each other. */
export interface Governor {
  /** Resolves when a call may be made, in the order of asking. Rejects with the signal's reason once that is aborted. */
  acquire(signal?: AbortSignal): Promise<void>;
  /** The call was answered, with labels or a refusal. */
  succeeded(): void;
  /** The call was throttled. Calls that failed otherwise are not reported. */
  throttled(): void;
  /** Calls per second at present; Infinity when nothing is paced. */
  readonly rate: number;
}

export interface GovernorOptions {
  /** This worker's part of the budget in calls per second; what it starts at. Infinity: nothing is paced. */
  share: number;
  /**
   * The rate is never above this. The share unless given, for a budget is a promise; higher where only the service sets
   * the limit and other workers may leave theirs unused.
   */
  ceiling?: number;
  clock: Clock;
  /** In [0, 1): spreads the first calls of workers that start together. */
  random?: () => number;
}

/** Timers are late by a few milliseconds, busy processes by more: calls missed within this time are made up for. */
const LATE_MILLISECONDS = 100;

interface Waiter {
  signal: AbortSignal | undefined;
  resolve(): void;
  reject(reason: unknown): void;
}

/** @throws RangeError for a share or ceiling that is no rate */
export function createGovernor(options: GovernorOptions): Governor {
  const { share, ceiling = share, clock, random = Math.random } = options;
  if (!(share > 0 && ceiling > 0)) throw new RangeError(`a governor's share must be above 0, not ${share}`);
  if (share === Number.POSITIVE_INFINITY) return UNPACED;

  const pace = createPace(share, ceiling);
  /** In the order of asking; a set for cheap removal. */
  const waiting = new Set<Waiter>();
  const watched = new WeakSet<AbortSignal>();
  let next = clock.now() + random() * Math.min(1_000, 1_000 / share);
  let serving = false;
  let asleep = new AbortController();
  /** Whether the rate is what holds calls back, as of the last one. */
  let heldBack = false;

  const take = () => {
    const earliest = clock.now() - LATE_MILLISECONDS;
    heldBack = next > earliest;
    next = Math.max(next, earliest) + 1_000 / pace.rate;
  };

  /** Serves who waits; runs only while somebody does. */
  const serve = async () => {
    serving = true;
    for (let [waiter] = waiting; waiter; [waiter] = waiting) {
      const wait = next - clock.now();
      if (wait > 0) {
        await clock.sleep(wait, asleep.signal);
      } else {
        take();
        waiting.delete(waiter);
        waiter.resolve();
      }
    }
    serving = false;
  };

  /** One listener for all who wait with a signal: Node warns of a leak when there are more than ten. */
  const watch = (signal: AbortSignal) => {
    watched.add(signal);
    const leave = () => {
      for (const waiter of waiting) {
        if (waiter.signal !== signal) continue;
        waiting.delete(waiter);
        waiter.reject(signal.reason);
      }
      // Ends the sleep, whose timer would keep the process alive when nobody waits any more.
      asleep.abort();
      asleep = new AbortController();
    };
    signal.addEventListener('abort', leave, { once: true });
  };

  return {
    acquire(signal) {
      if (signal?.aborted) return Promise.reject(signal.reason);
      if (waiting.size === 0 && next <= clock.now()) {
        take();
        return Promise.resolve();
      }
      if (signal && !watched.has(signal)) watch(signal);
      return new Promise((resolve, reject) => {
        waiting.add({ signal, resolve, reject });
        if (!serving) void serve();
      });
    },
    succeeded() {
      pace.answered(heldBack);
    },
    throttled() {
      pace.throttled(clock.now());
    },
    get rate() {
      return pace.rate;
    },
  };
}

const UNPACED: Governor = {
  rate: Number.POSITIVE_INFINITY,
  acquire: (signal) => (signal?.aborted ? Promise.reject(signal.reason) : Promise.resolve()),
  succeeded() {},
  throttled() {},
};
