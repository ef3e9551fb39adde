import { operations } from '../kernel/operation.ts';
import { blob, int, list, map, need, str, struct } from '../kernel/shape.ts';
import { redriveOf } from './attributes.ts';
import { about, QueueUrl } from './queues.ts';
import {
  enqueue,
  type Message,
  md5,
  type Queue,
  queueAt,
  type SqsCall,
  type SqsState,
  seconds,
  sqsError,
} from './state.ts';

const op = operations<SqsState>();
const id = need(str());
const attribute = struct({ DataType: need(str()), StringValue: str(), BinaryValue: blob() });
const sending = {
  MessageBody: need(str()),
  DelaySeconds: int(0, 900),
  MessageAttributes: map(attribute),
  MessageGroupId: str({ min: 1, max: 128 }),
};

/** XML 1.0's characters: others SQS refuses. */
const ALLOWED = /^[\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]*$/u;

interface Sent {
  MessageBody: string;
  DelaySeconds?: number | undefined;
  MessageAttributes?: Record<string, unknown> | undefined;
}

function send(call: SqsCall, queue: Queue, given: Sent) {
  const { MessageBody: body, DelaySeconds: delay, MessageAttributes: attributes } = given;
  if (body === '') throw sqsError('MissingParameter', 'The request must contain the parameter MessageBody.');
  if (!ALLOWED.test(body))
    throw sqsError('InvalidMessageContents', 'Invalid characters found in the message.');
  if (Buffer.byteLength(body) > seconds(queue, 'MaximumMessageSize')) {
    const limit = seconds(queue, 'MaximumMessageSize');
    throw sqsError(
      'InvalidParameterValue',
      `One or more parameters are invalid. Reason: Message must be shorter than ${limit} bytes.`,
    );
  }
  const message = call.world.ids.uuid();
  enqueue(queue, {
    id: message,
    body,
    now: call.world.clock.now(),
    system: { SenderId: call.principal.userId },
    ...(delay !== undefined && { delay }),
    ...(attributes && { attributes }),
  });
  return { MessageId: message, MD5OfMessageBody: md5(body) };
}

/** Each entry by itself: what fails is told, the others are done. */
function batch<E extends { Id: string }>(entries: readonly E[], each: (entry: E) => object) {
  if (entries.length === 0) {
    throw sqsError(
      'EmptyBatchRequest',
      'There should be at least one entry in the request.',
      'AWS.SimpleQueueService.EmptyBatchRequest',
    );
  }
  if (entries.length > 10) {
    throw sqsError(
      'TooManyEntriesInBatchRequest',
      `Maximum number of entries per request are 10. You have sent ${entries.length}.`,
      'AWS.SimpleQueueService.TooManyEntriesInBatchRequest',
    );
  }
  const wrong = entries.find((entry) => !/^[\w-]{1,80}$/.test(entry.Id));
  if (wrong) {
    throw sqsError(
      'InvalidBatchEntryId',
      'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
      'AWS.SimpleQueueService.InvalidBatchEntryId',
    );
  }
  if (new Set(entries.map((entry) => entry.Id)).size !== entries.length) {
    throw sqsError(
      'BatchEntryIdsNotDistinct',
      'Two or more batch entries in the request have the same Id.',
      'AWS.SimpleQueueService.BatchEntryIdsNotDistinct',
    );
  }
  const Successful: object[] = [];
  const Failed: object[] = [];
  for (const entry of entries) {
    try {
      Successful.push({ Id: entry.Id, ...each(entry) });
    } catch (error) {
      const { code = 'InternalError', message } = error as Error & { code?: string };
      Failed.push({ Id: entry.Id, SenderFault: true, Code: code.split('#').at(-1), Message: message });
    }
  }
  return { ...(Successful.length > 0 && { Successful }), ...(Failed.length > 0 && { Failed }) };
}

/** Takes what is visible now; what was received too often goes to the dead-letter queue instead. `visibility` in seconds. */
export function receive(
  call: Pick<SqsCall, 'world' | 'state'>,
  queue: Queue,
  most: number,
  visibility: number,
): Message[] {
  const now = call.world.clock.now();
  const oldest = now - seconds(queue, 'MessageRetentionPeriod') * 1000;
  queue._messages = queue._messages.filter((message) => message.sentAt > oldest);
  const redrive = redriveOf(queue);
  const taken: Message[] = [];
  for (const message of [...queue._messages]) {
    if (taken.length === most) break;
    if (message.visibleAt > now) continue;
    const dead = redrive && message.receives >= redrive.maxReceiveCount;
    const target =
      dead && [...call.state.queues.values()].find((each) => each.arn === redrive.deadLetterTargetArn);
    if (target) {
      queue._messages.splice(queue._messages.indexOf(message), 1);
      enqueue(target, {
        id: message.id,
        body: message.body,
        now,
        sentAt: message.sentAt,
        attributes: message.attributes,
        system: message.system,
        receives: message.receives,
        deadFrom: queue.arn,
      });
      continue;
    }
    message.receives++;
    message.firstReceivedAt ??= now;
    message.visibleAt = now + visibility * 1000;
    message.receipts.push(call.world.ids.make(`${message.id}.`, 'word', 24));
    taken.push(message);
  }
  return taken;
}

function byReceipt(queue: Queue, receipt: string): Message | undefined {
  if (!/^[0-9a-f-]{36}\.\w{24}$/.test(receipt)) {
    throw sqsError(
      'ReceiptHandleIsInvalid',
      `The input receipt handle "${receipt}" is not a valid receipt handle.`,
    );
  }
  return queue._messages.find((message) => message.receipts.at(-1) === receipt);
}

function remove(queue: Queue, receipt: string): void {
  const message = byReceipt(queue, receipt);
  if (message) queue._messages.splice(queue._messages.indexOf(message), 1);
}

function changeVisibility(call: SqsCall, queue: Queue, receipt: string, timeout: number): void {
  if (timeout < 0 || timeout > 43_200) {
    throw sqsError(
      'InvalidParameterValue',
      `Value ${timeout} for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200, if provided.`,
    );
  }
  const message = byReceipt(queue, receipt);
  const now = call.world.clock.now();
  if (!message || message.visibleAt <= now) {
    throw sqsError(
      'InvalidParameterValue',
      `Value ${receipt} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.`,
    );
  }
  message.visibleAt = now + timeout * 1000;
}

export const messageOperations = [
  op(
    'SendMessage',
    'Write',
    struct({ QueueUrl, ...sending }),
    (call, input) => send(call, queueAt(call, input.QueueUrl), input),
    about,
  ),
  op(
    'SendMessageBatch',
    'Write',
    struct({ QueueUrl, Entries: need(list(struct({ Id: id, ...sending }))) }),
    (call, { QueueUrl: url, Entries }) => {
      const queue = queueAt(call, url);
      if (Entries.reduce((sum, entry) => sum + Buffer.byteLength(entry.MessageBody), 0) > 1_048_576) {
        throw sqsError(
          'BatchRequestTooLong',
          'Batch requests cannot be longer than 1048576 bytes.',
          'AWS.SimpleQueueService.BatchRequestTooLong',
        );
      }
      return batch(Entries, (entry) => send(call, queue, entry));
    },
    { ...about, action: 'SendMessage' },
  ),
  op(
    'ReceiveMessage',
    'Read',
    struct({
      QueueUrl,
      AttributeNames: list(str()),
      MessageSystemAttributeNames: list(
        str({
          oneOf: [
            'All',
            'SenderId',
            'SentTimestamp',
            'ApproximateReceiveCount',
            'ApproximateFirstReceiveTimestamp',
            'SequenceNumber',
            'MessageDeduplicationId',
            'MessageGroupId',
            'AWSTraceHeader',
            'DeadLetterQueueSourceArn',
          ],
        }),
      ),
      MessageAttributeNames: list(str()),
      MaxNumberOfMessages: int(1, 10),
      VisibilityTimeout: int(0, 43_200),
      WaitTimeSeconds: int(0, 20),
    }),
    async (call, input) => {
      const queue = queueAt(call, input.QueueUrl);
      const visibility = input.VisibilityTimeout ?? seconds(queue, 'VisibilityTimeout');
      const take = () => receive(call, queue, input.MaxNumberOfMessages ?? 1, visibility);
      let messages = take();
      // On a virtual clock nothing would ever come while the call waits: it answers at once.
      const wait = (input.WaitTimeSeconds ?? seconds(queue, 'ReceiveMessageWaitTimeSeconds')) * 1000;
      const end = call.world.clock.now() + wait;
      while (messages.length === 0 && call.world.clock.isReal && call.world.clock.now() < end) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        messages = take();
      }
      const names: string[] = [...(input.AttributeNames ?? []), ...(input.MessageSystemAttributeNames ?? [])];
      const asked = (name: string) => names.includes('All') || names.includes(name);
      if (messages.length === 0) return {};
      return {
        Messages: messages.map((message) => {
          const system = Object.entries(systemAttributes(message)).filter(([name]) => asked(name));
          const own = Object.entries(message.attributes).filter(([name]) =>
            input.MessageAttributeNames?.some((each) => each === 'All' || each === name),
          );
          return {
            MessageId: message.id,
            ReceiptHandle: message.receipts.at(-1),
            MD5OfBody: md5(message.body),
            Body: message.body,
            ...(system.length > 0 && { Attributes: Object.fromEntries(system) }),
            ...(own.length > 0 && { MessageAttributes: Object.fromEntries(own) }),
          };
        }),
      };
    },
    about,
  ),
  op(
    'DeleteMessage',
    'Write',
    struct({ QueueUrl, ReceiptHandle: need(str()) }),
    (call, { QueueUrl: url, ReceiptHandle }) => remove(queueAt(call, url), ReceiptHandle),
    about,
  ),
  op(
    'DeleteMessageBatch',
    'Write',
    struct({ QueueUrl, Entries: need(list(struct({ Id: id, ReceiptHandle: need(str()) }))) }),
    (call, { QueueUrl: url, Entries }) => {
      const queue = queueAt(call, url);
      return batch(Entries, (entry) => {
        remove(queue, entry.ReceiptHandle);
        return {};
      });
    },
    { ...about, action: 'DeleteMessage' },
  ),
  op(
    'ChangeMessageVisibility',
    'Write',
    struct({ QueueUrl, ReceiptHandle: need(str()), VisibilityTimeout: need(int()) }),
    (call, { QueueUrl: url, ReceiptHandle, VisibilityTimeout }) =>
      changeVisibility(call, queueAt(call, url), ReceiptHandle, VisibilityTimeout),
    about,
  ),
  op(
    'ChangeMessageVisibilityBatch',
    'Write',
    struct({
      QueueUrl,
      Entries: need(list(struct({ Id: id, ReceiptHandle: need(str()), VisibilityTimeout: int() }))),
    }),
    (call, { QueueUrl: url, Entries }) => {
      const queue = queueAt(call, url);
      return batch(Entries, (entry) => {
        changeVisibility(call, queue, entry.ReceiptHandle, entry.VisibilityTimeout ?? 0);
        return {};
      });
    },
    { ...about, action: 'ChangeMessageVisibility' },
  ),
];

/** What ReceiveMessage tells of a message beside its own attributes. */
export function systemAttributes(message: Message): Record<string, string> {
  return {
    ...message.system,
    SentTimestamp: String(message.sentAt),
    ApproximateReceiveCount: String(message.receives),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
    ...(message.deadFrom !== undefined && { DeadLetterQueueSourceArn: message.deadFrom }),
  };
}
