import { EventBridgeClient, PutRuleCommand } from '@aws-sdk/client-eventbridge';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Context } from '../../../src/provision/context.ts';
import { liveRule } from '../../../src/provision/events/live-rule.ts';
import { eventBridge } from '../../../src/provision/s3/event-bridge.ts';
import type { World } from '../../aws/kernel/world.ts';
import { startWorld } from '../../aws/world.ts';
import { testContext } from '../context.ts';
import { configurationOf, QUEUES } from '../foreign-notifications.ts';
import { makeGround, putNotifications, storedNotifications } from './buckets.ts';

let world: World;
let context: Context;
beforeAll(async () => {
  world = await startWorld();
});
beforeEach(async () => {
  context = testContext(world, {
    live: 'eventbridge',
    enableEventBridge: true,
    skipDestinationValidation: true,
  });
  await makeGround(context);
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(() => world.stop());

const stored = () => storedNotifications(world, 'images');
const isOn = () => 'EventBridgeConfiguration' in stored();
const rule = (pattern: object) =>
  context
    .clients(EventBridgeClient)
    .send(new PutRuleCommand({ Name: 'theirs', EventPattern: JSON.stringify(pattern) }));

it('is turned on beside what is there, and off again', async () => {
  const theirs = configurationOf(
    [
      {
        destination: QUEUES[0],
        id: 'theirs',
        events: ['s3:ObjectCreated:*'],
        prefix: undefined,
        suffix: '.txt',
      },
    ],
    false,
  );
  await putNotifications(context, theirs);
  const before = stored();
  const resource = eventBridge(context, []);
  await resource.ensure();
  expect(stored()).toEqual({ ...before, EventBridgeConfiguration: {} });
  world.journal.clear();
  await resource.ensure();
  expect(world.journal.mutating()).toEqual([]);
  expect(await resource.inspect()).toEqual({ state: 'present' });
  // Our own rule is no reason to leave it on.
  await liveRule(context, resource).ensure();
  await resource.remove();
  expect(stored()).toEqual(before);
  expect(await resource.inspect()).toEqual({ state: 'absent' });
});

it('is repaired when somebody turned it off', async () => {
  const resource = eventBridge(context, []);
  await resource.ensure();
  await putNotifications(context, {});
  expect(await resource.inspect()).toMatchObject({ state: 'drifted' });
  await resource.ensure();
  expect(isOn()).toBe(true);
});

it('is not ours where the bucket told EventBridge before', async () => {
  await putNotifications(context, { EventBridgeConfiguration: {} });
  const resource = eventBridge(testContext(world, { live: 'eventbridge' }), []);
  expect(resource.isWanted()).toBe(false);
  expect(await resource.inspect()).toEqual({ state: 'absent' });
  await resource.remove();
  expect(isOn()).toBe(true);
});

it.each([
  ['every event of S3', { source: ['aws.s3'] }, true],
  ['this bucket', { source: ['aws.s3'], detail: { bucket: { name: ['images'] } } }, true],
  ['buckets by a beginning', { detail: { bucket: { name: [{ prefix: 'im' }] } } }, true],
  ['another bucket', { source: ['aws.s3'], detail: { bucket: { name: ['other'] } } }, false],
  ['another service', { source: ['aws.batch'] }, false],
])('stays on for somebody’s rule about %s or not', async (_name, pattern, stays) => {
  const resource = eventBridge(context, []);
  await resource.ensure();
  await rule(pattern);
  await resource.remove();
  expect(isOn()).toBe(stays);
  expect(await resource.inspect()).toEqual({ state: 'absent' });
});

it('stays on where the rules may not be listed', async () => {
  const resource = eventBridge(context, []);
  await resource.ensure();
  world.deny('events:ListRules');
  await resource.remove();
  expect(isOn()).toBe(true);
});
