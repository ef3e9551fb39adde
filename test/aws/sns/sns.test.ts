import {
  CreateBucketCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  CreateTopicCommand,
  DeleteTopicCommand,
  GetTopicAttributesCommand,
  ListSubscriptionsByTopicCommand,
  ListTagsForResourceCommand,
  PublishCommand,
  SetTopicAttributesCommand,
  SNSClient,
  SubscribeCommand,
  TagResourceCommand,
  UnsubscribeCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { World } from '../kernel/world.ts';
import { startWorld } from '../world.ts';

let world: World;
let sns: SNSClient;
const TopicArn = 'arn:aws:sns:eu-west-1:111122223333:t';
const queueArn = 'arn:aws:sqs:eu-west-1:111122223333:q';
beforeAll(async () => {
  world = await startWorld();
  sns = new SNSClient(world.client());
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(async () => {
  await world.stop();
});
const topic = (more: object = {}) => sns.send(new CreateTopicCommand({ Name: 't', ...more }));
const attributes = async () => (await sns.send(new GetTopicAttributesCommand({ TopicArn }))).Attributes;
const policyFor = (service: string, action: string, resource: string, sourceArn: string) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: service },
        Action: action,
        Resource: resource,
        Condition: { ArnLike: { 'aws:SourceArn': sourceArn } },
      },
    ],
  });
/** A queue that lets the topic send, and a function that empties it. */
async function queue() {
  const sqs = new SQSClient(world.client());
  const Policy = policyFor('sns.amazonaws.com', 'sqs:SendMessage', queueArn, TopicArn);
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'q', Attributes: { Policy } }));
  return async () => {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
    );
    return Messages.map((each) => each.Body ?? '');
  };
}
const subscribe = (Protocol: string, Endpoint: string, more: object = {}) =>
  sns.send(new SubscribeCommand({ TopicArn, Protocol, Endpoint, ...more }));

test('a topic is made once, with tags that can change, and deleting it twice is fine', async () => {
  const Tags = [{ Key: 'stack', Value: 'x' }];
  expect((await topic({ Tags })).TopicArn).toBe(TopicArn);
  await topic({ Tags });
  await expect(topic({ Tags: [{ Key: 'stack', Value: 'y' }] })).rejects.toMatchObject({
    name: 'InvalidParameterException',
  });
  await sns.send(new TagResourceCommand({ ResourceArn: TopicArn, Tags: [{ Key: 'a', Value: 'b' }] }));
  await sns.send(new UntagResourceCommand({ ResourceArn: TopicArn, TagKeys: ['stack'] }));
  const listed = await sns.send(new ListTagsForResourceCommand({ ResourceArn: TopicArn }));
  expect(listed.Tags).toEqual([{ Key: 'a', Value: 'b' }]);
  await sns.send(new DeleteTopicCommand({ TopicArn }));
  await sns.send(new DeleteTopicCommand({ TopicArn }));
  await expect(attributes()).rejects.toMatchObject({ name: 'NotFoundException' });
});

test('attributes are set one by one and checked', async () => {
  await topic();
  const set = (AttributeName: string, AttributeValue: string) =>
    sns.send(new SetTopicAttributesCommand({ TopicArn, AttributeName, AttributeValue }));
  await set('DisplayName', 'images');
  expect(await attributes()).toMatchObject({ TopicArn, DisplayName: 'images', SubscriptionsConfirmed: '0' });
  await expect(set('Nothing', 'x')).rejects.toMatchObject({ name: 'InvalidParameterException' });
  const foreign = policyFor('s3.amazonaws.com', 'sqs:SendMessage', TopicArn, '*');
  await expect(set('Policy', foreign)).rejects.toMatchObject({ name: 'InvalidParameterException' });
});

test('messages reach subscribed queues, wrapped or raw, until they are unsubscribed', async () => {
  await topic();
  const received = await queue();
  const { SubscriptionArn } = await subscribe('sqs', queueArn);
  expect((await subscribe('sqs', queueArn)).SubscriptionArn).toBe(SubscriptionArn);
  expect((await subscribe('email', 'a@example.com')).SubscriptionArn).toBe('pending confirmation');
  const { Subscriptions } = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
  expect(Subscriptions?.map((each) => each.SubscriptionArn)).toEqual([
    SubscriptionArn,
    'PendingConfirmation',
  ]);
  const publish = (Message: string) => sns.send(new PublishCommand({ TopicArn, Message, Subject: 's' }));
  const { MessageId } = await publish('hello');
  expect((await received()).map((each) => JSON.parse(each))).toMatchObject([
    { Type: 'Notification', MessageId, TopicArn, Subject: 's', Message: 'hello' },
  ]);
  await sns.send(new UnsubscribeCommand({ SubscriptionArn }));
  await publish('nobody');
  expect(await received()).toEqual([]);
  await subscribe('sqs', queueArn, { Attributes: { RawMessageDelivery: 'true' } });
  await publish('raw');
  expect(await received()).toEqual(['raw']);
});

test('S3 publishes to topics whose policy lets it, and only to those', async () => {
  const s3 = new S3Client({ ...world.client(), forcePathStyle: true });
  await s3.send(
    new CreateBucketCommand({
      Bucket: 'photos',
      CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' },
    }),
  );
  const notify = () =>
    s3.send(
      new PutBucketNotificationConfigurationCommand({
        Bucket: 'photos',
        NotificationConfiguration: { TopicConfigurations: [{ TopicArn, Events: ['s3:ObjectCreated:*'] }] },
      }),
    );
  await expect(notify()).rejects.toMatchObject({ name: 'InvalidArgument' });
  await topic();
  await expect(notify()).rejects.toMatchObject({ name: 'InvalidArgument' });
  const received = await queue();
  await subscribe('sqs', queueArn, { Attributes: { RawMessageDelivery: 'true' } });
  const AttributeValue = policyFor('s3.amazonaws.com', 'sns:Publish', TopicArn, 'arn:aws:s3:::photos');
  await sns.send(new SetTopicAttributesCommand({ TopicArn, AttributeName: 'Policy', AttributeValue }));
  await notify();
  await s3.send(new PutObjectCommand({ Bucket: 'photos', Key: 'a b.jpg', Body: 'x' }));
  const [first, second] = (await received()).map((each) => JSON.parse(each));
  expect(first).toMatchObject({ Event: 's3:TestEvent', Bucket: 'photos' });
  expect(second.Records[0].s3.object.key).toBe('a+b.jpg');
});
