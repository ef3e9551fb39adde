import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { applyChanges } from '../../../src/provision/apply.ts';
import type { Context } from '../../../src/provision/context.ts';
import { inspectAll, planChanges } from '../../../src/provision/plan.ts';
import { stackNotifications } from '../../../src/provision/s3/stack-notifications.ts';
import { INVENTORY_CONSUMED } from '../../../src/runtime/run/layout.ts';
import type { World } from '../../aws/kernel/world.ts';
import { startWorld } from '../../aws/world.ts';
import { testContext } from '../context.ts';
import { makeGround, storedNotifications } from './buckets.ts';

let world: World;
let context: Context;
beforeAll(async () => {
  world = await startWorld();
});
beforeEach(async () => {
  context = testContext(world);
  await makeGround(context);
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(() => world.stop());

const setup = async () => {
  const changes = planChanges(await inspectAll([stackNotifications(context, [])]));
  await applyChanges(changes, { report: () => {} });
  return changes.map(({ action }) => action);
};
const put = (Key: string) =>
  context.clients(S3Client).send(new PutObjectCommand({ Bucket: context.names.bucket.name, Key, Body: 'x' }));
const stored = () => storedNotifications(world, context.names.bucket.name);

async function delivered(): Promise<string[]> {
  const sqs = context.clients(SQSClient);
  const QueueUrl = `${world.url}/111122223333/${context.names.queue.name}`;
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
  return Messages.flatMap(({ Body = '{}' }) => JSON.parse(Body).Records ?? []).map(
    (record: { s3: { object: { key: string } } }) => record.s3.object.key,
  );
}

it('tells the queue of a delivered inventory, by its last object only', async () => {
  expect(await setup()).toEqual(['create']);
  const checksum = 'inventory/images/rekback-photos-inventory/2026-01-01T00-00Z/manifest.checksum';
  await put('inventory/images/rekback-photos-inventory/2026-01-01T00-00Z/manifest.json');
  await put('runs/manifest.checksum');
  await put(checksum);
  expect(await delivered()).toEqual([checksum]);
  expect(await setup()).toEqual([]);
});

it('is removed once the inventory was used, and never comes back', async () => {
  await setup();
  await put(INVENTORY_CONSUMED);
  expect(await setup()).toEqual(['remove']);
  expect(stored()).toEqual({});
  expect(await setup()).toEqual([]);
});

it('is removed also where nobody looked before', async () => {
  await setup();
  await put(INVENTORY_CONSUMED);
  await stackNotifications(context, []).ensure();
  expect(stored()).toEqual({});
});
