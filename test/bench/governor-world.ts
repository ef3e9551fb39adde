/** What the governor's benchmark plays; bundled before it runs, because Node 20 reads no TypeScript. */

import { RekognitionClient } from '@aws-sdk/client-rekognition';
import {
  type Course,
  governed,
  type Scenario,
  simulate,
  type Worker,
} from '../runtime/image/governor.simulation.ts';

/** Calls that each worker of the SDK has under way: twice as many as the quota needs. */
const IN_FLIGHT = 8;

/** From the SDK's timer to the next call. */
const MICROTASKS = 24;

/** When the simulation begins: the SDK takes a time of 0 for none. */
const START = Date.UTC(2026, 0, 1);

type Strategy = Awaited<ReturnType<typeof strategyOf>>;

/** The strategy of a real client, with the SDK's own number of attempts. */
async function strategyOf(retryMode: 'standard' | 'adaptive') {
  const credentials = { accessKeyId: 'x', secretAccessKey: 'x' };
  const { config } = new RekognitionClient({ region: 'us-east-1', retryMode, maxAttempts: 3, credentials });
  const strategy = await config.retryStrategy();
  if ('acquireInitialRetryToken' in strategy) return strategy;
  throw new Error('the SDK has other retry strategies now');
}

/**
 * Calls as the SDK's clients repeat them: each worker's strategy is asked as the SDK's middleware asks it. A call that is
 * given up is made again as a new one, since every image has to be labelled.
 */
const repeated =
  (strategies: readonly Strategy[]): Worker =>
  async ({ time, call }, worker) => {
    const strategy = strategies[worker];
    // Once the scenario is over, everybody waits for ever.
    const answer = () => new Promise<boolean>((resolve) => call(resolve));
    const again = (token: Token) =>
      strategy?.refreshRetryTokenForRetry(token, { errorType: 'THROTTLING' }).catch(() => undefined);
    const work = async () => {
      for (;;) {
        let token = await strategy?.acquireInitialRetryToken('');
        while (token !== undefined) {
          if (await answer()) {
            strategy?.recordSuccess(token);
            break;
          }
          token = await again(token);
          const delay = token?.getRetryDelay() ?? 0;
          if (delay > 0) await time.sleep(delay);
        }
      }
    };
    for (let at = 0; at < IN_FLIGHT; at++) void work();
  };

type Token = Awaited<ReturnType<Strategy['acquireInitialRetryToken']>>;

/** The SDK takes time and chance from the process: while this runs, those are the simulation's. */
async function bySdk(mode: 'standard' | 'adaptive', scenario: Scenario): Promise<Course> {
  const { setTimeout: timer } = globalThis;
  const { now } = Date;
  const { random: chance } = Math;
  try {
    Date.now = () => START;
    const strategies = await Promise.all(Array.from({ length: scenario.workers }, () => strategyOf(mode)));
    const work = repeated(strategies);
    return await simulate({
      ...scenario,
      microtasks: MICROTASKS,
      work(service, worker) {
        const { time, random } = service;
        Date.now = () => START + time.now();
        Math.random = random;
        Object.assign(globalThis, {
          setTimeout: (run: () => void, delay = 0) => time.after(delay, run, { wakes: true }),
        });
        return work(service, worker);
      },
    });
  } finally {
    Date.now = now;
    Math.random = chance;
    globalThis.setTimeout = timer;
  }
}

/** How the workers pace and repeat their calls, by what the benchmark calls it. */
export const WAYS: Readonly<Record<string, (scenario: Scenario) => Promise<Course>>> = {
  governor: (scenario) => simulate({ ...scenario, work: governed() }),
  'SDK standard': (scenario) => bySdk('standard', scenario),
  'SDK adaptive': (scenario) => bySdk('adaptive', scenario),
};

/**
 * Seconds from `step` on after which the quota is in use and little is throttled, all the time until `end`; Infinity for
 * never.
 */
export function convergedAfter(course: Course, step: number, end: number): number {
  for (let from = step; from < end; from++) {
    if (course.use(from, end) >= 0.95 && course.throttled(from, end) <= 0.05) return from - step;
  }
  return Number.POSITIVE_INFINITY;
}
