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
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { World } from '../kernel/world.ts';
import { startWorld } from '../world.ts';
import { deliverInventory } from './deliver-inventory.ts';

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
