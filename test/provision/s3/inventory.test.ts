import {
  GetBucketInventoryConfigurationCommand,
  type InventoryConfiguration,
  PutBucketInventoryConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Context } from '../../../src/provision/context.ts';
import { inventory } from '../../../src/provision/s3/inventory.ts';
import type { World } from '../../aws/kernel/world.ts';
import { startWorld } from '../../aws/world.ts';
import { testContext } from '../context.ts';
import { makeBucket, makeGround } from './buckets.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(() => world.stop());

const ID = 'rekback-photos-inventory';
const stored = async ({ clients, spec }: Context, Id = ID) => {
  const get = new GetBucketInventoryConfigurationCommand({ Bucket: spec.bucket, Id });
  return (await clients(S3Client).send(get)).InventoryConfiguration;
};

it('lists the images daily into the stack’s bucket, below the prefix as it is', async () => {
  const context = testContext(world, { prefix: 'my photos/é+' });
  await makeGround(context);
  const resource = inventory(context, []);
  expect(await resource.inspect()).toEqual({ state: 'absent' });
  await resource.ensure();
  expect(await stored(context)).toEqual({
    Id: ID,
    IsEnabled: true,
    IncludedObjectVersions: 'Current',
    Schedule: { Frequency: 'Daily' },
    Filter: { Prefix: 'my photos/é+' },
    OptionalFields: expect.arrayContaining([
      'Size',
      'LastModifiedDate',
      'ETag',
      'StorageClass',
      'IntelligentTieringAccessTier',
      'EncryptionStatus',
    ]),
    Destination: {
      S3BucketDestination: {
        AccountId: '111122223333',
        Bucket: `arn:aws:s3:::${context.names.bucket.name}`,
        Format: 'CSV',
        Prefix: 'inventory',
      },
    },
  });
  world.journal.clear();
  await resource.ensure();
  expect(world.journal.mutating()).toEqual([]);
  await resource.remove();
  expect(await resource.inspect()).toEqual({ state: 'absent' });
  await resource.remove();
});

it('changes with the options, is repaired, and leaves others alone', async () => {
  const context = testContext(world);
  await makeGround(context);
  await inventory(context, []).ensure();
  const wanted = await stored(context);
  const put = (change: object, Id = ID) => {
    const InventoryConfiguration = { ...wanted, ...change, Id } as InventoryConfiguration;
    return context
      .clients(S3Client)
      .send(new PutBucketInventoryConfigurationCommand({ Bucket: 'images', Id, InventoryConfiguration }));
  };
  await put({}, 'theirs');
  for (const change of [
    { IsEnabled: false },
    { Schedule: { Frequency: 'Weekly' } },
    { OptionalFields: ['Size'] },
    { IncludedObjectVersions: 'All' },
    { Filter: { Prefix: 'other/' } },
  ]) {
    await put(change);
    expect(await inventory(context, []).inspect()).toMatchObject({ state: 'drifted', drift: [{}] });
    await inventory(context, []).ensure();
    expect(await stored(context)).toEqual(wanted);
  }
  const parquet = inventory(testContext(world, { inventoryFormat: 'Parquet' }), []);
  await parquet.ensure();
  expect((await stored(context))?.Destination?.S3BucketDestination?.Format).toBe('Parquet');
  await parquet.remove();
  expect(await stored(context, 'theirs')).toEqual({ ...wanted, Id: 'theirs' });
});

it('waits for a stack bucket that was made a moment ago', async () => {
  const context = testContext(world);
  await makeBucket(context, 'images');
  // The bucket comes into being while S3 still says that there is none.
  world.clock.after(15_000, () => makeBucket(context, context.names.bucket.name));
  await inventory(context, []).ensure();
  expect(await stored(context)).toBeDefined();
});
