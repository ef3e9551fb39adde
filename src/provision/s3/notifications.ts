import { createHash } from 'node:crypto';
import {
  type Event,
  type NotificationConfiguration,
  type QueueConfiguration,
  S3Client,
} from '@aws-sdk/client-s3';
import { openS3Objects } from '../../adapters/s3/objects.ts';
import {
  canonicalNotifications,
  type NotificationChange,
  type NotificationEntry,
  notificationEntries,
} from '../../aws/bucket-notifications.ts';
import { type BucketAt, changeNotifications, readNotifications } from '../../aws/change-notifications.ts';
import { ifThere, isNotFound } from '../../aws/errors.ts';
import type { Context } from '../context.ts';
import { defineResource, type Resource } from '../resource.ts';

/** The events of ours on a bucket, sent to the stack's queue. */
export interface OurEntry {
  id: string;
  events: readonly Event[];
  /** Form-encoded; empty for all. */
  prefix: string;
  suffix: string;
}

interface NotificationOptions {
  bucket: string;
  id: string;
  after: readonly Resource[];
  /** Undefined where the stack does without it. */
  wanted(): OurEntry | undefined;
  /** Asked together with S3's answer: what `wanted` depends on. */
  prepare?(): Promise<void>;
}

type Config = Omit<NotificationEntry, 'id'>;

/** One entry of ours among a bucket's notifications. */
export function defineNotification(
  context: Context,
  { bucket, id, after, wanted, prepare }: NotificationOptions,
): Resource {
  const change = (...entries: readonly QueueConfiguration[]) =>
    changeNotificationsOf(context, bucket, { ids: [id], entries });
  const ours = () => {
    const entry = wanted();
    return entry && queueEntry(context, entry);
  };
  const put = async () => {
    const entry = ours();
    await change(...(entry === undefined ? [] : [entry]));
  };
  return defineResource<Config>(context, {
    type: 'notification',
    name: id,
    after,
    wanted() {
      const entry = ours();
      return entry && configOf({ QueueConfigurations: [entry] }, id);
    },
    async read() {
      const [current] = await Promise.all([
        ifThere(readNotifications(context.clients(S3Client), atBucket(context, bucket))),
        prepare?.(),
      ]);
      const config = current && configOf(current, id);
      return config && { config };
    },
    create: put,
    update: put,
    remove: () => change(),
  });
}

function configOf(configuration: NotificationConfiguration, ours: string): Config | undefined {
  const found = notificationEntries(configuration).find(({ id }) => id === ours);
  if (found === undefined) return undefined;
  const { id: _, ...config } = found;
  return config;
}

/** As S3 wants it. */
export function queueEntry({ names }: Context, { id, events, prefix, suffix }: OurEntry): QueueConfiguration {
  const rules = [
    ...(prefix === '' ? [] : [{ Name: 'prefix' as const, Value: prefix }]),
    ...(suffix === '' ? [] : [{ Name: 'suffix' as const, Value: suffix }]),
  ];
  return {
    Id: id,
    QueueArn: names.queue.arn,
    Events: [...events],
    ...(rules.length > 0 && { Filter: { Key: { FilterRules: rules } } }),
  };
}

export const atBucket = ({ spec }: Context, Bucket: string): BucketAt => ({
  Bucket,
  ExpectedBucketOwner: spec.account,
});

/** Changes what is ours on a bucket; where others' entries are there too, what was there is kept first. */
export const changeNotificationsOf = (
  context: Context,
  bucket: string,
  change: NotificationChange,
): Promise<void> =>
  changeNotifications(context.clients(S3Client), atBucket(context, bucket), change, {
    waiting: context.waiting,
    skipValidation: context.spec.skipDestinationValidation === true,
    keepBefore: (before) => keepBefore(context, bucket, before),
  });

/**
 * Keeps a configuration in the stack's bucket, in the form in which it can be put back. Named by what is in it: a change
 * that was interrupted and begun again leaves one.
 *
 * @returns its address; undefined where the stack's bucket is gone, which must not stop a teardown
 */
async function keepBefore(
  { clients, names, spec }: Context,
  bucket: string,
  before: NotificationConfiguration,
): Promise<string | undefined> {
  const hash = createHash('sha256').update(canonicalNotifications(before)).digest('hex').slice(0, 12);
  const key = `before/notifications-${bucket}-${hash}.json`;
  const objects = openS3Objects(clients, { bucket: names.bucket.name, account: spec.account });
  try {
    await objects.put(key, Buffer.from(`${JSON.stringify(before, undefined, 2)}\n`));
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
  return `s3://${names.bucket.name}/${key}`;
}
