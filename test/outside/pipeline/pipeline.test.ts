import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { DOGS } from '../../commands/workspace.ts';
import { describeOnNodes } from '../opensearch/node.ts';
import { beginPipeline, LEDGER, openPipeline, type Pipeline, type RunJson } from './pipeline.ts';

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
    await pipeline.submit();
    expect(await pipeline.follow(3)).toMatchObject(LEDGER);
    const { images } = await pipeline.json<{ images: { key: string }[] }>(['search', 'dog']);
    expect(images.map(({ key }) => key).sort()).toEqual(DOGS);
    const { index } = await pipeline.json<{ index: object }>(['status']);
    expect(index).toMatchObject({ images: 23, failed: 3 });
    const again = await pipeline.json<RunJson>(['backfill', 'now', '--yes', '--wait'], 0);
    expect(again.run).toMatchObject({ state: 'succeeded', labelCalls: 0 });
  });
});
