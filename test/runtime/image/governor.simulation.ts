import { createGovernor } from '../../../src/runtime/image/governor.ts';
import { VirtualTime } from './virtual-time.ts';

export interface Scenario {
  workers: number;
  /** What the service allows for each worker, one after the other. All share one token bucket. */
  quota: readonly { callsPerSecond: number; seconds: number }[];
  seed: number;
  /** What each worker starts at, in calls per second. */
  share?: (worker: number) => number;
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
  /** Jain's index over the workers' answered calls in all the time: 1 when all are equal, 1/workers at worst. */
  fairness(): number;
}

/** The bucket holds the calls of one second. */
const BURST_SECONDS = 1;
/** Means of a Rekognition answer and of a refusal, which needs no work; each between half and one and a half of it. */
const ANSWER_MILLISECONDS = 400;
const REFUSAL_MILLISECONDS = 60;

/** Workers that always have a next call, each with its governor, against one quota. The same for the same seed. */
export async function simulate({ workers, quota, seed, share = () => 10 }: Scenario): Promise<Course> {
  const time = new VirtualTime();
  const clock = { now: () => time.now(), sleep: (milliseconds: number) => time.sleep(milliseconds) };
  const random = seeded(seed);
  const seconds: Count[] = quota.flatMap(({ callsPerSecond, seconds }) =>
    Array.from({ length: seconds }, () => ({ allowed: callsPerSecond * workers, answered: 0, throttled: 0 })),
  );
  const answeredBy = new Float64Array(workers);

  let tokens = (seconds[0]?.allowed ?? 0) * BURST_SECONDS;
  let filledTo = 0;
  const call = (): boolean => {
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

  const work = async (worker: number) => {
    const governor = createGovernor({
      share: share(worker),
      ceiling: Number.POSITIVE_INFINITY,
      clock,
      random,
    });
    for (;;) {
      await governor.acquire();
      const second = seconds[Math.floor(time.now() / 1_000)];
      if (!second) return;
      const jitter = 0.5 + random();
      if (call()) {
        second.answered++;
        answeredBy[worker] = (answeredBy[worker] ?? 0) + 1;
        time.after(ANSWER_MILLISECONDS * jitter, governor.succeeded);
      } else {
        second.throttled++;
        time.after(REFUSAL_MILLISECONDS * jitter, governor.throttled);
      }
    }
  };
  for (let worker = 0; worker < workers; worker++) void work(worker);
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
    fairness() {
      const total = answeredBy.reduce((a, b) => a + b, 0);
      return total ** 2 / (workers * answeredBy.reduce((a, b) => a + b * b, 0));
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
