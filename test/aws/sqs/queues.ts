import { Delayed } from '../kernel/delayed.ts';
import { operations } from '../kernel/operation.ts';
import { int, list, map, need, str, struct } from '../kernel/shape.ts';
import { attributesOf, checkAttributes, redriveOf } from './attributes.ts';
import { type Queue, queueAt, queueNamed, type SqsCall, type SqsState, sqsError, urlOf } from './state.ts';

const op = operations<SqsState>();
export const QueueUrl = need(str());
export const about = {
  resource: ({ QueueUrl: url }: { QueueUrl: string }, call: SqsCall) =>
    `arn:aws:sqs:${call.region}:${call.account}:${url.split('/').at(-1)}`,
};
const ATTRIBUTE = str({
  oneOf: [
    'All',
    'Policy',
    'VisibilityTimeout',
    'MaximumMessageSize',
    'MessageRetentionPeriod',
    'ApproximateNumberOfMessages',
    'ApproximateNumberOfMessagesNotVisible',
    'CreatedTimestamp',
    'LastModifiedTimestamp',
    'QueueArn',
    'ApproximateNumberOfMessagesDelayed',
    'DelaySeconds',
    'ReceiveMessageWaitTimeSeconds',
    'RedrivePolicy',
    'FifoQueue',
    'ContentBasedDeduplication',
    'KmsMasterKeyId',
    'KmsDataKeyReusePeriodSeconds',
    'DeduplicationScope',
    'FifoThroughputLimit',
    'RedriveAllowPolicy',
    'SqsManagedSseEnabled',
  ],
});
const tags = map(str({ max: 256 }), { max: 50 });

/** How long a name stays taken after its queue was deleted. */
const DELETED_RECENTLY = 60_000;

function setAttributes(call: SqsCall, queue: Queue, attributes: Readonly<Record<string, string>>): void {
  const { Policy, ...rest } = attributes;
  if (Policy !== undefined)
    queue.policy.write(Policy || undefined, call.world.clock.now(), call.world.delays.sqsPolicy);
  for (const [name, value] of Object.entries(rest)) queue.attributes.set(name, value);
  if (rest.KmsMasterKeyId) queue.attributes.set('SqsManagedSseEnabled', 'false');
  queue.modified = call.now();
}

export const queueOperations = [
  op(
    'CreateQueue',
    'Write',
    struct({ QueueName: need(str()), Attributes: map(str()), tags }),
    (call, { QueueName: name, Attributes: attributes = {}, tags: given = {} }) => {
      if (!/^[\w-]{1,80}$|^[\w-]{1,75}\.fifo$/.test(name)) {
        throw sqsError(
          'InvalidParameterValue',
          'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length',
        );
      }
      checkAttributes(call, name, attributes);
      const now = call.world.clock.now();
      const existing = call.state.queues.get(name);
      if (existing) {
        const actual = attributesOf(existing, now);
        const different = Object.entries(attributes).find(([key, value]) => actual[key] !== value);
        if (!different) return { QueueUrl: urlOf(call, existing) };
        const message = `A queue already exists with the same name and a different value for attribute ${different[0]}`;
        throw sqsError('QueueNameExists', message, 'QueueAlreadyExists');
      }
      if (now - (call.state._deleted.get(name) ?? Number.NEGATIVE_INFINITY) < DELETED_RECENTLY) {
        throw sqsError(
          'QueueDeletedRecently',
          'You must wait 60 seconds after deleting a queue before you can create another with the same name.',
          'AWS.SimpleQueueService.QueueDeletedRecently',
        );
      }
      const queue: Queue = {
        name,
        arn: `arn:aws:sqs:${call.region}:${call.account}:${name}`,
        region: call.region,
        account: call.account,
        created: call.now(),
        modified: call.now(),
        attributes: new Map(),
        policy: new Delayed<string | undefined>(undefined, undefined),
        tags: new Map(Object.entries(given)),
        _messages: [],
        _purgedAt: undefined,
      };
      setAttributes(call, queue, attributes);
      call.state.queues.set(name, queue);
      return { QueueUrl: urlOf(call, queue) };
    },
    { resource: ({ QueueName }, call) => `arn:aws:sqs:${call.region}:${call.account}:${QueueName}` },
  ),
  op(
    'GetQueueUrl',
    'Read',
    struct({ QueueName: need(str()), QueueOwnerAWSAccountId: str() }),
    (call, { QueueName }) => ({ QueueUrl: urlOf(call, queueNamed(call, QueueName)) }),
    { resource: ({ QueueName }, call) => `arn:aws:sqs:${call.region}:${call.account}:${QueueName}` },
  ),
  op(
    'GetQueueAttributes',
    'Read',
    struct({ QueueUrl, AttributeNames: list(ATTRIBUTE) }),
    (call, { QueueUrl: url, AttributeNames: names = [] }) => {
      const all = attributesOf(queueAt(call, url), call.world.clock.now());
      const wanted = Object.entries(all).filter(([name]) =>
        (names as string[]).some((each) => each === 'All' || each === name),
      );
      return wanted.length > 0 ? { Attributes: Object.fromEntries(wanted) } : {};
    },
    about,
  ),
  op(
    'SetQueueAttributes',
    'Write',
    struct({ QueueUrl, Attributes: need(map(str())) }),
    (call, { QueueUrl: url, Attributes }) => {
      const queue = queueAt(call, url);
      if ('FifoQueue' in Attributes) throw sqsError('InvalidAttributeName', 'Unknown Attribute FifoQueue.');
      checkAttributes(call, queue.name, Attributes);
      setAttributes(call, queue, Attributes);
    },
    about,
  ),
  op(
    'DeleteQueue',
    'Write',
    struct({ QueueUrl }),
    (call, { QueueUrl: url }) => {
      const queue = queueAt(call, url);
      call.state.queues.delete(queue.name);
      call.state._deleted.set(queue.name, call.world.clock.now());
    },
    about,
  ),
  op(
    'ListQueues',
    'Read',
    struct({ QueueNamePrefix: str(), NextToken: str(), MaxResults: int(1, 1000) }),
    (call, { QueueNamePrefix = '', NextToken, MaxResults = 1000 }) => {
      const names = [...call.state.queues.keys()].sort().filter((name) => name.startsWith(QueueNamePrefix));
      const rest = NextToken === undefined ? names : names.filter((name) => name > NextToken);
      const page = rest.slice(0, MaxResults).map((name) => queueNamed(call, name));
      return {
        ...(page.length > 0 && { QueueUrls: page.map((queue) => urlOf(call, queue)) }),
        ...(rest.length > MaxResults && { NextToken: page.at(-1)?.name }),
      };
    },
  ),
  op(
    'ListDeadLetterSourceQueues',
    'Read',
    struct({ QueueUrl, NextToken: str(), MaxResults: int(1, 1000) }),
    (call, { QueueUrl: url }) => {
      const { arn } = queueAt(call, url);
      const sources = [...call.state.queues.values()].filter(
        (queue) => redriveOf(queue)?.deadLetterTargetArn === arn,
      );
      return { queueUrls: sources.map((queue) => urlOf(call, queue)) };
    },
    about,
  ),
  op(
    'TagQueue',
    'Tagging',
    struct({ QueueUrl, Tags: need(tags) }),
    (call, { QueueUrl: url, Tags }) => {
      const queue = queueAt(call, url);
      for (const [key, value] of Object.entries(Tags)) queue.tags.set(key, value);
    },
    about,
  ),
  op(
    'UntagQueue',
    'Tagging',
    struct({ QueueUrl, TagKeys: need(list(str())) }),
    (call, { QueueUrl: url, TagKeys }) => {
      const queue = queueAt(call, url);
      for (const key of TagKeys) queue.tags.delete(key);
    },
    about,
  ),
  op(
    'ListQueueTags',
    'Read',
    struct({ QueueUrl }),
    (call, { QueueUrl: url }) => {
      const { tags: given } = queueAt(call, url);
      return given.size > 0 ? { Tags: Object.fromEntries(given) } : {};
    },
    about,
  ),
  op(
    'PurgeQueue',
    'Write',
    struct({ QueueUrl }),
    (call, { QueueUrl: url }) => {
      const queue = queueAt(call, url);
      const now = call.world.clock.now();
      if (queue._purgedAt !== undefined && now - queue._purgedAt < 60_000) {
        throw sqsError(
          'PurgeQueueInProgress',
          `Only one PurgeQueue operation on ${queue.name} is allowed every 60 seconds.`,
          'AWS.SimpleQueueService.PurgeQueueInProgress',
        );
      }
      queue._purgedAt = now;
      queue._messages = [];
    },
    about,
  ),
];
