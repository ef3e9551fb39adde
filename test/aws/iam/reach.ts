import { allows, parsePolicy } from '../kernel/policy.ts';
import type { World } from '../kernel/world.ts';
import { newLinkedRole } from './role-settings.ts';
import { iam } from './service.ts';
import type { Profile, Role } from './state.ts';

/** The role of this ARN, whoever may see it already. */
export function roleByArn(world: World, arn: string): Role | undefined {
  const [, account = '', name = ''] = /^arn:aws:iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/.exec(arn) ?? [];
  const role = world.state(iam, account, '').roles.get(name)?.latest();
  return role?.arn === arn ? role : undefined;
}

/**
 * Whether a service can act as a role now; `pending` until the role has propagated, `untrusted` when its policy says no.
 * `sourceArn`: the resource that the service acts for, which a policy may name under `aws:SourceArn`.
 */
export function assumable(
  world: World,
  arn: string,
  service: string,
  sourceArn?: string,
): 'yes' | 'pending' | 'untrusted' | 'missing' {
  const role = roleByArn(world, arn);
  if (!role) return 'missing';
  if (world.clock.now() < role._propagatedAt) return 'pending';
  const trusted = allows(parsePolicy(role.trust, 'trust'), {
    principal: { kind: 'Service', value: service },
    action: 'sts:AssumeRole',
    resource: arn,
    context: {
      'aws:SourceAccount': arn.split(':')[4] ?? '',
      ...(sourceArn !== undefined && { 'aws:SourceArn': sourceArn }),
    },
  });
  return trusted ? 'yes' : 'untrusted';
}

/** The account's service-linked role `name` of a service, which the service makes itself when it is not there yet. */
export function linkedRole(world: World, account: string, service: string, name: string): Role {
  const state = world.state(iam, account, '');
  return state.roles.get(name)?.latest() ?? newLinkedRole({ world, state, account }, service, name);
}

/** The instance profile of this name or ARN, whoever may see it already. */
export function profileByName(world: World, account: string, nameOrArn: string): Profile | undefined {
  const profile = world
    .state(iam, account, '')
    .profiles.get(nameOrArn.split('/').at(-1) ?? '')
    ?.latest();
  return nameOrArn.startsWith('arn:') && profile?.arn !== nameOrArn ? undefined : profile;
}

/** Principals of a policy that do not exist, or not yet: what services answer "Invalid principal" to. */
export function unknownPrincipals(world: World, principals: readonly string[]): string[] {
  return principals.filter((principal) => {
    if (
      principal === '*' ||
      /^\d{12}$/.test(principal) ||
      /^arn:aws:iam::\d{12}:(root|user\/.+)$/.test(principal)
    ) {
      return false;
    }
    const role = roleByArn(world, principal);
    return !role || world.clock.now() < role._propagatedAt;
  });
}
