import {
  CreateBucketCommand,
  DeleteBucketCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketLocationCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { World } from '../kernel/world.ts';
import { startWorld } from '../world.ts';

let world: World;
let client: S3Client;
const IRELAND = { LocationConstraint: 'eu-west-1' } as const;
beforeAll(async () => {
  world = await startWorld();
  client = new S3Client(world.client());
});
beforeEach(async () => {
  await client.send(new CreateBucketCommand({ Bucket: 'one', CreateBucketConfiguration: IRELAND }));
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(async () => {
  await world.stop();
});

test('a new bucket is private, encrypted and tagged at its creation', async () => {
  const Tags = [{ Key: 'stack', Value: 'x' }];
  await client.send(
    new CreateBucketCommand({ Bucket: 'two', CreateBucketConfiguration: { ...IRELAND, Tags } }),
  );
  const block = await client.send(new GetPublicAccessBlockCommand({ Bucket: 'two' }));
  expect(Object.values(block.PublicAccessBlockConfiguration ?? {})).toEqual([true, true, true, true]);
  const encryption = await client.send(new GetBucketEncryptionCommand({ Bucket: 'two' }));
  expect(encryption.ServerSideEncryptionConfiguration?.Rules).toEqual([
    { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' }, BucketKeyEnabled: false },
  ]);
  expect((await client.send(new GetBucketTaggingCommand({ Bucket: 'two' }))).TagSet).toEqual(Tags);
  expect((await client.send(new ListBucketsCommand({}))).Buckets?.map((each) => each.Name)).toEqual([
    'one',
    'two',
  ]);
});

test.each([
  ['eu-west-1', 'a_b', IRELAND, 'InvalidBucketName'],
  ['eu-west-1', 'two', { LocationConstraint: 'us-west-2' }, 'IllegalLocationConstraintException'],
  ['us-east-1', 'two', { LocationConstraint: 'us-east-1' }, 'InvalidLocationConstraint'],
  ['eu-west-1', 'one', IRELAND, 'BucketAlreadyOwnedByYou'],
] as const)(
  'in %s a bucket %s with %j is refused with %s',
  async (region, Bucket, CreateBucketConfiguration, name) => {
    const there = new S3Client(world.client({ region }));
    const made = there.send(
      new CreateBucketCommand({ Bucket, CreateBucketConfiguration: CreateBucketConfiguration as never }),
    );
    await expect(made).rejects.toMatchObject({ name });
  },
);

test('us-east-1 lets its owner create a bucket again; names are worldwide', async () => {
  const virginia = new S3Client(world.client({ region: 'us-east-1' }));
  await virginia.send(new CreateBucketCommand({ Bucket: 'three' }));
  await virginia.send(new CreateBucketCommand({ Bucket: 'three' }));
  const other = new S3Client(world.client({ account: '444455556666' }));
  await expect(
    other.send(new CreateBucketCommand({ Bucket: 'one', CreateBucketConfiguration: IRELAND })),
  ).rejects.toMatchObject({ name: 'BucketAlreadyExists' });
});

test('a bucket is answered from its Region and to its owner; its Region is told to all', async () => {
  const elsewhere = new S3Client(world.client({ region: 'us-west-2' }));
  const moved = await elsewhere.send(new HeadBucketCommand({ Bucket: 'one' })).catch((error) => error);
  expect(moved.$response.headers['x-amz-bucket-region']).toBe('eu-west-1');
  expect(moved.$metadata.httpStatusCode).toBe(301);
  expect((await elsewhere.send(new GetBucketLocationCommand({ Bucket: 'one' }))).LocationConstraint).toBe(
    'eu-west-1',
  );
  const other = new S3Client(world.client({ account: '444455556666' }));
  await expect(other.send(new HeadBucketCommand({ Bucket: 'one' }))).rejects.toMatchObject({
    $metadata: { httpStatusCode: 403 },
  });
  const expected = new HeadBucketCommand({ Bucket: 'one', ExpectedBucketOwner: '444455556666' });
  await expect(client.send(expected)).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
  await expect(client.send(new HeadBucketCommand({ Bucket: 'none' }))).rejects.toMatchObject({
    name: 'NotFound',
  });
});

test('only an empty bucket goes, and after it a late reader may still be told of nothing', async () => {
  await client.send(new PutObjectCommand({ Bucket: 'one', Key: 'a', Body: 'a' }));
  await expect(client.send(new DeleteBucketCommand({ Bucket: 'one' }))).rejects.toMatchObject({
    name: 'BucketNotEmpty',
  });
  world.delays.s3Bucket = 5_000;
  await client.send(new CreateBucketCommand({ Bucket: 'two', CreateBucketConfiguration: IRELAND }));
  await expect(client.send(new HeadBucketCommand({ Bucket: 'two' }))).rejects.toMatchObject({
    name: 'NotFound',
  });
  await world.clock.advance(5_000);
  await client.send(new HeadBucketCommand({ Bucket: 'two' }));
  await client.send(new DeleteBucketCommand({ Bucket: 'two' }));
});

const statement = {
  Effect: 'Allow',
  Principal: { AWS: 'arn:aws:iam::111122223333:root' },
  Action: 's3:GetObject',
  Resource: 'arn:aws:s3:::one/*',
};
test.each([
  ['{', 'MalformedPolicy', 'valid JSON'],
  [{ ...statement, Resource: 'arn:aws:s3:::other/*' }, 'MalformedPolicy', 'invalid resource'],
  [{ ...statement, Action: 'sqs:SendMessage' }, 'MalformedPolicy', 'invalid action'],
  [
    { ...statement, Principal: { AWS: 'arn:aws:iam::111122223333:role/none' } },
    'MalformedPolicy',
    'Invalid principal',
  ],
  [{ ...statement, Principal: '*' }, 'AccessDenied', 'BlockPublicPolicy'],
])('the policy %j is refused with %s', async (given, name, message) => {
  const Policy =
    typeof given === 'string' ? given : JSON.stringify({ Version: '2012-10-17', Statement: given });
  const put = client.send(new PutBucketPolicyCommand({ Bucket: 'one', Policy }));
  await expect(put).rejects.toMatchObject({ name, message: expect.stringContaining(message) });
});

test('a policy is given back as it was put', async () => {
  await expect(client.send(new GetBucketPolicyCommand({ Bucket: 'one' }))).rejects.toMatchObject({
    name: 'NoSuchBucketPolicy',
  });
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await client.send(new PutBucketPolicyCommand({ Bucket: 'one', Policy }));
  expect((await client.send(new GetBucketPolicyCommand({ Bucket: 'one' }))).Policy).toBe(Policy);
});

test('lifecycle rules come back equal, and a rule without an action is refused', async () => {
  const Rules = [
    {
      ID: 'old',
      Filter: { And: { Prefix: 'a/', Tags: [{ Key: 'k', Value: 'v' }] } },
      Status: 'Enabled' as const,
      Expiration: { Days: 30 },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
    },
  ];
  const put = (rules: typeof Rules) =>
    client.send(
      new PutBucketLifecycleConfigurationCommand({ Bucket: 'one', LifecycleConfiguration: { Rules: rules } }),
    );
  await put(Rules);
  const read = await client.send(new GetBucketLifecycleConfigurationCommand({ Bucket: 'one' }));
  expect(read.Rules).toEqual(Rules);
  await expect(put([{ ID: 'x', Filter: { Prefix: '' }, Status: 'Enabled' } as never])).rejects.toMatchObject({
    name: 'InvalidRequest',
  });
});

test('tags are replaced as a whole, and versioning takes no other word', async () => {
  const Tagging = { TagSet: [{ Key: 'b', Value: '2' }] };
  await client.send(new PutBucketTaggingCommand({ Bucket: 'one', Tagging }));
  expect((await client.send(new GetBucketTaggingCommand({ Bucket: 'one' }))).TagSet).toEqual(Tagging.TagSet);
  const wrong = { Bucket: 'one', VersioningConfiguration: { Status: 'On' as never } };
  await expect(client.send(new PutBucketVersioningCommand(wrong))).rejects.toMatchObject({
    name: 'MalformedXML',
  });
  expect(world.takeViolations()).toMatchObject([{ kind: 'model', operation: 'PutBucketVersioning' }]);
});
