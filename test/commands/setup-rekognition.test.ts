import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RunSummary } from '../../src/runtime/run/record.ts';
import type { World } from '../aws/kernel/world.ts';
import { jpeg, noise } from '../aws/rekognition/pictures.ts';
import { rekognitionIn } from '../aws/rekognition/service.ts';
import { startWorld } from '../aws/world.ts';
import type { CliOptions } from '../cli.ts';
import { settle, type Workspace, workspace } from './workspace.ts';

let world: World;
let space: Workspace;
beforeAll(async () => {
  world = await startWorld();
});
beforeEach(async () => {
  space = await workspace({ images: 'none' });
});
afterEach(async () => {
  await space.remove();
  world.check();
  world.reset();
});
afterAll(() => world.stop());

const onAws = (region?: string): CliOptions => ({
  env: world.env(region === undefined ? {} : { region }),
});
const json = <Result extends object>(args: string[], code = 0, region?: string) =>
  space.json<Result>(args, code, onAws(region));
const found = async (query: string) => {
  const { images } = await json<{ images: { key: string }[] }>(['search', query]);
  return images.map(({ key }) => key);
};
const operations = () => world.journal.entries.map(({ operation }) => operation);
const backfill = async () => (await json<{ run: RunSummary }>(['backfill', 'now', '--yes'])).run;

async function givenBucket(): Promise<void> {
  const s3 = new S3Client(world.client());
  const Bucket = 'photos';
  await s3.send(
    new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } }),
  );
  const pictures: [string, Buffer][] = [
    ['2024/dog & cat.jpg', await jpeg(['Animal|Dog', 'Animal|Cat'])],
    ['2025/dog.jpg', await jpeg(['Dog'])],
    ['notes.txt', Buffer.from('x')],
  ];
  for (const [Key, Body] of pictures) await s3.send(new PutObjectCommand({ Bucket, Key, Body }));
  world.journal.clear();
}

describe('--bucket NAME --local', () => {
  beforeEach(givenBucket);

  test('labels what costs money only after a yes; what costs nothing needs none', async () => {
    await json(['setup', '--bucket', 'photos', '--local']);
    const refused = await space.run(['backfill', 'now'], onAws());
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toMatch(/2 would be labelled, for at most < \$0\.01/);
    expect(operations()).not.toContain('DetectLabels');
    expect((await backfill()).labelCalls).toBe(2);
    const { run } = await json<{ run: RunSummary }>(['backfill', 'now']);
    expect(run.labelCalls).toBe(0);
  });

  test('reads the bucket, labels by Rekognition, and keeps everything else here', async () => {
    const { stack, changes } = await json<{ stack: string; changes: { type: string }[] }>([
      'setup',
      '--bucket',
      'photos',
      '--local',
    ]);
    expect([stack, changes.map(({ type }) => type)]).toEqual(['photos', ['record', 'index']]);
    expect(operations()).not.toContain('DetectLabels');
    expect(await backfill()).toMatchObject({ indexed: 2, skipped: { 'not-an-image': 1 }, labelCalls: 2 });
    expect(await found('dog')).toEqual(['2024/dog & cat.jpg', '2025/dog.jpg']);
    expect(await found('animal cat')).toEqual(['2024/dog & cat.jpg']);
    expect(await json(['status'])).toMatchObject({
      resources: [{ type: 'images', name: 's3://photos', state: 'present' }, {}, {}],
      cost: { monthly: 0, spent: 0.002 },
    });
    expect(await json(['show', '2025/dog.jpg'])).toMatchObject({ state: 'indexed' });
    expect(world.journal.mutating()).toEqual([]);

    const calls = operations().filter((name) => name === 'DetectLabels').length;
    await new S3Client(world.client()).send(
      new PutObjectCommand({ Bucket: 'photos', Key: 'new.jpg', Body: await jpeg(['Ant']) }),
    );
    expect((await space.run(['live', '--once'], onAws())).code).toBe(0);
    expect(await found('ant')).toEqual(['new.jpg']);
    expect(operations().filter((name) => name === 'DetectLabels')).toHaveLength(calls + 1);

    await json(['teardown', '--yes']);
    expect(world.journal.mutating().map(({ operation }) => operation)).toEqual(['PutObject']);
  });

  test('again changes nothing, and asks nobody where AWS is', async () => {
    await json(['setup', '--bucket', 'photos', '--local', '--prefix', '2024/']);
    expect(await json(['setup', '--bucket', 'photos', '--local'], 0, 'us-east-1')).toMatchObject({
      stack: 'photos',
      changes: [],
    });
    expect(await backfill()).toMatchObject({ indexed: 1, total: 1 });
  });

  test.each([
    [['--bucket', 'nothing-here'], 'bucket-missing', undefined],
    [['--bucket', 'photos'], 'bucket-region', 'us-east-1'],
  ])('%j: %s, and nothing is made', async (args, code, region) => {
    const { error } = await json<{ error: { code: string } }>(
      ['setup', ...args, '--local'],
      code === 'bucket-missing' ? 2 : 1,
      region,
    );
    expect(error.code).toBe(code);
    expect((await json<{ stacks: [] }>(['stacks'])).stacks).toEqual([]);
  });

  test('labels at once only when that is agreed to', async () => {
    const args = ['setup', '--bucket', 'photos', '--local', '--backfill', 'auto'];
    expect(await json(args, 2)).toMatchObject({ error: { code: 'confirmation-needed' } });
    expect(operations()).not.toContain('DetectLabels');
    expect(await json([...args, '--yes'])).toMatchObject({ run: { indexed: 2 } });
  });

  test.each([
    ['--live', 's3'],
    ['--compute', 'fargate'],
  ])('does not go with %s', async (...flag) => {
    const { error } = await json<{ error: { code: string } }>(
      ['setup', '--bucket', 'photos', '--local', ...flag],
      2,
    );
    expect(error.code).toBe('usage');
  });

  test('is not followed, and says what to do instead', async () => {
    await json(['setup', '--bucket', 'photos', '--local']);
    const { stderr, code } = await space.run(['live'], onAws());
    expect(code).toBe(1);
    expect(stderr).toContain('rekback live --once');
  });
});

describe('what never costs a call', () => {
  const calls = () => operations().filter((operation) => operation === 'DetectLabels').length;
  beforeEach(async () => {
    await givenBucket();
    await json(['setup', '--bucket', 'photos', '--local']);
    expect((await backfill()).labelCalls).toBe(2);
  });

  test.each<[what: string, change: () => unknown]>([
    ['a higher threshold of searches', () => json(['settings', 'set', 'min-confidence=90'])],
    ['a higher label floor', () => json(['settings', 'set', 'label-floor=50'])],
    ['another number of labels', () => json(['settings', 'set', 'max-labels=10'])],
    ['a new version of the model', () => rekognitionIn(world).setModelVersion('9.9')],
    ['an index made again', () => json(['index', 'rebuild'])],
    [
      'an index that was lost and made again',
      async () => {
        await rm(join(space.home, 'stacks/photos/index.db'));
        await json(['index', 'rebuild']);
      },
    ],
    ['setup again', () => json(['setup', '--bucket', 'photos', '--local'])],
  ])('%s', async (_, change) => {
    await change();
    expect(await backfill()).toMatchObject({ labelCalls: 0, skipped: { unchanged: 2, 'not-an-image': 1 } });
    expect(await found('dog')).toEqual(['2024/dog & cat.jpg', '2025/dog.jpg']);
    expect(calls()).toBe(2);
  });

  test('--relabel outdated does, and says for how many', async () => {
    const counted = ['backfill', 'now', '--relabel', 'outdated', '--dry-run'];
    expect(await json(counted)).toMatchObject({ dryRun: { toLabel: 0 } });
    await json(['settings', 'set', 'label-floor=50']);
    expect(await json(counted)).toMatchObject({ dryRun: { toLabel: 2, cost: 0.002 } });
    expect(calls()).toBe(2);
  });
});

describe('--folder DIR --labeler rekognition', () => {
  beforeEach(async () => {
    await mkdir(join(space.photos, 'a'));
    await writeFile(join(space.photos, 'a/dog.jpg'), await jpeg(['Animal|Dog']));
    await writeFile(join(space.photos, 'large.jpg'), await noise({ width: 2_400, height: 1_800 }));
    await settle(space.photos);
  });

  test('sends the images, larger ones made smaller, to be labelled', async () => {
    await json(['setup', '--folder', 'photos', '--labeler', 'rekognition']);
    expect(operations()).toEqual(['GetCallerIdentity']);
    expect(await backfill()).toMatchObject({ indexed: 2, failed: {}, labelCalls: 2 });
    expect(await found('dog')).toEqual(['a/dog.jpg']);
    expect(new Set(operations())).toEqual(new Set(['GetCallerIdentity', 'GetServiceQuota', 'DetectLabels']));
    expect((await backfill()).labelCalls).toBe(0);
  });

  test('can take the place of keywords later; labels are then outdated', async () => {
    await json(['setup', '--folder', 'photos']);
    expect(operations()).toEqual([]);
    await backfill();
    expect(await json(['setup', '--folder', 'photos', '--labeler', 'rekognition'])).toMatchObject({
      changes: [{ action: 'update', type: 'record' }],
    });
    expect(await json(['setup', '--folder', 'photos'])).toMatchObject({ changes: [] });
    const { run } = await json<{ run: RunSummary }>(['backfill', 'now', '--relabel', 'outdated', '--yes']);
    expect(run).toMatchObject({ indexed: 2, labelCalls: 2 });
  });
});
