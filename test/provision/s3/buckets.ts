import {
  CreateBucketCommand,
  type NotificationConfiguration,
  PutBucketNotificationConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { Context } from '../../../src/provision/context.ts';
import { deadLetterQueue } from '../../../src/provision/sqs/dead-letter-queue.ts';
import { liveQueue } from '../../../src/provision/sqs/live-queue.ts';
import type { World } from '../../aws/kernel/world.ts';
import { bucketNamed } from '../../aws/s3/reach.ts';

export const makeBucket = ({ clients }: Context, Bucket: string) =>
  clients(S3Client).send(
    new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } }),
  );

/** What notifications and inventories stand on: the images' bucket, the stack's, the queue. */
export async function makeGround(context: Context): Promise<void> {
  await makeBucket(context, context.spec.bucket);
  await makeBucket(context, context.names.bucket.name);
  const deadLetters = deadLetterQueue(context, []);
  await deadLetters.ensure();
  await liveQueue(context, deadLetters).ensure();
}

/** Puts notifications as somebody else would. */
export const putNotifications = (
  { clients, spec }: Context,
  NotificationConfiguration: NotificationConfiguration,
  Bucket = spec.bucket,
) =>
  clients(S3Client).send(
    new PutBucketNotificationConfigurationCommand({
      Bucket,
      NotificationConfiguration,
      SkipDestinationValidation: true,
    }),
  );

/** What the double has stored, by the names on the wire; only the order of the lists, which means nothing, is undone. */
export function storedNotifications(world: World, bucket: string): Record<string, unknown> {
  const stored = bucketNamed(world, bucket)?.configuration.get('notification')?.latest() ?? {};
  const lists = Object.entries(stored).map(([name, value]: [string, unknown]) => {
    if (!Array.isArray(value)) return [name, value] as const;
    return [name, [...value].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))] as const;
  });
  return Object.fromEntries(lists);
}
