import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { checkImagesBucket } from '../../../src/provision/s3/images-bucket.ts';
import type { World } from '../../aws/kernel/world.ts';
import { startWorld } from '../../aws/world.ts';
import { testContext } from '../context.ts';
import { makeBucket } from './buckets.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(() => world.stop());

const check = (overrides: Parameters<typeof testContext>[1] = {}) => {
  const { clients, spec } = testContext(world, overrides);
  return checkImagesBucket(clients, spec);
};

it('is content with a bucket of this account and Region, and writes nothing', async () => {
  await makeBucket(testContext(world), 'images');
  world.journal.clear();
  await check();
  expect(world.journal.mutating()).toEqual([]);
});

it('says that there is none', async () => {
  await expect(check()).rejects.toMatchObject({
    code: 'bucket-missing',
    message: expect.stringContaining("'images'"),
  });
});

it('names both Regions', async () => {
  await makeBucket(testContext(world), 'images');
  await expect(check({ region: 'us-east-1' })).rejects.toMatchObject({
    code: 'bucket-region',
    message: expect.stringMatching(/in eu-west-1.*in us-east-1/),
    suggestions: [expect.stringContaining('--region eu-west-1')],
  });
});

it('tells another account’s bucket from one that may not be looked at', async () => {
  await makeBucket(testContext(world, { account: '444455556666' }), 'images');
  await expect(check()).rejects.toMatchObject({
    code: 'bucket-denied',
    message: expect.stringContaining('may not be looked at'),
  });
  const { clients } = testContext(world, { account: '444455556666' });
  await expect(
    checkImagesBucket(clients, { bucket: 'images', account: '111122223333', region: 'eu-west-1' }),
  ).rejects.toMatchObject({
    code: 'bucket-denied',
    message: "the bucket 'images' belongs to another account than 111122223333",
  });
});

it.each([
  ['s3:GetBucketNotification', 'notifications'],
  ['s3:GetInventoryConfiguration', 'inventories'],
])('says that %s is needed', async (action, what) => {
  await makeBucket(testContext(world), 'images');
  world.deny(action);
  await expect(check()).rejects.toMatchObject({
    code: 'bucket-denied',
    message: `the ${what} of the bucket 'images' may not be read`,
    suggestions: [expect.stringContaining(action), expect.anything()],
  });
});
