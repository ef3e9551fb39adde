import { DeleteObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { jpeg } from '../../aws/rekognition/pictures.ts';
import { BUCKET } from '../../commands/aws-workspace.ts';
import { describeOnNodes } from '../opensearch/node.ts';
import { beginPipeline, openPipeline, type Pipeline } from './pipeline.ts';

interface Status {
  live: { queue: { waiting: number; inFlight: number }; deadLetters: { waiting: number } };
  runs: { id: string; state: string; total: number; indexed: number }[];
}

await describeOnNodes('changes of a bucket on the double, with a real index', (endpoint) => {
  let pipeline: Pipeline;
  beforeAll(async () => {
    pipeline = await openPipeline();
  });
  afterAll(() => pipeline.remove());
  beforeEach(() => beginPipeline(pipeline, endpoint), 60_000);

  const until = async (what: string, isSo: () => Promise<boolean>) => {
    for (let times = 0; times < 120; times++) {
      if (await isSo()) return;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    expect.fail(`waited in vain for ${what}`);
  };
  const status = () => pipeline.json<Status>(['status']);
  /** Undefined as long as there is no index: the first change has it made. */
  const find = async (query: string) => {
    const { stdout } = await pipeline.run(['search', query, '--json']);
    const { images }: { images?: { key: string }[] } = JSON.parse(stdout);
    return images?.map(({ key }) => key).sort();
  };
  const isIndexed = (query: string, keys: readonly string[]) =>
    until(`${query}: ${keys}`, async () => JSON.stringify(await find(query)) === JSON.stringify(keys));

  test('are found by a search', { timeout: 120_000 }, async () => {
    await pipeline.setup();
    await pipeline.put('new/a+b %41.jpg', await jpeg(['Dog']));
    await pipeline.put('new/cat.jpg', await jpeg(['Cat']));
    await isIndexed('dog', ['new/a+b %41.jpg']);
    await isIndexed('cat', ['new/cat.jpg']);
    await pipeline.put('new/cat.jpg', await jpeg(['Dog']));
    const s3 = new S3Client(pipeline.world.client());
    await s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'new/a+b %41.jpg' }));
    await isIndexed('dog', ['new/cat.jpg']);
    await isIndexed('cat', []);
    await until('an empty queue', async () => (await status()).live.queue.waiting === 0);
    expect((await status()).live.deadLetters.waiting).toBe(0);
  });

  test('and its inventory starts the backfill, of which the live function records the end', {
    timeout: 120_000,
  }, async () => {
    await pipeline.put('old/dog.jpg', await jpeg(['Dog']));
    await pipeline.put('old/cat.jpg', await jpeg(['Cat']));
    await pipeline.setup('--backfill', 'auto');
    pipeline.deliver();
    await until('the run', async () => (await status()).runs.some(({ state }) => state === 'succeeded'));
    // The double's bucket has an object that is no JPEG, too.
    expect((await status()).runs).toEqual([expect.objectContaining({ total: 3, indexed: 2 })]);
    await isIndexed('dog OR cat', ['old/cat.jpg', 'old/dog.jpg']);
    pipeline.deliver();
    await until('an empty queue', async () => (await status()).live.queue.waiting === 0);
    expect((await status()).runs).toHaveLength(1);
  });
});
