import {
  AuthorizeSecurityGroupEgressCommand,
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  DeleteSecurityGroupCommand,
  DescribeSecurityGroupsCommand,
  EC2Client,
  type IpPermission,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2';
import { isAwsError } from '../../aws/errors.ts';
import { retryWhile } from '../../aws/wait.ts';
import type { Context } from '../context.ts';
import { defineResource, type Resource } from '../resource.ts';
import { tagList, tagsOf } from '../tags.ts';

/** Network interfaces of ended tasks keep a group in use for some minutes. */
export const RELEASED = { every: 10_000, within: 15 * 60_000 };

interface Config {
  inbound: readonly IpPermission[];
  outbound: boolean;
}

const EVERYWHERE: IpPermission = { IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] };

/** The workers' own security group: nobody reaches them, they reach AWS. Left out where groups were given. */
export function securityGroup(context: Context, after: readonly Resource[]): Resource {
  const { spec, names, clients, tags, waiting, outputs } = context;
  const { name } = names.securityGroup;
  const ec2 = clients(EC2Client);
  const groupId = () => {
    const { securityGroup: id } = outputs;
    return { GroupId: id };
  };
  /** As last read: to be closed, a rule has to be named. */
  let inbound: IpPermission[] = [];
  return defineResource<Config>(context, {
    type: 'security-group',
    name,
    after,
    tags,
    wanted: () => (spec.network.securityGroups.length > 0 ? undefined : { inbound: [], outbound: true }),
    async read() {
      const Filters = [
        { Name: 'group-name', Values: [name] },
        ...(spec.network.vpc === '' ? [] : [{ Name: 'vpc-id', Values: [spec.network.vpc] }]),
      ];
      const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({ Filters }));
      const [found] = SecurityGroups;
      if (found?.GroupId === undefined) return undefined;
      outputs.securityGroup = found.GroupId;
      outputs.seen = [...(outputs.seen ?? []), found.GroupId];
      const outbound = (found.IpPermissionsEgress ?? []).some(
        ({ IpProtocol, IpRanges }) =>
          IpProtocol === '-1' && IpRanges?.some(({ CidrIp }) => CidrIp === '0.0.0.0/0'),
      );
      inbound = found.IpPermissions ?? [];
      return { tags: tagsOf(found.Tags), config: { inbound, outbound } };
    },
    async create() {
      const { GroupId } = await ec2.send(
        new CreateSecurityGroupCommand({
          GroupName: name,
          Description: `Workers of the rekback stack ${spec.name}`,
          VpcId: spec.network.vpc,
          TagSpecifications: [{ ResourceType: 'security-group', Tags: tagList(tags) }],
        }),
      );
      if (GroupId !== undefined) outputs.securityGroup = GroupId;
    },
    async update(_wanted, fields) {
      if (fields.has('inbound')) {
        await ec2.send(new RevokeSecurityGroupIngressCommand({ ...groupId(), IpPermissions: inbound }));
      }
      if (fields.has('outbound')) {
        await ec2.send(
          new AuthorizeSecurityGroupEgressCommand({ ...groupId(), IpPermissions: [EVERYWHERE] }),
        );
      }
    },
    async tag(missing) {
      const Resources = outputs.securityGroup === undefined ? [] : [outputs.securityGroup];
      await ec2.send(new CreateTagsCommand({ Resources, Tags: tagList(missing) }));
    },
    async remove() {
      const remove = () => ec2.send(new DeleteSecurityGroupCommand(groupId()));
      await retryWhile((error) => isAwsError(error, 'DependencyViolation'), remove, RELEASED, waiting);
      delete outputs.securityGroup;
    },
  });
}
