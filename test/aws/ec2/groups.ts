import { operations } from '../kernel/operation.ts';
import { bool, list, need, str, struct } from '../kernel/shape.ts';
import { described, filtered, named, paged } from './filters.ts';
import { allTraffic } from './network.ts';
import { permissionsOf } from './permissions.ts';
import {
  arnOf,
  type Ec2Call,
  type Ec2State,
  ec2Error,
  endDryRun,
  groupById,
  groupsOf,
  invalidValue,
  networkOf,
  type SecurityGroup,
  tagSet,
} from './state.ts';
import { setTags, tagSpecification, tagsFor } from './tags.ts';

const op = operations<Ec2State>();
const ids = list(str(), { flat: true });
const TEXT = /^[A-Za-z0-9 ._\-:/()#,@[\]+=&;{}!$*]{1,255}$/;

/** The VPC that a call without one means. */
function defaultVpc(call: Ec2Call): string {
  const vpc = [...networkOf(call).vpcs.values()].find(({ isDefault }) => isDefault);
  if (!vpc) throw ec2Error('VPCIdNotSpecified', 'No default VPC for this user');
  return vpc.id;
}

/** The group of a call that may name it by id, or by name in the default VPC. */
export function groupOf(
  call: Ec2Call,
  input: { GroupId?: string | undefined; GroupName?: string | undefined },
): SecurityGroup {
  if (input.GroupId !== undefined) return groupById(call, input.GroupId);
  if (input.GroupName === undefined) {
    throw ec2Error('MissingParameter', 'The request must contain the parameter groupName or groupId');
  }
  const vpcId = defaultVpc(call);
  const group = groupsOf(call).find((each) => each.vpcId === vpcId && each.name === input.GroupName);
  if (!group) {
    throw ec2Error(
      'InvalidGroup.NotFound',
      `The security group '${input.GroupName}' does not exist in default VPC '${vpcId}'`,
    );
  }
  return group;
}

export const aboutGroup = {
  resource: ({ GroupId }: { GroupId?: string | undefined }, call: Ec2Call) =>
    arnOf(call, GroupId ?? 'sg-').replace(/sg-$/, '*'),
};

function checkNewGroup(call: Ec2Call, name: string, description: string, vpcId: string): void {
  if (!TEXT.test(name) || name.startsWith('sg-')) {
    throw invalidValue(`Value (${name}) for parameter GroupName is invalid.`);
  }
  if (!TEXT.test(description)) {
    throw invalidValue(`Value (${description}) for parameter GroupDescription is invalid.`);
  }
  if (name === 'default') throw invalidValue('Cannot use reserved security group name: default');
  if (!networkOf(call).vpcs.has(vpcId)) {
    throw ec2Error('InvalidVpcID.NotFound', `The vpc ID '${vpcId}' does not exist`);
  }
  if (groupsOf(call).some((group) => group.vpcId === vpcId && group.name === name)) {
    throw ec2Error(
      'InvalidGroup.Duplicate',
      `The security group '${name}' already exists for VPC '${vpcId}'`,
    );
  }
}

/** What keeps a group from being deleted: interfaces, endpoints, other services, other groups' rules. */
function isInUse(call: Ec2Call, { id }: SecurityGroup): boolean {
  const { interfaces, endpoints } = networkOf(call);
  const attached = [...interfaces.values(), ...endpoints.values()].some(({ groupIds }) =>
    groupIds.includes(id),
  );
  const named = groupsOf(call).some(
    (group) => group.id !== id && [...group.rules.values()].some((rule) => rule.groupId === id),
  );
  return attached || named || (call.state._uses.get(id)?.size ?? 0) > 0;
}

function describe(call: Ec2Call, group: SecurityGroup) {
  return {
    groupId: group.id,
    groupName: group.name,
    groupDescription: group.description,
    vpcId: group.vpcId,
    ownerId: call.account,
    securityGroupArn: arnOf(call, group.id),
    ipPermissions: permissionsOf(call, group, false),
    ipPermissionsEgress: permissionsOf(call, group, true),
    tagSet: tagSet(call.state, group.id),
  };
}

export const groupOperations = [
  op(
    'CreateSecurityGroup',
    'Write',
    struct({
      GroupDescription: need(str()),
      GroupName: need(str()),
      VpcId: str(),
      TagSpecification: tagSpecification,
      DryRun: bool(),
    }),
    (call, input) => {
      endDryRun(input);
      const { GroupName: name, GroupDescription: description, VpcId: vpcId = defaultVpc(call) } = input;
      checkNewGroup(call, name, description, vpcId);
      const tags = tagsFor(call, input.TagSpecification, 'security-group');
      const { ids: make } = call.world;
      const out = { ...allTraffic(make.make('sgr-0', 'hex', 16), true), cidrIpv4: '0.0.0.0/0' };
      const id = make.make('sg-0', 'hex', 16);
      call.state.groups.set(id, { id, name, description, vpcId, rules: new Map([[out.id, out]]) });
      setTags(call.state, id, tags);
      return { groupId: id, securityGroupArn: arnOf(call, id), tagSet: tagSet(call.state, id) };
    },
    { resource: (_input, call) => arnOf(call, 'sg-').replace(/sg-$/, '*') },
  ),
  op(
    'DeleteSecurityGroup',
    'Write',
    struct({ GroupId: str(), GroupName: str(), DryRun: bool() }),
    (call, input) => {
      endDryRun(input);
      const group = groupOf(call, input);
      if (group.name === 'default') {
        throw ec2Error(
          'CannotDelete',
          `the specified group: "${group.id}" name: "default" cannot be deleted by a user`,
        );
      }
      if (isInUse(call, group)) {
        throw ec2Error('DependencyViolation', `resource ${group.id} has a dependent object`);
      }
      call.state.groups.delete(group.id);
      for (const id of [group.id, ...group.rules.keys()]) call.state.tags.delete(id);
      return { return: true, groupId: group.id };
    },
    aboutGroup,
  ),
  op(
    'DescribeSecurityGroups',
    'List',
    struct({ ...described, GroupId: ids, GroupName: ids }),
    (call, input) => {
      endDryRun(input);
      for (const id of input.GroupId ?? []) groupById(call, id);
      const names = (input.GroupName ?? []).map((name) => groupOf(call, { GroupName: name }).id);
      const chosen = named(groupsOf(call), [...(input.GroupId ?? []), ...names], (id) =>
        ec2Error('InvalidGroup.NotFound', `The security group '${id}' does not exist`),
      );
      const peers =
        (isEgress: boolean, part: 'cidrIpv4' | 'groupId' | 'protocol') => (group: SecurityGroup) =>
          [...group.rules.values()].filter((rule) => rule.isEgress === isEgress).map((rule) => rule[part]);
      const found = filtered(call.state, chosen, input.Filter, {
        'group-id': ({ id }) => [id],
        'group-name': ({ name }) => [name],
        'vpc-id': ({ vpcId }) => [vpcId],
        description: ({ description }) => [description],
        'owner-id': () => [call.account],
        'ip-permission.cidr': peers(false, 'cidrIpv4'),
        'ip-permission.group-id': peers(false, 'groupId'),
        'ip-permission.protocol': peers(false, 'protocol'),
        'egress.ip-permission.cidr': peers(true, 'cidrIpv4'),
        'egress.ip-permission.group-id': peers(true, 'groupId'),
        'egress.ip-permission.protocol': peers(true, 'protocol'),
      });
      const { page, nextToken } = paged(found, input);
      return { securityGroupInfo: page.map((group) => describe(call, group)), nextToken };
    },
  ),
];
