import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  type Event,
  GetBucketNotificationConfigurationCommand,
  type NotificationConfiguration,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { World } from '../kernel/world.ts';
import { startWorld } from '../world.ts';
import { allowDestination } from './reach.ts';

let world: World;
let s3: S3Client;
let sqs: SQSClient;
const Bucket = 'one';
const ARN = 'arn:aws:sqs:eu-west-1:111122223333';
const CREATED: Event[] = ['s3:ObjectCreated:*'];
beforeAll(async () => {
  world = await startWorld();
  s3 = new S3Client(world.client());
  sqs = new SQSClient(world.client());
});
beforeEach(async () => {
  const CreateBucketConfiguration = { LocationConstraint: 'eu-west-1' } as const;
  await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }));
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(async () => {
  await world.stop();
});

async function queue(QueueName: string, condition: object = {}, service = 's3.amazonaws.com') {
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: service },
        Action: 'sqs:SendMessage',
        Resource: `${ARN}:${QueueName}`,
        Condition: condition,
      },
    ],
  });
  await sqs.send(new CreateQueueCommand({ QueueName, Attributes: { Policy } }));
  return `${ARN}:${QueueName}`;
}
const put = (NotificationConfiguration: NotificationConfiguration, SkipDestinationValidation = false) =>
  s3.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket,
      NotificationConfiguration,
      SkipDestinationValidation,
    }),
  );
const read = () => s3.send(new GetBucketNotificationConfigurationCommand({ Bucket }));
async function messages(name: string): Promise<Record<string, unknown>[]> {
  const QueueUrl = `${world.url}/111122223333/${name}`;
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
  return Messages.map((each) => JSON.parse(each.Body ?? '{}'));
}
const to = (QueueArn: string, prefix = '', suffix = '', Events = CREATED) => ({
  QueueArn,
  Events,
  Filter: {
    Key: {
      FilterRules: [
        { Name: 'prefix' as const, Value: prefix },
        { Name: 'suffix' as const, Value: suffix },
      ],
    },
  },
});

test('a put replaces everything, keeps EventBridge only when sent, and sends a test event', async () => {
  const arn = await queue('q');
  await put({
    QueueConfigurations: [{ Id: 'mine', QueueArn: arn, Events: CREATED }],
    EventBridgeConfiguration: {},
  });
  const { $metadata, ...stored } = await read();
  expect(stored).toEqual({
    QueueConfigurations: [{ Id: 'mine', QueueArn: arn, Events: CREATED }],
    EventBridgeConfiguration: {},
  });
  expect(await messages('q')).toMatchObject([{ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket }]);
  await put({ QueueConfigurations: [{ Id: 'other', QueueArn: arn, Events: CREATED }] });
  const next = await read();
  expect(next.QueueConfigurations?.map((each) => each.Id)).toEqual(['other']);
  expect(next.EventBridgeConfiguration).toBeUndefined();
  await put({});
  const { $metadata: _, ...nothing } = await read();
  expect(nothing).toEqual({});
});

test('entries without an id get one, and filter names come back with a capital', async () => {
  await put({ QueueConfigurations: [to(await queue('q'), 'a/', '.jpg')] });
  const [entry] = (await read()).QueueConfigurations ?? [];
  expect(entry?.Id).toMatch(/^[0-9a-f-]{36}$/);
  expect(entry?.Filter?.Key?.FilterRules).toEqual([
    { Name: 'Prefix', Value: 'a/' },
    { Name: 'Suffix', Value: '.jpg' },
  ]);
});

test('every destination is asked: missing, not allowing this bucket, FIFO, in another Region', async () => {
  const good = await queue('good');
  const other = await queue('other', { ArnLike: { 'aws:SourceArn': 'arn:aws:s3:::two' } });
  const cases = [
    [`${ARN}:missing`, 'Unable to validate the following destination configurations'],
    [other, 'Unable to validate the following destination configurations'],
    [`${ARN}:x.fifo`, 'FIFO SQS queues are not supported.'],
    ['arn:aws:sqs:us-east-1:111122223333:good', 'notification destination service region is not valid'],
    ['arn:aws:sns:eu-west-1:111122223333:t', 'The ARN is not well formed'],
  ] as const;
  for (const [arn, message] of cases) {
    const wanted = put({ QueueConfigurations: [to(good, 'a/'), to(arn, 'b/')] });
    await expect(wanted).rejects.toMatchObject({
      name: 'InvalidArgument',
      message: expect.stringContaining(message),
    });
  }
  expect((await read()).QueueConfigurations).toBeUndefined();
  await put({ QueueConfigurations: [to(`${ARN}:missing`)] }, true);
  expect((await read()).QueueConfigurations).toHaveLength(1);
});

test.each([
  ['the same', ['', ''], ['', ''], true],
  ['nested prefixes', ['a/', ''], ['a/b/', ''], true],
  ['nested prefixes, nested suffixes', ['a/', '.jpg'], ['a/b/', 'x.jpg'], true],
  ['nested prefixes, other suffixes', ['a/', '.jpg'], ['a/b/', '.png'], false],
  ['other prefixes', ['a/', ''], ['b/', ''], false],
] as const)('overlap of %s', async (_name, one, other, overlaps) => {
  const arn = await queue('q');
  const both = put({
    QueueConfigurations: [to(arn, one[0], one[1]), to(arn, other[0], other[1], ['s3:ObjectCreated:Put'])],
  });
  if (overlaps) await expect(both).rejects.toThrow(/Configuration is ambiguously defined/);
  else await both;
  await put({
    QueueConfigurations: [to(arn, one[0], one[1]), to(arn, other[0], other[1], ['s3:ObjectRemoved:*'])],
  });
});

test('topics and functions outside the double are asked as well', async () => {
  const TopicArn = 'arn:aws:sns:eu-west-1:111122223333:t';
  const both = {
    TopicConfigurations: [{ Id: 't', TopicArn, Events: CREATED }],
    LambdaFunctionConfigurations: [
      {
        Id: 'f',
        LambdaFunctionArn: 'arn:aws:lambda:eu-west-1:111122223333:function:f',
        Events: ['s3:ObjectRemoved:*' as const],
      },
    ],
  };
  allowDestination(world, TopicArn);
  await expect(put(both)).rejects.toThrow(/Unable to validate/);
  allowDestination(world, 'arn:aws:lambda:eu-west-1:111122223333:function:f');
  await put(both);
  const { $metadata, ...stored } = await read();
  expect(stored).toEqual(both);
});

test('ids are unique and at most 255 characters', async () => {
  const QueueArn = await queue('q');
  const entry = (Id: string, prefix: string) => ({ ...to(QueueArn, prefix), Id });
  await expect(put({ QueueConfigurations: [entry('a', 'a'), entry('a', 'b')] })).rejects.toThrow(/Same ID/);
  await put({ QueueConfigurations: [entry('x'.repeat(255), 'a')] });
  await expect(put({ QueueConfigurations: [entry('x'.repeat(256), 'a')] })).rejects.toMatchObject({
    name: 'InvalidArgument',
  });
  world.takeViolations();
});

test('events carry the form-encoded key and a growing sequencer', async () => {
  await put({
    QueueConfigurations: [
      { QueueArn: await queue('q'), Events: ['s3:ObjectCreated:*', 's3:ObjectRemoved:*'] },
    ],
  });
  await messages('q');
  await s3.send(new PutObjectCommand({ Bucket, Key: 'a b/ü+.jpg', Body: 'x' }));
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'a b/ü+.jpg' }));
  const records = (await messages('q')).flatMap(
    (each) => each.Records as { eventName: string; s3: { object: { key: string; sequencer: string } } }[],
  );
  expect(records.map((each) => each.eventName)).toEqual(['ObjectCreated:Put', 'ObjectRemoved:Delete']);
  expect(records.map((each) => each.s3.object.key)).toEqual(['a+b/%C3%BC%2B.jpg', 'a+b/%C3%BC%2B.jpg']);
  const [first = '', second = ''] = records.map((each) => each.s3.object.sequencer);
  expect(first).toMatch(/^[0-9A-F]+$/);
  expect(first < second).toBe(true);
});

test('a changed configuration works only after its delay', async () => {
  world.delays.s3Notification = 300_000;
  await put({ QueueConfigurations: [to(await queue('q'))] });
  await messages('q');
  await s3.send(new PutObjectCommand({ Bucket, Key: 'early', Body: 'x' }));
  await world.clock.advance(300_000);
  await s3.send(new PutObjectCommand({ Bucket, Key: 'late', Body: 'x' }));
  const keys = (await messages('q')).flatMap(
    (each) => (each.Records as { s3: { object: { key: string } } }[]) ?? [],
  );
  expect(keys.map((each) => each.s3.object.key)).toEqual(['late']);
});

test('a queue’s policy, and what a reader sees of a configuration, may lag', async () => {
  world.delays = { ...world.delays, sqsPolicy: 60_000, s3Configuration: 2_000 };
  const arn = await queue('q');
  const wanted = { QueueConfigurations: [to(arn)] };
  await expect(put(wanted)).rejects.toThrow(/Unable to validate/);
  await world.clock.advance(60_000);
  await put(wanted);
  expect((await read()).QueueConfigurations).toBeUndefined();
  await world.clock.advance(2_000);
  expect((await read()).QueueConfigurations).toHaveLength(1);
});

test('EventBridge sends the plain key where a rule and the queue allow it', async () => {
  const arn = await queue(
    'q',
    { ArnEquals: { 'aws:SourceArn': 'arn:aws:events:eu-west-1:111122223333:rule/r' } },
    'events.amazonaws.com',
  );
  const events = new EventBridgeClient(world.client());
  const EventPattern = JSON.stringify({
    source: ['aws.s3'],
    'detail-type': ['Object Created'],
    detail: { bucket: { name: [Bucket] }, object: { key: [{ prefix: 'a b/' }] } },
  });
  await events.send(new PutRuleCommand({ Name: 'r', EventPattern }));
  await events.send(new PutTargetsCommand({ Rule: 'r', Targets: [{ Id: 'q', Arn: arn }] }));
  await put({ EventBridgeConfiguration: {} });
  await s3.send(new PutObjectCommand({ Bucket, Key: 'a b/c', Body: 'x' }));
  await s3.send(new PutObjectCommand({ Bucket, Key: 'other', Body: 'x' }));
  const sent = await messages('q');
  expect(sent).toMatchObject([
    { source: 'aws.s3', detail: { object: { key: 'a b/c', size: 1 }, reason: 'PutObject' } },
  ]);
});
