import type { Context } from '../context.ts';
import type { Resource } from '../resource.ts';
import { policy } from './policy.ts';
import { detectLabels, keepObjects, readImages, useIndex } from './rights.ts';
import { defineRole } from './role.ts';
import { trustTasks } from './trust.ts';

/** A worker acts as it: labels images and writes the index. */
export const workerRole = (context: Context, after: readonly Resource[]): Resource =>
  defineRole(context, {
    after,
    role: context.names.roles.worker,
    description: 'Labels images for a rekback stack',
    trust: trustTasks(context.spec),
    rights: policy(
      ...readImages(context),
      ...keepObjects(context.names),
      detectLabels(),
      ...useIndex(context, ['Get', 'Head', 'Post', 'Put']),
    ),
  });
