import { createHash } from 'node:crypto';
import type { Delayed } from '../kernel/delayed.ts';
import { AwsError } from '../kernel/errors.ts';
import type { Call } from '../kernel/operation.ts';

export interface Message {
  id: string;
  body: string;
  sentAt: number;
  /** Not received before then. */
  visibleAt: number;
  receives: number;
  firstReceivedAt: number | undefined;
  /** Handles it was ever received under; the last one is good for deleting. */
  receipts: string[];
  attributes: Record<string, unknown>;
  system: Record<string, string>;
  /** ARN of the queue that it was moved from. */
  deadFrom: string | undefined;
}

export interface Queue {
  name: string;
  arn: string;
  region: string;
  account: string;
  created: Date;
  modified: Date;
  /** As set, without `Policy`. */
  attributes: Map<string, string>;
  policy: Delayed<string | undefined>;
  tags: Map<string, string>;
  /** Not part of the dump: how many test events and retries lie in a queue is no property of a set-up. */
  _messages: Message[];
  _purgedAt: number | undefined;
}

export interface SqsState {
  queues: Map<string, Queue>;
  /** When queues of these names were deleted. */
  _deleted: Map<string, number>;
  /** Message moves, newest first. */
  _moves: {
    handle: string;
    source: string;
    destination: string | undefined;
    moved: number;
    started: number;
  }[];
}

export type SqsCall = Call<SqsState>;

/** SQS's errors carry the code of the old query form beside the JSON one. */
export function sqsError(code: string, message: string, queryCode = code): AwsError {
  return new AwsError(`com.amazonaws.sqs#${code}`, message, {
    headers: { 'x-amzn-query-error': `${queryCode};Sender` },
  });
}

export function queueNamed(call: SqsCall, name: string): Queue {
  const queue = call.state.queues.get(name);
  if (!queue) {
    throw sqsError(
      'QueueDoesNotExist',
      'The specified queue does not exist.',
      'AWS.SimpleQueueService.NonExistentQueue',
    );
  }
  return queue;
}

/** The queue of a `QueueUrl`: `ORIGIN/ACCOUNT/NAME`. */
export function queueAt(call: SqsCall, url: string): Queue {
  const [, account, name] = /\/(\d{12})\/([^/]+)$/.exec(url) ?? [];
  if (name === undefined)
    throw sqsError('InvalidAddress', `The address ${url} is not valid for this endpoint.`);
  if (account !== call.account)
    throw sqsError('AccessDeniedException', `Access to the resource ${url} is denied.`, 'AccessDenied');
  return queueNamed(call, name);
}

export function urlOf(call: SqsCall, queue: Queue): string {
  return `${call.origin}/${queue.account}/${queue.name}`;
}

export function seconds(queue: Queue, attribute: string): number {
  return Number(queue.attributes.get(attribute) ?? DEFAULTS[attribute] ?? 0);
}

/** Values of a queue that names none. */
const DEFAULTS: Readonly<Record<string, string>> = {
  VisibilityTimeout: '30',
  MaximumMessageSize: '1048576',
  MessageRetentionPeriod: '345600',
  DelaySeconds: '0',
  ReceiveMessageWaitTimeSeconds: '0',
  SqsManagedSseEnabled: 'true',
};

export function md5(text: string | Buffer): string {
  return createHash('md5').update(text).digest('hex');
}

/** Puts a message into a queue; `delay` in seconds. */
export function enqueue(
  queue: Queue,
  given: { id: string; body: string; now: number; delay?: number } & Partial<Message>,
): void {
  const { now, delay = seconds(queue, 'DelaySeconds'), ...rest } = given;
  queue._messages.push({
    sentAt: now,
    visibleAt: now + delay * 1000,
    receives: 0,
    firstReceivedAt: undefined,
    receipts: [],
    attributes: {},
    system: {},
    deadFrom: undefined,
    ...rest,
  });
}
