/**
 * How fast one worker may call, found from throttling alone: CUBIC (RFC 9438) on calls per second. A throttle lowers
 * the rate and leaves a mark just below where it happened; from there the rate returns to the mark, dwells, and then
 * probes faster and faster:
 *
 *     rate = mark · (1 + GROWTH · (seconds − K)³),  K so that it starts where the throttle left it
 *
 * As growth goes by seconds and throttles come per call, the faster worker is throttled sooner: workers that know
 * nothing of each other end at equal rates. Plain additive increase throttles 13 to 35 % here.
 */
export interface Pace {
  /** Calls per second. */
  readonly rate: number;
  /** A call was answered. Without growth where the rate held nothing back, which proves nothing about the limit. */
  answered(heldBack: boolean): void;
  /** A call was throttled; `now` in milliseconds. */
  throttled(now: number): void;
}

/**
 * The constants were found with the simulation in `governor.simulation.ts`, at 10 calls/s a worker: 1 % is throttled; a
 * quota that falls to a fifth throttles 9 % of the minute after; one that rises fivefold is in use after 30 s. With twice
 * the growth that minute comes to 10 %, with half of it a lone worker is late for the rise.
 */
const GROWTH = 2e-4;
const MARK = 0.9;
/** Kept after a throttle, and after one that follows so soon that the rate must be far too high. */
const KEPT = 0.7;
const KEPT_AGAIN = 0.5;
const SOON_CALLS = 5;
/** After slowing down, what was called before is still being refused: at least this long, which is an estimate … */
const REFUSED_MILLISECONDS = 250;
/** … and for so many calls at the new rate. */
const REFUSED_CALLS = 1.5;
/** Part of the share that is always tried, or a worker would not notice when an outage ends. */
const LEAST = 0.01;

/** Starts at `share`; never above `ceiling`. Both in calls per second. */
export function createPace(share: number, ceiling: number): Pace {
  let rate = Math.min(share, ceiling);
  let mark = rate;
  let secondsToMark = 0;
  let seconds = 0;
  let answers = SOON_CALLS;
  let deafUntil = Number.NEGATIVE_INFINITY;
  return {
    get rate() {
      return rate;
    },
    answered(heldBack) {
      answers++;
      if (!heldBack) return;
      seconds += 1 / rate;
      rate = Math.min(ceiling, Math.max(rate, mark * (1 + GROWTH * (seconds - secondsToMark) ** 3)));
    },
    throttled(now) {
      if (now < deafUntil) return;
      mark = rate * MARK;
      rate = Math.max(share * LEAST, rate * (answers < SOON_CALLS ? KEPT_AGAIN : KEPT));
      secondsToMark = Math.cbrt((1 - rate / mark) / GROWTH);
      seconds = 0;
      answers = 0;
      deafUntil = now + Math.max(REFUSED_MILLISECONDS, (REFUSED_CALLS * 1_000) / rate);
    },
  };
}
