import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import {
  CreateBucketCommand,
  DeleteBucketInventoryConfigurationCommand,
  GetBucketInventoryConfigurationCommand,
  GetObjectCommand,
  type InventoryConfiguration,
  ListBucketInventoryConfigurationsCommand,
  ListObjectsV2Command,
  PutBucketInventoryConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { World } from '../kernel/world.ts';
import { startWorld } from '../world.ts';
import { deliverInventory, runInventories } from './deliver-inventory.ts';

let world: World;
let client: S3Client;
beforeAll(async () => {
  world = await startWorld();
  client = new S3Client(world.client());
});
beforeEach(async () => {
  for (const Bucket of ['source', 'reports']) {
    const CreateBucketConfiguration = { LocationConstraint: 'eu-west-1' } as const;
    await client.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }));
  }
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(async () => {
  await world.stop();
});

const configuration = (format: 'CSV' | 'Parquet' = 'CSV'): InventoryConfiguration => ({
  Id: 'daily',
  IsEnabled: true,
  IncludedObjectVersions: 'Current',
  Schedule: { Frequency: 'Daily' },
  Destination: {
    S3BucketDestination: {
      AccountId: '111122223333',
      Bucket: 'arn:aws:s3:::reports',
      Format: format,
      Prefix: 'inv',
    },
  },
  OptionalFields: ['StorageClass', 'Size', 'ETag'],
});
const put = (given: InventoryConfiguration) =>
  client.send(
    new PutBucketInventoryConfigurationCommand({
      Bucket: 'source',
      Id: 'daily',
      InventoryConfiguration: given,
    }),
  );
const text = async (Key: string) => {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: 'reports', Key }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
};
async function letIn(): Promise<void> {
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: {
      Effect: 'Allow',
      Principal: { Service: 's3.amazonaws.com' },
      Action: 's3:PutObject',
      Resource: 'arn:aws:s3:::reports/inv/*',
      Condition: {
        ArnLike: { 'aws:SourceArn': 'arn:aws:s3:::source' },
        StringEquals: { 'aws:SourceAccount': '111122223333', 's3:x-amz-acl': 'bucket-owner-full-control' },
      },
    },
  });
  await client.send(new PutBucketPolicyCommand({ Bucket: 'reports', Policy }));
}

test('a configuration comes back equal, is listed, and is gone after its removal', async () => {
  await put(configuration());
  const get = new GetBucketInventoryConfigurationCommand({ Bucket: 'source', Id: 'daily' });
  expect((await client.send(get)).InventoryConfiguration).toEqual(configuration());
  const listed = await client.send(new ListBucketInventoryConfigurationsCommand({ Bucket: 'source' }));
  expect(listed.InventoryConfigurationList).toEqual([configuration()]);
  const remove = new DeleteBucketInventoryConfigurationCommand({ Bucket: 'source', Id: 'daily' });
  await client.send(remove);
  await expect(client.send(get)).rejects.toMatchObject({ name: 'NoSuchConfiguration' });
  await expect(client.send(remove)).rejects.toMatchObject({ name: 'NoSuchConfiguration' });
});

test.each([
  [{ Id: 'other' }, 'InvalidArgument'],
  [
    { Destination: { S3BucketDestination: { Bucket: 'reports', Format: 'CSV' } } },
    'InvalidS3DestinationBucket',
  ],
  [
    { Destination: { S3BucketDestination: { Bucket: 'arn:aws:s3:::none', Format: 'CSV' } } },
    'InvalidS3DestinationBucket',
  ],
  [{ OptionalFields: ['Size', 'Size'] }, 'MalformedXML'],
])('the change %j is refused with %s', async (change, name) => {
  await expect(put({ ...configuration(), ...(change as object) })).rejects.toMatchObject({ name });
});

test('a report is delivered when the policy lets S3 in: data, manifest and, last, its checksum', async () => {
  for (const Key of ['a b.jpg', 'ü,"x".png', 'c']) {
    await client.send(new PutObjectCommand({ Bucket: 'source', Key, Body: Key }));
  }
  await put(configuration());
  expect(deliverInventory(world, 'source', 'daily')).toBeUndefined();
  await letIn();
  const delivery = deliverInventory(world, 'source', 'daily', { rowsPerFile: 2 });
  const body = await text(delivery?.manifest ?? '');
  const manifest = JSON.parse(body.toString());
  expect(manifest).toMatchObject({
    sourceBucket: 'source',
    destinationBucket: 'arn:aws:s3:::reports',
    fileFormat: 'CSV',
    fileSchema: 'Bucket, Key, Size, ETag, StorageClass',
  });
  const checksum = await text((delivery?.manifest ?? '').replace('.json', '.checksum'));
  expect(checksum.toString()).toBe(createHash('md5').update(body).digest('hex'));
  let rows = '';
  for (const file of manifest.files) {
    const data = await text(file.key);
    expect(createHash('md5').update(data).digest('hex')).toBe(file.MD5checksum);
    rows += gunzipSync(data).toString();
  }
  expect(manifest.files).toHaveLength(2);
  expect(rows.split('\n').map((row) => row.split(',')[1])).toEqual([
    '"a+b.jpg"',
    '"c"',
    '"%C3%BC%2C%22x%22.png"',
    undefined,
  ]);
  const { Contents = [] } = await client.send(
    new ListObjectsV2Command({ Bucket: 'reports', Prefix: 'inv/source/daily/' }),
  );
  expect(Contents).toHaveLength(4);
});

test('a Parquet report can be read', async () => {
  await client.send(new PutObjectCommand({ Bucket: 'source', Key: 'a b', Body: 'xyz' }));
  await put(configuration('Parquet'));
  await letIn();
  const delivery = deliverInventory(world, 'source', 'daily');
  const manifest = JSON.parse((await text(delivery?.manifest ?? '')).toString());
  const data = await text(manifest.files[0].key);
  const file = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) as ArrayBuffer;
  expect(await parquetReadObjects({ file, compressors })).toMatchObject([
    { bucket: 'source', key: 'a b', size: 3n },
  ]);
});

describe('by the clock', () => {
  const HOUR = 3_600_000;
  const manifests = async () => {
    const list = new ListObjectsV2Command({ Bucket: 'reports', Prefix: 'inv/source/' });
    const { Contents = [] } = await client.send(list);
    return Contents.map(({ Key = '' }) => Key).filter((key) => key.endsWith('/manifest.checksum'));
  };
  const folderOf = (time: number) => `${new Date(time).toISOString().slice(0, 16).replace(':', '-')}Z`;

  test('a report arrives each day, and tells the queue by its last object', async () => {
    await put(configuration());
    await letIn();
    const messages = await queueFor('manifest.checksum');
    runInventories(world);
    const start = world.clock.now();
    await world.clock.advance(23 * HOUR);
    expect(await manifests()).toEqual([]);
    await world.clock.advance(3 * 24 * HOUR);
    const expected = [1, 2, 3].map(
      (day) => `inv/source/daily/${folderOf(start + day * 24 * HOUR)}/manifest.checksum`,
    );
    expect(await manifests()).toEqual(expected);
    const records = await messages();
    expect(records.map(({ s3 }) => s3.object.key)).toEqual(expected);
    expect(records.map(({ eventName }) => eventName)).toEqual(expected.map(() => 'ObjectCreated:Put'));
  });

  test('a report has what is there by then, and none comes of what is disabled, removed or ORC', async () => {
    await letIn();
    await put({ ...configuration(), IsEnabled: false });
    runInventories(world);
    await world.clock.advance(25 * HOUR);
    expect(await manifests()).toEqual([]);
    await put(configuration());
    await client.send(new PutObjectCommand({ Bucket: 'source', Key: 'late', Body: 'x' }));
    await world.clock.advance(24 * HOUR);
    const [checksum = ''] = await manifests();
    const { files } = JSON.parse((await text(checksum.replace('.checksum', '.json'))).toString());
    expect(gunzipSync(await text(files[0].key)).toString()).toContain('"late"');
    const orc = configuration();
    Object.assign(orc.Destination?.S3BucketDestination ?? {}, { Format: 'ORC' });
    await put(orc);
    await world.clock.advance(24 * HOUR);
    const Id = 'daily';
    await client.send(new DeleteBucketInventoryConfigurationCommand({ Bucket: 'source', Id }));
    await world.clock.advance(48 * HOUR);
    expect(await manifests()).toEqual([checksum]);
  });

  test('a weekly one comes on Sundays', async () => {
    await put({ ...configuration(), Schedule: { Frequency: 'Weekly' } });
    await letIn();
    runInventories(world);
    await world.clock.advance(21 * 24 * HOUR);
    const days = (await manifests()).map((key) =>
      new Date(key.split('/')[3]?.slice(0, 10) ?? '').getUTCDay(),
    );
    expect(days).toEqual([0, 0, 0]);
  });

  /** A queue that the bucket of the reports tells of keys with this end; gives and forgets what came. */
  async function queueFor(Value: string) {
    const sqs = new SQSClient(world.client());
    const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'arrivals' }));
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
    );
    const QueueArn = Attributes?.QueueArn ?? '';
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: {
        Effect: 'Allow',
        Principal: { Service: 's3.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: QueueArn,
      },
    });
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
    const Filter = { Key: { FilterRules: [{ Name: 'suffix', Value } as const] } };
    const QueueConfigurations = [{ QueueArn, Events: ['s3:ObjectCreated:*' as const], Filter }];
    const NotificationConfiguration = { QueueConfigurations };
    await client.send(
      new PutBucketNotificationConfigurationCommand({ Bucket: 'reports', NotificationConfiguration }),
    );
    return async (): Promise<{ eventName: string; s3: { object: { key: string } } }[]> => {
      const receive = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 });
      const { Messages = [] } = await sqs.send(receive);
      return Messages.flatMap(({ Body = '{}' }) => JSON.parse(Body).Records ?? []);
    };
  }
});
