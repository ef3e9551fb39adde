import type { Context } from '../context.ts';
import { policy } from '../iam/policy.ts';
import { FUNCTION_TIMEOUT } from '../lambda/live-function.ts';
import type { Resource } from '../resource.ts';
import { defineQueue, denyWithoutTls, RETENTION_SECONDS } from './queue.ts';

/**
 * A message that could not be carried out comes again this often before it is a dead letter. In the tens, because
 * waiting for the labeler's quota must not make dead letters.
 */
const RECEIVES = 50;

/** Seconds; at least six times the function's: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html */
const VISIBILITY = 6 * FUNCTION_TIMEOUT;

/**
 * Everything that a stack has to react to comes this way: changes of the bucket, delivered inventories, ended jobs.
 */
export const liveQueue = (context: Context, deadLetters: Resource): Resource => {
  const { spec, names } = context;
  const { arn, name } = names.queue;
  const bucketArn = `arn:${spec.partition}:s3:::${spec.bucket}`;
  return defineQueue(context, {
    name,
    after: [deadLetters],
    wanted: {
      visibilitySeconds: VISIBILITY,
      retentionSeconds: RETENTION_SECONDS,
      // The queue's own encryption: S3 and EventBridge may not use the key alias/aws/sqs.
      encryptedBySqs: true,
      deadLetters: { queue: names.deadLetters.arn, afterReceives: RECEIVES },
      policy: policy(
        denyWithoutTls(arn),
        {
          Sid: 'FromBuckets',
          Effect: 'Allow',
          Principal: { Service: 's3.amazonaws.com' },
          Action: 'sqs:SendMessage',
          Resource: arn,
          Condition: {
            ArnLike: { 'aws:SourceArn': [bucketArn, names.bucket.arn] },
            StringEquals: { 'aws:SourceAccount': spec.account },
          },
        },
        {
          Sid: 'FromRules',
          Effect: 'Allow',
          Principal: { Service: 'events.amazonaws.com' },
          Action: 'sqs:SendMessage',
          Resource: arn,
          Condition: {
            ArnEquals: { 'aws:SourceArn': [names.jobStateRule.arn, names.liveRule.arn] },
            StringEquals: { 'aws:SourceAccount': spec.account },
          },
        },
      ),
    },
  });
};
