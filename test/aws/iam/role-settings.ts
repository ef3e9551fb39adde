import { AwsError } from '../kernel/errors.ts';
import { operations } from '../kernel/operation.ts';
import { int, list, need, str, struct } from '../kernel/shape.ts';
import { type NewRoleCall, newRole, policyArn, requirePolicy, roleName, tags } from './roles.ts';
import { type IamState, noSuchEntity, type Role, roleNamed, tagList, tagMap } from './state.ts';

const op = operations<IamState>();

/** Tags and permissions boundary of a role; service-linked roles. */
export const roleSettingOperations = [
  op('TagRole', 'Tagging', struct({ RoleName: roleName, Tags: need(tags) }), (call, { RoleName, Tags }) => {
    const role = roleNamed(call, RoleName);
    for (const [key, value] of tagMap(Tags)) role.tags.set(key, value);
    return {};
  }),
  op(
    'UntagRole',
    'Tagging',
    struct({ RoleName: roleName, TagKeys: need(list(str({ min: 1, max: 128 }), { max: 50 })) }),
    (call, { RoleName, TagKeys }) => {
      const role = roleNamed(call, RoleName);
      for (const key of TagKeys) role.tags.delete(key);
      return {};
    },
  ),
  op(
    'ListRoleTags',
    'List',
    struct({ RoleName: roleName, Marker: str(), MaxItems: int(1, 1000) }),
    (call, { RoleName }) => ({ IsTruncated: false, Tags: tagList(roleNamed(call, RoleName).tags) }),
  ),
  op(
    'PutRolePermissionsBoundary',
    'Permissions management',
    struct({ RoleName: roleName, PermissionsBoundary: need(policyArn) }),
    (call, { RoleName, PermissionsBoundary }) => {
      requirePolicy(call, PermissionsBoundary);
      roleNamed(call, RoleName).boundary = PermissionsBoundary;
      return {};
    },
  ),
  op(
    'DeleteRolePermissionsBoundary',
    'Permissions management',
    struct({ RoleName: roleName }),
    (call, { RoleName }) => {
      const role = roleNamed(call, RoleName);
      if (role.boundary === undefined) throw noSuchEntity(`Role ${RoleName} has no permissions boundary.`);
      role.boundary = undefined;
      return {};
    },
  ),
  op(
    'CreateServiceLinkedRole',
    'Write',
    struct({
      AWSServiceName: need(str({ min: 1, max: 128, pattern: /^[\w+=,.@-]+$/ })),
      Description: str({ max: 1000 }),
      CustomSuffix: str({ max: 64 }),
    }),
    (call, { AWSServiceName, Description }) => {
      const name = LINKED[AWSServiceName];
      if (name === undefined) {
        throw new AwsError('InvalidInput', `Service role for ${AWSServiceName} is not known to the double`);
      }
      if (call.state.roles.get(name)?.latest()) {
        throw new AwsError(
          'InvalidInput',
          `Service role name ${name} has been taken in this account, please try a different suffix.`,
        );
      }
      const role = newLinkedRole(call, AWSServiceName, name, Description);
      return {
        Role: { Path: role.path, RoleName: name, RoleId: role.id, Arn: role.arn, CreateDate: role.created },
      };
    },
  ),
];

/** The service-linked role `name` of a service such as `batch.amazonaws.com`; the caller knows that it is not there. */
export function newLinkedRole(call: NewRoleCall, service: string, name: string, description?: string): Role {
  const statement = { Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' };
  return newRole(call, {
    name,
    path: `/aws-service-role/${service}/`,
    trust: JSON.stringify({ Version: '2012-10-17', Statement: [statement] }),
    description,
    linkedTo: service,
  });
}

/** Service-linked roles that this project's services make. */
const LINKED: Readonly<Record<string, string>> = {
  'batch.amazonaws.com': 'AWSServiceRoleForBatch',
  'ecs.amazonaws.com': 'AWSServiceRoleForECS',
  'spot.amazonaws.com': 'AWSServiceRoleForEC2Spot',
  'opensearchservice.amazonaws.com': 'AWSServiceRoleForAmazonOpenSearchService',
};
