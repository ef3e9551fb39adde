import {
  DeleteRuleCommand,
  DescribeRuleCommand,
  EventBridgeClient,
  ListTagsForResourceCommand,
  ListTargetsByRuleCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { World } from '../kernel/world.ts';
import { startWorld } from '../world.ts';
import { fits } from './pattern.ts';
import { putEvent } from './reach.ts';

let world: World;
let events: EventBridgeClient;
const queueArn = 'arn:aws:sqs:eu-west-1:111122223333:q';
const ruleArn = 'arn:aws:events:eu-west-1:111122223333:rule/r';
const EventPattern = JSON.stringify({ source: ['aws.batch'], detail: { status: ['SUCCEEDED', 'FAILED'] } });
beforeAll(async () => {
  world = await startWorld();
  events = new EventBridgeClient(world.client());
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(async () => {
  await world.stop();
});
const rule = (more: object = {}) => events.send(new PutRuleCommand({ Name: 'r', EventPattern, ...more }));
const target = (count = 1) =>
  events.send(
    new PutTargetsCommand({
      Rule: 'r',
      Targets: Array.from({ length: count }, (_, index) => ({ Id: `t${index}`, Arn: queueArn })),
    }),
  );
async function queue(sourceArn: string) {
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'events.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: queueArn,
        Condition: { ArnEquals: { 'aws:SourceArn': sourceArn } },
      },
    ],
  });
  const sqs = new SQSClient(world.client());
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'q', Attributes: { Policy } }));
  return async () => {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
    );
    return Messages.map((each) => JSON.parse(each.Body ?? '{}'));
  };
}
const happen = (status: string) =>
  putEvent(world, {
    account: '111122223333',
    region: 'eu-west-1',
    source: 'aws.batch',
    'detail-type': 'Batch Job State Change',
    resources: [],
    detail: { status },
  });

test('a rule is made with tags, changed without them, and goes only without targets', async () => {
  await rule({ Tags: [{ Key: 'stack', Value: 'x' }] });
  await rule({ Description: 'changed' });
  expect(await events.send(new DescribeRuleCommand({ Name: 'r' }))).toMatchObject({
    Arn: ruleArn,
    EventPattern,
    State: 'ENABLED',
    Description: 'changed',
  });
  const { Tags } = await events.send(new ListTagsForResourceCommand({ ResourceARN: ruleArn }));
  expect(Tags).toEqual([{ Key: 'stack', Value: 'x' }]);
  await target();
  await expect(events.send(new DeleteRuleCommand({ Name: 'r' }))).rejects.toMatchObject({
    name: 'ValidationException',
  });
  await events.send(new RemoveTargetsCommand({ Rule: 'r', Ids: ['t0'] }));
  await events.send(new DeleteRuleCommand({ Name: 'r' }));
  await events.send(new DeleteRuleCommand({ Name: 'r' }));
  await expect(events.send(new DescribeRuleCommand({ Name: 'r' }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  });
});

test('a rule has at most five targets and a valid pattern', async () => {
  await rule();
  await expect(target(6)).rejects.toMatchObject({ name: 'LimitExceededException' });
  await target(5);
  expect((await events.send(new ListTargetsByRuleCommand({ Rule: 'r' }))).Targets).toHaveLength(5);
  for (const wrong of ['{', '{}', '{"source":"aws.s3"}', '{"source":[{"like":"x"}]}']) {
    await expect(rule({ EventPattern: wrong })).rejects.toMatchObject({
      name: 'InvalidEventPatternException',
    });
  }
});

test('an event goes to the queue whose policy names the rule', async () => {
  const received = await queue(ruleArn);
  await rule();
  await target();
  happen('RUNNING');
  happen('FAILED');
  expect(await received()).toMatchObject([{ source: 'aws.batch', detail: { status: 'FAILED' } }]);
  await rule({ State: 'DISABLED' });
  happen('FAILED');
  await world.clock.advance(29_000);
  expect(await received()).toEqual([]);
});

test('a queue that does not name the rule gets nothing', async () => {
  const received = await queue(`${ruleArn}2`);
  await rule();
  await target();
  happen('FAILED');
  expect(await received()).toEqual([]);
});

test.each([
  [{ a: ['x'] }, { a: 'x' }, true],
  [{ a: ['x'] }, { a: ['y', 'x'] }, true],
  [{ a: [{ prefix: 'im' }] }, { a: 'images/' }, true],
  [{ a: [{ suffix: '.jpg' }] }, { a: 'a.png' }, false],
  [{ a: [{ exists: false }] }, { b: 1 }, true],
  [{ a: [{ 'anything-but': ['x'] }] }, { a: 'x' }, false],
  [{ a: [{ wildcard: 'a/*/c' }] }, { a: 'a/b/c' }, true],
  [{ $or: [{ a: [1] }, { b: [2] }] }, { b: 2 }, true],
])('pattern %j on %j: %s', (pattern, event, expected) => {
  expect(fits(pattern, event)).toBe(expected);
});
