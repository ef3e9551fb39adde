import { roleByArn } from '../../aws/iam/reach.ts';
import { iam } from '../../aws/iam/service.ts';
import type { Role } from '../../aws/iam/state.ts';
import type { Authorize, World } from '../../aws/kernel/world.ts';
import type { PolicyDocument } from './lint.ts';
import { isAllowed, type Subject } from './simulate.ts';

/** What a role was refused, or was asked for: `role action resource`. */
export interface Decision {
  role: string;
  action: string;
  resource: string;
  allowed: boolean;
}

interface Options {
  /** Managed policies that are not in the double's IAM (those of AWS), by ARN. */
  managed?: Readonly<Record<string, PolicyDocument>>;
  /** Condition keys of a call: the double tells who, what and on what, not more. */
  context?: (action: string, resource: string) => Readonly<Record<string, string | string[]>>;
  /** Gets every decision: which rights a role used is worth a test of its own. */
  decided?: (decision: Decision) => void;
}

/**
 * For the double's `world.authorize`: every call of an assumed role is decided by the simulator, from the policies that the
 * role has in the double's IAM at that moment, its boundary included. Who assumed no role (the administrator) may do
 * everything. A statement with conditions allows only what `context` fulfils; `aws:PrincipalAccount` is known by itself.
 */
export function authorizer(
  world: World,
  { managed = {}, context = () => ({}), decided }: Options = {},
): Authorize {
  return ({ role: arn, account }, action, resource) => {
    if (arn === undefined) return true;
    const role = roleByArn(world, arn);
    if (!role) return 'because the role no longer exists';
    const allowed = isAllowed(subjectOf(world, role, managed), {
      action,
      resource,
      context: { 'aws:PrincipalAccount': account, ...context(action, resource) },
    });
    decided?.({ role: role.name, action, resource, allowed });
    return allowed || 'because no identity-based policy allows the action';
  };
}

function subjectOf(world: World, role: Role, managed: Readonly<Record<string, PolicyDocument>>): Subject {
  const document = (arn: string): PolicyDocument => {
    const own = world.state(iam, arn.split(':')[4] ?? '', '').policies.get(arn);
    const found = own ? (JSON.parse(own.document) as PolicyDocument) : managed[arn];
    if (!found) throw new Error(`the policy ${arn} of role ${role.name} is not known`);
    return found;
  };
  const inline = [...role.inline].map(([name, text]) => [name, JSON.parse(text) as PolicyDocument] as const);
  const attached = [...role.attached].map((arn) => [arn, document(arn)] as const);
  return {
    principal: role.arn,
    identityPolicies: Object.fromEntries([...inline, ...attached]),
    ...(role.boundary !== undefined && { permissionsBoundary: document(role.boundary) }),
  };
}
