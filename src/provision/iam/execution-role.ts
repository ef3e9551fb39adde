import type { Context } from '../context.ts';
import type { Resource } from '../resource.ts';
import { policy } from './policy.ts';
import { pullImage, writeLogs } from './rights.ts';
import { defineRole } from './role.ts';
import { trustTasks } from './trust.ts';

/** What starts a job's container acts as it: pulls the image, opens the log. */
export const executionRole = (context: Context, after: readonly Resource[]): Resource =>
  defineRole(context, {
    after,
    role: context.names.roles.execution,
    description: 'Starts the containers of a rekback stack',
    trust: trustTasks(context.spec),
    rights: policy(...pullImage(context), writeLogs(context.names.jobLogs)),
  });
