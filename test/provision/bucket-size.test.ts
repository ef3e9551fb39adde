import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { readBucketSize } from '../../src/aws/bucket-size.ts';
import { setBucketBytes, setObjectCount } from '../aws/cloudwatch/service.ts';
import type { World } from '../aws/kernel/world.ts';
import { startWorld } from '../aws/world.ts';
import { testContext } from './context.ts';

const WHERE = { account: '111122223333', region: 'eu-west-1' };
const CreateBucketConfiguration = { LocationConstraint: 'eu-west-1' as const };
const DAY = 86_400_000;

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
beforeEach(async () => {
  const s3 = testContext(world).clients(S3Client);
  await s3.send(new CreateBucketCommand({ Bucket: 'images', CreateBucketConfiguration }));
  await s3.send(new PutObjectCommand({ Bucket: 'images', Key: 'a.jpg', Body: 'a' }));
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(() => world.stop());

const sizeOf = (bucket: string, region = 'eu-west-1') =>
  readBucketSize(testContext(world, { region }).clients, bucket, world.clock.date());

test('the newest point is the size', async () => {
  setObjectCount(world, WHERE, 'images', 77_000_000);
  const midnight = Math.floor(world.clock.now() / DAY) * DAY;
  expect(await sizeOf('images')).toEqual({
    objects: 77_000_000,
    bytes: undefined,
    classes: {},
    measuredAt: new Date(midnight - DAY),
  });
  setObjectCount(world, WHERE, 'images', 0);
  expect(await sizeOf('images')).toMatchObject({ objects: 0 });
});

test('bytes of all storage classes are added up, in one request', async () => {
  setBucketBytes(world, WHERE, 'images', 'StandardStorage', 1000);
  setBucketBytes(world, WHERE, 'images', 'DeepArchiveStorage', 200);
  setBucketBytes(world, WHERE, 'images', 'GlacierStorage', 5);
  setBucketBytes(world, WHERE, 'images', 'DeepArchiveObjectOverhead', 30);
  expect(await sizeOf('images')).toMatchObject({
    objects: 1,
    bytes: 1205,
    classes: { STANDARD: 1000, ARCHIVED: 205 },
  });
  expect(world.journal.of('cloudwatch')).toHaveLength(1);
});

test('a bucket that is not measured here has no size', async () => {
  expect(await sizeOf('nosuch')).toBeUndefined();
  expect(await sizeOf('images', 'us-east-1')).toBeUndefined();
});

test('a refusal is thrown', async () => {
  world.deny('cloudwatch:GetMetricData');
  await expect(sizeOf('images')).rejects.toMatchObject({ name: 'AccessDenied' });
});
