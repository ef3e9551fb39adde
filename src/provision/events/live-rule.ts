import type { Context } from '../context.ts';
import type { Resource } from '../resource.ts';
import { defineRule } from './rule.ts';

/**
 * With `--live eventbridge`: sends the changes of a bucket that tells EventBridge everything to the live queue.
 * Event types: https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html
 */
export function liveRule(context: Context, queue: Resource): Resource {
  const { spec, names } = context;
  return defineRule(context, {
    ...names.liveRule,
    description: `Changes of the images of the rekback stack ${spec.name}`,
    after: [queue],
    pattern: () =>
      spec.live === 'eventbridge'
        ? {
            source: ['aws.s3'],
            'detail-type': ['Object Created', 'Object Deleted', 'Object Restore Completed'],
            detail: {
              bucket: { name: [spec.bucket] },
              ...(spec.prefix !== '' && { object: { key: [{ prefix: spec.prefix }] } }),
            },
          }
        : undefined,
  });
}
