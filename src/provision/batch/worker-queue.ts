import type { Context } from '../context.ts';
import type { Resource } from '../resource.ts';
import { defineJobQueue } from './queue.ts';

/** For the chunks of a backfill. */
export const workerQueue = (context: Context, environment: Resource): Resource =>
  defineJobQueue(context, {
    queue: context.names.queues.workers,
    environment: context.names.environments.workers,
    priority: 1,
    after: [environment],
  });
