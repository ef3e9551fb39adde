import type { Context } from '../context.ts';
import type { Resource } from '../resource.ts';
import { policy } from './policy.ts';
import { keepObjects, readImages, readQuotas, submitJobs } from './rights.ts';
import { defineRole } from './role.ts';
import { trustTasks } from './trust.ts';

/** The planner acts as it: reads rows, writes chunks, submits the workers. It labels nothing. */
export const plannerRole = (context: Context, after: readonly Resource[]): Resource =>
  defineRole(context, {
    after,
    role: context.names.roles.planner,
    description: 'Plans the backfills of a rekback stack',
    trust: trustTasks(context.spec),
    rights: policy(
      ...readImages(context),
      ...keepObjects(context.names),
      ...readQuotas(context),
      ...submitJobs(
        context,
        [context.names.jobs.worker],
        [context.names.queues.workers, context.names.queues.control],
      ),
    ),
  });
