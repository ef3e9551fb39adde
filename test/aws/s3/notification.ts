import { Delayed } from '../kernel/delayed.ts';
import { Http, operations } from '../kernel/operation.ts';
import { bool, inHeader, need, payload, struct } from '../kernel/shape.ts';
import { functionAccepts, functionByArn } from '../lambda/reach.ts';
import { deliverToTopic, topicAccepts, topicByArn } from '../sns/reach.ts';
import { accepts, queueByArn } from '../sqs/reach.ts';
import { enqueue } from '../sqs/state.ts';
import {
  covers,
  entriesOf,
  type NotificationConfiguration,
  type NotificationEntry,
  notificationConfiguration,
} from './notification-shape.ts';
import {
  aboutBucket,
  type Bucket,
  bucketOf,
  onBucket,
  readConfiguration,
  type S3Call,
  type S3State,
  s3Error,
  writeConfiguration,
} from './state.ts';

const op = operations<S3State>();

function invalid(message: string, fields: Record<string, string> = {}) {
  return s3Error('InvalidArgument', 400, message, fields);
}

function overlap(a: NotificationEntry, b: NotificationEntry): boolean {
  const events = a.events.some((one) => b.events.some((other) => covers(one, other) || covers(other, one)));
  const prefixes = a.prefix.startsWith(b.prefix) || b.prefix.startsWith(a.prefix);
  const suffixes = a.suffix.endsWith(b.suffix) || b.suffix.endsWith(a.suffix);
  return events && prefixes && suffixes;
}

function checkEntries(bucket: Bucket, configuration: NotificationConfiguration): void {
  const entries = entriesOf(configuration);
  if (entries.length > 100) throw invalid('The maximum number of notification configurations is 100');
  const ids = entries.map((entry) => entry.id).filter(Boolean);
  if (new Set(ids).size !== ids.length) {
    throw invalid('Same ID used for multiple configurations. IDs must be unique');
  }
  for (const { Filter: filter } of [
    ...(configuration.QueueConfiguration ?? []),
    ...(configuration.TopicConfiguration ?? []),
    ...(configuration.CloudFunctionConfiguration ?? []),
  ]) {
    const names = (filter?.S3Key?.FilterRule ?? []).map((rule) => rule.Name.toLowerCase());
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice) throw invalid(`Cannot specify more than one ${twice} rule in a filter.`);
  }
  for (const entry of entries) {
    const [, , service = '', region] = entry.arn.split(':');
    const wanted = { queue: 'sqs', topic: 'sns', function: 'lambda' }[entry.kind];
    if (service !== wanted)
      throw invalid('The ARN is not well formed', { ArgumentName: entry.kind, ArgumentValue: entry.arn });
    if (entry.arn.endsWith('.fifo')) {
      throw invalid(
        entry.kind === 'queue' ? 'FIFO SQS queues are not supported.' : 'FIFO SNS topics are not supported.',
      );
    }
    if (region !== bucket.region) {
      throw invalid(
        'The notification destination service region is not valid for the bucket location constraint',
      );
    }
  }
  for (const [index, entry] of entries.entries()) {
    if (entries.slice(index + 1).some((other) => overlap(entry, other))) {
      throw invalid(
        'Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are overlapping for the same event type.',
      );
    }
  }
}

/** Asks each destination, others' too, as S3 does before it stores anything. */
function checkDestinations(call: S3Call, bucket: Bucket, entries: readonly NotificationEntry[]): void {
  const sender = { service: 's3.amazonaws.com', sourceArn: bucket.arn, sourceAccount: bucket.owner };
  const failures = entries.flatMap(({ kind, arn }) => {
    const found = functionByArn(call.world, arn);
    if (found) {
      return functionAccepts(found, sender) ? [] : [[arn, `Not authorized to invoke function [${arn}]`]];
    }
    const topic = topicByArn(call.world, arn);
    if (topic) {
      const reason =
        'Permissions on the destination topic do not allow S3 to publish notifications from this bucket';
      return topicAccepts(topic, sender) ? [] : [[arn, reason]];
    }
    if (kind !== 'queue') {
      return call.state._destinations.has(arn) ? [] : [[arn, `The destination ${kind} does not exist`]];
    }
    const queue = queueByArn(call.world, arn);
    if (!queue) return [[arn, 'The destination queue does not exist']];
    return accepts(call.world, queue, sender)
      ? []
      : [
          [
            arn,
            'Permissions on the destination queue do not allow S3 to publish notifications from this bucket',
          ],
        ];
  });
  if (failures.length === 0) return;
  const fields = failures.flatMap(([arn, reason], index) => [
    [`ArgumentName${index + 1}`, arn],
    [`ArgumentValue${index + 1}`, reason],
  ]);
  throw invalid('Unable to validate the following destination configurations', Object.fromEntries(fields));
}

function sendTestEvents(call: S3Call, bucket: Bucket, entries: readonly NotificationEntry[]): void {
  const sender = { service: 's3.amazonaws.com', sourceArn: bucket.arn, sourceAccount: bucket.owner };
  for (const { arn } of entries.filter(({ kind }) => kind !== 'function')) {
    const test = JSON.stringify({
      Service: 'Amazon S3',
      Event: 's3:TestEvent',
      Time: call.now().toISOString(),
      Bucket: bucket.name,
      RequestId: call.requestId,
      HostId: `${call.requestId}/host`,
    });
    deliverToTopic(call.world, arn, sender, test, 'Amazon S3 Notification');
    const queue = queueByArn(call.world, arn);
    if (queue) enqueue(queue, { id: call.world.ids.uuid(), body: test, now: call.world.clock.now() });
  }
}

/** S3 names entries that have no id, and writes the filter rules' names with a capital. */
function asStored(call: S3Call, given: NotificationConfiguration): NotificationConfiguration {
  const stored = <T extends NonNullable<NotificationConfiguration['QueueConfiguration']>[number] | object>(
    each: T,
  ): T => {
    const { Id, Filter: filter } = each as {
      Id?: string;
      Filter?: { S3Key?: { FilterRule?: { Name: string; Value: string }[] } };
    };
    const rules = filter?.S3Key?.FilterRule?.map(({ Name, Value }) => ({
      Name: Name.toLowerCase() === 'prefix' ? 'Prefix' : 'Suffix',
      Value,
    }));
    return {
      ...each,
      Id: Id || call.world.ids.uuid(),
      ...(rules && { Filter: { S3Key: { FilterRule: rules } } }),
    };
  };
  const {
    QueueConfiguration: queues,
    TopicConfiguration: topics,
    CloudFunctionConfiguration: functions,
  } = given;
  return {
    ...given,
    ...(queues && { QueueConfiguration: queues.map(stored) }),
    ...(topics && { TopicConfiguration: topics.map(stored) }),
    ...(functions && { CloudFunctionConfiguration: functions.map(stored) }),
  };
}

export const notificationOperations = [
  op(
    'PutBucketNotificationConfiguration',
    'Write',
    struct({
      ...onBucket,
      NotificationConfiguration: need(payload(notificationConfiguration)),
      SkipDestinationValidation: inHeader('x-amz-skip-destination-validation', bool()),
    }),
    (call, input) => {
      const bucket = bucketOf(call, input);
      const { NotificationConfiguration: given, SkipDestinationValidation: skip = false } = input;
      checkEntries(bucket, given);
      const entries = entriesOf(given);
      if (!skip) {
        checkDestinations(call, bucket, entries);
        sendTestEvents(call, bucket, entries);
      }
      const stored = asStored(call, given);
      writeConfiguration(call, bucket, 'notification', stored);
      bucket._notification.write(stored, call.world.clock.now(), call.world.delays.s3Notification);
    },
    { http: 'PUT /{Bucket}?notification', action: 'PutBucketNotification', ...aboutBucket },
  ),
  op(
    'GetBucketNotificationConfiguration',
    'Read',
    struct(onBucket),
    (call, input) => {
      const value = readConfiguration(call, bucketOf(call, input), 'notification') ?? {};
      return new Http({ document: { root: 'NotificationConfiguration', value } });
    },
    { http: 'GET /{Bucket}?notification', action: 'GetBucketNotification', ...aboutBucket },
  ),
];

export function noNotification(): Delayed<NotificationConfiguration> {
  return new Delayed<NotificationConfiguration>({}, {});
}
