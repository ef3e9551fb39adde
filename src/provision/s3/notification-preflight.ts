import { type NotificationConfiguration, S3Client } from '@aws-sdk/client-s3';
import {
  describeDifference,
  describeEntry,
  findOverlaps,
  mergeNotifications,
  notificationEntries,
  type Overlap,
} from '../../aws/bucket-notifications.ts';
import { readNotifications } from '../../aws/change-notifications.ts';
import { RekbackError } from '../../runtime/errors.ts';
import type { Context } from '../context.ts';
import type { Change } from '../plan.ts';
import { imagesChange } from './images-notifications.ts';
import { atBucket } from './notifications.ts';

/** AWS's limit for one bucket: https://docs.aws.amazon.com/general/latest/gr/s3.html */
const MOST_ENTRIES = 100;

/**
 * Whether the notifications of the bucket of the images have room for ours, before anything is changed.
 *
 * @returns what will differ, a line each as in a diff: for the question
 * @throws RekbackError `notification-overlap` for entries that S3 does not allow beside ours; `notification-full`;
 *   `event-bridge-off` where the bucket would have to be made to tell EventBridge, and nobody agreed to that
 */
export async function assertNoOverlap(context: Context, changes: readonly Change[]): Promise<string[]> {
  const { spec, names, clients } = context;
  const isAboutUs = ({ resource: { type, name } }: Change) =>
    (type === 'notification' && name === names.entry('images')) ||
    (type === 'event-bridge' && name === spec.bucket);
  // That EventBridge is on may be others' doing: then nothing of ours is about it, and it can still be turned off.
  if (spec.live !== 'eventbridge' && !changes.some(isAboutUs)) return [];

  const current = await readNotifications(clients(S3Client), atBucket(context, spec.bucket));
  const isOn = current.EventBridgeConfiguration !== undefined;
  if (spec.live === 'eventbridge' && !isOn && spec.enableEventBridge !== true) throw isOff(spec.bucket);
  const change = imagesChange(context);
  const [first, ...others] = findOverlaps(current, change);
  if (first !== undefined) throw overlapping(spec.bucket, [first, ...others], isOn);
  const after = mergeNotifications(current, change);
  if (change.entries.length > 0 && notificationEntries(after).length > MOST_ENTRIES)
    throw full(context, current, isOn);
  return describeDifference(current, after);
}

function overlapping(bucket: string, overlaps: readonly Overlap[], isOn: boolean): RekbackError {
  const reasons = overlaps.map(
    ({ wanted, entry, events }) =>
      `the entry ${describeEntry(entry)} takes ${events.join(', ')} of keys that ${describeEntry(wanted)} is about too`,
  );
  return new RekbackError(
    'notification-overlap',
    `S3 sends an event of a bucket to one place only, and '${bucket}' has that place already: ${reasons.join('; ')}`,
    { suggestions: wayOut(isOn) },
  );
}

function full({ spec }: Context, current: NotificationConfiguration, isOn: boolean): RekbackError {
  const count = notificationEntries(current).length;
  return new RekbackError(
    'notification-full',
    `the bucket '${spec.bucket}' has ${count} notifications, and S3 allows ${MOST_ENTRIES}`,
    { suggestions: wayOut(isOn) },
  );
}

/** EventBridge has no such limits. */
const wayOut = (isOn: boolean): string[] => [
  isOn
    ? 'the bucket tells EventBridge already, which has no such limit: use that with --live eventbridge'
    : 'use EventBridge, which has no such limit: --live eventbridge --enable-eventbridge turns it on for the bucket; the entries that are there stay as they are',
  'or do without live changes: --live none',
];

const isOff = (bucket: string) =>
  new RekbackError(
    'event-bridge-off',
    `the bucket '${bucket}' does not tell EventBridge about its objects, and nobody agreed to turn that on`,
    {
      exitCode: 2,
      suggestions: [
        'turn it on for the bucket: add --enable-eventbridge (its other notifications stay as they are; EventBridge may charge for events)',
        'or have S3 tell the queue directly: --live s3',
      ],
    },
  );
