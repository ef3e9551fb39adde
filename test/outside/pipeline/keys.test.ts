import { afterAll, beforeAll, expect, test } from 'vitest';
import { jpeg } from '../../aws/rekognition/pictures.ts';
import { NAMES } from '../../stack/hostile-names.ts';
import { describeOnNodes } from '../opensearch/node.ts';
import {
  beginPipeline,
  type Found,
  openPipeline,
  type Pipeline,
  type RunJson,
  removeIndex,
} from './pipeline.ts';

const ARCHIVED = ['GLACIER', 'DEEP_ARCHIVE'] as const;

const suite = (endpoint: string) => {
  let pipeline: Pipeline;
  const keys = NAMES.map((name) => name.replace(/\.png$/, '.jpg')).sort();
  let run: RunJson['run'];

  beforeAll(async () => {
    pipeline = await openPipeline();
    await beginPipeline(pipeline, endpoint);
    const picture = await jpeg(['Dog']);
    for (const key of keys) await pipeline.put(key, picture);
    await pipeline.put('at once.jpg', await jpeg(['Cat']), 'GLACIER_IR');
    for (const storageClass of ARCHIVED) await pipeline.put(`${storageClass}.jpg`, picture, storageClass);
    await pipeline.setup();
    pipeline.deliver();
    await pipeline.submit();
    run = await pipeline.follow(3);
  }, 120_000);
  afterAll(() => pipeline.remove());

  const search = (query: string) => pipeline.json<Found>(['search', query, '--limit', '1000']);
  const found = async (query: string) => (await search(query)).images.map(({ key }) => key).sort();

  test('is labelled but for what is archived', async () => {
    expect(run).toMatchObject({
      state: 'succeeded',
      indexed: keys.length + 1,
      skipped: { archived: ARCHIVED.length },
      // What is in every bucket of these tests and is no image.
      failed: { format: 1 },
      pending: 0,
      labelCalls: keys.length + 2,
    });
    expect(await found('cat')).toEqual(['at once.jpg']);
  });

  test('is found under exactly those names', async () => {
    expect(await found('dog')).toEqual(keys);
    const { stdout } = await pipeline.run(['search', 'dog', '--limit', '1000', '--print', 'key', '-0']);
    expect(stdout.split('\0').slice(0, -1).sort()).toEqual(keys);
  });

  test('has the same index again after it was lost, without a call', async () => {
    const before = [await search('dog'), await search('cat')];
    const calls = pipeline.calls();
    await removeIndex(pipeline, endpoint);
    expect((await pipeline.run(['search', 'dog', '--json'])).code).toBe(1);
    await pipeline.json(['index', 'rebuild']);
    expect([await search('dog'), await search('cat')]).toEqual(before);
    expect(pipeline.calls()).toBe(calls);
    // Nothing has to be labelled, as nothing is missing.
    await pipeline.submit();
    expect(await pipeline.follow(0)).toMatchObject({ labelCalls: 0, pending: 0 });
  }, 60_000);
};

await describeOnNodes('a bucket of any names and storage classes, with a real index', suite, ['2.19.1.0']);
