import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createGovernor } from '../../../src/runtime/image/governor.ts';
import { governed, simulate } from './governor.simulation.ts';
import { VirtualTime } from './virtual-time.ts';

/** When each of some calls may start, in milliseconds. */
async function starts(share: number, calls: number, until: number, options: { ceiling?: number } = {}) {
  const time = new VirtualTime();
  const governor = createGovernor({ share, clock: time, random: () => 0, ...options });
  const at: [call: number, milliseconds: number][] = [];
  for (let call = 0; call < calls; call++) void governor.acquire().then(() => at.push([call, time.now()]));
  await time.runUntil(until);
  return at;
}

describe('the governor', () => {
  it('lets calls go one interval apart, in the order of asking', async () => {
    expect(await starts(10, 4, 1_000)).toEqual([0, 1, 2, 3].map((call) => [call, call * 100]));
  });

  it('lets nobody pass who asks while a late timer is awaited', async () => {
    const time = new VirtualTime();
    const late = { now: () => time.now(), sleep: (wait: number) => time.sleep(wait + 50) };
    const governor = createGovernor({ share: 100, clock: late, random: () => 0 });
    const order: number[] = [];
    const ask = (call: number) => void governor.acquire().then(() => order.push(call));
    ask(0);
    ask(1);
    await time.runUntil(30);
    ask(2);
    await time.runUntil(1_000);
    expect(order).toEqual([0, 1, 2]);
  });

  it('starts workers of one moment apart', async () => {
    const time = new VirtualTime();
    const governor = createGovernor({ share: 10, clock: time, random: () => 0.5 });
    let started = false;
    void governor.acquire().then(() => {
      started = true;
    });
    await time.runUntil(49);
    expect(started).toBe(false);
    await time.runUntil(51);
    expect(started).toBe(true);
  });

  it('paces nothing without a budget', async () => {
    const clock = { now: () => 0, sleep: () => Promise.reject(new Error('slept')) };
    const governor = createGovernor({ share: Number.POSITIVE_INFINITY, clock });
    for (let call = 0; call < 10_000; call++) await governor.acquire();
    governor.throttled();
    await governor.acquire();
    expect(governor.rate).toBe(Number.POSITIVE_INFINITY);
    await expect(governor.acquire(AbortSignal.abort('over'))).rejects.toBe('over');
  });

  it('makes up for late timers, but not for a pause', async () => {
    const time = new VirtualTime();
    const late = { now: () => time.now(), sleep: (wait: number) => time.sleep(wait + 5) };
    const governor = createGovernor({ share: 1_000, clock: late, random: () => 0 });
    let started = 0;
    const ask = (calls: number) => {
      for (let call = 0; call < calls; call++) void governor.acquire().then(() => started++);
    };
    ask(2_000);
    await time.runUntil(1_000);
    expect(started).toBeGreaterThan(980);
    expect(started).toBeLessThanOrEqual(1_001);
    await time.runUntil(60_000);
    expect(started).toBe(2_000);
    ask(1_000);
    await time.runUntil(60_001);
    expect(started).toBeLessThanOrEqual(2_102);
  });

  it('refuses a share that is no rate', () => {
    for (const share of [0, -1, Number.NaN]) {
      expect(() => createGovernor({ share, clock: new VirtualTime() })).toThrow(RangeError);
    }
  });
});

describe('an aborted wait', () => {
  it('ends at once, and keeps nobody else waiting', async () => {
    const time = new VirtualTime();
    const governor = createGovernor({ share: 1, clock: time, random: () => 0 });
    const control = new AbortController();
    await governor.acquire(control.signal);
    const aborted = [governor.acquire(control.signal), governor.acquire(control.signal)];
    const kept = governor.acquire().then(() => time.now());
    control.abort(new Error('draining'));
    for (const wait of aborted) await expect(wait).rejects.toThrow('draining');
    await expect(governor.acquire(control.signal)).rejects.toThrow('draining');
    await time.runUntil(5_000);
    expect(await kept).toBe(1_000);
  });

  it('stops the timer when nobody is left, and starts it again', async () => {
    const time = new VirtualTime();
    const sleeps: AbortSignal[] = [];
    const clock = {
      now: () => time.now(),
      sleep: (milliseconds: number, signal: AbortSignal) => {
        sleeps.push(signal);
        return time.sleep(milliseconds, signal);
      },
    };
    const governor = createGovernor({ share: 1, clock, random: () => 0 });
    const control = new AbortController();
    await governor.acquire();
    const wait = governor.acquire(control.signal);
    control.abort();
    await expect(wait).rejects.toThrow();
    const again = governor.acquire().then(() => time.now());
    await expect.poll(() => sleeps.map(({ aborted }) => aborted)).toEqual([true, false]);
    await time.runUntil(5_000);
    expect(await again).toBe(1_000);
  });

  it('listens once to a signal that many wait with', async () => {
    const governor = createGovernor({ share: 100, clock: new VirtualTime() });
    const control = new AbortController();
    const waits = Array.from({ length: 20 }, () => governor.acquire(control.signal));
    expect(getEventListeners(control.signal, 'abort')).toHaveLength(1);
    control.abort();
    for (const wait of await Promise.allSettled(waits)) expect(wait.status).toBe('rejected');
  });
});

describe('the rate', () => {
  /** A worker that always calls, or `callsPerSecond` times; answered until throttled. */
  async function rateAfter(
    seconds: number,
    options: {
      ceiling?: number;
      callsPerSecond?: number;
      answer?: (at: number) => 'succeeded' | 'throttled' | 'failed';
    },
  ): Promise<number> {
    const { ceiling, callsPerSecond, answer = () => 'succeeded' } = options;
    const time = new VirtualTime();
    const governor = createGovernor({
      share: 10,
      clock: time,
      random: () => 0,
      ...(ceiling === undefined ? {} : { ceiling }),
    });
    const work = async () => {
      for (;;) {
        if (callsPerSecond) await time.sleep(1_000 / callsPerSecond);
        await governor.acquire();
        const outcome = answer(time.now());
        if (outcome !== 'failed') governor[outcome]();
      }
    };
    void work();
    await time.runUntil(seconds * 1_000);
    return governor.rate;
  }
  const ceiling = Number.POSITIVE_INFINITY;

  it('stays at the share unless a ceiling is given', async () => {
    expect(await rateAfter(120, {})).toBe(10);
    expect(await rateAfter(120, { ceiling: 25 })).toBe(25);
    expect(await rateAfter(30, { ceiling })).toBeGreaterThan(50);
    expect(await rateAfter(1, { ceiling: 4 })).toBe(4);
  });

  it('grows only where it holds calls back', async () => {
    expect(await rateAfter(120, { ceiling, callsPerSecond: 9 })).toBeLessThan(10.5);
  });

  it('grows only by answers', async () => {
    expect(await rateAfter(120, { ceiling, answer: () => 'failed' })).toBe(10);
  });

  it('falls once for the calls of one moment', async () => {
    const governor = createGovernor({ share: 10, clock: new VirtualTime() });
    for (let call = 0; call < 50; call++) governor.throttled();
    expect(governor.rate).toBe(7);
  });

  it('keeps trying through an outage and recovers from it', async () => {
    const answer = (at: number) => (at < 600_000 ? 'throttled' : 'succeeded');
    expect(await rateAfter(600, { answer })).toBe(0.1);
    expect(await rateAfter(720, { answer })).toBe(10);
  });
});

describe('workers that do not talk to each other, against one quota', () => {
  // A thousand workers make ten thousand calls a second, which is slow to play: here they get less time, and five minutes
  // in the benchmark.
  it.each([
    { workers: 1, steady: 300, fallen: 90, risen: 90, seeds: [1, 2, 3] },
    { workers: 10, steady: 300, fallen: 90, risen: 90, seeds: [1, 2, 3] },
    { workers: 100, steady: 300, fallen: 90, risen: 90, seeds: [1] },
    { workers: 1_000, steady: 30, fallen: 60, risen: 40, seeds: [1] },
  ])(
    '$workers use it, also when it falls to a fifth and rises again',
    async (scenario) => {
      const { workers, steady, fallen, risen, seeds } = scenario;
      const rise = steady + fallen;
      for (const seed of seeds) {
        const course = await simulate({
          workers,
          seed,
          quota: [
            { callsPerSecond: 10, seconds: steady },
            { callsPerSecond: 2, seconds: fallen },
            { callsPerSecond: 10, seconds: risen },
          ],
        });
        expect(course.use(10, steady)).toBeGreaterThan(0.95);
        expect(course.throttled(10, steady)).toBeLessThan(0.05);
        expect(course.fairness(0, steady)).toBeGreaterThan(0.9);
        expect(course.fairness()).toBeGreaterThan(0.9);
        for (const [step, end] of [
          [steady, rise],
          [rise, rise + risen],
        ] as const) {
          expect(course.throttled(step, step + 60)).toBeLessThan(0.1);
          expect(course.use(step + 30, end)).toBeGreaterThan(0.95);
          expect(course.throttled(step + 30, end)).toBeLessThan(0.05);
        }
      }
    },
    120_000,
  );

  it.each([1, 10])('%i find what a quota allows beyond their shares', async (workers) => {
    for (const seed of [1, 2, 3]) {
      const course = await simulate({
        workers,
        seed,
        quota: [
          { callsPerSecond: 10, seconds: 60 },
          { callsPerSecond: 50, seconds: 90 },
        ],
      });
      expect(course.use(90, 150)).toBeGreaterThan(0.95);
      expect(course.throttled(60, 120)).toBeLessThan(0.1);
      expect(course.throttled(90, 150)).toBeLessThan(0.05);
    }
  });

  it('come to equal rates from unequal shares', async () => {
    const quota = [{ callsPerSecond: 10, seconds: 300 }];
    const share = (worker: number) => (worker % 2 === 0 ? 2 : 18);
    const course = await simulate({ workers: 20, seed: 1, quota, work: governed(share) });
    expect(course.fairness()).toBeGreaterThan(0.9);
    expect(course.throttled(0, 300)).toBeLessThan(0.05);
  });
});
