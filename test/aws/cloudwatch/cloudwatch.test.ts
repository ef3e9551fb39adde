import {
  CloudWatchClient,
  GetMetricDataCommand,
  GetMetricStatisticsCommand,
} from '@aws-sdk/client-cloudwatch';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { decodeCbor, encodeCbor } from '../kernel/protocols/cbor-values.ts';
import type { World } from '../kernel/world.ts';
import { startWorld } from '../world.ts';
import { setObjectCount } from './service.ts';

let world: World;
let client: CloudWatchClient;
const DAY = 86_400_000;
beforeAll(async () => {
  world = await startWorld();
  client = new CloudWatchClient(world.client());
});
beforeEach(async () => {
  const s3 = new S3Client(world.client());
  await s3.send(
    new CreateBucketCommand({
      Bucket: 'one',
      CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' },
    }),
  );
  for (const Key of ['a', 'b']) await s3.send(new PutObjectCommand({ Bucket: 'one', Key, Body: 'x' }));
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(async () => {
  await world.stop();
});
const asked = (bucket = 'one') => ({
  Namespace: 'AWS/S3',
  MetricName: 'NumberOfObjects',
  Dimensions: [
    { Name: 'BucketName', Value: bucket },
    { Name: 'StorageType', Value: 'AllStorageTypes' },
  ],
});
const range = () => ({ StartTime: new Date(world.clock.now() - 3 * DAY), EndTime: world.clock.date() });

test('the object count is a daily point, the newest of yesterday', async () => {
  const { Datapoints = [] } = await client.send(
    new GetMetricStatisticsCommand({ ...asked(), ...range(), Period: 86_400, Statistics: ['Average'] }),
  );
  expect(Datapoints[0]).toMatchObject({ Average: 2, Unit: 'Count' });
  const newest = Math.max(...Datapoints.map((each) => each.Timestamp?.getTime() ?? 0));
  expect(newest).toBe(Math.floor(world.clock.now() / DAY) * DAY - DAY);
});

test('a test can let a bucket hold more than it does; what nobody measures has no points', async () => {
  setObjectCount(world, { account: '111122223333', region: 'eu-west-1' }, 'one', 1_000_000);
  const query = (Id: string, bucket: string, Period = 86_400) => ({
    Id,
    MetricStat: { Metric: asked(bucket), Period, Stat: 'Average' },
  });
  const { MetricDataResults = [] } = await client.send(
    new GetMetricDataCommand({
      ...range(),
      MetricDataQueries: [query('one', 'one'), query('none', 'none'), query('hours', 'one', 3600)],
    }),
  );
  expect(MetricDataResults.map((each) => each.Values?.[0])).toEqual([1_000_000, undefined, undefined]);
});

test('the CBOR form answers as the JSON one', async () => {
  const { Dimensions, ...rest } = asked();
  const input = { ...rest, Dimensions, ...range(), Period: 86_400, Statistics: ['Sum'] };
  const response = await fetch(
    `${world.url}/service/GraniteServiceVersion20100801/operation/GetMetricStatistics`,
    {
      method: 'POST',
      headers: {
        'smithy-protocol': 'rpc-v2-cbor',
        'content-type': 'application/cbor',
        authorization:
          'AWS4-HMAC-SHA256 Credential=AKIADOUBLE111122223333/20260101/eu-west-1/monitoring/aws4_request, SignedHeaders=host, Signature=0',
      },
      body: encodeCbor(input),
    },
  );
  const answer = decodeCbor(Buffer.from(await response.arrayBuffer())) as {
    Datapoints: { Sum: number; Timestamp: Date }[];
  };
  expect(answer.Datapoints[0]?.Sum).toBe(2);
  expect(answer.Datapoints[0]?.Timestamp).toBeInstanceOf(Date);
});

test.each([
  [0],
  [23],
  [24],
  [-1],
  [-500],
  [2 ** 40],
  [1.5],
  ['ü'],
  [true],
  [null],
  [[1, ['a']]],
  [{ a: { b: [] } }],
])('CBOR of %j is read back', (value) => {
  expect(decodeCbor(encodeCbor(value))).toEqual(value);
});
