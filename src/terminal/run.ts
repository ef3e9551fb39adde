import type { RunSummary } from '../runtime/run/record.ts';
import type { DryRun } from '../stack/dry-run.ts';
import type { RunDetail } from '../stack/run-detail.ts';
import { formatCount, formatCounted, formatDollars, formatDuration } from './format.ts';
import { Interruption } from './interrupt.ts';
import { sanitise } from './sanitise.ts';

/** A run's account, one line per kind of outcome. */
export function describeRun(run: RunSummary): string[] {
  const { id, state, total, indexed, skipped, failed, pending, labelCalls, startedAt, endedAt, cause } = run;
  const took = endedAt === null ? '' : ` in ${formatDuration(Date.parse(endedAt) - Date.parse(startedAt))}`;
  const lines = [
    `Run ${id} ${state}${took}: ${formatCounted(total, 'image')}, ${formatCounted(labelCalls, 'labeler call')}`,
  ];
  const row = (count: number, what: string, counts?: Record<string, number>) => {
    if (count > 0)
      lines.push(
        `  ${formatCount(count).padStart(9)} ${what}${counts === undefined ? '' : ` (${reasons(counts)})`}`,
      );
  };
  row(indexed, 'indexed');
  row(sum(skipped), 'skipped', skipped);
  row(sum(failed), 'failed', failed);
  row(pending, 'pending');
  if (cause !== undefined)
    lines.push(`  ${sanitise(cause.message)}`, ...cause.suggestions.map((text) => `  ${sanitise(text)}`));
  if (sum(failed) > 0) lines.push('  which, and why: rekback failures list');
  return lines;
}

/** How far a run is, what it has cost, and which of its jobs failed. */
export function describeDetail({
  chunks,
  imagesPerSecond,
  secondsLeft,
  cost,
  failedJobs,
  labelCalls,
}: RunDetail): string[] {
  const lines: string[] = [];
  if (chunks.total > 0)
    lines.push(`  ${formatCount(chunks.complete)} of ${formatCounted(chunks.total, 'chunk')} complete`);
  if (imagesPerSecond !== null && secondsLeft !== null) {
    lines.push(
      `  ${formatCount(Math.round(imagesPerSecond))} images a second, ${formatDuration(secondsLeft * 1_000)} left`,
    );
  }
  if (cost > 0)
    lines.push(`  ${formatDollars(cost)} for ${formatCounted(labelCalls, 'labeler call')}, at most`);
  for (const { id, reason, exitCode, lastLines } of failedJobs) {
    const code = exitCode === null ? '' : `, exit code ${exitCode}`;
    lines.push(`  job ${id} failed: ${sanitise(reason)}${code}`);
    lines.push(...lastLines.map((line) => `    ${sanitise(line)}`));
  }
  if (failedJobs.length > 0) lines.push('  all that they wrote: rekback logs --failed');
  return lines;
}

const reasons = (counts: Record<string, number>) =>
  Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => `${formatCount(count)} ${reason}`)
    .join(', ');

/** The sum of counts by reason. */
export const sum = (counts: Record<string, number>) =>
  Object.values(counts).reduce((total, count) => total + count, 0);

/** The exit code that the promises give a run's end, or leaving one that goes on elsewhere; 0 when all went well. */
export function runExitCode(run: RunSummary, interrupted?: AbortSignal): 0 | 1 | 3 | 4 | 130 | 143 {
  switch (run.state) {
    case 'interrupted':
    case 'planning':
    case 'running':
      return interrupted?.reason instanceof Interruption ? interrupted.reason.exitCode : 130;
    case 'stopped':
      return 4;
    case 'failed':
    case 'cancelled':
      return 1;
    default:
      return sum(run.failed) > 0 ? 3 : 0;
  }
}

/** What the sample of a folder says about searching it. */
export function describeSample({ looked, withKeywords }: { looked: number; withKeywords: number }): string {
  if (looked === 0) return 'No image found in this folder that can be labelled.';
  const share = `${formatCount(withKeywords)} of ${formatCounted(looked, 'photo')} looked at ${withKeywords === 1 ? 'carries' : 'carry'} keywords`;
  return withKeywords === 0
    ? `${share}; only colours will be found.`
    : `${share}; those and colours will be found.`;
}

/** What a backfill would do. */
export function describeDryRun({ run, total, skipped, failed, toLabel, cost }: DryRun): string[] {
  const what = run === null ? 'A new run' : `Run ${run}, gone on with,`;
  const lines = [`${what} would look at ${formatCounted(total, 'image')}; nothing was changed:`];
  lines.push(
    `  ${formatCount(toLabel).padStart(9)} would be labelled, for ${cost === 0 ? 'nothing' : `at most ${formatDollars(cost)}`}`,
  );
  if (sum(skipped) > 0)
    lines.push(`  ${formatCount(sum(skipped)).padStart(9)} would be skipped (${reasons(skipped)})`);
  if (sum(failed) > 0)
    lines.push(`  ${formatCount(sum(failed)).padStart(9)} would fail (${reasons(failed)})`);
  return lines;
}

/** What labelling costs, in a sentence. */
export const describePrice = (callPrice: number): string =>
  `Labelling costs $${callPrice} an image. To see how many there are: rekback backfill now --dry-run`;
