import { AwsError } from '../kernel/errors.ts';
import { operations } from '../kernel/operation.ts';
import { PolicyError, parsePolicy } from '../kernel/policy.ts';
import { int, list, need, str, struct } from '../kernel/shape.ts';
import { encoded, path, policyArn, roleName, tags } from './roles.ts';
import {
  appear,
  arnOf,
  type IamCall,
  type IamState,
  noSuchEntity,
  type Profile,
  profileNamed,
  roleNamed,
  tagList,
  tagMap,
} from './state.ts';

const op = operations<IamState>();
const profileName = need(str({ min: 1, max: 128, pattern: /^[\w+=,.@-]+$/ }));

function describe(call: IamCall, profile: Profile) {
  const roles = profile.roles.flatMap((name) => call.state.roles.get(name)?.latest() ?? []);
  return {
    Path: profile.path,
    InstanceProfileName: profile.name,
    InstanceProfileId: profile.id,
    Arn: profile.arn,
    CreateDate: profile.created,
    Roles: roles.map((role) => ({
      Path: role.path,
      RoleName: role.name,
      RoleId: role.id,
      Arn: role.arn,
      CreateDate: role.created,
      AssumeRolePolicyDocument: encoded(role.trust),
    })),
    ...(profile.tags.size > 0 && { Tags: tagList(profile.tags) }),
  };
}

/** Instance profiles, and the customer's managed policies as far as boundaries and attachments need them. */
export const profileOperations = [
  op(
    'CreateInstanceProfile',
    'Write',
    struct({ InstanceProfileName: profileName, Path: path, Tags: tags }),
    (call, { InstanceProfileName: name, Path = '/', Tags }) => {
      if (call.state.profiles.get(name)?.latest()) {
        throw new AwsError('EntityAlreadyExists', `Instance Profile ${name} already exists.`, {
          status: 409,
        });
      }
      const profile: Profile = {
        name,
        path: Path,
        id: call.world.ids.make('AIPA', 'base32', 17),
        arn: arnOf(call, 'instance-profile', Path, name),
        created: call.now(),
        tags: tagMap(Tags),
        roles: [],
        _propagatedAt: call.world.clock.now() + call.world.delays.iamPropagation,
      };
      appear(call, call.state.profiles, name, profile);
      return { InstanceProfile: describe(call, profile) };
    },
  ),
  op(
    'GetInstanceProfile',
    'Read',
    struct({ InstanceProfileName: profileName }),
    (call, { InstanceProfileName }) => ({
      InstanceProfile: describe(call, profileNamed(call, InstanceProfileName)),
    }),
  ),
  op(
    'DeleteInstanceProfile',
    'Write',
    struct({ InstanceProfileName: profileName }),
    (call, { InstanceProfileName }) => {
      if (profileNamed(call, InstanceProfileName).roles.length > 0) {
        throw new AwsError(
          'DeleteConflict',
          'Cannot delete entity, must remove roles from instance profile first.',
          { status: 409 },
        );
      }
      call.state.profiles.delete(InstanceProfileName);
      return {};
    },
  ),
  op(
    'AddRoleToInstanceProfile',
    'Write',
    struct({ InstanceProfileName: profileName, RoleName: roleName }),
    (call, { InstanceProfileName, RoleName }) => {
      const profile = profileNamed(call, InstanceProfileName);
      roleNamed(call, RoleName);
      if (profile.roles.length > 0) {
        throw new AwsError('LimitExceeded', 'Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1', {
          status: 409,
        });
      }
      profile.roles.push(RoleName);
      return {};
    },
  ),
  op(
    'RemoveRoleFromInstanceProfile',
    'Write',
    struct({ InstanceProfileName: profileName, RoleName: roleName }),
    (call, { InstanceProfileName, RoleName }) => {
      const profile = profileNamed(call, InstanceProfileName);
      if (!profile.roles.includes(RoleName))
        throw noSuchEntity(`The role with name ${RoleName} cannot be found.`);
      profile.roles = [];
      return {};
    },
  ),
  op(
    'ListInstanceProfiles',
    'List',
    struct({ PathPrefix: str(), Marker: str(), MaxItems: int(1, 1000) }),
    (call, { PathPrefix = '/' }) => ({
      IsTruncated: false,
      InstanceProfiles: [...call.state.profiles.values()]
        .flatMap((profile) => profile.read(call.world.clock.now()) ?? [])
        .filter((profile) => profile.path.startsWith(PathPrefix))
        .map((profile) => describe(call, profile)),
    }),
  ),
  op(
    'ListInstanceProfilesForRole',
    'List',
    struct({ RoleName: roleName, Marker: str(), MaxItems: int(1, 1000) }),
    (call, { RoleName }) => {
      roleNamed(call, RoleName);
      const profiles = [...call.state.profiles.values()].flatMap(
        (profile) => profile.read(call.world.clock.now()) ?? [],
      );
      const its = profiles.filter((profile) => profile.roles.includes(RoleName));
      return { IsTruncated: false, InstanceProfiles: its.map((profile) => describe(call, profile)) };
    },
  ),
  op(
    'TagInstanceProfile',
    'Tagging',
    struct({ InstanceProfileName: profileName, Tags: need(tags) }),
    (call, { InstanceProfileName, Tags }) => {
      const profile = profileNamed(call, InstanceProfileName);
      for (const [key, value] of tagMap(Tags)) profile.tags.set(key, value);
      return {};
    },
  ),
  op(
    'UntagInstanceProfile',
    'Tagging',
    struct({ InstanceProfileName: profileName, TagKeys: need(list(str(), { max: 50 })) }),
    (call, { InstanceProfileName, TagKeys }) => {
      const profile = profileNamed(call, InstanceProfileName);
      for (const key of TagKeys) profile.tags.delete(key);
      return {};
    },
  ),
  op(
    'ListInstanceProfileTags',
    'List',
    struct({ InstanceProfileName: profileName, Marker: str(), MaxItems: int(1, 1000) }),
    (call, { InstanceProfileName }) => ({
      IsTruncated: false,
      Tags: tagList(profileNamed(call, InstanceProfileName).tags),
    }),
  ),
  op(
    'CreatePolicy',
    'Permissions management',
    struct({
      PolicyName: need(str({ min: 1, max: 128, pattern: /^[\w+=,.@-]+$/ })),
      Path: path,
      PolicyDocument: need(str({ min: 1, max: 131_072 })),
      Description: str({ max: 1000 }),
      Tags: tags,
    }),
    (call, { PolicyName: name, Path = '/', PolicyDocument: document, Tags }) => {
      const arn = arnOf(call, 'policy', Path, name);
      if (call.state.policies.has(arn)) {
        throw new AwsError(
          'EntityAlreadyExists',
          `A policy called ${name} already exists. Duplicate names are not allowed.`,
          { status: 409 },
        );
      }
      try {
        parsePolicy(document, 'identity');
      } catch (error) {
        if (error instanceof PolicyError) throw new AwsError('MalformedPolicyDocument', error.message);
        throw error;
      }
      const id = call.world.ids.make('ANPA', 'base32', 17);
      call.state.policies.set(arn, {
        name,
        path: Path,
        id,
        arn,
        created: call.now(),
        document,
        tags: tagMap(Tags),
      });
      return {
        Policy: {
          PolicyName: name,
          PolicyId: id,
          Arn: arn,
          Path,
          DefaultVersionId: 'v1',
          CreateDate: call.now(),
        },
      };
    },
  ),
  op('GetPolicy', 'Read', struct({ PolicyArn: need(policyArn) }), (call, { PolicyArn }) => {
    const policy = call.state.policies.get(PolicyArn);
    if (!policy) throw noSuchEntity(`Policy ${PolicyArn} was not found.`);
    const { name, id, path: Path, created } = policy;
    return {
      Policy: {
        PolicyName: name,
        PolicyId: id,
        Arn: PolicyArn,
        Path,
        DefaultVersionId: 'v1',
        CreateDate: created,
        IsAttachable: true,
      },
    };
  }),
  op(
    'DeletePolicy',
    'Permissions management',
    struct({ PolicyArn: need(policyArn) }),
    (call, { PolicyArn }) => {
      const roles = [...call.state.roles.values()].flatMap((role) => role.latest() ?? []);
      if (roles.some((role) => role.attached.has(PolicyArn) || role.boundary === PolicyArn)) {
        throw new AwsError('DeleteConflict', 'Cannot delete a policy attached to entities.', { status: 409 });
      }
      if (!call.state.policies.delete(PolicyArn)) throw noSuchEntity(`Policy ${PolicyArn} was not found.`);
      return {};
    },
  ),
];
