import {
  DeleteBucketCommand,
  type Event,
  GetObjectCommand,
  ListObjectsV2Command,
  type NotificationConfiguration,
  S3Client,
} from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readNotifications } from '../../../src/aws/change-notifications.ts';
import type { Context } from '../../../src/provision/context.ts';
import { imagesNotifications } from '../../../src/provision/s3/images-notifications.ts';
import type { World } from '../../aws/kernel/world.ts';
import { startWorld } from '../../aws/world.ts';
import { testContext } from '../context.ts';
import {
  type ForeignEntry,
  foreignConfiguration,
  makeDestinationQueue,
  makeForeignDestinations,
  QUEUES,
} from '../foreign-notifications.ts';
import { makeBucket, makeGround, putNotifications, storedNotifications } from './buckets.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(() => world.stop());

/** The documented content of ours, for the rule of what may stand beside it. */
const OURS: ForeignEntry = {
  destination: 'arn:aws:sqs:eu-west-1:111122223333:rekback-photos-live',
  id: 'rekback-photos-images',
  events: [
    's3:ObjectCreated:*',
    's3:ObjectRemoved:*',
    's3:LifecycleExpiration:*',
    's3:ObjectRestore:Completed',
  ],
  prefix: 'photos/',
  suffix: undefined,
};

const OURS_STORED_ALL = { Id: OURS.id, Queue: OURS.destination, Event: OURS.events };
const OURS_STORED = {
  ...OURS_STORED_ALL,
  Filter: { S3Key: { FilterRule: [{ Name: 'Prefix', Value: 'photos/' }] } },
};
const AT = { Bucket: 'images', ExpectedBucketOwner: '111122223333' };
const TAGGING: Event[] = ['s3:ObjectTagging:*'];
const FOREIGN: NotificationConfiguration = {
  QueueConfigurations: [{ Id: 'theirs', QueueArn: QUEUES[0], Events: TAGGING }],
};
const DEAD: NotificationConfiguration = {
  TopicConfigurations: [{ Id: 'dead', TopicArn: 'arn:aws:sns:eu-west-1:111122223333:gone', Events: TAGGING }],
};

const stored = ({ spec }: Context) => storedNotifications(world, spec.bucket);
const entries = ({ QueueConfiguration = [] }: Record<string, unknown>) =>
  QueueConfiguration as { Id: string }[];
const isOurs = (entry: { Id: string }) => entry.Id === OURS.id;
function withoutOurs(configuration: Record<string, unknown>): Record<string, unknown> {
  const { QueueConfiguration: _, ...others } = configuration;
  const theirs = entries(configuration).filter((entry) => !isOurs(entry));
  return theirs.length > 0 ? { ...others, QueueConfiguration: theirs } : others;
}

async function keptObjects({ clients, names }: Context): Promise<unknown[]> {
  const s3 = clients(S3Client);
  const Bucket = names.bucket.name;
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'before/' }));
  return Promise.all(
    Contents.map(async ({ Key }) => {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      return JSON.parse((await Body?.transformToString()) ?? '');
    }),
  );
}

describe('notifications of the images', () => {
  it('leave 10,000 configurations of others as they were, at setup, setup again and teardown', async () => {
    // Side by side on this many buckets: one after the other takes three times as long.
    const SIDE_BY_SIDE = 20;
    const context = testContext(world, { prefix: 'photos/' });
    await makeForeignDestinations(world);
    await makeDestinationQueue(world, context.names.queue.arn);
    await makeBucket(context, context.names.bucket.name);
    const stacks = Array.from({ length: SIDE_BY_SIDE }, (_, index) => {
      const here: Context = { ...context, spec: { ...context.spec, bucket: `images-${index}` } };
      return { here, resource: imagesNotifications(here, []), stored: () => stored(here) };
    });
    for (const { here } of stacks) await makeBucket(here, here.spec.bucket);
    const configurations = fc.array(foreignConfiguration(OURS), {
      minLength: SIDE_BY_SIDE,
      maxLength: SIDE_BY_SIDE,
    });
    await fc.assert(
      fc.asyncProperty(configurations, async (foreign) => {
        await Promise.all(stacks.map(({ here }, index) => putNotifications(here, foreign[index] ?? {})));
        const before = stacks.map(({ stored }) => stored());

        await Promise.all(stacks.map(({ resource }) => resource.ensure()));
        const after = stacks.map(({ stored }) => stored());
        expect(after.map((each) => entries(each).filter(isOurs))).toEqual(stacks.map(() => [OURS_STORED]));
        expect(after.map(withoutOurs)).toEqual(before);

        world.journal.clear();
        await Promise.all(stacks.map(({ resource }) => resource.ensure()));
        expect(world.journal.mutating()).toEqual([]);
        expect(stacks.map(({ stored }) => stored())).toEqual(after);

        await Promise.all(stacks.map(({ resource }) => resource.remove()));
        expect(stacks.map(({ stored }) => stored())).toEqual(before);
      }),
      { numRuns: 10_000 / SIDE_BY_SIDE },
    );
  }, 600_000);

  it('are those of the options, with a prefix encoded as a filter wants it', async () => {
    const context = testContext(world, { prefix: 'my photos/' });
    await makeGround(context);
    const resource = imagesNotifications(context, []);
    expect(await resource.inspect()).toEqual({ state: 'absent' });
    await resource.ensure();
    expect(stored(context)).toEqual({
      QueueConfiguration: [
        { ...OURS_STORED, Filter: { S3Key: { FilterRule: [{ Name: 'Prefix', Value: 'my+photos/' }] } } },
      ],
    });
    const without = imagesNotifications(testContext(world, { live: 'none' }), []);
    expect(without.isWanted()).toBe(false);
    await without.ensure();
    expect(stored(context)).toEqual({});
  });

  it('are repaired when somebody changed or removed ours', async () => {
    const context = testContext(world);
    await makeGround(context);
    const resource = imagesNotifications(context, []);
    await resource.ensure();
    const good = stored(context);
    const [ours] = (await readNotifications(context.clients(S3Client), AT)).QueueConfigurations ?? [];
    await putNotifications(context, {
      QueueConfigurations: [{ Id: OURS.id, QueueArn: ours?.QueueArn, Events: ['s3:ObjectCreated:Put'] }],
    });
    expect(await resource.inspect()).toMatchObject({ state: 'drifted', drift: [{ field: 'events' }] });
    await resource.ensure();
    expect(stored(context)).toEqual(good);
    await putNotifications(context, {});
    expect(await resource.inspect()).toEqual({ state: 'absent' });
    await resource.ensure();
    expect(stored(context)).toEqual(good);
  });

  it('keep what was there in the stack’s bucket, once, and only where something is not ours', async () => {
    const context = testContext(world);
    await makeGround(context);
    await makeForeignDestinations(world);
    const resource = imagesNotifications(context, []);
    await resource.ensure();
    expect(await keptObjects(context)).toEqual([]);
    await resource.remove();
    await putNotifications(context, FOREIGN);
    const before = await readNotifications(context.clients(S3Client), AT);
    for (let round = 0; round < 2; round++) {
      await resource.ensure();
      await resource.remove();
    }
    // The configuration without ours, and the one with ours that the removals began with.
    const kept = await keptObjects(context);
    expect(kept).toHaveLength(2);
    expect(kept).toContainEqual(before);
  });

  it('are removed also where the stack’s bucket or the images’ is gone, or a foreign queue is dead', async () => {
    const context = testContext(world);
    await makeGround(context);
    const resource = imagesNotifications(context, []);
    await resource.ensure();
    await putNotifications(context, { ...(await readNotifications(context.clients(S3Client), AT)), ...DEAD });
    await context.clients(S3Client).send(new DeleteBucketCommand({ Bucket: context.names.bucket.name }));
    await resource.remove();
    expect(stored(context)).toMatchObject({ TopicConfiguration: [{ Id: 'dead' }] });
    expect(stored(context)).not.toHaveProperty('QueueConfiguration');
    await context.clients(S3Client).send(new DeleteBucketCommand({ Bucket: 'images' }));
    await resource.remove();
    expect(await resource.inspect()).toEqual({ state: 'absent' });
  });

  it('are added beside a dead foreign destination only where that was asked for', async () => {
    const context = testContext(world);
    await makeGround(context);
    await putNotifications(context, DEAD);
    await expect(imagesNotifications(context, []).ensure()).rejects.toMatchObject({
      code: 'notification-destination',
      suggestions: expect.arrayContaining([expect.stringContaining('--skip-destination-validation')]),
    });
    await imagesNotifications(testContext(world, { skipDestinationValidation: true }), []).ensure();
    expect(stored(context)).toMatchObject({ QueueConfiguration: [OURS_STORED_ALL] });
  });
});
