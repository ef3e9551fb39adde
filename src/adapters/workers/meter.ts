import type { Outcome } from '../../runtime/contract.ts';
import type { Ledger, Report } from '../../runtime/progress.ts';

/** Between two progress events; milliseconds. */
const INTERVAL = 200;

/** The rate is taken over about this long, so that it follows what happens without jumping; milliseconds. */
const WINDOW = 10_000;

/** Counts a run's rows as they are settled and reports them with rate and time left. */
export function runMeter(run: string, ledger: Ledger, report: Report) {
  const samples: { at: number; settled: number }[] = [];
  let settled = 0;
  const tell = () => {
    const at = performance.now();
    samples.push({ at, settled });
    while (samples.length > 2 && at - (samples[0]?.at ?? at) > WINDOW) samples.shift();
    const first = samples[0] ?? { at, settled };
    const seconds = (at - first.at) / 1_000;
    const imagesPerSecond = seconds > 0 ? (settled - first.settled) / seconds : 0;
    const left = imagesPerSecond > 0 ? { secondsLeft: ledger.pending / imagesPerSecond } : {};
    report({
      event: 'progress',
      run,
      imagesPerSecond,
      ...left,
      ...ledger,
      skipped: { ...ledger.skipped },
      failed: { ...ledger.failed },
    });
  };
  tell();
  const timer = setInterval(tell, INTERVAL);
  return {
    row(key: string, outcome: Outcome): void {
      if (outcome.outcome === 'pending') return;
      settled++;
      ledger.pending--;
      if (outcome.outcome === 'indexed') ledger.indexed++;
      else if (outcome.outcome === 'failed') {
        ledger.failed[outcome.reason] = (ledger.failed[outcome.reason] ?? 0) + 1;
        report({ event: 'image-failed', run, key, reason: outcome.reason, detail: outcome.detail });
      } else {
        const reason = outcome.outcome === 'removed' ? 'gone' : outcome.reason;
        ledger.skipped[reason] = (ledger.skipped[reason] ?? 0) + 1;
      }
    },
    call(): void {
      ledger.labelCalls++;
    },
    end(): void {
      clearInterval(timer);
      tell();
    },
  };
}
