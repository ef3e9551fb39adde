import {
  DetectLabelsCommand,
  type DetectLabelsRequest,
  RekognitionClient,
} from '@aws-sdk/client-rekognition';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { World } from '../kernel/world.ts';
import { bucketNamed } from '../s3/reach.ts';
import { startWorld } from '../world.ts';
import { jpeg, jpegOf, KINDS, REFUSED } from './pictures.ts';
import { rekognitionIn } from './service.ts';

const Bucket = 'photos';
let world: World;
let s3: S3Client;
beforeAll(async () => {
  world = await startWorld();
});
beforeEach(async () => {
  s3 = new S3Client(world.client());
  await s3.send(
    new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } }),
  );
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(() => world.stop());

const detect = (input: DetectLabelsRequest, where: Parameters<World['client']>[0] = {}) =>
  new RekognitionClient(world.client(where)).send(new DetectLabelsCommand(input));
const detectBytes = (Bytes: Uint8Array, more: Partial<DetectLabelsRequest> = {}) =>
  detect({ Image: { Bytes }, ...more });
const detectKey = (Name: string, Version?: string, where?: Parameters<World['client']>[0]) =>
  detect({ Image: { S3Object: { Bucket, Name, ...(Version !== undefined && { Version }) } } }, where);
const put = (Key: string, Body: Buffer, more: object = {}) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const named = (name: string) => expect.objectContaining({ name });

describe('images', () => {
  it.each(Object.entries(KINDS))('takes %s', async (_, picture) => {
    const bytes = await picture();
    expect((await detectBytes(bytes)).LabelModelVersion).toBe('3.0');
    await put('a.jpg', bytes);
    expect((await detectKey('a.jpg')).Labels).toEqual([]);
  });

  it.each(Object.entries(REFUSED))('refuses %s', async (_, { picture, error }) => {
    const bytes = await picture();
    await expect(detectBytes(bytes)).rejects.toThrow(named(error));
    await put('a.jpg', bytes);
    await expect(detectKey('a.jpg')).rejects.toThrow(named(error));
  });

  it('takes 5 MB as bytes and 15 MB from S3, and not a byte more', async () => {
    await detectBytes(await jpegOf(5 * 2 ** 20));
    await expect(detectBytes(await jpegOf(5 * 2 ** 20 + 1))).rejects.toThrow(named('ValidationException'));
    await expect(detectBytes(Buffer.alloc(0))).rejects.toThrow(named('ValidationException'));
    await put('most.jpg', await jpegOf(15 * 2 ** 20));
    await detectKey('most.jpg');
    await put('more.jpg', await jpegOf(15 * 2 ** 20 + 1));
    await expect(detectKey('more.jpg')).rejects.toThrow(named('ImageTooLargeException'));
  });
});

describe('labels', () => {
  it('are the keywords in the image, with their parents', async () => {
    const { Labels } = await detectBytes(await jpeg(['Café', 'Animal|Pet|Dog']));
    expect(Labels?.map(({ Name, Parents }) => [Name, Parents?.map((parent) => parent.Name)])).toEqual([
      ['Dog', ['Pet', 'Animal']],
      ['Café', []],
    ]);
  });

  it('are what a test says, by confidence, floor, number and filters', async () => {
    const label = (Name: string, Confidence: number, category: string) => ({
      Name,
      Confidence,
      Categories: [{ Name: category }],
    });
    rekognitionIn(world).answer(() => [
      label('Dog', 60, 'Animals'),
      label('Cat', 90, 'Animals'),
      label('Car', 50, 'Vehicles'),
    ]);
    const picture = await jpeg();
    const found = async (more: Partial<DetectLabelsRequest>) =>
      (await detectBytes(picture, more)).Labels?.map(({ Name }) => Name);
    const filtered = (GeneralLabels: object) => found({ MinConfidence: 0, Settings: { GeneralLabels } });
    expect(await found({})).toEqual(['Cat', 'Dog']);
    expect(await found({ MinConfidence: 0, MaxLabels: 1 })).toEqual(['Cat']);
    expect(await found({ MinConfidence: 50 })).toEqual(['Cat', 'Dog', 'Car']);
    expect(await filtered({ LabelInclusionFilters: ['Car'] })).toEqual(['Car']);
    expect(await filtered({ LabelExclusionFilters: ['Cat'] })).toEqual(['Dog', 'Car']);
    expect(await filtered({ LabelCategoryInclusionFilters: ['Vehicles'] })).toEqual(['Car']);
    expect(await filtered({ LabelCategoryExclusionFilters: ['Animals'] })).toEqual(['Car']);
  });

  it('come with the version of the model', async () => {
    rekognitionIn(world).setModelVersion('4.1');
    expect((await detectBytes(await jpeg())).LabelModelVersion).toBe('4.1');
  });
});

describe('parameters', () => {
  it.each<[string, Partial<DetectLabelsRequest>]>([
    ['MaxLabels', { MaxLabels: 1001 }],
    ['MinConfidence', { MinConfidence: 101 }],
    [
      'Filters',
      { Settings: { GeneralLabels: { LabelInclusionFilters: Array(101).fill('Dog') as string[] } } },
    ],
  ])('%s beyond its range breaks the model', async (member, more) => {
    await expect(detectBytes(await jpeg(), more)).rejects.toThrow(named('ValidationException'));
    expect(world.takeViolations()).toMatchObject([
      { kind: 'model', message: expect.stringContaining(member) },
    ]);
  });

  it('are refused where they contradict each other', async () => {
    const Bytes = await jpeg();
    const both = { Image: { Bytes, S3Object: { Bucket, Name: 'a.jpg' } } };
    for (const input of [both, { Image: {} }])
      await expect(detect(input)).rejects.toThrow(named('InvalidParameterException'));
    await expect(detect({ Image: { Bytes }, Features: ['IMAGE_PROPERTIES'], MaxLabels: 1 })).rejects.toThrow(
      named('InvalidParameterException'),
    );
  });

  it('without the right: AccessDeniedException', async () => {
    world.deny('rekognition:DetectLabels');
    await expect(detectBytes(await jpeg())).rejects.toThrow(named('AccessDeniedException'));
  });
});

describe('S3 objects', () => {
  const unreadable = named('InvalidS3ObjectException');
  beforeEach(async () => void (await put('a b+ü\n.jpg', await jpeg(['Old']))));
  const key = 'a b+ü\n.jpg';
  const version = () => bucketNamed(world, Bucket)?.objects.get(key)?.at(-1);

  it('are read by any key, and by version', async () => {
    expect((await detectKey(key)).Labels).toMatchObject([{ Name: 'Old' }]);
    const VersioningConfiguration = { Status: 'Enabled' } as const;
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    const { VersionId } = await put(key, await jpeg(['New']));
    await put(key, await jpeg(['Newer']));
    expect((await detectKey(key)).Labels).toMatchObject([{ Name: 'Newer' }]);
    expect((await detectKey(key, VersionId)).Labels).toMatchObject([{ Name: 'New' }]);
    world.deny('s3:GetObjectVersion');
    await expect(detectKey(key, VersionId)).rejects.toThrow(unreadable);
    await s3.send(new DeleteObjectCommand({ Bucket, Key: key }));
    await expect(detectKey(key)).rejects.toThrow(unreadable);
  });

  it('that cannot be read have one error, whatever the cause', async () => {
    await expect(detectKey('none.jpg')).rejects.toThrow(unreadable);
    await expect(detectKey(key, undefined, { region: 'us-east-1' })).rejects.toThrow(unreadable);
    await expect(detectKey(key, undefined, { account: '444455556666' })).rejects.toThrow(unreadable);
    const allow = world.deny('s3:GetObject');
    await expect(detectKey(key)).rejects.toThrow(unreadable);
    allow();
    await put('kms.jpg', await jpeg(), { ServerSideEncryption: 'aws:kms' });
    await detectKey('kms.jpg');
    world.deny('kms:Decrypt');
    await expect(detectKey('kms.jpg')).rejects.toThrow(unreadable);
    await put('cold.jpg', await jpeg(), { StorageClass: 'GLACIER' });
    await expect(detectKey('cold.jpg')).rejects.toThrow(unreadable);
    await detectKey(key);
    Object.assign(version() ?? {}, { encryption: { algorithm: 'SSE-C' } });
    await expect(detectKey(key)).rejects.toThrow(unreadable);
  });

  it('that were restored can be read', async () => {
    Object.assign(version() ?? {}, { storageClass: 'GLACIER', restored: 'ongoing' });
    await expect(detectKey(key)).rejects.toThrow(unreadable);
    Object.assign(version() ?? {}, { restored: new Date() });
    await detectKey(key);
  });
});

describe('pace', () => {
  it('is that of a token bucket on the double’s clock', async () => {
    rekognitionIn(world).limit(2);
    const picture = await jpeg();
    const tooMany = named('ProvisionedThroughputExceededException');
    await detectBytes(picture);
    await detectBytes(picture);
    await expect(detectBytes(picture)).rejects.toThrow(tooMany);
    await world.clock.advance(500);
    await detectBytes(picture);
    await expect(detectBytes(picture)).rejects.toThrow(tooMany);
    await world.clock.advance(60_000);
    await Promise.all([detectBytes(picture), detectBytes(picture)]);
    await expect(detectBytes(picture)).rejects.toThrow(tooMany);
  });

  it('takes the time that a test says', async () => {
    rekognitionIn(world).takeTime(300);
    let answered = false;
    const answering = detectBytes(await jpeg()).then(() => {
      answered = true;
    });
    while (world.clock.untilNext() === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(answered).toBe(false);
    await world.clock.advance(300);
    await answering;
  });
});
