import type { Context } from '../context.ts';
import { type Policy, policy, type Statement } from '../iam/policy.ts';

type Method = 'Get' | 'Head' | 'Post' | 'Put' | 'Delete';

/**
 * Who may send what to the domain: the stack's own roles, each its own HTTP methods, because within an account this alone
 * allows, whatever a role's own rights say. What a role may do to which index is decided by the index itself. The planner
 * has nothing to do there.
 */
export function accessPolicy({ names: { roles, domain } }: Context): Policy {
  const allow = (Sid: string, arns: readonly string[], methods: readonly Method[]): Statement => ({
    Sid,
    Effect: 'Allow',
    Principal: { AWS: arns },
    Action: methods.map((method) => `es:ESHttp${method}`),
    Resource: `${domain.arn}/*`,
  });
  return policy(
    allow('Administer', [roles.admin.arn], ['Get', 'Head', 'Post', 'Put', 'Delete']),
    allow('Write', [roles.worker.arn, roles.live.arn], ['Get', 'Head', 'Post', 'Put']),
    allow('Search', [roles.search.arn], ['Get', 'Head', 'Post']),
  );
}
