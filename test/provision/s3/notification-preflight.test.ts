import type { NotificationConfiguration } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Context } from '../../../src/provision/context.ts';
import { inspectAll, planChanges } from '../../../src/provision/plan.ts';
import { imagesNotifications } from '../../../src/provision/s3/images-notifications.ts';
import { assertNoOverlap } from '../../../src/provision/s3/notification-preflight.ts';
import type { World } from '../../aws/kernel/world.ts';
import { startWorld } from '../../aws/world.ts';
import { testContext } from '../context.ts';
import { configurationOf, QUEUES } from '../foreign-notifications.ts';
import { makeGround, putNotifications } from './buckets.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(() => world.stop());

const [destination] = QUEUES;
const thumbnails = (prefix: string, eventBridge: boolean) =>
  configurationOf(
    [{ destination, id: 'thumbnails', events: ['s3:ObjectCreated:Put'], prefix, suffix: '.jpg' }],
    eventBridge,
  );

async function preflight(context: Context, theirs: NotificationConfiguration) {
  await makeGround(context);
  await putNotifications(context, theirs);
  const changes = planChanges(await inspectAll([imagesNotifications(context, [])]));
  world.journal.clear();
  try {
    return await assertNoOverlap(context, changes);
  } finally {
    expect(world.journal.mutating()).toEqual([]);
  }
}

it('shows what will differ', async () => {
  const context = testContext(world, { prefix: 'photos/' });
  expect(await preflight(context, thumbnails('raw/', true))).toEqual([
    `+ 'rekback-photos-images' (s3:LifecycleExpiration:*, s3:ObjectCreated:*, s3:ObjectRemoved:*, s3:ObjectRestore:Completed of photos/… to the queue ${context.names.queue.arn})`,
  ]);
});

it('explains an overlap, and leads to EventBridge where the bucket uses it', async () => {
  await expect(preflight(testContext(world), thumbnails('raw/', true))).rejects.toMatchObject({
    code: 'notification-overlap',
    message: expect.stringMatching(
      /'thumbnails' \(s3:ObjectCreated:Put of raw\/….jpg .* takes s3:ObjectCreated:Put /,
    ),
    suggestions: [
      expect.stringMatching(/already.*--live eventbridge$/),
      expect.stringContaining('--live none'),
    ],
  });
});

it('says that EventBridge would have to be turned on where the bucket does not use it', async () => {
  await expect(preflight(testContext(world), thumbnails('raw/', false))).rejects.toMatchObject({
    code: 'notification-overlap',
    suggestions: [expect.stringContaining('--enable-eventbridge'), expect.anything()],
  });
});

it('asks before EventBridge is turned on, and needs no answer where it is on', async () => {
  const context = testContext(world, { live: 'eventbridge' });
  await expect(preflight(context, thumbnails('', false))).rejects.toMatchObject({
    code: 'event-bridge-off',
    exitCode: 2,
  });
  await putNotifications(context, thumbnails('', true));
  expect(await assertNoOverlap(context, [])).toEqual([]);
  await putNotifications(context, thumbnails('', false));
  const agreed = testContext(world, { live: 'eventbridge', enableEventBridge: true });
  expect(await assertNoOverlap(agreed, [])).toEqual(['+ every event to EventBridge']);
});

it('counts: S3 allows 100 notifications', async () => {
  const many = Array.from({ length: 100 }, (_, index) => ({
    destination,
    id: `${index}`,
    events: ['s3:ObjectCreated:Put' as const],
    prefix: `raw/${index}/`,
    suffix: undefined,
  }));
  await expect(
    preflight(testContext(world, { prefix: 'photos/' }), configurationOf(many, false)),
  ).rejects.toMatchObject({ code: 'notification-full', message: expect.stringContaining('has 100') });
});

it('asks nothing of a stack that is as wanted', async () => {
  const context = testContext(world);
  await makeGround(context);
  await imagesNotifications(context, []).ensure();
  world.journal.clear();
  expect(await assertNoOverlap(context, [])).toEqual([]);
  expect(world.journal.entries).toEqual([]);
});
