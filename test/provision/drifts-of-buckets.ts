import {
  DeleteBucketInventoryConfigurationCommand,
  DeleteBucketLifecycleCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  DeletePublicAccessBlockCommand,
  type InventoryConfiguration,
  PutBucketEncryptionCommand,
  PutBucketInventoryConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  type QueueConfiguration,
  S3Client,
} from '@aws-sdk/client-s3';
import type { Context } from '../../src/provision/context.ts';
import { inventoryConfiguration } from '../../src/provision/s3/inventory.ts';
import type { World } from '../aws/kernel/world.ts';
import { s3 } from '../aws/s3/service.ts';
import type { DriftTable } from './drift-table.ts';
import type { Theirs } from './theirs.ts';

/** The stack's bucket, its record, and what is set on it and on the bucket of the images. */
export function bucketDrifts(world: World, context: Context, theirs: Theirs): DriftTable {
  const { clients, names, spec } = context;
  const client = clients(S3Client);
  const at = { Bucket: names.bucket.name };
  const images = { Bucket: spec.bucket };
  const trigger = `notification ${names.entry('inventory')}`;
  const byKms = { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' as const } }] };
  return {
    [`bucket ${at.Bucket}`]: {
      gone: () => world.state(s3, spec.account, spec.region).buckets.delete(at.Bucket),
      with: ['record stack.json', 'index-address index.json', trigger],
      fields: {
        publicAccessBlock: [
          () => client.send(new DeletePublicAccessBlockCommand(at)),
          'PutPublicAccessBlock',
        ],
        policy: [() => client.send(new DeleteBucketPolicyCommand(at)), 'PutBucketPolicy'],
        encryption: [
          () =>
            client.send(new PutBucketEncryptionCommand({ ...at, ServerSideEncryptionConfiguration: byKms })),
          'PutBucketEncryption',
        ],
        lifecycle: [
          () => client.send(new DeleteBucketLifecycleCommand(at)),
          'PutBucketLifecycleConfiguration',
        ],
      },
    },
    'record stack.json': {
      gone: () => client.send(new DeleteObjectCommand({ ...at, Key: 'stack.json' })),
      fields: { record: [() => editRecord(world, context), 'PutObject'] },
    },
    'index-address index.json': {
      gone: () => client.send(new DeleteObjectCommand({ ...at, Key: 'index.json' })),
      fields: {
        endpoint: [
          () =>
            client.send(
              new PutObjectCommand({ ...at, Key: 'index.json', Body: '{"endpoint":"https://eve"}' }),
            ),
          'PutObject',
        ],
      },
    },
    [trigger]: notificationDrifts(client, at, theirs, {
      Id: names.entry('inventory'),
      QueueArn: names.queue.arn,
      Events: ['s3:ObjectCreated:*'],
      Filter: filter('inventory/', 'manifest.checksum'),
    }),
    ...(spec.live === 's3'
      ? {
          [`notification ${names.entry('images')}`]: notificationDrifts(client, images, theirs, {
            Id: names.entry('images'),
            QueueArn: names.queue.arn,
            Events: [
              's3:ObjectCreated:*',
              's3:ObjectRemoved:*',
              's3:LifecycleExpiration:*',
              's3:ObjectRestore:Completed',
            ],
          }),
        }
      : {
          [`event-bridge ${spec.bucket}`]: {
            gone: () =>
              client.send(new DeleteObjectCommand({ ...at, Key: 'before/event-bridge-was-off.json' })),
            fields: {
              on: [() => client.send(notifications(images, [])), 'PutBucketNotificationConfiguration'],
            },
          },
        }),
    [`inventory ${names.entry('inventory')}`]: inventoryDrifts(client, context),
  };
}

const filter = (prefix = '', suffix = '') => ({
  Key: {
    FilterRules: [
      ...(prefix === '' ? [] : [{ Name: 'prefix' as const, Value: prefix }]),
      ...(suffix === '' ? [] : [{ Name: 'suffix' as const, Value: suffix }]),
    ],
  },
});

const notifications = (at: { Bucket: string }, QueueConfigurations: QueueConfiguration[]) =>
  new PutBucketNotificationConfigurationCommand({
    ...at,
    NotificationConfiguration: { QueueConfigurations },
  });

function notificationDrifts(
  client: S3Client,
  at: { Bucket: string },
  theirs: Theirs,
  ours: QueueConfiguration,
) {
  const put = (...entries: QueueConfiguration[]) => client.send(notifications(at, entries));
  const change = (other: Partial<QueueConfiguration>) =>
    [() => put({ ...ours, ...other }), 'PutBucketNotificationConfiguration'] as const;
  const [prefix, suffix] = ['prefix', 'suffix'].map(
    (name) => ours.Filter?.Key?.FilterRules?.find(({ Name }) => Name === name)?.Value,
  );
  const { QueueArn: _, ...entry } = ours;
  const TopicConfigurations = [{ ...entry, TopicArn: theirs.topic }];
  const toTopic = new PutBucketNotificationConfigurationCommand({
    ...at,
    NotificationConfiguration: { TopicConfigurations },
  });
  return {
    gone: () => put(),
    fields: {
      kind: [() => client.send(toTopic), 'PutBucketNotificationConfiguration'] as const,
      destination: change({ QueueArn: theirs.queue }),
      events: change({ Events: ['s3:ReducedRedundancyLostObject'] }),
      prefix: change({ Filter: filter('theirs/', suffix) }),
      suffix: change({ Filter: filter(prefix, '.jpg') }),
    },
  };
}

function inventoryDrifts(client: S3Client, context: Context) {
  const { names, spec } = context;
  const at = { Bucket: spec.bucket, Id: names.entry('inventory') };
  const ours = inventoryConfiguration(context);
  const change = (other: Partial<InventoryConfiguration>) =>
    [
      () =>
        client.send(
          new PutBucketInventoryConfigurationCommand({
            ...at,
            InventoryConfiguration: { ...ours, ...other },
          }),
        ),
      'PutBucketInventoryConfiguration',
    ] as const;
  const elsewhere = { ...ours.Destination.S3BucketDestination, Prefix: 'theirs' };
  return {
    gone: () => client.send(new DeleteBucketInventoryConfigurationCommand(at)),
    fields: {
      IsEnabled: change({ IsEnabled: false }),
      IncludedObjectVersions: change({ IncludedObjectVersions: 'All' }),
      Schedule: change({ Schedule: { Frequency: 'Weekly' } }),
      OptionalFields: change({ OptionalFields: ['Size'] }),
      Destination: change({ Destination: { S3BucketDestination: elsewhere } }),
      prefix: change({ Filter: { Prefix: 'theirs/' } }),
    },
  };
}

/** What another version of rekback could have written: an adapter that this one does not set. */
async function editRecord(world: World, { clients, names, spec }: Context): Promise<void> {
  const [stored] =
    world.state(s3, spec.account, spec.region).buckets.get(names.bucket.name)?.objects.get('stack.json') ??
    [];
  const Body = String(stored?.body).replace('"adapter": "rekognition"', '"adapter": "other"');
  await clients(S3Client).send(new PutObjectCommand({ Bucket: names.bucket.name, Key: 'stack.json', Body }));
}
