import type { Context } from '../context.ts';
import type { Resource } from '../resource.ts';
import { policy } from './policy.ts';
import {
  detectLabels,
  keepObjects,
  notifyOthers,
  readImages,
  readQuotas,
  receiveChanges,
  removeTrigger,
  submitJobs,
  useIndex,
  writeLogs,
} from './rights.ts';
import { defineRole } from './role.ts';
import { trustService } from './trust.ts';

/** The live function acts as it: labels what changes, starts the backfill that a delivered inventory asks for. */
export function liveRole(context: Context, after: readonly Resource[]): Resource {
  const { names, spec } = context;
  return defineRole(context, {
    after,
    role: names.roles.live,
    description: 'Keeps the index of a rekback stack current',
    trust: trustService('lambda.amazonaws.com', spec, names.function.arn),
    rights: policy(
      receiveChanges(names),
      writeLogs(names.liveLogs),
      ...readImages(context),
      ...keepObjects(names),
      detectLabels(),
      ...readQuotas(context),
      ...useIndex(context, ['Get', 'Head', 'Post', 'Put']),
      ...submitJobs(context, [names.jobs.planner], [names.queues.control]),
      removeTrigger(names),
      ...notifyOthers(context),
    ),
  });
}
