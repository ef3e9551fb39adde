import {
  LambdaClient,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { GetQueueUrlCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openS3Objects } from '../../src/adapters/s3/objects.ts';
import { reserveLiveCalls } from '../../src/runtime/live/usage.ts';
import { queueByArn } from '../aws/sqs/reach.ts';
import { testSession } from '../provision/stack.ts';
import { type AwsWorkspace, awsWorkspace, SETUP } from './aws-workspace.ts';

const LIVE = 'arn:aws:sqs:eu-west-1:111122223333:rekback-images-live';
const DEAD = 'arn:aws:sqs:eu-west-1:111122223333:rekback-images-dead-letters';

let space: AwsWorkspace;
beforeAll(async () => {
  space = await awsWorkspace();
  await space.again();
  await space.json([...SETUP, '--yes']);
}, 120_000);
afterAll(() => space.remove());

const lambda = () => new LambdaClient(space.world.client());
const mapping = async () => {
  const { EventSourceMappings: [found] = [] } = await lambda().send(new ListEventSourceMappingsCommand({}));
  return found;
};
const send = async (QueueName: string, MessageBody: string) => {
  const sqs = new SQSClient(space.world.client());
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName }));
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
};
const waiting = (arn: string) => queueByArn(space.world, arn)?._messages.map(({ body }) => body);

describe('live status', () => {
  test('of a stack that was just set up', async () => {
    expect(await space.json(['live', 'status'])).toMatchObject({
      schemaVersion: 1,
      stack: 'images',
      live: {
        by: 's3',
        state: 'Enabled',
        paused: false,
        deadLetters: { waiting: 0, inFlight: 0 },
        labelCalls: { today: 0, last24Hours: 0 },
        maxPerDay: null,
        unknown: {},
      },
    });
  });

  test('counts labels, tells the cap and dead letters, and changes nothing', async () => {
    const { clients, account } = testSession(space.world);
    const bucket = 'rekback-images-111122223333-eu-west-1';
    await reserveLiveCalls(openS3Objects(clients, { bucket, account }), Date.now(), 7, 1_000);
    await space.json(['settings', 'set', 'live-max-per-day=1000']);
    await send('rekback-images-dead-letters', 'dead');
    const { stdout } = await space.look(['live', 'status']);
    expect(stdout).toContain('Changes arrive by the notifications of the bucket');
    expect(stdout).toContain('Function: Enabled\n');
    expect(stdout).toContain('Dead letters: 1 message (rekback live redrive)');
    expect(stdout).toContain('Labelled: 7 of 1000 today (UTC), 7 in 24 hours');
  });
});

describe('live pause and resume', () => {
  test('a pause lasts, whatever setup repairs meanwhile, until it is resumed', async () => {
    expect(await space.json(['live', 'pause'])).toMatchObject({ live: { paused: true, changed: true } });
    expect((await mapping())?.State).toBe('Disabled');
    expect(await space.json(['live', 'pause'])).toMatchObject({ live: { paused: true, changed: false } });
    expect(await space.json(['live', 'status'])).toMatchObject({ live: { paused: true, state: 'Disabled' } });

    const drifted = async () => {
      const { resources } = await space.json<{ resources: { type: string; state: string }[] }>(['status']);
      return resources.filter(({ state }) => state === 'drifted').map(({ type }) => type);
    };
    expect(await drifted()).toEqual([]);
    expect(await space.json([...SETUP, '--yes'])).toMatchObject({ changes: [] });
    expect((await mapping())?.State).toBe('Disabled');

    // What somebody else enabled is not as that person wished.
    await lambda().send(
      new UpdateEventSourceMappingCommand({ UUID: (await mapping())?.UUID, Enabled: true }),
    );
    expect(await drifted()).toEqual(['event-source-mapping']);
    await space.json([...SETUP, '--yes']);
    expect((await mapping())?.State).toBe('Disabled');

    expect(await space.json(['live', 'resume'])).toMatchObject({ live: { paused: false, changed: true } });
    expect((await mapping())?.State).toBe('Enabled');
    expect(await space.json(['live', 'resume'])).toMatchObject({ live: { paused: false, changed: false } });
    expect(await drifted()).toEqual([]);
    expect(await space.json([...SETUP, '--yes'])).toMatchObject({ changes: [] });
  }, 120_000);
});

describe('live redrive', () => {
  test('asks before it brings dead letters back', async () => {
    const refused = await space.look(['live', 'redrive', '--json']);
    expect(refused.code).toBe(2);
    expect(JSON.parse(refused.stdout).error.code).toBe('confirmation-needed');
    expect(waiting(DEAD)).toEqual(['dead']);
    expect(await space.json(['live', 'redrive', '--yes'])).toMatchObject({
      redriven: { moved: 1, finished: true },
    });
    expect(waiting(DEAD)).toEqual([]);
    expect(waiting(LIVE)).toContain('dead');
  });

  test('without any there is nothing to ask', async () => {
    expect(await space.json(['live', 'redrive'])).toMatchObject({ redriven: { moved: 0, finished: true } });
  });
});
