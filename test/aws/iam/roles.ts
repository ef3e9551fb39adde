import { AwsError } from '../kernel/errors.ts';
import { operations } from '../kernel/operation.ts';
import { PolicyError, parsePolicy } from '../kernel/policy.ts';
import { int, list, need, str, struct, tag } from '../kernel/shape.ts';
import {
  appear,
  arnOf,
  type IamCall,
  type IamState,
  noSuchEntity,
  type Role,
  roleNamed,
  tagList,
  tagMap,
} from './state.ts';

const op = operations<IamState>();
export const roleName = need(str({ min: 1, max: 64, pattern: /^[\w+=,.@-]+$/ }));
export const path = str({ max: 512, pattern: /^(\/|\/[!-~]+\/)$/ });
export const tags = list(tag(), { max: 50 });
export const policyArn = str({ min: 20, max: 2048 });
const document = need(str({ min: 1, max: 131_072 }));
const about = {
  resource: ({ RoleName }: { RoleName: string }, call: IamCall) =>
    call.state.roles.get(RoleName)?.latest()?.arn ?? arnOf(call, 'role', '/', RoleName),
};

/** IAM's policy documents come back percent-encoded after RFC 3986. */
export function encoded(document: string): string {
  return encodeURIComponent(document).replace(
    /[!'()*]/g,
    (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function checkTrust(call: IamCall, text: string): void {
  const statements = checkedPolicy(text, 'trust');
  for (const { Principal: principal } of statements) {
    for (const arn of principal === '*' ? [] : (principal?.AWS ?? [])) {
      const [, account, name = ''] = /^arn:aws:iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/.exec(arn) ?? [];
      const there = account !== call.account || call.state.roles.get(name)?.latest();
      if (!there) throw malformed(`Invalid principal in policy: "AWS":"${arn}"`);
    }
  }
}

function checkedPolicy(text: string, kind: 'identity' | 'trust') {
  try {
    return parsePolicy(text, kind);
  } catch (error) {
    if (error instanceof PolicyError) throw malformed(error.message);
    throw error;
  }
}

function malformed(message: string): AwsError {
  return new AwsError('MalformedPolicyDocument', message);
}

function describe(role: Role) {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.id,
    Arn: role.arn,
    CreateDate: role.created,
    AssumeRolePolicyDocument: encoded(role.trust),
    Description: role.description,
    MaxSessionDuration: role.maxSession,
  };
}

function describeFully(role: Role) {
  return {
    ...describe(role),
    ...(role.boundary !== undefined && {
      PermissionsBoundary: { PermissionsBoundaryType: 'Policy', PermissionsBoundaryArn: role.boundary },
    }),
    ...(role.tags.size > 0 && { Tags: tagList(role.tags) }),
    RoleLastUsed: {},
  };
}

export function requirePolicy(call: IamCall, arn: string): void {
  if (!arn.startsWith('arn:aws:iam::aws:policy/') && !call.state.policies.has(arn)) {
    throw noSuchEntity(`Policy ${arn} does not exist or is not attachable.`);
  }
}

/** Where a role is made: by a request, or by another service. */
export type NewRoleCall = Pick<IamCall, 'world' | 'state' | 'account'>;

/** A role in this account; `linkedTo` for the service-linked ones. */
export function newRole(
  call: NewRoleCall,
  given: Pick<Role, 'name' | 'path' | 'trust'> & Partial<Role>,
): Role {
  const now = call.world.clock.now();
  const role: Role = {
    id: call.world.ids.make('AROA', 'base32', 17),
    arn: arnOf(call, 'role', given.path, given.name),
    created: call.world.clock.date(),
    description: undefined,
    maxSession: 3600,
    boundary: undefined,
    tags: new Map(),
    inline: new Map(),
    attached: new Set(),
    _propagatedAt: now + call.world.delays.iamPropagation,
    ...given,
  };
  appear(call, call.state.roles, role.name, role);
  return role;
}

function updatable(call: IamCall, name: string): Role {
  const role = roleNamed(call, name);
  if (role.linkedTo !== undefined) {
    throw new AwsError(
      'UnmodifiableEntity',
      `Cannot perform the operation on the protected role '${name}' - this role is only modifiable by AWS`,
    );
  }
  return role;
}

export const roleOperations = [
  op(
    'CreateRole',
    'Write',
    struct({
      Path: path,
      RoleName: roleName,
      AssumeRolePolicyDocument: document,
      Description: str({ max: 1000 }),
      MaxSessionDuration: int(3600, 43_200),
      PermissionsBoundary: policyArn,
      Tags: tags,
    }),
    (call, input) => {
      if (call.state.roles.get(input.RoleName)?.latest()) {
        throw new AwsError('EntityAlreadyExists', `Role with name ${input.RoleName} already exists.`, {
          status: 409,
        });
      }
      checkTrust(call, input.AssumeRolePolicyDocument);
      if (input.PermissionsBoundary !== undefined) requirePolicy(call, input.PermissionsBoundary);
      const role = newRole(call, {
        name: input.RoleName,
        path: input.Path ?? '/',
        trust: input.AssumeRolePolicyDocument,
        description: input.Description,
        maxSession: input.MaxSessionDuration ?? 3600,
        boundary: input.PermissionsBoundary,
        tags: tagMap(input.Tags),
      });
      return { Role: describeFully(role) };
    },
    { resource: ({ RoleName, Path }, call) => arnOf(call, 'role', Path ?? '/', RoleName) },
  ),
  op(
    'GetRole',
    'Read',
    struct({ RoleName: roleName }),
    (call, { RoleName }) => ({ Role: describeFully(roleNamed(call, RoleName)) }),
    about,
  ),
  op(
    'ListRoles',
    'List',
    struct({ PathPrefix: str({ max: 512 }), MaxItems: int(1, 1000), Marker: str() }),
    (call, { PathPrefix = '/' }) => ({
      IsTruncated: false,
      Roles: [...call.state.roles.values()]
        .flatMap((role) => role.read(call.world.clock.now()) ?? [])
        .filter((role) => role.path.startsWith(PathPrefix))
        .map(describe),
    }),
  ),
  op(
    'UpdateRole',
    'Write',
    struct({ RoleName: roleName, Description: str({ max: 1000 }), MaxSessionDuration: int(3600, 43_200) }),
    (call, input) => {
      const role = updatable(call, input.RoleName);
      if (input.Description !== undefined) role.description = input.Description;
      if (input.MaxSessionDuration !== undefined) role.maxSession = input.MaxSessionDuration;
      return {};
    },
    about,
  ),
  op(
    'UpdateAssumeRolePolicy',
    'Permissions management',
    struct({ RoleName: roleName, PolicyDocument: document }),
    (call, { RoleName, PolicyDocument }) => {
      checkTrust(call, PolicyDocument);
      updatable(call, RoleName).trust = PolicyDocument;
      return {};
    },
    about,
  ),
  op(
    'DeleteRole',
    'Write',
    struct({ RoleName: roleName }),
    (call, { RoleName }) => {
      const role = updatable(call, RoleName);
      const inProfile = [...call.state.profiles.values()].some((profile) =>
        profile.latest()?.roles.includes(RoleName),
      );
      const rest =
        (inProfile && 'must remove roles from instance profile first.') ||
        (role.attached.size > 0 && 'must detach all policies first.') ||
        (role.inline.size > 0 && 'must delete policies first.');
      if (rest) throw new AwsError('DeleteConflict', `Cannot delete entity, ${rest}`, { status: 409 });
      call.state.roles.delete(RoleName);
      return {};
    },
    about,
  ),
  op(
    'PutRolePolicy',
    'Permissions management',
    struct({
      RoleName: roleName,
      PolicyName: need(str({ min: 1, max: 128, pattern: /^[\w+=,.@-]+$/ })),
      PolicyDocument: document,
    }),
    (call, { RoleName, PolicyName, PolicyDocument }) => {
      checkedPolicy(PolicyDocument, 'identity');
      const role = updatable(call, RoleName);
      const others = [...role.inline].filter(([name]) => name !== PolicyName).map(([, text]) => text);
      if ([...others, PolicyDocument].join('').replace(/\s/g, '').length > 10_240) {
        throw new AwsError(
          'LimitExceeded',
          `Maximum policy size of 10240 bytes exceeded for role ${RoleName}`,
          { status: 409 },
        );
      }
      role.inline.set(PolicyName, PolicyDocument);
      return {};
    },
    about,
  ),
  op(
    'GetRolePolicy',
    'Read',
    struct({ RoleName: roleName, PolicyName: need(str({ min: 1, max: 128 })) }),
    (call, { RoleName, PolicyName }) => {
      const text = roleNamed(call, RoleName).inline.get(PolicyName);
      if (text === undefined) throw noSuchEntity(`The role policy with name ${PolicyName} cannot be found.`);
      return { RoleName, PolicyName, PolicyDocument: encoded(text) };
    },
    about,
  ),
  op(
    'DeleteRolePolicy',
    'Permissions management',
    struct({ RoleName: roleName, PolicyName: need(str({ min: 1, max: 128 })) }),
    (call, { RoleName, PolicyName }) => {
      if (!updatable(call, RoleName).inline.delete(PolicyName)) {
        throw noSuchEntity(`The role policy with name ${PolicyName} cannot be found.`);
      }
      return {};
    },
    about,
  ),
  op(
    'ListRolePolicies',
    'List',
    struct({ RoleName: roleName, Marker: str(), MaxItems: int(1, 1000) }),
    (call, { RoleName }) => ({
      IsTruncated: false,
      PolicyNames: [...roleNamed(call, RoleName).inline.keys()],
    }),
    about,
  ),
  op(
    'AttachRolePolicy',
    'Permissions management',
    struct({ RoleName: roleName, PolicyArn: need(policyArn) }),
    (call, { RoleName, PolicyArn }) => {
      const role = updatable(call, RoleName);
      requirePolicy(call, PolicyArn);
      role.attached.add(PolicyArn);
      return {};
    },
    about,
  ),
  op(
    'DetachRolePolicy',
    'Permissions management',
    struct({ RoleName: roleName, PolicyArn: need(policyArn) }),
    (call, { RoleName, PolicyArn }) => {
      if (!updatable(call, RoleName).attached.delete(PolicyArn)) {
        throw noSuchEntity(`Policy ${PolicyArn} was not found.`);
      }
      return {};
    },
    about,
  ),
  op(
    'ListAttachedRolePolicies',
    'List',
    struct({ RoleName: roleName, PathPrefix: str(), Marker: str(), MaxItems: int(1, 1000) }),
    (call, { RoleName }) => ({
      IsTruncated: false,
      AttachedPolicies: [...roleNamed(call, RoleName).attached].map((arn) => ({
        PolicyName: arn.split('/').at(-1),
        PolicyArn: arn,
      })),
    }),
    about,
  ),
];
