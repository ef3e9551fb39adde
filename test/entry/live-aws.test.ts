import { PutBucketVersioningCommand } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { openS3Objects } from '../../src/adapters/s3/objects.ts';
import { readRun, runIds } from '../../src/runtime/run/record.ts';
import { runJobs } from '../aws/batch/reach.ts';
import type { World } from '../aws/kernel/world.ts';
import { jpeg } from '../aws/rekognition/pictures.ts';
import { deliverInventory } from '../aws/s3/deliver-inventory.ts';
import { bucketNamed } from '../aws/s3/reach.ts';
import { startWorld } from '../aws/world.ts';
import { BUCKET, testSession } from '../provision/stack.ts';
import { NAMES } from '../stack/hostile-names.ts';
import { HOUR, index, liveWorld } from './live-world.ts';

vi.mock('../../src/adapters/opensearch/writer.ts', () => ({ openIndexWriter: async () => index.current }));
vi.mock('../../src/adapters/opensearch/manage.ts', () => ({ createIndex: async () => {} }));

let world: World;
let dog: Buffer;
let cat: Buffer;

beforeAll(async () => {
  world = await startWorld();
  [dog, cat] = await Promise.all([jpeg(['Dog']), jpeg(['Cat'])]);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  world.check();
  world.reset();
});
afterAll(() => world.stop());

const objects = () => {
  const { clients, account } = testSession(world);
  return openS3Objects(clients, { bucket: 'rekback-images-111122223333-eu-west-1', account });
};
const labelCalls = () => world.journal.of('rekognition', 'DetectLabels').length;
const labelsOf = async (key: string) => {
  const document = await index.current.get(key);
  return document?.state === 'indexed' ? document.labels.map(({ name }) => name) : document?.state;
};

describe.each([
  ['by the notifications of the bucket', { live: 's3' as const }],
  ['by EventBridge', { live: 'eventbridge' as const, enableEventBridge: true }],
])('%s', (_, choice) => {
  test('what is put, overwritten and deleted is in the index, with no more calls than contents', async () => {
    const { put, remove, drain, queue } = await liveWorld(world, choice);
    await put('a.jpg', dog);
    await put('b.jpg', dog);
    await put('notes.txt', 'no image');
    await put('corrupt.jpg', 'no jpeg');
    await drain();
    expect(await Promise.all(['a.jpg', 'b.jpg', 'corrupt.jpg'].map(labelsOf))).toEqual([
      ['Dog'],
      ['Dog'],
      'failed',
    ]);
    await put('a.jpg', cat);
    await remove('b.jpg');
    await drain();
    expect([await labelsOf('a.jpg'), await labelsOf('b.jpg')]).toEqual([['Cat'], 'deleted']);
    expect(labelCalls()).toBe(4);
    expect(await index.current.get('notes.txt')).toBeUndefined();
    expect(queue('live')).toEqual([]);
    expect(queue('dead-letters')).toEqual([]);
  });

  test('keys that something may take for more than a name', async () => {
    const { put, drain } = await liveWorld(world, choice);
    // The simulator's wildcards match no line ends.
    world.authorize = () => true;
    const names = NAMES.map((name) => name.replace(/\.png$/, '.jpg'));
    for (const name of names) await put(name, dog);
    await drain();
    const known: string[] = [];
    for await (const batch of index.current.scan({ states: ['indexed'] })) {
      known.push(...batch.map(({ key }) => key));
    }
    expect(known.sort()).toEqual([...names].sort());
  });
});

test('a delete marker hides an image, and what comes back under it is labelled again', async () => {
  const { s3, put, remove, drain } = await liveWorld(world);
  await s3.send(
    new PutBucketVersioningCommand({ Bucket: BUCKET, VersioningConfiguration: { Status: 'Enabled' } }),
  );
  await put('a.jpg', dog);
  await drain();
  await remove('a.jpg');
  await drain();
  expect(await labelsOf('a.jpg')).toBe('deleted');
  await put('a.jpg', cat);
  await drain();
  expect(await labelsOf('a.jpg')).toEqual(['Cat']);
});

test('the setup’s own test message is taken as it is', async () => {
  const { drain, queue, logged } = await liveWorld(world);
  await drain();
  expect(queue('live')).toEqual([]);
  expect(logged.filter(({ level }) => level !== 'info')).toEqual([]);
});

test('thirteen days of throttling make no dead letter; then everything is labelled', async () => {
  const { put, pass, queue, handled, invocation } = await liveWorld(world);
  // A tenth of a second is left before an invocation puts off what it has not done.
  invocation.milliseconds = 20_100;
  const keys = Array.from({ length: 4 }, (_, at) => `${at}.jpg`);
  for (const key of keys) await put(key, dog);
  world.faults.add({ service: 'rekognition', operation: 'DetectLabels', effect: { throttle: true } });
  await pass(13 * 24);
  expect(queue('live')).toHaveLength(keys.length);
  expect(queue('dead-letters')).toEqual([]);
  expect(handled.filter(({ failed }) => failed > 0).length).toBeGreaterThan(40);

  world.faults.clear();
  invocation.milliseconds = 60_000;
  await pass(12);
  expect(await Promise.all(keys.map(labelsOf))).toEqual(keys.map(() => ['Dog']));
  expect(queue('live')).toEqual([]);
}, 60_000);

test('a right that is missing fails all, loses nothing, and is told with what to do', async () => {
  const { put, drain, queue, logged } = await liveWorld(world);
  const given = world.authorize;
  world.authorize = (principal, action, resource) =>
    action === 'rekognition:DetectLabels' ? 'because of nothing' : given(principal, action, resource);
  await put('a.jpg', dog);
  await put('b.jpg', dog);
  await drain(5);
  expect(queue('live')).toHaveLength(2);
  expect(logged).toContainEqual(
    expect.objectContaining({
      level: 'error',
      code: 'labeler-denied',
      suggestions: expect.arrayContaining([expect.stringContaining('rekognition:DetectLabels')]),
    }),
  );
  world.authorize = given;
  await world.clock.advance(HOUR);
  expect([await labelsOf('a.jpg'), await labelsOf('b.jpg')]).toEqual([['Dog'], ['Dog']]);
  expect(queue('live')).toEqual([]);
});

describe('an inventory', () => {
  const deliver = () => deliverInventory(world, BUCKET, 'rekback-images-inventory');
  const triggers = () =>
    JSON.stringify(
      bucketNamed(world, 'rekback-images-111122223333-eu-west-1')?._notification.read(world.clock.now()),
    ).includes('rekback-images-inventory');

  test('that arrives starts one run, however often; its end is recorded; its trigger goes', async () => {
    const { drain, queue, logged } = await liveWorld(world);
    const planned: string[] = [];
    // No real planner: it ends without a plan.
    runJobs(world, async ({ name }) => {
      planned.push(name);
      return { exitCode: 1 };
    });
    expect(triggers()).toBe(true);
    deliver();
    deliver();
    await drain();
    const [id = '', ...others] = await runIds(objects());
    expect(others).toEqual([]);
    expect(planned).not.toEqual([]);
    expect(new Set(planned).size).toBe(1);
    expect(await readRun(objects(), id)).toMatchObject({
      state: 'interrupted',
      selection: { from: { kind: 'inventory' } },
      cause: { code: 'job-failed' },
    });
    expect(logged).toContainEqual(expect.objectContaining({ message: `run '${id}' has ended: interrupted` }));
    expect(triggers()).toBe(false);
    deliver();
    await drain();
    expect(await runIds(objects())).toHaveLength(1);
    expect(queue('live')).toEqual([]);
  });

  test('with --backfill manual nothing is begun', async () => {
    const { drain } = await liveWorld(world, { backfill: 'manual' });
    deliver();
    await drain(5);
    expect(await runIds(objects())).toEqual([]);
  });
});
