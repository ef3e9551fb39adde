import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { DOGS } from '../../commands/workspace.ts';
import { describeOnNodes } from '../opensearch/node.ts';
import { beginPipeline, openPipeline, type Pipeline } from './pipeline.ts';

interface Run {
  run: { id: string; state: string; total: number; indexed: number; pending: number; labelCalls: number };
}

/** Of the samples, and of an image that is none. What Rekognition can't read is set aside by its name. */
const LEDGER = {
  state: 'succeeded',
  total: 32,
  indexed: 23,
  skipped: { format: 5, 'not-an-image': 1 },
  failed: { corrupt: 1, empty: 1, format: 1 },
  pending: 0,
  labelCalls: 25,
};

await describeOnNodes('a stack on the double with real jobs and a real index', (endpoint) => {
  let pipeline: Pipeline;
  beforeAll(async () => {
    pipeline = await openPipeline();
  });
  afterAll(() => pipeline.remove());
  beforeEach(() => beginPipeline(pipeline, endpoint), 60_000);

  test('labels what is there, finds it, and pays for nothing twice', { timeout: 120_000 }, async () => {
    await pipeline.putSamples();
    await pipeline.setup();
    pipeline.deliver();
    const { run } = await pipeline.json<Run>(['backfill', 'now', '--yes', '--wait'], 3);
    expect(run).toMatchObject(LEDGER);
    const { images } = await pipeline.json<{ images: { key: string }[] }>(['search', 'dog']);
    expect(images.map(({ key }) => key).sort()).toEqual(DOGS);
    const again = await pipeline.json<Run>(['backfill', 'now', '--yes', '--wait'], 0);
    expect(again.run).toMatchObject({ state: 'succeeded', labelCalls: 0 });
  });
});
