import type { Ledger, RunEvent } from '../runtime/progress.ts';
import { formatCount, formatCounted, formatDuration, formatRate } from './format.ts';
import { sanitise } from './sanitise.ts';

type Event<Name extends RunEvent['event']> = Extract<RunEvent, { event: Name }>;

/** `Reading the images: 12,000`. */
export function describeRows(rows: number): string {
  return `Reading the images: ${formatCount(rows)}`;
}

/** `Listed so far: 12,000 objects`. */
export function describeListed({ event, objects }: Event<'listing' | 'listed'>): string {
  return `${event === 'listed' ? 'Listed' : 'Listed so far'}: ${formatCounted(objects, 'object')}`;
}

/** `1,200 of 5,000 images · 40/s · 30 skipped · 2 failed · 1 min 35 s left`. */
export function describeCounts(event: Event<'progress'>): string {
  const skipped = sum(event.skipped);
  const failed = sum(event.failed);
  return [
    `${formatCount(settled(event))} of ${formatCounted(event.total, 'image')}`,
    event.imagesPerSecond > 0 ? formatRate(event.imagesPerSecond) : '',
    skipped > 0 ? `${formatCount(skipped)} skipped` : '',
    failed > 0 ? `${formatCount(failed)} failed` : '',
    event.secondsLeft === undefined || event.pending === 0
      ? ''
      : `${formatDuration(event.secondsLeft * 1000)} left`,
  ]
    .filter((part) => part !== '')
    .join(' · ');
}

/** `Failed (corrupt): holiday/broken.jpg: unexpected end of file`; a terminal may cut the end. */
export function describeFailure(event: Event<'image-failed'>): string {
  return `Failed (${event.reason}): ${sanitise(event.key)}: ${sanitise(event.detail)}`;
}

function settled(ledger: Ledger): number {
  return ledger.total - ledger.pending;
}

function sum(counts: Record<string, number>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
