import type { Event } from '@aws-sdk/client-s3';
import { filterValue, type NotificationChange } from '../../aws/bucket-notifications.ts';
import type { Context } from '../context.ts';
import type { Resource } from '../resource.ts';
import { inspectedOnly } from './inspected-only.ts';
import { defineNotification, type OurEntry, queueEntry } from './notifications.ts';

/**
 * Whatever makes an image appear, change or go. A restored one can be read again. Keys are not filtered by their suffix:
 * a suffix is compared with its case, and `.JPG` is one too.
 */
const EVENTS: readonly Event[] = [
  's3:ObjectCreated:*',
  's3:ObjectRemoved:*',
  's3:LifecycleExpiration:*',
  's3:ObjectRestore:Completed',
];

const entryOf = ({ spec, names }: Context): OurEntry | undefined =>
  spec.live === 's3'
    ? { id: names.entry('images'), events: EVENTS, prefix: filterValue(spec.prefix), suffix: '' }
    : undefined;

/** With `--live s3`: the bucket of the images tells the stack's queue what happens. */
export const imagesNotifications = (context: Context, after: readonly Resource[]): Resource =>
  inspectedOnly(
    context,
    defineNotification(context, {
      bucket: context.spec.bucket,
      id: context.names.entry('images'),
      after,
      wanted: () => entryOf(context),
    }),
  );

/** What the stack's options mean for the notifications of the bucket of the images. */
export function imagesChange(context: Context): NotificationChange {
  const { spec, names } = context;
  const entry = entryOf(context);
  return {
    ids: [names.entry('images')],
    entries: entry === undefined ? [] : [queueEntry(context, entry)],
    ...(spec.live === 'eventbridge' && { eventBridge: true }),
  };
}
