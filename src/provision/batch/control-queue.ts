import type { Context } from '../context.ts';
import type { Resource } from '../resource.ts';
import { defineJobQueue } from './queue.ts';

/** For planners, retries and small runs. */
export const controlQueue = (context: Context, environment: Resource): Resource =>
  defineJobQueue(context, {
    queue: context.names.queues.control,
    environment: context.names.environments.control,
    priority: 10,
    after: [environment],
  });
