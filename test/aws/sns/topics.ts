import { unknownPrincipals } from '../iam/reach.ts';
import { AwsError } from '../kernel/errors.ts';
import { operations } from '../kernel/operation.ts';
import { PolicyError, parsePolicy } from '../kernel/policy.ts';
import { list, map, need, str, struct, tag } from '../kernel/shape.ts';
import { invalid, type SnsCall, type SnsState, type Topic, topicAt } from './state.ts';

const op = operations<SnsState>();
export const TopicArn = need(str());
export const aboutTopic = { resource: (input: { TopicArn: string }) => input.TopicArn };
const aboutArn = { resource: ({ ResourceArn }: { ResourceArn: string }) => ResourceArn };
const tags = list(tag());
const ResourceArn = need(str({ min: 1, max: 1011 }));

/** Attributes of topics that are not FIFO, as far as the double has them. */
const ATTRIBUTES = ['DisplayName', 'Policy', 'KmsMasterKeyId', 'SignatureVersion', 'TracingConfig'];

/** A new topic's policy: its owner alone, by the `SourceOwner` of a request. */
function defaultPolicy(arn: string, owner: string): string {
  return JSON.stringify({
    Version: '2008-10-17',
    Id: '__default_policy_ID',
    Statement: [
      {
        Sid: '__default_statement_ID',
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: [
          'SNS:GetTopicAttributes',
          'SNS:SetTopicAttributes',
          'SNS:AddPermission',
          'SNS:RemovePermission',
          'SNS:DeleteTopic',
          'SNS:Subscribe',
          'SNS:ListSubscriptionsByTopic',
          'SNS:Publish',
        ],
        Resource: arn,
        Condition: { StringEquals: { 'AWS:SourceOwner': owner } },
      },
    ],
  });
}

function checkAttribute(call: SnsCall, arn: string, name: string, value: string): void {
  if (!ATTRIBUTES.includes(name)) throw invalid('AttributeName');
  if (name === 'DisplayName' && value.length > 100) throw invalid('DisplayName');
  if (name === 'SignatureVersion' && !['1', '2'].includes(value)) throw invalid('SignatureVersion');
  if (name === 'TracingConfig' && !['PassThrough', 'Active'].includes(value)) throw invalid('TracingConfig');
  if (name === 'Policy') checkPolicy(call, arn, value);
}

function checkPolicy(call: SnsCall, arn: string, text: string): void {
  try {
    for (const { Principal: principal, Action: actions, Resource: resources } of parsePolicy(
      text,
      'resource',
    )) {
      const unknown = unknownPrincipals(call.world, principal === '*' ? [] : (principal?.AWS ?? []));
      if (unknown.length > 0) throw invalid('Policy Error: PrincipalNotFound');
      if (actions.some((action) => !/^sns:/i.test(action))) {
        throw invalid('Policy statement action out of service scope!');
      }
      if (resources.some((each) => each !== arn)) {
        throw invalid('Policy Error: Invalid resource in policy statement');
      }
    }
  } catch (error) {
    if (error instanceof PolicyError) throw invalid(`Policy Error: ${error.message}`);
    throw error;
  }
}

function checkTags(given: ReadonlyMap<string, string>): void {
  if (given.size > 50)
    throw new AwsError('TagLimitExceeded', 'Could not complete request: tag quota of per resource exceeded');
}

function same(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}

function byArn(call: SnsCall, arn: string): Topic {
  const topic = [...call.state.topics.values()].find((each) => each.arn === arn);
  if (!topic) throw new AwsError('ResourceNotFound', 'Resource does not exist', { status: 404 });
  return topic;
}

export const topicOperations = [
  op(
    'CreateTopic',
    'Write',
    struct({ Name: need(str()), Attributes: map(str()), Tags: tags }),
    (call, { Name: name, Attributes: attributes = {}, Tags: given = [] }) => {
      if (!/^[\w-]{1,256}$/.test(name)) throw invalid('Topic Name');
      const arn = `arn:aws:sns:${call.region}:${call.account}:${name}`;
      for (const [key, value] of Object.entries(attributes)) checkAttribute(call, arn, key, value);
      const wanted = new Map(given.map(({ Key, Value }) => [Key, Value]));
      checkTags(wanted);
      const existing = call.state.topics.get(name);
      if (existing) {
        if (Object.entries(attributes).some(([key, value]) => existing.attributes.get(key) !== value)) {
          throw invalid('Attributes Reason: Topic already exists with different attributes');
        }
        if (given.length > 0 && !same(existing.tags, wanted)) {
          throw invalid('Tags Reason: Topic already exists with different tags');
        }
        return { TopicArn: arn };
      }
      call.state.topics.set(name, {
        name,
        arn,
        owner: call.account,
        attributes: new Map([['Policy', defaultPolicy(arn, call.account)], ...Object.entries(attributes)]),
        tags: wanted,
        subscriptions: new Map(),
        _published: [],
      });
      return { TopicArn: arn };
    },
    { resource: ({ Name }, call) => `arn:aws:sns:${call.region}:${call.account}:${Name}` },
  ),
  op(
    'GetTopicAttributes',
    'Read',
    struct({ TopicArn }),
    (call, input) => {
      const topic = topicAt(call, input.TopicArn);
      const confirmed = [...topic.subscriptions.values()].filter((each) => each.isConfirmed).length;
      return {
        Attributes: new Map([
          ['TopicArn', topic.arn],
          ['Owner', topic.owner],
          ['DisplayName', ''],
          ...topic.attributes,
          ['SubscriptionsConfirmed', String(confirmed)],
          ['SubscriptionsPending', String(topic.subscriptions.size - confirmed)],
          ['SubscriptionsDeleted', '0'],
        ]),
      };
    },
    aboutTopic,
  ),
  op(
    'SetTopicAttributes',
    'Permissions management',
    struct({ TopicArn, AttributeName: need(str()), AttributeValue: str() }),
    (call, { TopicArn: arn, AttributeName: name, AttributeValue: value = '' }) => {
      const topic = topicAt(call, arn);
      checkAttribute(call, arn, name, value);
      topic.attributes.set(name, value);
    },
    aboutTopic,
  ),
  op(
    'DeleteTopic',
    'Write',
    struct({ TopicArn }),
    (call, input) => {
      // A topic that is not there is no error.
      call.state.topics.delete(input.TopicArn.split(':')[5] ?? '');
    },
    aboutTopic,
  ),
  op('ListTopics', 'List', struct({ NextToken: str() }), (call) => ({
    Topics: [...call.state.topics.values()].map(({ arn }) => ({ TopicArn: arn })),
  })),
  op(
    'TagResource',
    'Tagging',
    struct({ ResourceArn, Tags: need(tags) }),
    (call, { ResourceArn: arn, Tags: given }) => {
      const topic = byArn(call, arn);
      const after = new Map([...topic.tags, ...given.map(({ Key, Value }) => [Key, Value] as const)]);
      checkTags(after);
      topic.tags = after;
      return {};
    },
    aboutArn,
  ),
  op(
    'UntagResource',
    'Tagging',
    struct({ ResourceArn, TagKeys: need(list(str({ min: 1, max: 128 }))) }),
    (call, { ResourceArn: arn, TagKeys: keys }) => {
      for (const key of keys) byArn(call, arn).tags.delete(key);
      return {};
    },
    aboutArn,
  ),
  op(
    'ListTagsForResource',
    'Read',
    struct({ ResourceArn }),
    (call, { ResourceArn: arn }) => ({
      Tags: [...byArn(call, arn).tags].map(([Key, Value]) => ({ Key, Value })),
    }),
    aboutArn,
  ),
];
