import { setTimeout } from 'node:timers/promises';
import { RekbackError } from '../runtime/errors.ts';

/** Time, as far as waiting needs it; a test puts a virtual clock in its place. */
export interface Waiting {
  /** Aborted: a wait ends with its reason. */
  signal?: AbortSignal | undefined;
  /** Milliseconds. Rejects with the signal's reason. */
  sleep(milliseconds: number): Promise<void>;
  /** Milliseconds since whenever. */
  now(): number;
}

/** Milliseconds. */
export interface Patience {
  every: number;
  within: number;
}

/** Waits on the real clock. */
export const realWaiting = (signal?: AbortSignal): Waiting => ({
  signal,
  sleep: async (milliseconds) => {
    await setTimeout(milliseconds, undefined, signal === undefined ? {} : { signal }).catch(
      (error: unknown) => {
        signal?.throwIfAborted();
        throw error;
      },
    );
  },
  now: () => performance.now(),
});

/**
 * Asks until there is an answer.
 *
 * @param what - what is waited for, for the error: `domain photos to be ready`
 * @returns the first answer that is not undefined
 * @throws RekbackError `aws-wait` once `within` has passed; the signal's reason; whatever `ask` throws
 */
export async function waitFor<Answer>(
  what: string,
  ask: () => Promise<Answer | undefined>,
  { every, within }: Patience,
  waiting: Waiting,
): Promise<Answer> {
  const end = waiting.now() + within;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    waiting.signal?.throwIfAborted();
    if (waiting.now() >= end) {
      throw new RekbackError('aws-wait', `waited ${Math.round(within / 1000)} s in vain for ${what}`, {
        suggestions: ['run the same command again: it goes on where this one ended'],
      });
    }
    await waiting.sleep(every);
  }
}

/**
 * Tries again while the error is one that passes by itself: what was made a moment ago (a role, a policy) is not seen
 * everywhere at once.
 *
 * @throws the last such error once `within` has passed, and every other error at once
 */
export async function retryWhile<Result>(
  passes: (error: unknown) => boolean,
  attempt: () => Promise<Result>,
  { every, within }: Patience,
  waiting: Waiting,
): Promise<Result> {
  const end = waiting.now() + within;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      waiting.signal?.throwIfAborted();
      if (!passes(error) || waiting.now() >= end) throw error;
    }
    await waiting.sleep(every);
  }
}
