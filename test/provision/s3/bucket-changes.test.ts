import { PutBucketInventoryConfigurationCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Context } from '../../../src/provision/context.ts';
import type { Resource } from '../../../src/provision/resource.ts';
import { bucketChanges } from '../../../src/provision/s3/bucket-changes.ts';
import { eventBridge } from '../../../src/provision/s3/event-bridge.ts';
import { imagesNotifications } from '../../../src/provision/s3/images-notifications.ts';
import { inventory } from '../../../src/provision/s3/inventory.ts';
import type { World } from '../../aws/kernel/world.ts';
import { startWorld } from '../../aws/world.ts';
import { testContext } from '../context.ts';
import { configurationOf, QUEUES } from '../foreign-notifications.ts';
import { makeGround, putNotifications, storedNotifications } from './buckets.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(() => world.stop());

const THEIRS = configurationOf(
  [
    {
      destination: QUEUES[0],
      id: 'theirs',
      events: ['s3:ObjectTagging:*'],
      prefix: undefined,
      suffix: '.jpg',
    },
  ],
  false,
);
const onImages = (context: Context) => [
  imagesNotifications(context, []),
  eventBridge(context, []),
  inventory(context, []),
];

/** The bucket's owner does what the printed commands say, with the printed documents. */
async function apply(context: Context): Promise<void> {
  const { notification, inventory } = await bucketChanges(context);
  expect(notification.command).toContain(`--notification-configuration file://${notification.file}`);
  expect(inventory.command).toContain(`--inventory-configuration file://${inventory.file}`);
  await putNotifications(context, JSON.parse(JSON.stringify(notification.json)));
  const InventoryConfiguration = JSON.parse(JSON.stringify(inventory.json));
  const Id = / --id (\S+) /.exec(inventory.command)?.[1] ?? '';
  await context
    .clients(S3Client)
    .send(new PutBucketInventoryConfigurationCommand({ Bucket: 'images', Id, InventoryConfiguration }));
}

describe.each([
  ['s3', ['notification', 'inventory']],
  ['eventbridge', ['event-bridge', 'inventory']],
] as const)('with --bucket-changes print and --live %s', (live, types) => {
  const print = () => testContext(world, { live, bucketChanges: 'print', enableEventBridge: true });

  it('names what is missing and writes nothing on the bucket, then verifies what its owner applied', async () => {
    const context = print();
    await makeGround(context);
    await putNotifications(context, THEIRS);
    const before = storedNotifications(world, 'images');
    world.journal.clear();
    const wanted = (all: readonly Resource[]) => all.filter((resource) => resource.isWanted());
    expect(wanted(onImages(context)).map(({ type }) => type)).toEqual(types);
    for (const resource of wanted(onImages(context))) {
      await expect(resource.ensure()).rejects.toMatchObject({
        code: 'bucket-changes-needed',
        message: `the ${resource.type} '${resource.name}' on the bucket 'images' is missing`,
      });
      await resource.remove();
    }
    expect(world.journal.mutating()).toEqual([]);

    await apply(context);
    expect(storedNotifications(world, 'images')).toMatchObject(live === 's3' ? {} : before);
    world.journal.clear();
    for (const resource of onImages(context)) {
      await resource.ensure();
      expect(await resource.inspect()).toEqual({ state: resource.isWanted() ? 'present' : 'absent' });
      await resource.remove();
    }
    expect(world.journal.mutating()).toEqual([]);
  });

  it('prints what setup itself would write', async () => {
    const context = print();
    await makeGround(context);
    await putNotifications(context, THEIRS);
    await apply(context);
    const byOwner = storedNotifications(world, 'images');
    await putNotifications(context, THEIRS);
    const self = testContext(world, { live, enableEventBridge: true, skipDestinationValidation: true });
    for (const resource of onImages(self)) await resource.ensure();
    expect(storedNotifications(world, 'images')).toEqual(byOwner);
    // The inventory that the owner put is as setup wants it.
    expect(world.journal.of('s3', 'PutBucketInventoryConfiguration')).toHaveLength(1);
  });
});

it('says where what the owner applied differs', async () => {
  const context = testContext(world, { bucketChanges: 'print' });
  await makeGround(context);
  await apply(testContext(world, { bucketChanges: 'print', prefix: 'other/' }));
  await expect(imagesNotifications(context, []).ensure()).rejects.toMatchObject({
    code: 'bucket-changes-needed',
    message: expect.stringContaining('differs in prefix'),
  });
});

it('gives the statements that let the stack’s roles read, of the bucket and of its key', async () => {
  const kmsKey = 'arn:aws:kms:eu-west-1:111122223333:key/k';
  const context = testContext(world, { prefix: 'photos/', kmsKey });
  await makeGround(context);
  const { policy } = await bucketChanges(context);
  const AWS = ['planner', 'worker', 'live'].map(
    (role) => `arn:aws:iam::111122223333:role/rekback-photos-eu-west-1-${role}`,
  );
  expect(policy.bucket).toMatchObject([
    { Effect: 'Allow', Principal: { AWS }, Resource: ['arn:aws:s3:::images/photos/*'] },
    { Effect: 'Allow', Principal: { AWS }, Action: ['s3:ListBucket'], Resource: ['arn:aws:s3:::images'] },
  ]);
  expect(policy.key).toMatchObject([{ Principal: { AWS }, Action: ['kms:Decrypt'], Resource: '*' }]);
});
