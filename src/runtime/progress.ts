import type { FailReason } from './contract.ts';

/** A run's account. `total = indexed + Σ skipped + Σ failed + pending`, always. */
export interface Ledger {
  total: number;
  indexed: number;
  skipped: Record<string, number>;
  failed: Record<string, number>;
  pending: number;
  labelCalls: number;
}

/** What a run, or a count before any, tells while it works; `--progress json` prints one of these per line. */
export type RunEvent =
  /** While images are only counted: how many objects so far, and at the end in all. */
  | { event: 'listing' | 'listed'; objects: number }
  | { event: 'run-started'; run: string; resumed: boolean }
  /** While rows are read: how many so far. */
  | { event: 'planning'; run: string; rows: number }
  | ({ event: 'progress'; run: string; imagesPerSecond: number; secondsLeft?: number } & Ledger)
  | { event: 'image-failed'; run: string; key: string; reason: FailReason; detail: string }
  /** Its jobs are submitted, and it needs this process no more. */
  | { event: 'run-submitted'; run: string }
  | { event: 'run-ended'; run: string; state: string };

export type Report = (event: RunEvent) => void;
