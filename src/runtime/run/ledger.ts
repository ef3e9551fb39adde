import type { FailReason, Outcome, SkipReason } from '../contract.ts';
import type { Ledger } from '../progress.ts';

/** How one chunk ended so far; recorded by whoever worked on it. */
export interface ChunkResult {
  chunk: number;
  /** Without this, rows are still pending and the chunk is worked on again. */
  complete: boolean;
  indexed: number;
  skipped: Partial<Record<SkipReason, number>>;
  failed: Partial<Record<FailReason, number>>;
  pending: number;
  labelCalls: number;
  /** Every failed image, and every skipped one whose reason the index does not tell. */
  failures: { key: string; reason: FailReason; detail: string }[];
  skips: { key: string; reason: SkipReason }[];
}

/** What planning found: the rows, and what was set aside without looking at the images. */
export interface PlannedRows {
  total: number;
  /** Rows of each chunk. */
  chunks: readonly number[];
  skipped: Partial<Record<SkipReason, number>>;
}

/** Reasons that `show` and `images list` read from the index itself, so that no key list is kept. */
const TOLD_BY_INDEX: ReadonlySet<SkipReason> = new Set(['unchanged', 'failed-before']);

/** A result before any of the chunk's rows is settled. */
export const emptyResult = (chunk: number, rows: number): ChunkResult => ({
  chunk,
  complete: rows === 0,
  indexed: 0,
  skipped: {},
  failed: {},
  pending: rows,
  labelCalls: 0,
  failures: [],
  skips: [],
});

/** Counts one row's outcome into its chunk's result. A removal is one of a tombstoned image: it is `gone`. */
export function count(result: ChunkResult, key: string, outcome: Outcome): void {
  if (outcome.outcome === 'pending') return;
  result.pending--;
  switch (outcome.outcome) {
    case 'indexed':
      result.indexed++;
      return;
    case 'failed':
      result.failed[outcome.reason] = (result.failed[outcome.reason] ?? 0) + 1;
      result.failures.push({ key, reason: outcome.reason, detail: outcome.detail });
      return;
    default: {
      const reason = outcome.outcome === 'removed' ? 'gone' : outcome.reason;
      result.skipped[reason] = (result.skipped[reason] ?? 0) + 1;
      if (!TOLD_BY_INDEX.has(reason)) result.skips.push({ key, reason });
    }
  }
}

/** The fold over chunk results. A chunk without one is pending as a whole. */
export function foldLedger(plan: PlannedRows | undefined, results: Iterable<ChunkResult>): Ledger {
  const ledger: Ledger = { total: 0, indexed: 0, skipped: {}, failed: {}, pending: 0, labelCalls: 0 };
  if (plan === undefined) return ledger;
  ledger.total = plan.total;
  ledger.pending = plan.chunks.reduce((sum, rows) => sum + rows, 0);
  add(ledger.skipped, plan.skipped);
  for (const result of results) {
    ledger.indexed += result.indexed;
    ledger.pending -= (plan.chunks[result.chunk] ?? 0) - result.pending;
    ledger.labelCalls += result.labelCalls;
    add(ledger.skipped, result.skipped);
    add(ledger.failed, result.failed);
  }
  return ledger;
}

function add(into: Record<string, number>, counts: Partial<Record<string, number>>): void {
  for (const [reason, number] of Object.entries(counts)) into[reason] = (into[reason] ?? 0) + (number ?? 0);
}

/** The sum of a ledger's counts by reason. */
export const sum = (counts: Record<string, number>): number =>
  Object.values(counts).reduce((total, number) => total + number, 0);
