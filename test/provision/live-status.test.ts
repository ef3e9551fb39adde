import {
  LambdaClient,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import {
  DeleteQueueCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openS3Objects } from '../../src/adapters/s3/objects.ts';
import type { Context } from '../../src/provision/context.ts';
import { inventoryStatus, liveStatus } from '../../src/provision/live-status.ts';
import { type AwsStatus, awsStatus } from '../../src/provision/status.ts';
import { liveUsage } from '../../src/runtime/run/layout.ts';
import { describeInventory, describeLive } from '../../src/terminal/aws-status.ts';
import type { World } from '../aws/kernel/world.ts';
import { deliverInventory } from '../aws/s3/deliver-inventory.ts';
import { startWorld } from '../aws/world.ts';
import { BUCKET, givenImages, inspectWhole, setUpWhole } from './stack.ts';

const HOUR = 3_600_000;

let world: World;
let made: ReturnType<World['store']['snapshot']>;
let context: Context;
beforeAll(async () => {
  world = await startWorld();
  await givenImages(world);
  ({ context } = await setUpWhole(world));
  made = world.store.snapshot();
}, 60_000);
beforeEach(() => {
  world.check();
  world.reset();
  world.store.restore(made);
});
afterAll(() => world.stop());

const queueUrl = async (QueueName: string) =>
  (await context.clients(SQSClient).send(new GetQueueUrlCommand({ QueueName }))).QueueUrl;

async function send(queue: string, messages: number): Promise<void> {
  const QueueUrl = await queueUrl(queue);
  for (let sent = 0; sent < messages; sent++) {
    await context.clients(SQSClient).send(new SendMessageCommand({ QueueUrl, MessageBody: '{}' }));
  }
}

async function used(day: string, calls: Readonly<Record<number, number>>): Promise<void> {
  const { names, spec, clients } = context;
  const objects = openS3Objects(clients, { bucket: names.bucket.name, account: spec.account });
  const hours = Array.from({ length: 24 }, (_, hour) => calls[hour] ?? 0);
  await objects.put(liveUsage(day), Buffer.from(JSON.stringify({ calls: hours })));
}

const disable = async () => {
  const lambda = context.clients(LambdaClient);
  const FunctionName = context.names.function.name;
  const { EventSourceMappings = [] } = await lambda.send(
    new ListEventSourceMappingsCommand({ FunctionName }),
  );
  const UUID = EventSourceMappings[0]?.UUID;
  await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: false }));
};

async function statusNow(): Promise<AwsStatus> {
  const stack = await inspectWhole(world);
  if (stack === undefined) throw new Error('there is no stack');
  return awsStatus(stack);
}

describe('live changes', () => {
  test('are on, and nothing waits, after a setup', async () => {
    expect(await liveStatus(context)).toEqual({
      by: 's3',
      state: 'Enabled',
      queue: { waiting: expect.any(Number), inFlight: 0 },
      deadLetters: { waiting: 0, inFlight: 0 },
      labelCalls: { today: 0, last24Hours: 0, byMonth: {} },
      unknown: {},
    });
  });

  test('wait in the queue, are worked on or dead letters', async () => {
    const before = (await liveStatus(context)).queue?.waiting ?? 0;
    await send(context.names.queue.name, 3);
    await send(context.names.deadLetters.name, 2);
    const QueueUrl = await queueUrl(context.names.queue.name);
    await context.clients(SQSClient).send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 1 }));
    const live = await liveStatus(context);
    expect(live.queue).toEqual({ waiting: before + 2, inFlight: 1 });
    expect(live.deadLetters).toEqual({ waiting: 2, inFlight: 0 });
    expect((await statusNow()).notes).toContain(
      'changes that could not be carried out are dead letters (2); see why: rekback logs --live --failed --stack images',
    );
  });

  test('that are paused are said to be', async () => {
    await disable();
    const { live, notes } = await statusNow();
    expect(live.state).toBe('Disabled');
    expect(notes).toContain('live changes are paused: they wait in the queue, for 14 days at most');
  });

  test('cost labels, by day and month', async () => {
    await used('2026-10-31', { 5: 100 });
    await used('2026-11-22', { 9: 5, 10: 7, 11: 20 });
    await used('2026-11-23', { 0: 1, 10: 2 });
    const { labelCalls } = await liveStatus(context, Date.parse('2026-11-23T10:30:00Z'));
    expect(labelCalls).toEqual({
      today: 3,
      last24Hours: 23,
      byMonth: { '2026-10': 100, '2026-11': 35 },
    });
  });

  test('are part of what was spent, each month at its own tiers', async () => {
    await used('2026-10-31', { 5: 1_500_000 });
    await used('2026-11-01', { 5: 1_500_000 });
    const { cost } = await statusNow();
    expect(cost.labelCalls).toEqual({ runs: 0, live: 3_000_000 });
    expect(cost.spent).toBeCloseTo(2 * (1000 + 400), 6);
  });

  test('of which nothing may be read are told by null and the reason, and status goes on', async () => {
    for (const action of ['lambda:ListEventSourceMappings', 'sqs:GetQueueAttributes', 's3:ListBucket'])
      world.deny(action);
    const live = await liveStatus(context);
    expect(live).toMatchObject({ by: 's3', state: null, queue: null, deadLetters: null, labelCalls: null });
    expect(live.unknown).toEqual({
      state: expect.stringMatching(/^AccessDenied\w* \(ListEventSourceMappings\)$/),
      queue: expect.stringMatching(/^AccessDenied\w* \(GetQueueAttributes\)$/),
      deadLetters: expect.stringMatching(/^AccessDenied\w* \(GetQueueAttributes\)$/),
      labelCalls: expect.stringMatching(/^AccessDenied\w* \(ListObjectsV2\)$/),
    });
    expect(describeLive(live)).toMatch(
      /^Live: by the bucket's notifications; not known: whether it is on \(AccessDenied.*\), the queue \(.*\), dead letters \(.*\), label calls \(/,
    );
    expect((await inventoryStatus(context)).unknown).toMatch(/^AccessDenied/);
  });

  test('of a queue that is gone, too', async () => {
    const QueueUrl = await queueUrl(context.names.queue.name);
    await context.clients(SQSClient).send(new DeleteQueueCommand({ QueueUrl }));
    const { live, resources } = await statusNow();
    expect(live.queue).toBeNull();
    expect(live.unknown.queue).toMatch(/NonExistentQueue|QueueDoesNotExist/);
    expect(resources).toContainEqual({ type: 'queue', name: context.names.queue.name, state: 'absent' });
  });
});

describe('the inventory', () => {
  test('is as old as the newest that was delivered', async () => {
    expect(await inventoryStatus(context)).toEqual({ listedAt: null, ageHours: null, unknown: null });
    deliverInventory(world, BUCKET, context.names.entry('inventory'));
    const minute = Math.floor(world.clock.now() / 60_000) * 60_000;
    const found = await inventoryStatus(context, minute + 30.5 * HOUR);
    expect(found).toEqual({ listedAt: new Date(minute).toISOString(), ageHours: 30, unknown: null });
    expect(describeInventory(found)).toMatch(/^Inventory: the newest is 1 d 6 h old \(\d{4}-/);
  });
});

test('a line tells a person', () => {
  expect(
    describeLive({
      by: 'eventbridge',
      state: 'Enabled',
      queue: { waiting: 1200, inFlight: 10 },
      deadLetters: { waiting: 1, inFlight: 0 },
      labelCalls: { today: 3, last24Hours: 23, byMonth: {} },
      unknown: {},
    }),
  ).toBe(
    'Live: enabled, by EventBridge, 1,200 waiting, 10 being worked on, 1 dead letter, 23 label calls in the last 24 hours',
  );
});
