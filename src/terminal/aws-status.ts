import type { InventoryStatus, LiveStatus, QueueDepth } from '../provision/live-status.ts';
import { formatCount, formatCounted, formatDate, formatDuration } from './format.ts';
import { sanitise } from './sanitise.ts';

const WAYS: Readonly<Record<LiveStatus['by'], string>> = {
  s3: "by the bucket's notifications",
  eventbridge: 'by EventBridge',
  none: 'changes are not followed',
};

const FIGURES: readonly (readonly [name: keyof LiveStatus['unknown'], text: string])[] = [
  ['state', 'whether it is on'],
  ['queue', 'the queue'],
  ['deadLetters', 'dead letters'],
  ['labelCalls', 'label calls'],
];

/** How changes get into the index, in a line; what can't be read is said to be so. */
export function describeLive({ by, state, queue, deadLetters, labelCalls, unknown }: LiveStatus): string {
  const depth = (what: string, { waiting, inFlight }: QueueDepth) =>
    `${formatCount(waiting)} ${what}${inFlight === 0 ? '' : `, ${formatCount(inFlight)} being worked on`}`;
  const figures = [
    state?.toLowerCase() ?? null,
    WAYS[by],
    queue && depth('waiting', queue),
    deadLetters && formatCounted(deadLetters.waiting + deadLetters.inFlight, 'dead letter'),
    labelCalls && `${formatCounted(labelCalls.last24Hours, 'label call')} in the last 24 hours`,
  ].filter((figure) => figure !== null);
  const missing = FIGURES.flatMap(([name, text]) => {
    const why = unknown[name];
    return why === undefined ? [] : [`${text} (${sanitise(why)})`];
  });
  return [
    `Live: ${figures.join(', ')}`,
    ...(missing.length === 0 ? [] : [`not known: ${missing.join(', ')}`]),
  ].join('; ');
}

/** How old the newest inventory is, in a line. */
export function describeInventory({ listedAt, ageHours, unknown }: InventoryStatus): string {
  if (unknown !== null) return `Inventory: not known (${sanitise(unknown)})`;
  if (listedAt === null || ageHours === null)
    return 'Inventory: none was delivered yet; the first takes up to 48 hours';
  const age = ageHours === 0 ? 'less than an hour' : formatDuration(ageHours * 3_600_000);
  return `Inventory: the newest is ${age} old (${formatDate(Date.parse(listedAt))})`;
}
