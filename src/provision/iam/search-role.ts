import type { Context } from '../context.ts';
import type { Resource } from '../resource.ts';
import { policy } from './policy.ts';
import { endScans, useIndex } from './rights.ts';
import { defineRole } from './role.ts';
import { trustAccount } from './trust.ts';

/** Whoever searches acts as it: reads the index, nothing else. */
export const searchRole = (context: Context, after: readonly Resource[]): Resource =>
  defineRole(context, {
    after,
    role: context.names.roles.search,
    description: 'Searches the index of a rekback stack',
    trust: trustAccount(context.spec),
    rights: policy(...useIndex(context, ['Get', 'Head', 'Post']), ...endScans(context)),
  });
