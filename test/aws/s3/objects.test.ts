import { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { World } from '../kernel/world.ts';
import { startWorld } from '../world.ts';

let world: World;
let client: S3Client;
const Bucket = 'one';
beforeAll(async () => {
  world = await startWorld();
  client = new S3Client(world.client());
});
beforeEach(async () => {
  const CreateBucketConfiguration = { LocationConstraint: 'eu-west-1' } as const;
  await client.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }));
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(async () => {
  await world.stop();
});

const put = (Key: string, Body: string, more: object = {}) =>
  client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const get = async (Key: string, more: object = {}) => {
  const answer = await client.send(new GetObjectCommand({ Bucket, Key, ...more }));
  return { ...answer, text: await answer.Body?.transformToString() };
};

test('an object comes back with what it was put with, whole and in part', async () => {
  const made = await put('a/ü b+c', 'hello world', { ContentType: 'text/plain', Metadata: { x: 'y' } });
  expect(made.ETag).toBe('"5eb63bbbe01eeed093cb22bb8f5acdc3"');
  expect(await get('a/ü b+c')).toMatchObject({
    text: 'hello world',
    ContentType: 'text/plain',
    Metadata: { x: 'y' },
    ServerSideEncryption: 'AES256',
  });
  expect(await get('a/ü b+c', { Range: 'bytes=6-' })).toMatchObject({
    text: 'world',
    ContentRange: 'bytes 6-10/11',
  });
  await expect(get('a/ü b+c', { Range: 'bytes=11-' })).rejects.toMatchObject({ name: 'InvalidRange' });
  const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'a/ü b+c' }));
  expect(head).toMatchObject({ ContentLength: 11, ETag: made.ETag });
  await expect(get('none')).rejects.toMatchObject({ name: 'NoSuchKey' });
});

test('a presigned address works until it runs out', async () => {
  await put('a b', 'hello');
  const signed = (seconds: number) =>
    `${world.url}/one/a%20b?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIADOUBLE111122223333%2F20260101%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Date=${world.clock
      .date()
      .toISOString()
      .replace(/[-:]|\.\d+/g, '')}&X-Amz-Expires=${seconds}&X-Amz-SignedHeaders=host&X-Amz-Signature=0`;
  const address = signed(300);
  expect(await (await fetch(address)).text()).toBe('hello');
  const owner = (account: string) => fetch(`${address}&x-amz-expected-bucket-owner=${account}`);
  expect([(await owner('111122223333')).status, (await owner('444455556666')).status]).toEqual([200, 403]);
  await world.clock.advance(300_000);
  expect((await fetch(address)).status).toBe(403);
});

test('a stream arrives whole', async () => {
  const Body = Readable.from([Buffer.from('he'), Buffer.from('llo')]);
  await client.send(new PutObjectCommand({ Bucket, Key: 's', Body, ContentLength: 5 }));
  expect((await get('s')).text).toBe('hello');
});

test('conditional writes: only if absent, only over what was seen', async () => {
  const first = await put('a', '1', { IfNoneMatch: '*' });
  await expect(put('a', '2', { IfNoneMatch: '*' })).rejects.toMatchObject({ name: 'PreconditionFailed' });
  const second = await put('a', '2', { IfMatch: first.ETag });
  await expect(put('a', '3', { IfMatch: first.ETag })).rejects.toMatchObject({ name: 'PreconditionFailed' });
  await expect(put('b', '3', { IfMatch: first.ETag })).rejects.toMatchObject({ name: 'NoSuchKey' });
  await expect(get('a', { IfMatch: first.ETag })).rejects.toMatchObject({ name: 'PreconditionFailed' });
  await expect(get('a', { IfNoneMatch: second.ETag })).rejects.toMatchObject({
    $metadata: { httpStatusCode: 304 },
  });
  world.faults.add({
    operation: 'PutObject',
    effect: { error: { code: 'ConditionalRequestConflict', status: 409 } },
    nth: 1,
  });
  await expect(put('c', '1', { IfNoneMatch: '*' })).rejects.toMatchObject({
    name: 'ConditionalRequestConflict',
  });
  await put('c', '1', { IfNoneMatch: '*' });
});

test('in a versioned bucket a delete leaves a marker, and removing the marker brings the object back', async () => {
  await put('a', '0');
  await client.send(
    new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }),
  );
  const one = await put('a', '1');
  const gone = await client.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
  expect(gone.DeleteMarker).toBe(true);
  await expect(get('a')).rejects.toMatchObject({ name: 'NoSuchKey' });
  expect((await get('a', { VersionId: one.VersionId })).text).toBe('1');
  expect((await get('a', { VersionId: 'null' })).text).toBe('0');
  const listed = await client.send(new ListObjectVersionsCommand({ Bucket }));
  expect(listed.Versions?.map((each) => each.VersionId)).toEqual([one.VersionId, 'null']);
  expect(listed.DeleteMarkers).toMatchObject([{ VersionId: gone.VersionId, IsLatest: true }]);
  await client.send(new DeleteObjectCommand({ Bucket, Key: 'a', VersionId: gone.VersionId }));
  expect((await get('a')).text).toBe('1');
});

test('what is archived has a head and no body; what is encrypted needs its key', async () => {
  await put('cold', 'x', { StorageClass: 'GLACIER' });
  expect((await client.send(new HeadObjectCommand({ Bucket, Key: 'cold' }))).StorageClass).toBe('GLACIER');
  await expect(get('cold')).rejects.toMatchObject({ name: 'InvalidObjectState', StorageClass: 'GLACIER' });
  await put('secret', 'x', {
    ServerSideEncryption: 'aws:kms',
    SSEKMSKeyId: 'arn:aws:kms:eu-west-1:111122223333:key/k',
  });
  world.deny('kms:Decrypt');
  await client.send(new HeadObjectCommand({ Bucket, Key: 'secret' }));
  await expect(get('secret')).rejects.toMatchObject({ name: 'AccessDenied' });
});

test('without the right to list, a missing key is a refusal', async () => {
  world.deny('s3:ListBucket');
  await expect(get('none')).rejects.toMatchObject({ name: 'AccessDenied' });
});

test('a copy carries content and metadata; deletions in bulk tell each', async () => {
  await put('a b', '1', { Metadata: { x: 'y' } });
  await client.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/a%20b` }));
  expect(await get('copy')).toMatchObject({ text: '1', Metadata: { x: 'y' } });
  world.deny('s3:DeleteObject', { resource: '*/copy' });
  const Delete = { Objects: [{ Key: 'a b' }, { Key: 'copy' }, { Key: 'none' }] };
  const answer = await client.send(new DeleteObjectsCommand({ Bucket, Delete }));
  expect(answer.Deleted?.map((each) => each.Key)).toEqual(['a b', 'none']);
  expect(answer.Errors).toMatchObject([{ Key: 'copy', Code: 'AccessDenied' }]);
});

test('listing gives every key once, in byte order, whatever the page size', async () => {
  const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 6 }).filter((key) => !key.includes('\0'));
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(text, { maxLength: 8 }),
      fc.integer({ min: 1, max: 4 }),
      async (keys, MaxKeys) => {
        const Bucket = `b${world.ids.make('', 'hex', 12)}`;
        const CreateBucketConfiguration = { LocationConstraint: 'eu-west-1' } as const;
        await client.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }));
        for (const Key of keys) await client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
        const seen: string[] = [];
        let ContinuationToken: string | undefined;
        do {
          const page = await client.send(
            new ListObjectsV2Command({
              Bucket,
              MaxKeys,
              EncodingType: 'url',
              ...(ContinuationToken && { ContinuationToken }),
            }),
          );
          seen.push(
            ...(page.Contents ?? []).map((each) => decodeURIComponent((each.Key ?? '').replaceAll('+', ' '))),
          );
          ContinuationToken = page.NextContinuationToken;
        } while (ContinuationToken);
        expect(seen).toEqual([...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
      },
    ),
    { numRuns: 8 },
  );
});

test('prefix and delimiter group keys', async () => {
  for (const key of ['a/1', 'a/2', 'b/1', 'c']) await put(key, 'x');
  const list = async (more: object) => {
    const { Contents = [], CommonPrefixes = [] } = await client.send(
      new ListObjectsV2Command({ Bucket, ...more }),
    );
    return [...Contents.map((each) => each.Key), ...CommonPrefixes.map((each) => each.Prefix)];
  };
  expect(await list({ Delimiter: '/' })).toEqual(['c', 'a/', 'b/']);
  expect(await list({ Prefix: 'a/', StartAfter: 'a/1' })).toEqual(['a/2']);
});
