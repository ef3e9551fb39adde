import type { SkipReason } from '../contract.ts';

/** Keys of skipped rows that a plan keeps, the first ones; the counts have no bound. */
export const SKIPPED_KEYS_KEPT = 10_000;

/** Counts the rows that planning sets aside, by why. */
export class SkipTally {
  readonly counts: Partial<Record<SkipReason, number>> = {};
  readonly keys: { key: string; reason: SkipReason }[] = [];
  total = 0;

  /** `key` is asked only while keys are kept. */
  add(reason: SkipReason, key: () => string): void {
    this.counts[reason] = (this.counts[reason] ?? 0) + 1;
    this.total++;
    if (this.keys.length < SKIPPED_KEYS_KEPT) this.keys.push({ key: key(), reason });
  }
}
