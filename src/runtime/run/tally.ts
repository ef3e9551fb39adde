import type { SkipReason } from '../contract.ts';

/** Keys of skipped rows that a plan keeps, the first ones; the counts have no bound. */
export const SKIPPED_KEYS_KEPT = 10_000;

/** Counts the rows that planning sets aside, by why. */
export class SkipTally {
  readonly counts: Partial<Record<SkipReason, number>> = {};
  readonly keys: { key: string; reason: SkipReason }[] = [];
  total = 0;

  /** Whether there is still room for keys. */
  get keepsKeys(): boolean {
    return this.keys.length < SKIPPED_KEYS_KEPT;
  }

  count(reason: SkipReason): void {
    this.counts[reason] = (this.counts[reason] ?? 0) + 1;
    this.total++;
  }

  keep(reason: SkipReason, key: string): void {
    if (this.keepsKeys) this.keys.push({ key, reason });
  }
}
