import { operations } from '../kernel/operation.ts';
import { bool, map, need, str, struct } from '../kernel/shape.ts';
import { publish } from './publish.ts';
import { invalid, notFound, type SnsState, topicAt } from './state.ts';
import { aboutTopic, TopicArn } from './topics.ts';

const op = operations<SnsState>();
const PROTOCOLS = ['sqs', 'lambda', 'email', 'email-json', 'http', 'https', 'sms', 'firehose', 'application'];
const ARN_OF: Readonly<Record<string, RegExp>> = {
  sqs: /^arn:aws:sqs:/,
  lambda: /^arn:aws:lambda:/,
  email: /@/,
  https: /^https:\/\//,
  http: /^http:\/\//,
};

export const subscriptionOperations = [
  op(
    'Subscribe',
    'Write',
    struct({
      TopicArn,
      Protocol: need(str()),
      Endpoint: need(str()),
      Attributes: map(str({ oneOf: ['true', 'false'] })),
      ReturnSubscriptionArn: bool(),
    }),
    (call, { TopicArn: arn, Protocol: protocol, Endpoint: endpoint, Attributes: given = {}, ...rest }) => {
      const topic = topicAt(call, arn);
      if (!PROTOCOLS.includes(protocol)) throw invalid('Protocol Reason: unknown protocol');
      if (!ARN_OF[protocol]?.test(endpoint))
        throw invalid(`Endpoint Reason: not a valid ${protocol} endpoint`);
      if (Object.keys(given).some((name) => name !== 'RawMessageDelivery')) throw invalid('AttributeName');
      const existing = [...topic.subscriptions.values()].find(
        (each) => each.protocol === protocol && each.endpoint === endpoint,
      );
      const subscription = existing ?? {
        arn: `${arn}:${call.world.ids.uuid()}`,
        protocol,
        endpoint,
        isConfirmed: protocol === 'sqs' || protocol === 'lambda',
        isRaw: given.RawMessageDelivery === 'true',
      };
      topic.subscriptions.set(subscription.arn, subscription);
      const shown = subscription.isConfirmed || rest.ReturnSubscriptionArn;
      return { SubscriptionArn: shown ? subscription.arn : 'pending confirmation' };
    },
    aboutTopic,
  ),
  op(
    'Unsubscribe',
    'Write',
    struct({ SubscriptionArn: need(str()) }),
    (call, { SubscriptionArn: arn }) => {
      if (arn.split(':').length !== 7) throw invalid('SubscriptionArn');
      // A subscription that is not there is no error.
      for (const topic of call.state.topics.values()) topic.subscriptions.delete(arn);
    },
    { resource: ({ SubscriptionArn }) => SubscriptionArn },
  ),
  op(
    'ListSubscriptionsByTopic',
    'List',
    struct({ TopicArn, NextToken: str() }),
    (call, input) => {
      const topic = topicAt(call, input.TopicArn);
      return {
        Subscriptions: [...topic.subscriptions.values()].map((each) => ({
          SubscriptionArn: each.isConfirmed ? each.arn : 'PendingConfirmation',
          Owner: topic.owner,
          Protocol: each.protocol,
          Endpoint: each.endpoint,
          TopicArn: topic.arn,
        })),
      };
    },
    aboutTopic,
  ),
  op(
    'GetSubscriptionAttributes',
    'Read',
    struct({ SubscriptionArn: need(str()) }),
    (call, { SubscriptionArn: arn }) => {
      const topic = [...call.state.topics.values()].find((each) => each.subscriptions.has(arn));
      const subscription = topic?.subscriptions.get(arn);
      if (!topic || !subscription) throw notFound('Subscription');
      return {
        Attributes: new Map([
          ['SubscriptionArn', arn],
          ['TopicArn', topic.arn],
          ['Owner', topic.owner],
          ['Protocol', subscription.protocol],
          ['Endpoint', subscription.endpoint],
          ['RawMessageDelivery', String(subscription.isRaw)],
          ['PendingConfirmation', String(!subscription.isConfirmed)],
        ]),
      };
    },
    { resource: ({ SubscriptionArn }) => SubscriptionArn },
  ),
  op(
    'Publish',
    'Write',
    struct({ TopicArn, Message: need(str()), Subject: str() }),
    (call, { TopicArn: arn, Message: message, Subject: subject }) => {
      const topic = topicAt(call, arn);
      if (message === '') throw invalid('Empty message');
      if (Buffer.byteLength(message) > 262_144) throw invalid('Message too long');
      if (subject !== undefined && (subject === '' || subject.length > 100)) throw invalid('Subject');
      return { MessageId: publish(call.world, topic, message, subject) };
    },
    aboutTopic,
  ),
];
