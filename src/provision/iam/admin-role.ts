import type { Context } from '../context.ts';
import type { Resource } from '../resource.ts';
import { policy } from './policy.ts';
import { useIndex } from './rights.ts';
import { defineRole } from './role.ts';
import { trustAccount } from './trust.ts';

/** The domain's own administrator: setup and the operator's commands act as it, not as whoever runs them. */
export const adminRole = (context: Context, after: readonly Resource[]): Resource =>
  defineRole(context, {
    after,
    role: context.names.roles.admin,
    description: 'Administers the index of a rekback stack',
    trust: trustAccount(context.spec),
    rights: policy(...useIndex(context, ['Get', 'Head', 'Post', 'Put', 'Delete'])),
  });
