import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openMemoryIndex } from '../../../src/adapters/memory/index.ts';
import { openMemoryObjects } from '../../../src/adapters/memory/objects.ts';
import { createLocalExecutor } from '../../../src/adapters/workers/executor.ts';
import type { Document } from '../../../src/runtime/contract.ts';
import { startRun } from '../../../src/runtime/run/start.ts';
import { openSelectedRows } from '../../../src/stack/rows.ts';
import type { World } from '../../aws/kernel/world.ts';
import { jpeg, noise } from '../../aws/rekognition/pictures.ts';
import { startWorld } from '../../aws/world.ts';
import { givenImages } from './given.ts';

let world: World;
let given: Awaited<ReturnType<typeof givenImages>>;
beforeAll(async () => {
  world = await startWorld();
});
beforeEach(async () => {
  given = await givenImages(world);
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(() => world.stop());

/** A stack of the bucket, with everything else in memory. */
function stackOf() {
  const { images, byObject: labeler } = given;
  const objects = openMemoryObjects();
  const index = openMemoryIndex({ bucket: images.bucket });
  const executor = createLocalExecutor({
    objects,
    images,
    labeler,
    openIndex: async () => ({ ...index, close: async () => {} }),
    rows: ({ selection }) => openSelectedRows(selection, images, objects),
    prefix: undefined,
    concurrency: undefined,
    rate: undefined,
  });
  const holder = { id: 'h', what: 't', user: 'u', host: 'h', pid: 1, started: '1', since: '' };
  return {
    backfill: () =>
      startRun({
        objects,
        executor,
        labeling: labeler.labeling,
        selection: undefined,
        holder,
        isAlive: () => true,
        draining: new AbortController().signal,
        maxCalls: Number.POSITIVE_INFINITY,
        report: () => {},
      }),
    async recorded(): Promise<Record<string, Document['state']>> {
      const states: Record<string, Document['state']> = {};
      for await (const documents of index.scan({}))
        for (const { key, state } of documents) states[key] = state;
      return states;
    },
  };
}

describe('a backfill of a bucket', () => {
  it('calls once for each image, and never for what can be known without', async () => {
    await given.put('dog.jpg', await jpeg(['Dog']));
    await given.put('CAT.PNG', await jpeg(['Cat']));
    await given.put('cut.jpg', (await noise({ width: 200, height: 200 })).subarray(0, 9_000));
    await given.put('empty.jpg', Buffer.alloc(0));
    await given.put('large.jpg', Buffer.alloc(15 * 2 ** 20 + 1));
    await given.put('photo.webp', Buffer.from('x'));
    await given.put('notes.txt', Buffer.from('x'));
    await given.put('cold.jpg', await jpeg(), { StorageClass: 'GLACIER' });
    const stack = stackOf();
    expect(await stack.backfill()).toMatchObject({
      state: 'succeeded',
      total: 8,
      indexed: 2,
      skipped: { format: 1, 'not-an-image': 1, archived: 1 },
      failed: { corrupt: 1, empty: 1, 'too-large': 1 },
      pending: 0,
      labelCalls: 3,
    });
    expect(given.calls()).toBe(3);
    expect(await stack.backfill()).toMatchObject({ indexed: 0, labelCalls: 0, pending: 0 });
    expect(given.calls()).toBe(3);
  });

  it('records nothing of what is archived, encrypted by its owner or under another key', async () => {
    const picture = await jpeg(['Dog']);
    for (const key of ['a.jpg', 'cold.jpg', 'tier.jpg', 'customer.jpg']) await given.put(key, picture);
    given.change('cold.jpg', { storageClass: 'DEEP_ARCHIVE' });
    // A listing says nothing of these two.
    given.change('tier.jpg', { storageClass: 'INTELLIGENT_TIERING', tier: 'DEEP_ARCHIVE_ACCESS' });
    given.change('customer.jpg', { encryption: { algorithm: 'SSE-C', key: undefined } });
    const stack = stackOf();
    expect(await stack.backfill()).toMatchObject({
      state: 'succeeded',
      indexed: 1,
      skipped: { archived: 2, 'sse-c': 1 },
      failed: {},
      labelCalls: 1,
    });
    expect(await stack.recorded()).toEqual({ 'a.jpg': 'indexed' });

    given.change('tier.jpg', { tier: undefined });
    await given.put('kms.jpg', picture, { ServerSideEncryption: 'aws:kms' });
    const allow = world.deny('kms:Decrypt');
    await expect(stack.backfill()).rejects.toMatchObject({ code: 'kms-denied' });
    expect(await stack.recorded()).not.toHaveProperty('kms.jpg');
    allow();
    await stack.backfill();
    expect(await stack.recorded()).toEqual({
      'a.jpg': 'indexed',
      'tier.jpg': 'indexed',
      'kms.jpg': 'indexed',
    });
  });

  it('makes up for what passes: throttling, faults, answers that got lost', async () => {
    for (let image = 0; image < 40; image++) await given.put(`${image}.jpg`, await jpeg(['Dog']));
    world.faults.add({ service: 'rekognition', probability: 0.1, seed: 3, effect: { throttle: true } });
    world.faults.add({ service: 'rekognition', probability: 0.05, seed: 4, effect: { lostAnswer: true } });
    world.faults.add({
      service: 's3',
      operation: 'HeadObject',
      probability: 0.1,
      seed: 5,
      effect: { reset: true },
    });
    expect(await stackOf().backfill()).toMatchObject({ indexed: 40, failed: {}, pending: 0, labelCalls: 40 });
  });

  it('ends at once where no call may be made, with nothing recorded', async () => {
    for (let image = 0; image < 100; image++) await given.put(`${image}.jpg`, await jpeg());
    world.deny('rekognition:DetectLabels');
    const stack = stackOf();
    await expect(stack.backfill()).rejects.toMatchObject({ code: 'labeler-denied' });
    expect(given.calls()).toBeLessThanOrEqual(50);
    expect(await stack.recorded()).toEqual({});
  });
});
