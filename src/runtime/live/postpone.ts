import { nextDay } from './usage.ts';

/**
 * Why a message comes again. `throttled`: there was no time left at the pace that the labeler allows. `capped`: the
 * day's labeler calls are used up. `waiting`: for something that takes its own time, such as a run. `failed`: what it
 * needs does not work at present.
 */
export type Reason = 'throttled' | 'capped' | 'waiting' | 'failed';

/** Seconds. SQS hides a message for twelve hours at most, counted from its receipt; an invocation takes some of them. */
const LONGEST = 11.5 * 3600;

/** Seconds after the first receipt; doubled by each further one. */
const FIRST = 30;

/**
 * Seconds. What does not work may be put right by a person, who should not have to wait for half a day; its receipts are
 * used up after a day and a half, and the message is a dead letter that can be looked at.
 */
const LONGEST_FAILED = 3600;

/** After a day's end not all messages come at once; seconds. */
const SPREAD = 900;

/**
 * After how many seconds a message is to come again. Full jitter until the longest wait is reached. From there on at
 * least three quarters of it, so that the fifty receipts last longer than the fourteen days that a message is kept:
 * waiting alone makes no dead letters.
 *
 * @param receipts - how often it has been received, this time included
 * @param random - in [0, 1)
 */
export function postponement(reason: Reason, receipts: number, now: number, random: number): number {
  if (reason === 'capped') {
    const untilNextDay = (nextDay(now) - now) / 1000;
    return Math.ceil(Math.min(LONGEST, untilNextDay + random * SPREAD));
  }
  const longest = reason === 'failed' ? LONGEST_FAILED : LONGEST;
  const ceiling = Math.min(longest, FIRST * 2 ** (Math.max(1, receipts) - 1));
  const least = ceiling === longest ? 0.75 * longest : 0;
  return Math.ceil(least + random * (ceiling - least));
}
