import type { Context } from '../context.ts';
import type { Resource } from '../resource.ts';
import { defineRule } from './rule.ts';

/** Tells the live function that a job of the stack ended, so that a run's ledger is made final. */
export const jobStateRule = (context: Context, queue: Resource): Resource =>
  defineRule(context, {
    ...context.names.jobStateRule,
    description: `Ended jobs of the rekback stack ${context.spec.name}`,
    after: [queue],
    pattern: () => ({
      source: ['aws.batch'],
      'detail-type': ['Batch Job State Change'],
      detail: {
        jobQueue: [context.names.queues.control.arn, context.names.queues.workers.arn],
        status: ['SUCCEEDED', 'FAILED'],
      },
    }),
  });
