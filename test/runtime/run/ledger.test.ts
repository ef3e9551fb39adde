import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FailReason, Outcome, SkipReason } from '../../../src/runtime/contract.ts';
import type { Ledger } from '../../../src/runtime/progress.ts';
import { type ChunkResult, count, emptyResult, foldLedger, sum } from '../../../src/runtime/run/ledger.ts';

const SKIPS: SkipReason[] = ['unchanged', 'failed-before', 'format', 'gone', 'duplicate', 'symlink'];
const FAILS: FailReason[] = ['corrupt', 'empty', 'unreadable', 'unavailable', 'index-refused'];

const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.constant({ outcome: 'indexed' as const }),
  fc.constant({ outcome: 'removed' as const }),
  fc.constant({ outcome: 'pending' as const }),
  fc.record({ outcome: fc.constant('skipped' as const), reason: fc.constantFrom(...SKIPS) }),
  fc.record({
    outcome: fc.constant('failed' as const),
    reason: fc.constantFrom(...FAILS),
    detail: fc.string(),
  }),
);
const chunk = fc.record({
  outcomes: fc.array(outcome, { maxLength: 20 }),
  calls: fc.nat(20),
  /** A chunk that nobody began has no result. */
  begun: fc.boolean(),
});
const planSkips = fc.dictionary(fc.constantFrom<SkipReason>('format', 'not-an-image', 'symlink'), fc.nat(9));

const isWhole = (ledger: Ledger) =>
  ledger.total === ledger.indexed + sum(ledger.skipped) + sum(ledger.failed) + ledger.pending;

test('the sum of all outcomes is the total, at every moment of every run', () => {
  fc.assert(
    fc.property(
      fc.array(chunk, { maxLength: 6 }),
      planSkips,
      fc.infiniteStream(fc.nat()),
      (chunks, skips, shuffle) => {
        const rows = chunks.map(({ outcomes }) => outcomes.length);
        const total = rows.reduce((all, each) => all + each, 0) + sum(skips);
        const results: ChunkResult[] = [];
        const expected: Ledger = { total, indexed: 0, skipped: {}, failed: {}, pending: 0, labelCalls: 0 };
        for (const [reason, number] of Object.entries(skips)) expected.skipped[reason] = number;
        const failures: string[] = [];
        chunks.forEach(({ outcomes, calls, begun }, number) => {
          if (!begun) {
            expected.pending += outcomes.length;
            return;
          }
          const result = emptyResult(number, outcomes.length);
          result.labelCalls = calls;
          expected.labelCalls += calls;
          outcomes.forEach((each, row) => {
            const key = `${number}/${row}`;
            count(result, key, each);
            // Counted apart from how the code under test does it.
            if (each.outcome === 'indexed') expected.indexed++;
            if (each.outcome === 'pending') expected.pending++;
            if (each.outcome === 'failed') failures.push(key);
            const reason = each.outcome === 'removed' ? 'gone' : 'reason' in each ? each.reason : undefined;
            if (reason === undefined) return;
            const counts = each.outcome === 'failed' ? expected.failed : expected.skipped;
            counts[reason] = (counts[reason] ?? 0) + 1;
          });
          results.push(result);
        });
        results.sort(() => (Number(shuffle.next().value) % 3) - 1);
        const stored = JSON.parse(JSON.stringify(results)) as ChunkResult[];
        const ledger = foldLedger({ total, chunks: rows, skipped: skips }, stored);
        expect(ledger).toEqual(expected);
        expect(isWhole(ledger)).toBe(true);
        expect(results.flatMap((result) => result.failures.map(({ key }) => key)).sort()).toEqual(
          failures.sort(),
        );
      },
    ),
    { numRuns: 500 },
  );
});

test('every skipped image is named, but those that the index itself tells of', () => {
  const result = emptyResult(0, SKIPS.length);
  for (const reason of SKIPS) count(result, reason, { outcome: 'skipped', reason });
  expect(result.skips.map(({ key }) => key)).toEqual(['format', 'gone', 'duplicate', 'symlink']);
  expect(result.pending).toBe(0);
});

test('nothing planned is nothing', () => {
  expect(foldLedger(undefined, [])).toEqual({
    total: 0,
    indexed: 0,
    skipped: {},
    failed: {},
    pending: 0,
    labelCalls: 0,
  });
  expect(emptyResult(0, 0).complete).toBe(true);
});
