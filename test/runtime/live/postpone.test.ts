import fc from 'fast-check';
import { expect, test } from 'vitest';
import { postponement } from '../../../src/runtime/live/postpone.ts';

const NOON = Date.parse('2026-11-23T12:00:00Z');
const HOUR = 3600;
/** Of the live queue; the mapping's batches and the function's time are part of no wait. */
const RECEIPTS = 50;
const KEPT = 14 * 24 * HOUR;

const reasons = fc.constantFrom('throttled', 'capped', 'waiting', 'failed' as const);

test('SQS takes every one, whenever it is asked', () => {
  fc.assert(
    fc.property(
      reasons,
      fc.integer({ min: 0, max: 1000 }),
      fc.nat(),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (why, n, at, r) => {
        const seconds = postponement(why as 'failed', n, NOON + at, r);
        expect(Number.isInteger(seconds)).toBe(true);
        expect(seconds).toBeGreaterThanOrEqual(0);
        expect(seconds).toBeLessThanOrEqual(11.5 * HOUR);
      },
    ),
  );
});

test.each(['throttled', 'waiting'] as const)(
  '%s alone makes no dead letters before a message is forgotten',
  (reason) => {
    // The shortest waits that chance can give.
    let waited = 0;
    for (let receipts = 1; receipts <= RECEIPTS; receipts++)
      waited += postponement(reason, receipts, NOON, 0);
    expect(waited).toBeGreaterThan(KEPT);
  },
);

test('nor does a cap that is reached every day', () => {
  let now = NOON;
  for (let receipts = 1; receipts <= RECEIPTS; receipts++)
    now += postponement('capped', receipts, now, 0) * 1000;
  expect((now - NOON) / 1000).toBeGreaterThan(KEPT);
});

test('a cap lasts until the day ends, with a spread after it', () => {
  expect(postponement('capped', 1, NOON + 11 * HOUR * 1000, 0)).toBe(HOUR);
  expect(postponement('capped', 1, NOON + 11 * HOUR * 1000, 0.999)).toBeGreaterThan(HOUR + 800);
  expect(postponement('capped', 30, NOON, 0)).toBe(11.5 * HOUR);
});

test('the first waits are short, and chance spreads them from nothing on', () => {
  expect(postponement('throttled', 1, NOON, 0)).toBe(0);
  expect(postponement('throttled', 1, NOON, 0.999)).toBe(30);
  expect(postponement('throttled', 4, NOON, 0.999)).toBe(240);
  expect(postponement('failed', 20, NOON, 0)).toBe(0.75 * HOUR);
});
