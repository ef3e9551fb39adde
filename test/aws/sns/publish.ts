import type { World } from '../kernel/world.ts';
import { deliver } from '../sqs/reach.ts';
import type { Topic } from './state.ts';

/** Keeps a message and sends it to the topic's queues whose policies let SNS in. Gives its id. */
export function publish(world: World, topic: Topic, message: string, subject?: string): string {
  const id = world.ids.uuid();
  topic._published.push({ id, message, subject });
  const sender = { service: 'sns.amazonaws.com', sourceArn: topic.arn, sourceAccount: topic.owner };
  for (const { protocol, endpoint, isRaw, arn } of topic.subscriptions.values()) {
    if (protocol !== 'sqs') continue;
    const envelope = {
      Type: 'Notification',
      MessageId: id,
      TopicArn: topic.arn,
      ...(subject !== undefined && { Subject: subject }),
      Message: message,
      Timestamp: world.clock.date().toISOString(),
      SignatureVersion: topic.attributes.get('SignatureVersion') ?? '1',
      Signature: 'c2lnbmF0dXJl',
      SigningCertURL: 'https://sns.example.com/certificate.pem',
      UnsubscribeURL: `https://sns.example.com/?Action=Unsubscribe&SubscriptionArn=${arn}`,
    };
    deliver(world, endpoint, sender, isRaw ? message : JSON.stringify(envelope));
  }
  return id;
}
