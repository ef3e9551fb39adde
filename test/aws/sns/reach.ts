import { allows, parsePolicy } from '../kernel/policy.ts';
import type { World } from '../kernel/world.ts';
import { publish } from './publish.ts';
import { sns } from './service.ts';
import type { Topic } from './state.ts';

/** Who publishes, and for which resource. */
interface Sender {
  service: string;
  sourceArn: string;
  sourceAccount: string;
}

/** The topic of an ARN, in whichever account and Region it is. */
export function topicByArn(world: World, arn: string): Topic | undefined {
  const [, , service, region = '', account = '', name = ''] = arn.split(':');
  return service === 'sns' ? world.state(sns, account, region).topics.get(name) : undefined;
}

/** Whether the topic's policy lets a service publish; AWS's own key for SNS lets none. */
export function topicAccepts(topic: Topic, sender: Sender): boolean {
  if (topic.attributes.get('KmsMasterKeyId') === 'alias/aws/sns') return false;
  return allows(parsePolicy(topic.attributes.get('Policy') ?? '', 'resource'), {
    principal: { kind: 'Service', value: sender.service },
    action: 'sns:Publish',
    resource: topic.arn,
    context: { 'aws:SourceArn': sender.sourceArn, 'aws:SourceAccount': sender.sourceAccount },
  });
}

/** Publishes for a service where topic and policy allow it; otherwise the message is lost, as it would be. */
export function deliverToTopic(
  world: World,
  arn: string,
  sender: Sender,
  message: string,
  subject: string,
): void {
  const topic = topicByArn(world, arn);
  if (topic && topicAccepts(topic, sender)) publish(world, topic, message, subject);
}
