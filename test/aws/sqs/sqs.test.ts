import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { World } from '../kernel/world.ts';
import { startWorld } from '../world.ts';

let world: World;
let client: SQSClient;
beforeAll(async () => {
  world = await startWorld();
  client = new SQSClient(world.client());
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(async () => {
  await world.stop();
});

async function create(QueueName: string, Attributes?: Record<string, string>): Promise<string> {
  const { QueueUrl = '' } = await client.send(
    new CreateQueueCommand({ QueueName, ...(Attributes && { Attributes }) }),
  );
  return QueueUrl;
}
async function receiveOne(QueueUrl: string) {
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({ QueueUrl, MessageSystemAttributeNames: ['All'] }),
  );
  return Messages[0];
}

test('a queue is created with attributes and tags, found again, and created twice without harm', async () => {
  const attributes = { VisibilityTimeout: '90', MessageRetentionPeriod: '1209600' };
  const made = await client.send(
    new CreateQueueCommand({ QueueName: 'q', Attributes: attributes, tags: { stack: 'one' } }),
  );
  const again = await client.send(new CreateQueueCommand({ QueueName: 'q', Attributes: attributes }));
  expect(again.QueueUrl).toBe(made.QueueUrl);
  const read = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: made.QueueUrl, AttributeNames: ['All'] }),
  );
  expect(read.Attributes).toMatchObject({
    ...attributes,
    SqsManagedSseEnabled: 'true',
    QueueArn: 'arn:aws:sqs:eu-west-1:111122223333:q',
  });
  const tags = await client.send(new ListQueueTagsCommand({ QueueUrl: made.QueueUrl }));
  expect(tags.Tags).toEqual({ stack: 'one' });
  await expect(create('q', { VisibilityTimeout: '1' })).rejects.toMatchObject({ name: 'QueueNameExists' });
  expect((await client.send(new ListQueuesCommand({ QueueNamePrefix: 'q' }))).QueueUrls).toHaveLength(1);
});

test('a queue is seen in its Region and account only', async () => {
  await create('q');
  const elsewhere = new SQSClient(world.client({ region: 'us-east-1' }));
  const other = new SQSClient(world.client({ account: '444455556666' }));
  for (const each of [elsewhere, other]) {
    await expect(each.send(new GetQueueUrlCommand({ QueueName: 'q' }))).rejects.toMatchObject({
      name: 'QueueDoesNotExist',
    });
  }
});

test('a name is taken for 60 seconds after deletion', async () => {
  const QueueUrl = await create('q');
  await client.send(new DeleteQueueCommand({ QueueUrl }));
  await world.clock.advance(59_000);
  await expect(create('q')).rejects.toMatchObject({ name: 'QueueDeletedRecently' });
  await world.clock.advance(1_000);
  await create('q');
});

test.each([
  [{ VisibilityTimeout: '43201' }, 'InvalidAttributeValue'],
  [{ DelaySeconds: 'soon' }, 'InvalidAttributeValue'],
  [{ Policy: '{' }, 'InvalidAttributeValue'],
  [
    {
      RedrivePolicy: '{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:111122223333:none","maxReceiveCount":3}',
    },
    'InvalidAttributeValue',
  ],
  [{ Colour: 'red' }, 'InvalidAttributeName'],
  [{ FifoQueue: 'true' }, 'InvalidAttributeName'],
])('attributes %j are refused with %s', async (attributes, name) => {
  await expect(create('q', attributes as Record<string, string>)).rejects.toMatchObject({ name });
});

test('a received message is hidden for the visibility timeout, comes again, and is deleted by its last handle only', async () => {
  const QueueUrl = await create('q', { VisibilityTimeout: '30' });
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'hello' }));
  const first = await receiveOne(QueueUrl);
  expect(first?.Attributes?.ApproximateReceiveCount).toBe('1');
  expect(await receiveOne(QueueUrl)).toBeUndefined();
  await world.clock.advance(30_000);
  const second = await receiveOne(QueueUrl);
  expect(second?.Attributes?.ApproximateReceiveCount).toBe('2');
  await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: first?.ReceiptHandle }));
  await client.send(
    new ChangeMessageVisibilityCommand({
      QueueUrl,
      ReceiptHandle: second?.ReceiptHandle,
      VisibilityTimeout: 100,
    }),
  );
  await world.clock.advance(99_000);
  expect(await receiveOne(QueueUrl)).toBeUndefined();
  await world.clock.advance(1_000);
  const third = await receiveOne(QueueUrl);
  await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: third?.ReceiptHandle }));
  await world.clock.advance(100_000);
  expect(await receiveOne(QueueUrl)).toBeUndefined();
});

test('what was received too often goes to the dead-letter queue, and back by a move', async () => {
  const dead = await create('dead');
  const RedrivePolicy = JSON.stringify({
    deadLetterTargetArn: 'arn:aws:sqs:eu-west-1:111122223333:dead',
    maxReceiveCount: 2,
  });
  const QueueUrl = await create('q', { RedrivePolicy });
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'poison' }));
  for (let i = 0; i < 2; i++) {
    expect((await receiveOne(QueueUrl))?.Body).toBe('poison');
    await world.clock.advance(30_000);
  }
  expect(await receiveOne(QueueUrl)).toBeUndefined();
  expect((await receiveOne(dead))?.Attributes?.DeadLetterQueueSourceArn).toBe(
    'arn:aws:sqs:eu-west-1:111122223333:q',
  );
  await world.clock.advance(30_000);
  await client.send(
    new StartMessageMoveTaskCommand({ SourceArn: 'arn:aws:sqs:eu-west-1:111122223333:dead' }),
  );
  expect((await receiveOne(QueueUrl))?.Attributes?.ApproximateReceiveCount).toBe('1');
});

test('in a batch each entry fails by itself', async () => {
  const QueueUrl = await create('q');
  const sent = await client.send(
    new SendMessageBatchCommand({
      QueueUrl,
      Entries: [
        { Id: 'a', MessageBody: 'a' },
        { Id: 'b', MessageBody: '\u0001' },
      ],
    }),
  );
  expect(sent.Successful?.map((each) => each.Id)).toEqual(['a']);
  expect(sent.Failed).toMatchObject([{ Id: 'b', Code: 'InvalidMessageContents', SenderFault: true }]);
  const message = await receiveOne(QueueUrl);
  const deleted = await client.send(
    new DeleteMessageBatchCommand({
      QueueUrl,
      Entries: [
        { Id: '1', ReceiptHandle: message?.ReceiptHandle },
        { Id: '2', ReceiptHandle: 'rubbish' },
      ],
    }),
  );
  expect(deleted.Failed).toMatchObject([{ Id: '2', Code: 'ReceiptHandleIsInvalid' }]);
  await client.send(new PurgeQueueCommand({ QueueUrl }));
  await expect(client.send(new PurgeQueueCommand({ QueueUrl }))).rejects.toMatchObject({
    name: 'PurgeQueueInProgress',
  });
});

test('an action that is denied is refused in the service’s words', async () => {
  world.deny('sqs:SetQueueAttributes');
  const QueueUrl = await create('q');
  const set = client.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { DelaySeconds: '1' } }));
  await expect(set).rejects.toMatchObject({ name: 'AccessDenied' });
});
