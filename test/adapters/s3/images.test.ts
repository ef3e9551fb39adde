import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openS3Images } from '../../../src/adapters/s3/images.ts';
import { createClients } from '../../../src/aws/clients.ts';
import { RetryableError, SystemicError, UnreadableError } from '../../../src/runtime/errors.ts';
import type { ImageStore } from '../../../src/runtime/ports.ts';
import type { World } from '../../aws/kernel/world.ts';
import { bucketNamed } from '../../aws/s3/reach.ts';
import type { Version } from '../../aws/s3/state.ts';
import { startWorld } from '../../aws/world.ts';
import { imageStoreContract, listAll } from '../../contracts/image-store.ts';

const Bucket = 'photos';
let world: World;
let owner: S3Client;
beforeAll(async () => {
  world = await startWorld();
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(() => world.stop());

const clientsIn = (region = 'eu-west-1') => {
  const { credentials, maxAttempts: _, ...client } = world.client({ region });
  return createClients({ ...client, credentials: async () => credentials });
};
const imagesOf = (bucket = Bucket, region = 'eu-west-1'): ImageStore =>
  openS3Images(clientsIn(region), { bucket, region });
const put = (Key: string, Body: string | Buffer = 'x', more: Partial<PutObjectCommandInput> = {}) =>
  owner.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const change = (key: string, to: Partial<Version>) =>
  Object.assign(bucketNamed(world, Bucket)?.objects.get(key)?.at(-1) ?? {}, to);

async function createBucket(name = Bucket) {
  owner = new S3Client(world.client());
  await owner.send(
    new CreateBucketCommand({ Bucket: name, CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } }),
  );
}

let opened = 0;
imageStoreContract('S3', async () => {
  const name = `photos-${opened++}`;
  await createBucket(name);
  return {
    store: imagesOf(name),
    put: async (Key, Body) => void (await owner.send(new PutObjectCommand({ Bucket: name, Key, Body }))),
    remove: async (Key) => void (await owner.send(new DeleteObjectCommand({ Bucket: name, Key }))),
  };
});

describe('S3 images', () => {
  beforeEach(() => createBucket());

  it('keep every key byte for byte', async () => {
    const hostile = [
      ' ',
      '../up.jpg',
      './here.jpg',
      '/',
      'a//b.jpg',
      'a/../b.jpg',
      '\u0001\u001f.jpg',
      '\r\n.jpg',
      '%2e%2e%2f.jpg',
      '+ &?#=;:@,$!\'"<>[]{}|\\^`~*().jpg',
      '\ufffe\u{10ffff}.jpg',
      'é.jpg',
      'é.jpg',
      'x'.repeat(1024),
      '__proto__',
    ];
    for (const key of hostile) await put(key, `of ${key}`);
    const images = imagesOf();
    const listed = (await listAll(images)).map(({ key }) => key);
    expect(new Set(listed)).toEqual(new Set(hostile));
    for (const key of hostile) {
      expect((await images.head(key))?.size, key).toBe(Buffer.byteLength(`of ${key}`));
      expect((await images.read(key)).toString()).toBe(`of ${key}`);
      expect(images.link(key, 'uri')).toBe(`s3://photos/${key}`);
    }
  });

  it('are listed by several requests at once, in order, each page once or little more', async () => {
    const bucket = bucketNamed(world, Bucket);
    await put('0');
    const model = bucket?.objects.get('0')?.[0];
    if (model === undefined) throw new Error('nothing was put');
    for (let number = 0; number < 60_000; number++) {
      const key = `photos/${((number * 2_654_435_761) >>> 0).toString(16)}.jpg`;
      bucket?.objects.set(key, [{ ...model, key }]);
    }
    if (bucket) bucket._sorted = undefined;
    world.journal.clear();
    world.faults.add({ service: 's3', effect: { latency: 20 } });
    let [now, most] = [0, 0];
    const clients = clientsIn();
    clients(S3Client).middlewareStack.add(
      (next) => async (given) => {
        most = Math.max(most, ++now);
        return next(given).finally(() => now--);
      },
      { step: 'initialize' },
    );
    const listed = await listAll(openS3Images(clients, { bucket: Bucket, region: 'eu-west-1' }), 'photos/');
    const expected = [...(bucket?.objects.keys() ?? [])].filter((key) => key !== '0').sort();
    expect(listed.map(({ key }) => key)).toEqual(expected);
    expect(most).toBeGreaterThanOrEqual(4);
    expect(world.journal.entries.length).toBeLessThan(100);
  });

  it('are listed with what a run wants to know', async () => {
    await put('cold.jpg', 'x', { StorageClass: 'DEEP_ARCHIVE' });
    await put('thawed.jpg', 'x', { StorageClass: 'GLACIER' });
    await put('thawing.jpg', 'x', { StorageClass: 'GLACIER' });
    change('thawed.jpg', { restored: new Date() });
    change('thawing.jpg', { restored: 'ongoing' });
    expect(await listAll(imagesOf())).toMatchObject([
      { key: 'cold.jpg', storageClass: 'DEEP_ARCHIVE', etag: expect.stringMatching(/^[0-9a-f]{32}$/) },
      { key: 'thawed.jpg' },
      { key: 'thawing.jpg', storageClass: 'GLACIER' },
    ]);
    expect((await listAll(imagesOf()))[1]).not.toHaveProperty('storageClass');
  });

  it('are the current versions only', async () => {
    const VersioningConfiguration = { Status: 'Enabled' } as const;
    await owner.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    await put('a.jpg', 'old');
    const { VersionId } = await put('a.jpg', 'new one');
    await put('b.jpg');
    await owner.send(new DeleteObjectCommand({ Bucket, Key: 'b.jpg' }));
    const images = imagesOf();
    expect(await listAll(images)).toMatchObject([{ key: 'a.jpg', size: 7 }]);
    expect(await images.head('a.jpg')).toMatchObject({ size: 7, versionId: VersionId });
    expect(await images.head('b.jpg')).toBeUndefined();
  });
});

describe('what can’t be read as things are', () => {
  beforeEach(() => createBucket());

  it.each<[string, Partial<Version>, string | undefined]>([
    ['GLACIER', { storageClass: 'GLACIER' }, 'archived'],
    ['DEEP_ARCHIVE', { storageClass: 'DEEP_ARCHIVE' }, 'archived'],
    ['an archive tier', { storageClass: 'INTELLIGENT_TIERING', tier: 'ARCHIVE_ACCESS' }, 'archived'],
    ['being restored', { storageClass: 'GLACIER', restored: 'ongoing' }, 'archived'],
    ['restored', { storageClass: 'GLACIER', restored: new Date() }, undefined],
    ['GLACIER_IR', { storageClass: 'GLACIER_IR' }, undefined],
    ['SSE-C', { encryption: { algorithm: 'SSE-C', key: undefined } }, 'sse-c'],
  ])('%s', async (_, to, skip) => {
    await put('a.jpg');
    change('a.jpg', to);
    const images = imagesOf();
    expect((await images.head('a.jpg'))?.skip).toBe(skip);
    if (skip === undefined) expect((await images.read('a.jpg')).toString()).toBe('x');
    else await expect(images.read('a.jpg')).rejects.toThrow(UnreadableError);
  });

  it('a KMS key that may not be used is named, and ends the run', async () => {
    const SSEKMSKeyId = 'arn:aws:kms:eu-west-1:111122223333:key/1234';
    await put('a.jpg', 'x', { ServerSideEncryption: 'aws:kms', SSEKMSKeyId });
    expect((await imagesOf().read('a.jpg')).toString()).toBe('x');
    world.deny('kms:Decrypt');
    const denied = imagesOf().read('a.jpg');
    await expect(denied).rejects.toThrow(SystemicError);
    await expect(denied).rejects.toMatchObject({
      code: 'kms-denied',
      message: expect.stringContaining(SSEKMSKeyId),
      suggestions: [`ask for kms:Decrypt on ${SSEKMSKeyId}`],
    });
  });
});

describe('failures', () => {
  beforeEach(() => createBucket());
  const systemic = (code: string, advice: string) =>
    expect.objectContaining({
      name: 'SystemicError',
      code,
      suggestions: expect.arrayContaining([expect.stringContaining(advice)]),
    });
  const first = async (images: ImageStore) => (await listAll(images))[0];

  it('a bucket that is not there is no bucket without images', async () => {
    const images = imagesOf('nothing-here');
    await expect(images.head('a.jpg')).rejects.toEqual(systemic('bucket-missing', 'aws s3 ls'));
    await expect(images.read('a.jpg')).rejects.toEqual(systemic('bucket-missing', 'aws s3 ls'));
    await expect(first(images)).rejects.toEqual(systemic('bucket-missing', 'aws s3 ls'));
  });

  it('another Region is named', async () => {
    await put('a.jpg');
    const images = imagesOf(Bucket, 'us-east-1');
    await expect(images.head('a.jpg')).rejects.toEqual(systemic('bucket-region', '--region eu-west-1'));
    await expect(first(images)).rejects.toEqual(systemic('bucket-region', '--region eu-west-1'));
  });

  it('a bucket that may not be read ends the run', async () => {
    await put('a.jpg');
    await put('b.jpg');
    world.deny('s3:GetObject');
    const images = imagesOf();
    await expect(images.head('a.jpg')).rejects.toEqual(systemic('bucket-denied', 's3:GetObject'));
    await expect(images.read('a.jpg')).rejects.toEqual(systemic('bucket-denied', 's3:GetObject'));
    expect(await images.head('gone.jpg')).toBeUndefined();
  });

  it('a bucket that is now another account’s is not read', async () => {
    await put('a.jpg');
    const imagesFor = (account: string) =>
      openS3Images(clientsIn(), { bucket: Bucket, region: 'eu-west-1', account });
    const own = imagesFor('111122223333');
    expect((await own.head('a.jpg'))?.size).toBe(1);
    expect((await own.read('a.jpg')).toString()).toBe('x');
    expect((await first(own))?.key).toBe('a.jpg');
    const others = imagesFor('999900001111');
    const denied = systemic('bucket-denied', 'still one of account 999900001111');
    await expect(others.head('a.jpg')).rejects.toEqual(denied);
    await expect(others.read('a.jpg')).rejects.toEqual(denied);
    await expect(first(others)).rejects.toEqual(denied);
    const [asked] = world.journal.entries.slice(-1);
    expect(asked?.input).toMatchObject({ ExpectedBucketOwner: '999900001111' });
  });

  it('without the right to list, what is gone can’t be told from what is denied', async () => {
    await put('a.jpg');
    world.deny('s3:ListBucket');
    const images = imagesOf();
    expect((await images.head('a.jpg'))?.size).toBe(1);
    await expect(images.head('gone.jpg')).rejects.toEqual(systemic('bucket-denied', 's3:ListBucket'));
    await expect(first(images)).rejects.toEqual(systemic('bucket-denied', 's3:ListBucket'));
  });

  it.each([false, true])(
    'one image that is denied stops no other (one was read before: %s)',
    async (before) => {
      for (const key of ['a.jpg', 'b.jpg', 'c.jpg']) await put(key);
      world.deny('s3:GetObject', { resource: 'arn:aws:s3:::photos/a.jpg' });
      const images = imagesOf();
      if (before) await images.head('b.jpg');
      await expect(images.head('a.jpg')).rejects.toThrow(UnreadableError);
      await expect(images.read('a.jpg')).rejects.toThrow(UnreadableError);
      world.deny('s3:GetObject');
      await expect(images.head('a.jpg')).rejects.toEqual(systemic('bucket-denied', 's3:GetObject'));
    },
  );

  it.each<[string, object]>([
    ['too many requests', { throttle: true }],
    ['an internal error', { error: { code: 'InternalError', status: 500 } }],
    ['no answer', { reset: true }],
  ])('%s may pass, and slows no labeler down', async (_, effect) => {
    await put('a.jpg');
    world.faults.add({ service: 's3', effect: effect as { throttle: true } });
    const images = openS3Images(clientsWithoutRetries(), { bucket: Bucket, region: 'eu-west-1' });
    await expect(images.head('a.jpg')).rejects.toMatchObject({ name: RetryableError.name, throttled: false });
    await expect(images.read('a.jpg')).rejects.toMatchObject({ name: RetryableError.name, throttled: false });
    await expect(first(images)).rejects.toEqual(systemic('bucket-unavailable', 'run the same command again'));
  });

  it.each(['ExpiredToken', 'InvalidAccessKeyId'])('%s ends the run', async (code) => {
    await put('a.jpg');
    world.faults.add({
      service: 's3',
      effect: { error: { code, status: code === 'ExpiredToken' ? 400 : 403 } },
    });
    const images = imagesOf();
    const said = systemic(code === 'ExpiredToken' ? 'expired-credentials' : 'refused-credentials', 'aws s');
    await expect(images.head('a.jpg')).rejects.toEqual(said);
    await expect(images.read('a.jpg')).rejects.toEqual(said);
    await expect(first(images)).rejects.toEqual(said);
  });

  function clientsWithoutRetries() {
    const clients = clientsIn();
    clients(S3Client).config.retryStrategy = async () => ({
      mode: 'standard',
      acquireInitialRetryToken: async () => ({ getRetryCount: () => 0, getRetryDelay: () => 0 }),
      refreshRetryTokenForRetry: async () => {
        throw new Error('no more');
      },
      recordSuccess: () => {},
    });
    return clients;
  }
});

describe('many looks at once', () => {
  beforeEach(() => createBucket());
  const requests = () => world.journal.entries.map(({ operation }) => operation);
  const headMany = async (keys: readonly string[]) => (await imagesOf().headMany?.(keys)) ?? new Map();

  it('are what a look at each tells, for one list', async () => {
    const keys = ['a b+c.jpg', 'é/1.jpg', 'z.jpg', 'é/2.jpg'];
    for (const key of [...keys, 'not wanted.jpg', 'zzz.jpg']) await put(key, key);
    await put('é/cold.jpg', 'x', { StorageClass: 'GLACIER' });
    world.journal.clear();
    const heads = await headMany([...keys, 'é/cold.jpg', 'é/gone.jpg']);
    expect(requests()).toEqual(['ListObjectsV2']);
    // The list begins after the first of them.
    expect([...heads.keys()].sort()).toEqual(['z.jpg', 'é/1.jpg', 'é/2.jpg', 'é/cold.jpg']);
    for (const [key, { skip, ...head }] of heads) {
      const { versionId: _, storageClass: __, skip: wanted, ...rest } = (await imagesOf().head(key)) ?? {};
      expect([head, skip]).toEqual([rest, wanted]);
    }
  });

  it('are given up where others lie between them', async () => {
    const bucket = bucketNamed(world, Bucket);
    await put('a.jpg');
    const [version] = bucket?.objects.get('a.jpg') ?? [];
    for (let at = 0; version !== undefined && at < 9_000; at++)
      bucket?.objects.set(`b${at}`, [{ ...version, key: `b${at}` }]);
    await put('c.jpg');
    world.journal.clear();
    expect(await headMany(['a.jpg', 'c.jpg'])).toEqual(new Map());
    expect(requests()).toHaveLength(3);
  });
});
