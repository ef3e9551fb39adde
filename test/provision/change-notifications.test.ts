import {
  CreateBucketCommand,
  type NotificationConfiguration,
  PutBucketNotificationConfigurationCommand,
  type QueueConfiguration,
  S3Client,
} from '@aws-sdk/client-s3';
import { DeleteQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mergeNotifications } from '../../src/aws/bucket-notifications.ts';
import { changeNotifications, readNotifications } from '../../src/aws/change-notifications.ts';
import type { World } from '../aws/kernel/world.ts';
import { startWorld } from '../aws/world.ts';
import { testWaiting } from './context.ts';
import { configurationOf, makeDestinationQueue, QUEUES } from './foreign-notifications.ts';

const at = { Bucket: 'images', ExpectedBucketOwner: '111122223333' };
const [OUR_QUEUE, THEIR_QUEUE] = QUEUES;
const OURS: QueueConfiguration = { Id: 'ours', QueueArn: OUR_QUEUE, Events: ['s3:ObjectCreated:*'] };
const SET = { ids: ['ours'], entries: [OURS] };
const REMOVE = { ids: ['ours'], entries: [] };
const KEPT = 's3://kept/before.json';
const theirs = (id: string): NotificationConfiguration =>
  configurationOf(
    [{ destination: THEIR_QUEUE, id, events: ['s3:ObjectTagging:*'], prefix: undefined, suffix: undefined }],
    true,
  );
const THEIRS = theirs('thumbnails');
const THEIRS_LATER = theirs('thumbnails-2');

let world: World;
let s3: S3Client;
beforeAll(async () => {
  world = await startWorld();
  s3 = new S3Client(world.client());
});
beforeEach(async () => {
  for (const arn of QUEUES) await makeDestinationQueue(world, arn);
  const CreateBucketConfiguration = { LocationConstraint: 'eu-west-1' } as const;
  await s3.send(new CreateBucketCommand({ Bucket: at.Bucket, CreateBucketConfiguration }));
  await put(THEIRS);
  world.journal.clear();
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(() => world.stop());

const put = (NotificationConfiguration: NotificationConfiguration) =>
  s3.send(
    new PutBucketNotificationConfigurationCommand({
      ...at,
      NotificationConfiguration,
      SkipDestinationValidation: true,
    }),
  );
const now = () => readNotifications(s3, at);
const change = (
  which: typeof SET,
  { client = s3, skipValidation = false }: { client?: S3Client; skipValidation?: boolean } = {},
) =>
  changeNotifications(client, at, which, {
    waiting: testWaiting(world),
    keepBefore: async () => KEPT,
    skipValidation,
  });
const puts = () => world.journal.of('s3', 'PutBucketNotificationConfiguration');

/** A client of ours; somebody else acts in the moment before its nth request of an operation leaves. */
function beforeRequest(operation: string, nth: number, act: () => Promise<unknown>): S3Client {
  const client = new S3Client({ ...world.client(), maxAttempts: 3 });
  let seen = 0;
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        if (commandName === `${operation}Command` && ++seen === nth) await act();
        return next(args);
      },
    // The last step: what we compare before we write is done by then.
    { step: 'deserialize', priority: 'low' },
  );
  return client;
}
const GET = 'GetBucketNotificationConfiguration';

describe('changing notifications', () => {
  it('writes once, then nothing, and leaves others as they were', async () => {
    await change(SET);
    expect(await now()).toEqual({
      ...THEIRS,
      QueueConfigurations: expect.arrayContaining([...(THEIRS.QueueConfigurations ?? []), OURS]),
    });
    await change(SET);
    expect(puts()).toHaveLength(1);
    await change(REMOVE);
    expect(await now()).toEqual(THEIRS);
    await change(REMOVE);
    expect(puts()).toHaveLength(2);
  });

  it('tells of a foreign write between reading and writing, and leaves it as it is', async () => {
    const client = beforeRequest(GET, 2, () => put(THEIRS_LATER));
    await expect(change(SET, { client })).rejects.toMatchObject({
      code: 'notifications-changed',
      message: expect.stringMatching(/nothing of ours was written.*- 'thumbnails' .*\+ 'thumbnails-2' /s),
    });
    expect(await now()).toEqual(THEIRS_LATER);
  });

  it('tells what a foreign write right after ours took away, and where what was there before is kept', async () => {
    const client = beforeRequest(GET, 3, () => put(THEIRS_LATER));
    await expect(change(SET, { client })).rejects.toMatchObject({
      code: 'notifications-changed',
      message: expect.stringMatching(/- 'ours' .*- 'thumbnails' .*\+ 'thumbnails-2' /s),
      suggestions: expect.arrayContaining([expect.stringContaining(`aws s3 cp ${KEPT}`)]),
    });
    expect(await now()).toEqual(THEIRS_LATER);
  });

  it('tells when somebody puts back exactly what was there', async () => {
    const client = beforeRequest(GET, 3, () => put(THEIRS));
    await expect(change(SET, { client })).rejects.toMatchObject({
      code: 'notifications-changed',
      message: expect.stringContaining("- 'ours' "),
    });
  });

  it('does not send a request again, whose answer was lost, over what somebody wrote since', async () => {
    const lost = { service: 's3', operation: 'PutBucketNotificationConfiguration', nth: 1 };
    const client = beforeRequest(GET, 3, () => put(mergeNotifications(THEIRS_LATER, SET)));
    world.faults.add({ ...lost, effect: { lostAnswer: true } });
    await expect(change(SET, { client })).rejects.toMatchObject({ code: 'notifications-changed' });
    expect((await now()).QueueConfigurations?.map(({ Id }) => Id)).toEqual(['thumbnails-2', 'ours']);
  });

  it('gets over a lost answer where nobody else writes', async () => {
    const lost = { service: 's3', operation: 'PutBucketNotificationConfiguration', nth: 1 };
    world.faults.add({ ...lost, effect: { lostAnswer: true } });
    await change(SET, { client: beforeRequest('', 0, async () => {}) });
    expect((await now()).QueueConfigurations).toHaveLength(2);
  });

  it('keeps nothing where there is nothing foreign', async () => {
    await put({});
    const client = beforeRequest(GET, 3, () => put(THEIRS_LATER));
    await expect(change(SET, { client })).rejects.toMatchObject({
      suggestions: expect.not.arrayContaining([expect.stringContaining(KEPT)]),
    });
  });

  it('waits until S3 sees the policy of our queue, and until what was written can be read', async () => {
    world.delays = { ...world.delays, sqsPolicy: 45_000, s3Configuration: 10_000 };
    const QueueArn = OUR_QUEUE.replace('foreign-one', 'late');
    await makeDestinationQueue(world, QueueArn);
    await change({ ids: ['ours'], entries: [{ ...OURS, QueueArn }] });
    expect((await now()).QueueConfigurations).toHaveLength(2);
    expect(puts().map(({ status }) => status)).toContain(400);
  });

  it('gives up on a queue of ours that S3 never sees', async () => {
    const QueueArn = OUR_QUEUE.replace('foreign-one', 'missing');
    const start = world.clock.now();
    await expect(change({ ids: ['ours'], entries: [{ ...OURS, QueueArn }] })).rejects.toMatchObject({
      code: 'notification-destination',
      message: expect.stringContaining(`${QueueArn}: The destination queue does not exist`),
    });
    expect(world.clock.now() - start).toBeGreaterThanOrEqual(120_000);
    expect(await now()).toEqual(THEIRS);
  });

  describe('beside a foreign destination that is dead', () => {
    beforeEach(async () => {
      const sqs = new SQSClient(world.client());
      const QueueUrl = `${world.url}/111122223333/${THEIR_QUEUE.split(':').at(-1)}`;
      await sqs.send(new DeleteQueueCommand({ QueueUrl }));
      // What was deleted is found for a while.
      await world.clock.advance(120_000);
    });

    it('says at once whose it is, and writes nothing', async () => {
      const start = world.clock.now();
      await expect(change(SET)).rejects.toMatchObject({
        code: 'notification-destination',
        message: expect.stringMatching(new RegExp(`${THEIR_QUEUE}: .*not this stack's: 'thumbnails' `, 's')),
      });
      expect(world.clock.now()).toBe(start);
      expect(await now()).toEqual(THEIRS);
    });

    it('adds ours where S3 is not to ask, and removes ours without asking', async () => {
      await change(SET, { skipValidation: true });
      expect((await now()).QueueConfigurations).toHaveLength(2);
      await change(REMOVE);
      expect(await now()).toEqual(THEIRS);
    });
  });
});
