import { S3Client } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { canonicalNotifications } from '../../src/aws/bucket-notifications.ts';
import { readNotifications } from '../../src/aws/change-notifications.ts';
import type { World } from '../aws/kernel/world.ts';
import { startWorld } from '../aws/world.ts';
import { testContext } from './context.ts';
import { type ForeignEntry, foreignConfiguration, makeForeignDestinations } from './foreign-notifications.ts';
import { putNotifications } from './s3/buckets.ts';
import { BUCKET, givenImages, setUpWhole, tearDownWhole, testSession } from './stack.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const NAME = 'rekback-images-images';

/** What the stack's own entry is, for the rule of what may stand beside it. */
const OURS: ForeignEntry = {
  destination: 'arn:aws:sqs:eu-west-1:111122223333:rekback-images-live',
  id: NAME,
  events: [
    's3:ObjectCreated:*',
    's3:ObjectRemoved:*',
    's3:LifecycleExpiration:*',
    's3:ObjectRestore:Completed',
  ],
  prefix: 'photos/',
  suffix: undefined,
};

it("leaves 50 configurations of others' notifications as they were, through whole setups and teardowns", async () => {
  const s3 = testSession(world).clients(S3Client);
  /** Everything but ours, in the one form of equal configurations. */
  const theirs = async () => {
    const found = await readNotifications(s3, { Bucket: BUCKET, ExpectedBucketOwner: '111122223333' });
    const QueueConfigurations = found.QueueConfigurations?.filter(({ Id }) => Id !== NAME);
    return canonicalNotifications({ ...found, QueueConfigurations });
  };
  await fc.assert(
    fc.asyncProperty(foreignConfiguration(OURS), async (foreign) => {
      world.reset();
      await givenImages(world);
      await makeForeignDestinations(world);
      await putNotifications(testContext(world, { bucket: BUCKET }), foreign);
      const before = await theirs();
      const session = testSession(world);
      const options = { session, choice: { prefix: 'photos/' } };

      await setUpWhole(world, options);
      expect(await theirs()).toBe(before);
      world.journal.clear();
      await setUpWhole(world, options);
      expect(world.journal.mutating()).toEqual([]);
      expect((await tearDownWhole(world, { session }))?.left).toEqual([]);
      expect(await theirs()).toBe(before);
      world.check();
    }),
    { numRuns: 50 },
  );
}, 300_000);
