import { createGovernor } from '../../../src/runtime/image/governor.ts';
import { VirtualTime } from './virtual-time.ts';

/** The service as one worker sees it. */
export interface Service {
  time: VirtualTime;
  /** In [0, 1). */
  random: () => number;
  /** Calls now. `end` is told later whether it was answered or throttled. False, and no call, once the scenario is over. */
  call(end: (answered: boolean) => void): boolean;
}

/** A worker that always has a next call, and paces or repeats its calls in its own way. */
export type Worker = (service: Service, worker: number) => Promise<void>;

export interface Scenario {
  workers: number;
  /** What the service allows for each worker, one after the other. All share one token bucket. */
  quota: readonly { callsPerSecond: number; seconds: number }[];
  seed: number;
  /** A governor each, unless given. */
  work?: Worker;
  /** Answers start what is asynchronous: so many microtasks long. Left out: nothing. */
  microtasks?: number;
}

/** Calls of one second, or of several. */
interface Count {
  allowed: number;
  answered: number;
  throttled: number;
}

export interface Course {
  /** Answered calls as a part of those allowed, from one second to another. */
  use(from: number, to: number): number;
  /** Throttled calls as a part of those made. */
  throttled(from: number, to: number): number;
  /**
   * Jain's index over the workers' answered calls: 1 when all are equal, 1/workers at worst. From one second to another,
   * rounded to half minutes; all the time where left out.
   */
  fairness(from?: number, to?: number): number;
}

/** For `fairness`. */
const SLOT_SECONDS = 30;

/** The bucket holds the calls of one second. */
const BURST_SECONDS = 1;
/** Means of a Rekognition answer and of a refusal, which needs no work; each between half and one and a half of it. */
const ANSWER_MILLISECONDS = 400;
const REFUSAL_MILLISECONDS = 60;

/** What each worker does: waits for its governor, and tells it how the calls end. */
export const governed =
  (share: (worker: number) => number = () => 10): Worker =>
  async ({ time, random, call }, worker) => {
    const governor = createGovernor({
      share: share(worker),
      ceiling: Number.POSITIVE_INFINITY,
      clock: { now: () => time.now(), sleep: (milliseconds: number) => time.sleep(milliseconds) },
      random,
    });
    do await governor.acquire();
    while (call((answered) => (answered ? governor.succeeded() : governor.throttled())));
  };

/** Workers against one quota. The same for the same seed. */
export async function simulate(scenario: Scenario): Promise<Course> {
  const { workers, quota, seed, work = governed(), microtasks } = scenario;
  const time = new VirtualTime(microtasks);
  const wakes = microtasks !== undefined;
  const random = seeded(seed);
  const seconds: Count[] = quota.flatMap(({ callsPerSecond, seconds }) =>
    Array.from({ length: seconds }, () => ({ allowed: callsPerSecond * workers, answered: 0, throttled: 0 })),
  );
  const slots = Math.ceil(seconds.length / SLOT_SECONDS);
  const answeredBy = new Float64Array(workers * slots);

  let tokens = (seconds[0]?.allowed ?? 0) * BURST_SECONDS;
  let filledTo = 0;
  const isAllowed = (): boolean => {
    for (let now = time.now() / 1_000; filledTo < now; ) {
      const allowed = seconds[Math.floor(filledTo)]?.allowed ?? 0;
      const to = Math.min(now, Math.floor(filledTo) + 1);
      tokens = Math.min(tokens + allowed * (to - filledTo), allowed * BURST_SECONDS);
      filledTo = to;
    }
    if (tokens < 1) return false;
    tokens--;
    return true;
  };

  const serviceOf = (worker: number): Service => ({
    time,
    random,
    call(end) {
      const second = seconds[Math.floor(time.now() / 1_000)];
      if (!second) return false;
      const jitter = 0.5 + random();
      const answered = isAllowed();
      if (answered) {
        second.answered++;
        const at = worker * slots + Math.floor(time.now() / 1_000 / SLOT_SECONDS);
        answeredBy[at] = (answeredBy[at] ?? 0) + 1;
      } else second.throttled++;
      time.after((answered ? ANSWER_MILLISECONDS : REFUSAL_MILLISECONDS) * jitter, () => end(answered), {
        wakes,
      });
      return true;
    },
  });
  for (let worker = 0; worker < workers; worker++) void work(serviceOf(worker), worker);
  // A worker ends with its first call after the scenario; the others wait for ever and are forgotten.
  await time.runUntil(seconds.length * 1_000);

  const sum = (from: number, to: number) => {
    const total: Count = { allowed: 0, answered: 0, throttled: 0 };
    for (const second of seconds.slice(from, to)) {
      total.allowed += second.allowed;
      total.answered += second.answered;
      total.throttled += second.throttled;
    }
    return total;
  };
  return {
    use(from, to) {
      const { answered, allowed } = sum(from, to);
      return answered / allowed;
    },
    throttled(from, to) {
      const { answered, throttled } = sum(from, to);
      return throttled / (answered + throttled);
    },
    fairness(from = 0, to = slots * SLOT_SECONDS) {
      const [first, last] = [Math.round(from / SLOT_SECONDS), Math.round(to / SLOT_SECONDS)];
      const sums = Array.from({ length: workers }, (_, worker) =>
        answeredBy.slice(worker * slots + first, worker * slots + last).reduce((a, b) => a + b, 0),
      );
      const total = sums.reduce((a, b) => a + b, 0);
      return total ** 2 / (workers * sums.reduce((a, b) => a + b * b, 0));
    },
  };
}

/** Mulberry32: uniform in [0, 1). */
function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
