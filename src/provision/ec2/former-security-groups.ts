import { DeleteSecurityGroupCommand, DescribeSecurityGroupsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { isAwsError } from '../../aws/errors.ts';
import { retryWhile } from '../../aws/wait.ts';
import { STACK_TAG } from '../../stack/aws-spec.ts';
import type { Context } from '../context.ts';
import { defineResource, type Resource } from '../resource.ts';
import { tagsOf } from '../tags.ts';
import { RELEASED } from './security-group.ts';

/** The workers' own groups in VPCs that they were in before other subnets were named: a group can't move. */
export function formerSecurityGroups(context: Context, after: readonly Resource[]): Resource {
  const { spec, names, clients, tags, waiting, outputs } = context;
  const { name } = names.securityGroup;
  const ec2 = clients(EC2Client);
  const find = async () => {
    const Filters = [
      { Name: 'group-name', Values: [name] },
      { Name: `tag:${STACK_TAG}`, Values: [spec.name] },
    ];
    const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({ Filters }));
    // A stack without a record has no VPC: then the one group that there may be is not a former one.
    return SecurityGroups.filter(({ VpcId }) => spec.network.vpc !== '' && VpcId !== spec.network.vpc);
  };
  return defineResource<object>(context, {
    type: 'former-security-groups',
    name,
    after,
    tags,
    wanted: () => undefined,
    async read() {
      const found = await find();
      outputs.seen = [...(outputs.seen ?? []), ...found.map(({ GroupId = '' }) => GroupId)];
      return found[0] && { tags: tagsOf(found[0].Tags), config: {} };
    },
    create: async () => {},
    update: async () => {},
    async remove() {
      for (const { GroupId } of await find()) {
        const remove = () => ec2.send(new DeleteSecurityGroupCommand({ GroupId }));
        await retryWhile((error) => isAwsError(error, 'DependencyViolation'), remove, RELEASED, waiting);
      }
    },
  });
}
