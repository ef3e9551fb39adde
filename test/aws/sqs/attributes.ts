import { unknownPrincipals } from '../iam/reach.ts';
import { PolicyError, parsePolicy } from '../kernel/policy.ts';
import { type Queue, type SqsCall, seconds, sqsError } from './state.ts';

/** Whole numbers and what they may be, from the API reference of SetQueueAttributes. */
const RANGES: Readonly<Record<string, [number, number]>> = {
  VisibilityTimeout: [0, 43_200],
  MessageRetentionPeriod: [60, 1_209_600],
  DelaySeconds: [0, 900],
  ReceiveMessageWaitTimeSeconds: [0, 20],
  MaximumMessageSize: [1024, 1_048_576],
  KmsDataKeyReusePeriodSeconds: [60, 86_400],
};
const OTHERS = ['Policy', 'RedrivePolicy', 'RedriveAllowPolicy', 'KmsMasterKeyId', 'SqsManagedSseEnabled'];
const FIFO_ONLY = ['FifoQueue', 'ContentBasedDeduplication', 'DeduplicationScope', 'FifoThroughputLimit'];

/** Throws what SQS answers to attributes that cannot be set. */
export function checkAttributes(
  call: SqsCall,
  name: string,
  attributes: Readonly<Record<string, string>>,
): void {
  for (const [attribute, value] of Object.entries(attributes)) {
    const invalid = () => sqsError('InvalidAttributeValue', `Invalid value for the parameter ${attribute}.`);
    const range = RANGES[attribute];
    if (range) {
      if (!/^\d+$/.test(value) || Number(value) < range[0] || Number(value) > range[1]) throw invalid();
    } else if (FIFO_ONLY.includes(attribute)) {
      if (!name.endsWith('.fifo')) throw sqsError('InvalidAttributeName', `Unknown Attribute ${attribute}.`);
    } else if (!OTHERS.includes(attribute)) {
      throw sqsError('InvalidAttributeName', `Unknown Attribute ${attribute}.`);
    } else if (attribute === 'Policy' && value !== '') checkPolicy(call, value);
    else if (attribute === 'RedrivePolicy' && value !== '') checkRedrive(call, value);
    else if (attribute === 'SqsManagedSseEnabled' && !/^(true|false)$/i.test(value)) throw invalid();
  }
  if (attributes.KmsMasterKeyId && attributes.SqsManagedSseEnabled === 'true') {
    throw sqsError(
      'InvalidAttributeValue',
      'You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.',
    );
  }
}

function checkPolicy(call: SqsCall, text: string): void {
  const refuse = (reason: string) =>
    sqsError('InvalidAttributeValue', `Invalid value for the parameter Policy. Reason: ${reason}`);
  try {
    for (const { Principal: principal, Action: actions } of parsePolicy(text, 'resource')) {
      const unknown = unknownPrincipals(call.world, principal === '*' ? [] : (principal?.AWS ?? []));
      if (unknown.length > 0) throw refuse('Invalid principal in policy.');
      const foreign = actions.find((action) => !/^(\*|sqs:.*)$/i.test(action));
      if (foreign) throw refuse(`Invalid action ${foreign}.`);
    }
  } catch (error) {
    if (error instanceof PolicyError) throw refuse(error.message);
    throw error;
  }
}

export interface Redrive {
  deadLetterTargetArn: string;
  maxReceiveCount: number;
}

export function redriveOf(queue: Queue): Redrive | undefined {
  const text = queue.attributes.get('RedrivePolicy');
  if (!text) return undefined;
  const { deadLetterTargetArn, maxReceiveCount } = JSON.parse(text) as Redrive;
  return { deadLetterTargetArn, maxReceiveCount: Number(maxReceiveCount) };
}

function checkRedrive(call: SqsCall, text: string): void {
  const refuse = (reason: string) =>
    sqsError(
      'InvalidAttributeValue',
      `Value ${text} for parameter RedrivePolicy is invalid. Reason: ${reason}`,
    );
  let policy: Partial<Redrive>;
  try {
    policy = JSON.parse(text);
  } catch {
    throw refuse('Redrive policy is not a valid JSON map.');
  }
  const { deadLetterTargetArn: target, maxReceiveCount: count } = policy;
  if (target === undefined)
    throw refuse('Redrive policy does not contain mandatory attribute: deadLetterTargetArn.');
  if (count === undefined)
    throw refuse('Redrive policy does not contain mandatory attribute: maxReceiveCount.');
  if (!(Number(count) >= 1 && Number(count) <= 1000)) {
    throw refuse(
      `Invalid value for maxReceiveCount: ${count}, valid values are from 1 to 1000 both inclusive.`,
    );
  }
  const there = [...call.state.queues.values()].some((queue) => queue.arn === target);
  if (!there) throw refuse('Dead letter target does not exist.');
}

/** Everything that GetQueueAttributes can answer about a queue now. */
export function attributesOf(queue: Queue, now: number): Record<string, string> {
  const policy = queue.policy.read(now);
  const messages = queue._messages;
  const waiting = messages.filter((message) => message.visibleAt > now);
  const delayed = waiting.filter((message) => message.receives === 0);
  const numbers = [
    'VisibilityTimeout',
    'MaximumMessageSize',
    'MessageRetentionPeriod',
    'DelaySeconds',
    'ReceiveMessageWaitTimeSeconds',
  ];
  const managed = queue.attributes.get('KmsMasterKeyId') ? 'false' : 'true';
  return {
    ...Object.fromEntries(numbers.map((name) => [name, String(seconds(queue, name))])),
    SqsManagedSseEnabled: managed,
    ...Object.fromEntries([...queue.attributes].filter(([, value]) => value !== '')),
    ...(policy ? { Policy: policy } : {}),
    QueueArn: queue.arn,
    CreatedTimestamp: String(Math.floor(queue.created.getTime() / 1000)),
    LastModifiedTimestamp: String(Math.floor(queue.modified.getTime() / 1000)),
    ApproximateNumberOfMessages: String(messages.length - waiting.length),
    ApproximateNumberOfMessagesNotVisible: String(waiting.length - delayed.length),
    ApproximateNumberOfMessagesDelayed: String(delayed.length),
  };
}
