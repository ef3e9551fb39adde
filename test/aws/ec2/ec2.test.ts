import {
  AuthorizeSecurityGroupEgressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  DeleteSecurityGroupCommand,
  DeleteTagsCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  DescribeTagsCommand,
  EC2Client,
  ModifySecurityGroupRulesCommand,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2';
import {
  GetResourcesCommand,
  ResourceGroupsTaggingAPIClient,
} from '@aws-sdk/client-resource-groups-tagging-api';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { World } from '../kernel/world.ts';
import { startWorld } from '../world.ts';
import {
  addVpc,
  releaseSecurityGroup,
  removeDefaultVpc,
  securityGroupById,
  useSecurityGroup,
} from './reach.ts';

let world: World;
let ec2: EC2Client;
const where = { account: '111122223333', region: 'eu-west-1' };
beforeAll(async () => {
  world = await startWorld();
  ec2 = new EC2Client(world.client());
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(async () => {
  await world.stop();
});

async function group(GroupName = 'workers', more: object = {}): Promise<string> {
  const { GroupId = '' } = await ec2.send(
    new CreateSecurityGroupCommand({ GroupName, Description: 'Batch workers', ...more }),
  );
  return GroupId;
}
const allow = (GroupId: string, CidrIp: string, port = 443) =>
  ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId,
      IpPermissions: [
        { IpProtocol: 'tcp', FromPort: port, ToPort: port, IpRanges: [{ CidrIp, Description: 'https' }] },
      ],
    }),
  );
const describe = async (GroupId: string) =>
  (await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [GroupId] }))).SecurityGroups?.[0];
const find = async (Name: string, Value: string) => {
  const { SecurityGroups = [] } = await ec2.send(
    new DescribeSecurityGroupsCommand({ Filters: [{ Name, Values: [Value] }] }),
  );
  return SecurityGroups.map((each) => each.GroupName);
};

test('a new group has its tags, lets everything out and nothing in, and is found by filters', async () => {
  const before = world.dump();
  const id = await group('workers', {
    TagSpecifications: [{ ResourceType: 'security-group', Tags: [{ Key: 'stack', Value: 'x' }] }],
  });
  expect(await describe(id)).toMatchObject({
    GroupId: id,
    GroupName: 'workers',
    Description: 'Batch workers',
    OwnerId: '111122223333',
    SecurityGroupArn: `arn:aws:ec2:eu-west-1:111122223333:security-group/${id}`,
    IpPermissions: [],
    IpPermissionsEgress: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
    Tags: [{ Key: 'stack', Value: 'x' }],
  });
  expect(await find('tag:stack', 'x')).toEqual(['workers']);
  expect(await find('tag:stack', 'y')).toEqual([]);
  expect(await find('group-name', 'work*')).toEqual(['workers']);
  expect(await find('tag-key', 'stack')).toEqual(['workers']);
  expect(await find('egress.ip-permission.cidr', '0.0.0.0/0')).toEqual(['default', 'workers']);
  const tagging = new ResourceGroupsTaggingAPIClient(world.client());
  const { ResourceTagMappingList: listed } = await tagging.send(
    new GetResourcesCommand({ ResourceTypeFilters: ['ec2:security-group'] }),
  );
  expect(listed?.map((each) => each.ResourceARN)).toEqual([
    `arn:aws:ec2:eu-west-1:111122223333:security-group/${id}`,
  ]);
  await ec2.send(new DeleteSecurityGroupCommand({ GroupId: id }));
  expect(world.dump()).toBe(before);
});

test('names, descriptions and VPCs of groups are checked', async () => {
  await group();
  await expect(group()).rejects.toMatchObject({ name: 'InvalidGroup.Duplicate' });
  const { vpcId } = addVpc(world, where);
  await group('workers', { VpcId: vpcId });
  await expect(group('default')).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  await expect(group('sg-x')).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  await expect(group('é')).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  await expect(group('x', { VpcId: 'vpc-0' })).rejects.toMatchObject({ name: 'InvalidVpcID.NotFound' });
  const subnetTags = { TagSpecifications: [{ ResourceType: 'subnet', Tags: [{ Key: 'a', Value: 'b' }] }] };
  await expect(group('x', subnetTags)).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  const bare = { GroupName: 'x' } as { GroupName: string; Description: string };
  await expect(ec2.send(new CreateSecurityGroupCommand(bare))).rejects.toMatchObject({
    name: 'MissingParameter',
  });
  expect(world.takeViolations()).toMatchObject([{ kind: 'model', operation: 'CreateSecurityGroup' }]);
  removeDefaultVpc(world, where);
  await expect(group('y')).rejects.toMatchObject({ name: 'VPCIdNotSpecified' });
});

test('a group goes only when nothing uses it', async () => {
  const [used, user] = [await group('used'), await group('user')];
  useSecurityGroup(world, where, used, 'arn:environment');
  const remove = (GroupId: string) => ec2.send(new DeleteSecurityGroupCommand({ GroupId }));
  await expect(remove(used)).rejects.toMatchObject({ name: 'DependencyViolation' });
  releaseSecurityGroup(world, where, used, 'arn:environment');
  const UserIdGroupPairs = [{ GroupId: used }];
  const { SecurityGroupRules: [rule] = [] } = await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId: user,
      IpPermissions: [{ IpProtocol: '-1', UserIdGroupPairs }],
    }),
  );
  expect(rule?.ReferencedGroupInfo?.GroupId).toBe(used);
  await expect(remove(used)).rejects.toMatchObject({ name: 'DependencyViolation' });
  await ec2.send(
    new RevokeSecurityGroupIngressCommand({
      GroupId: user,
      SecurityGroupRuleIds: [rule?.SecurityGroupRuleId ?? ''],
    }),
  );
  await remove(used);
  expect(securityGroupById(world, where, used)).toBeUndefined();
  await expect(remove(used)).rejects.toMatchObject({ name: 'InvalidGroup.NotFound' });
  await expect(remove('workers')).rejects.toMatchObject({ name: 'InvalidGroupId.Malformed' });
  await expect(ec2.send(new DeleteSecurityGroupCommand({ GroupName: 'default' }))).rejects.toMatchObject({
    name: 'CannotDelete',
  });
});

test('rules are added once, cut to their block, changed and revoked', async () => {
  const id = await group();
  const { SecurityGroupRules: [rule] = [] } = await allow(id, '10.1.2.3/16');
  expect(rule).toMatchObject({
    IsEgress: false,
    CidrIpv4: '10.1.0.0/16',
    FromPort: 443,
    Description: 'https',
  });
  await expect(allow(id, '10.1.0.0/16')).rejects.toMatchObject({ name: 'InvalidPermission.Duplicate' });
  await expect(allow(id, '10.1.0.0/33')).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  await expect(allow(id, '10.2.0.0/16', 70_000)).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  await allow(id, '10.2.0.0/16');
  expect((await describe(id))?.IpPermissions).toMatchObject([
    { IpProtocol: 'tcp', IpRanges: [{ CidrIp: '10.1.0.0/16' }, { CidrIp: '10.2.0.0/16' }] },
  ]);
  const SecurityGroupRuleId = rule?.SecurityGroupRuleId ?? '';
  const change = (CidrIpv4: string) =>
    ec2.send(
      new ModifySecurityGroupRulesCommand({
        GroupId: id,
        SecurityGroupRules: [
          {
            SecurityGroupRuleId,
            SecurityGroupRule: { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIpv4 },
          },
        ],
      }),
    );
  await expect(change('10.2.0.0/16')).rejects.toMatchObject({ name: 'InvalidPermission.Duplicate' });
  await change('10.3.0.0/16');
  const IpPermissions = [
    { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: '10.3.0.0/16' }] },
  ];
  const revoke = () => ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId: id, IpPermissions }));
  await revoke();
  await expect(revoke()).rejects.toMatchObject({ name: 'InvalidPermission.NotFound' });
});

test('egress rules are their own list', async () => {
  const id = await group();
  const everything = [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }];
  await ec2.send(new RevokeSecurityGroupEgressCommand({ GroupId: id, IpPermissions: everything }));
  const IpPermissions = [
    { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, Ipv6Ranges: [{ CidrIpv6: '::/0' }] },
  ];
  await ec2.send(new AuthorizeSecurityGroupEgressCommand({ GroupId: id, IpPermissions }));
  const { SecurityGroupRules } = await ec2.send(
    new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: [id] }] }),
  );
  expect(SecurityGroupRules).toMatchObject([{ IsEgress: true, CidrIpv6: '::/0', FromPort: 443 }]);
});

test('a group that came with the VPC shows in the dump once it is changed', async () => {
  const before = world.dump();
  const { SecurityGroups: [given] = [] } = await ec2.send(new DescribeSecurityGroupsCommand({}));
  expect(given?.IpPermissions?.[0]?.UserIdGroupPairs?.[0]?.GroupId).toBe(given?.GroupId);
  expect(world.dump()).toBe(before);
  await allow(given?.GroupId ?? '', '0.0.0.0/0');
  expect(JSON.parse(world.dump())['ec2/111122223333/eu-west-1'].groups['<id>'].name).toBe('default');
});

test('tags are set, filtered, and removed by key or by value', async () => {
  const id = await group();
  const tag = (Key: string, Value: string) =>
    ec2.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key, Value }] }));
  await tag('a', '1');
  await tag('b', '2');
  await expect(tag('aws:x', '1')).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  await ec2.send(new DeleteTagsCommand({ Resources: [id], Tags: [{ Key: 'a', Value: 'other' }] }));
  await ec2.send(new DeleteTagsCommand({ Resources: [id], Tags: [{ Key: 'b' }] }));
  const { Tags } = await ec2.send(
    new DescribeTagsCommand({ Filters: [{ Name: 'resource-id', Values: [id] }] }),
  );
  expect(Tags).toEqual([{ Key: 'a', ResourceId: id, ResourceType: 'security-group', Value: '1' }]);
  const foreign = new CreateTagsCommand({ Resources: ['sg-0123'], Tags: [{ Key: 'a', Value: 'b' }] });
  await expect(ec2.send(foreign)).rejects.toMatchObject({ name: 'InvalidGroup.NotFound' });
});

test('a dry run changes nothing; a refusal has the words of EC2', async () => {
  const dry = new CreateSecurityGroupCommand({ GroupName: 'x', Description: 'x', DryRun: true });
  await expect(ec2.send(dry)).rejects.toMatchObject({ name: 'DryRunOperation' });
  expect(await find('group-name', 'x')).toEqual([]);
  world.deny('ec2:CreateTags');
  const tags = { TagSpecifications: [{ ResourceType: 'security-group', Tags: [{ Key: 'a', Value: 'b' }] }] };
  await expect(group('x', tags)).rejects.toMatchObject({ name: 'UnauthorizedOperation' });
  await group('x');
});
