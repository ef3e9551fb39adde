import { allows, parsePolicy } from '../kernel/policy.ts';
import type { World } from '../kernel/world.ts';
import { receive } from './messages.ts';
import { sqs } from './service.ts';
import { enqueue, type Message, type Queue, seconds } from './state.ts';

/** The queue of an ARN, in whichever account and Region it is. */
export function queueByArn(world: World, arn: string): Queue | undefined {
  const [, , service, region = '', account = '', name = ''] = arn.split(':');
  return service === 'sqs' ? world.state(sqs, account, region).queues.get(name) : undefined;
}

/** Who delivers, and for which resource. */
export interface Sender {
  /** `s3.amazonaws.com`, `events.amazonaws.com`. */
  service: string;
  sourceArn: string;
  sourceAccount: string;
}

/** Whether a service may send to the queue: by its policy, and by an encryption key that the service can use. */
export function accepts(world: World, queue: Queue, sender: Sender): boolean {
  const policy = queue.policy.read(world.clock.now());
  // AWS's own key for SQS has a policy that no other service is named in.
  if (!policy || queue.attributes.get('KmsMasterKeyId') === 'alias/aws/sqs') return false;
  return allows(parsePolicy(policy, 'resource'), {
    principal: { kind: 'Service', value: sender.service },
    action: 'sqs:SendMessage',
    resource: queue.arn,
    context: {
      'aws:SourceArn': sender.sourceArn,
      'aws:SourceAccount': sender.sourceAccount,
      'aws:SecureTransport': 'true',
    },
  });
}

/** Sends when the queue is there and lets the sender; otherwise the message is lost, as it would be. */
export function deliver(world: World, arn: string, sender: Sender, body: string): boolean {
  const queue = queueByArn(world, arn);
  if (!queue || !accepts(world, queue, sender)) return false;
  enqueue(queue, { id: world.ids.uuid(), body, now: world.clock.now() });
  return true;
}

/** Receives as a service does that polls for a function: at most `most`, invisible for the queue's own time. */
export function takeMessages(world: World, queue: Queue, most: number): Message[] {
  const state = world.state(sqs, queue.account, queue.region);
  return receive({ world, state }, queue, most, seconds(queue, 'VisibilityTimeout'));
}

/** Deletes a message that was received, unless it has been received again since. */
export function deleteMessage(queue: Queue, message: Message, receipt: string | undefined): void {
  if (message.receipts.at(-1) !== receipt) return;
  queue._messages = queue._messages.filter((each) => each !== message);
}
