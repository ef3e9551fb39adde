import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueueTagsCommand,
  type QueueAttributeName,
  SetQueueAttributesCommand,
  SQSClient,
  TagQueueCommand,
} from '@aws-sdk/client-sqs';
import { ifThere, isAwsError } from '../../aws/errors.ts';
import { retryWhile } from '../../aws/wait.ts';
import type { Context } from '../context.ts';
import { canonicalOf, canonicalPolicy, type Policy, type Statement } from '../iam/policy.ts';
import { defineResource, type Resource } from '../resource.ts';

/** SQS has every setting as text; equal policies differ as text, so those that are JSON are kept apart. */
export interface QueueConfig {
  visibilitySeconds?: number | undefined;
  retentionSeconds: number | undefined;
  encryptedBySqs: boolean;
  deadLetters?: { queue: string; afterReceives: number } | undefined;
  policy: Policy | undefined;
}

interface QueueOptions {
  name: string;
  after: readonly Resource[];
  wanted: QueueConfig & { policy: Policy };
}

/** 14 days: the most that SQS keeps a message. */
export const RETENTION_SECONDS = 14 * 24 * 60 * 60;

/** A name is free again 60 s after its queue was deleted (API_CreateQueue.html). */
const NAME_FREE_AGAIN = { every: 5000, within: 90_000 };

/** A deleted queue is found for up to a minute. */
const VANISHING = { every: 2000, within: 90_000 };

/** What the live queue and the dead-letter queue have in common. */
export function defineQueue(context: Context, { name, after, wanted }: QueueOptions): Resource {
  const { clients, tags, waiting } = context;
  const sqs = clients(SQSClient);
  const queueUrl = async () =>
    (await ifThere(sqs.send(new GetQueueUrlCommand({ QueueName: name }))))?.QueueUrl;

  return defineResource<QueueConfig>(context, {
    type: 'queue',
    name,
    after,
    tags,
    wanted: () => ({ ...wanted, policy: canonicalOf(wanted.policy) }),
    async read() {
      const QueueUrl = await queueUrl();
      if (QueueUrl === undefined) return undefined;
      // Gone between the calls, or found a minute longer than it was there.
      const found = await ifThere(
        Promise.all([
          sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] })),
          sqs.send(new ListQueueTagsCommand({ QueueUrl })),
        ]),
      );
      if (found === undefined) return undefined;
      const [{ Attributes = {} }, { Tags }] = found;
      return { tags: { ...Tags }, config: configOf(Attributes) };
    },
    async create(config) {
      const Attributes = attributesOf(config, new Set(Object.keys(config)));
      await retryWhile(
        (error) => isAwsError(error, 'QueueDeletedRecently', 'AWS.SimpleQueueService.QueueDeletedRecently'),
        () => sqs.send(new CreateQueueCommand({ QueueName: name, Attributes, tags })),
        NAME_FREE_AGAIN,
        waiting,
      );
    },
    async update(config, fields) {
      const Attributes = attributesOf(config, fields);
      await sqs.send(new SetQueueAttributesCommand({ QueueUrl: await queueUrl(), Attributes }));
    },
    async tag(missing) {
      await sqs.send(new TagQueueCommand({ QueueUrl: await queueUrl(), Tags: missing }));
    },
    async remove() {
      const QueueUrl = await queueUrl();
      if (QueueUrl !== undefined) await sqs.send(new DeleteQueueCommand({ QueueUrl }));
    },
    vanishing: VANISHING,
  });
}

type Attributes = Partial<Record<QueueAttributeName, string>>;

function configOf(attributes: Attributes): QueueConfig {
  const redrive = attributes.RedrivePolicy === undefined ? undefined : JSON.parse(attributes.RedrivePolicy);
  return {
    visibilitySeconds: Number(attributes.VisibilityTimeout),
    retentionSeconds: Number(attributes.MessageRetentionPeriod),
    encryptedBySqs: attributes.SqsManagedSseEnabled === 'true',
    deadLetters: redrive && {
      queue: redrive.deadLetterTargetArn,
      afterReceives: Number(redrive.maxReceiveCount),
    },
    policy: canonicalPolicy(attributes.Policy),
  };
}

function attributesOf(config: QueueConfig, fields: ReadonlySet<string>): Attributes {
  const { deadLetters } = config;
  const redrive = deadLetters && {
    deadLetterTargetArn: deadLetters.queue,
    maxReceiveCount: deadLetters.afterReceives,
  };
  return {
    ...(fields.has('visibilitySeconds') && { VisibilityTimeout: String(config.visibilitySeconds) }),
    ...(fields.has('retentionSeconds') && { MessageRetentionPeriod: String(config.retentionSeconds) }),
    ...(fields.has('encryptedBySqs') && { SqsManagedSseEnabled: String(config.encryptedBySqs) }),
    ...(fields.has('deadLetters') && { RedrivePolicy: JSON.stringify(redrive) }),
    ...(fields.has('policy') && { Policy: JSON.stringify(config.policy) }),
  };
}

/** Nobody may speak to it without TLS. */
export const denyWithoutTls = (arn: string): Statement => ({
  Sid: 'DenyWithoutTls',
  Effect: 'Deny',
  Principal: '*',
  Action: 'sqs:*',
  Resource: arn,
  Condition: { Bool: { 'aws:SecureTransport': 'false' } },
});
