import type { Context } from '../context.ts';
import { policy } from '../iam/policy.ts';
import type { Resource } from '../resource.ts';
import { defineQueue, denyWithoutTls, RETENTION_SECONDS } from './queue.ts';

/** Where changes go that could not be carried out, until a person looks. */
export const deadLetterQueue = (context: Context, after: readonly Resource[]): Resource =>
  defineQueue(context, {
    name: context.names.deadLetters.name,
    after,
    wanted: {
      retentionSeconds: RETENTION_SECONDS,
      encryptedBySqs: true,
      policy: policy(denyWithoutTls(context.names.deadLetters.arn)),
    },
  });
