import {
  CreateSecurityGroupCommand,
  DeleteSecurityGroupCommand,
  DescribeAvailabilityZonesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeRouteTablesCommand,
  DescribeSubnetsCommand,
  DescribeVpcEndpointsCommand,
  DescribeVpcsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { World } from '../kernel/world.ts';
import { startWorld } from '../world.ts';
import {
  addEndpoint,
  addNetworkInterface,
  addSubnet,
  addVpc,
  removeDefaultVpc,
  removeNetworkInterface,
  subnetById,
  wayOut,
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
const vpcs = async (Filters?: { Name: string; Values: string[] }[]) =>
  (await ec2.send(new DescribeVpcsCommand(Filters ? { Filters } : {}))).Vpcs ?? [];
const subnets = async (Name: string, Value: string) =>
  (await ec2.send(new DescribeSubnetsCommand({ Filters: [{ Name, Values: [Value] }] }))).Subnets ?? [];
const tables = async (Name: string, Value: string) =>
  (await ec2.send(new DescribeRouteTablesCommand({ Filters: [{ Name, Values: [Value] }] }))).RouteTables ??
  [];

test('every account starts with a default VPC of three public subnets in three zones', async () => {
  const [vpc] = await vpcs([{ Name: 'is-default', Values: ['true'] }]);
  expect(vpc).toMatchObject({ IsDefault: true, CidrBlock: '172.31.0.0/16', State: 'available' });
  const given = await subnets('vpc-id', vpc?.VpcId ?? '');
  expect(given.map((each) => [each.AvailabilityZone, each.AvailabilityZoneId, each.CidrBlock])).toEqual([
    ['eu-west-1a', 'euw1-az1', '172.31.0.0/20'],
    ['eu-west-1b', 'euw1-az2', '172.31.16.0/20'],
    ['eu-west-1c', 'euw1-az3', '172.31.32.0/20'],
  ]);
  expect(given.every((each) => each.MapPublicIpOnLaunch && each.DefaultForAz)).toBe(true);
  expect(given[0]?.AvailableIpAddressCount).toBe(4091);
  const [main] = await tables('association.main', 'true');
  expect(main?.Routes?.map((route) => route.DestinationCidrBlock)).toEqual(['172.31.0.0/16', '0.0.0.0/0']);
  expect(main?.Routes?.[1]?.GatewayId).toMatch(/^igw-/);
  const [first = ''] = given.map((each) => each.SubnetId);
  expect(await tables('association.subnet-id', first)).toEqual([]);
  expect(wayOut(world, where, first)).toBe('internet-gateway');
  const other = new EC2Client(world.client({ account: '444455556666' }));
  const theirs = await other.send(new DescribeVpcsCommand({}));
  expect(theirs.Vpcs?.[0]?.VpcId).not.toBe(vpc?.VpcId);
});

test('the default VPC can be missing, and private subnets can have NAT, an endpoint, or nothing', async () => {
  removeDefaultVpc(world, where);
  expect(await vpcs()).toEqual([]);
  const { vpcId } = addVpc(world, where, { tags: { Name: 'theirs' } });
  expect((await vpcs([{ Name: 'tag:Name', Values: ['their*'] }])).map((each) => each.VpcId)).toEqual([vpcId]);
  const closed = addSubnet(world, where, { vpcId });
  const nat = addSubnet(world, where, { vpcId, out: 'nat', zone: 'eu-west-1b' });
  const open = addSubnet(world, where, { vpcId, out: 'internet-gateway' });
  const main = addSubnet(world, where, { vpcId, out: 'main' });
  expect([closed, nat, open, main].map((id) => wayOut(world, where, id))).toEqual([
    'none',
    'nat',
    'internet-gateway',
    'none',
  ]);
  const [table] = await tables('association.subnet-id', nat);
  expect(table?.Routes?.[1]?.NatGatewayId).toMatch(/^nat-/);
  expect(subnetById(world, where, nat)?.zone).toBe('eu-west-1b');
  const id = addEndpoint(world, where, { vpcId, service: 's3', type: 'Gateway' });
  const { VpcEndpoints: [endpoint] = [] } = await ec2.send(
    new DescribeVpcEndpointsCommand({
      Filters: [
        { Name: 'service-name', Values: ['com.amazonaws.eu-west-1.s3'] },
        { Name: 'vpc-id', Values: [vpcId] },
      ],
    }),
  );
  expect(endpoint).toMatchObject({ VpcEndpointId: id, VpcEndpointType: 'Gateway' });
  expect(endpoint?.RouteTableIds).toHaveLength(4);
  expect((await tables('route.gateway-id', id)).length).toBe(4);
});

test('an interface in a subnet holds its groups', async () => {
  const SubnetId = (await subnets('availability-zone', 'eu-west-1a'))[0]?.SubnetId ?? '';
  const { GroupId = '' } = await ec2.send(
    new CreateSecurityGroupCommand({ GroupName: 'live', Description: 'live' }),
  );
  const given = {
    subnetId: SubnetId,
    groupIds: [GroupId],
    description: 'AWS Lambda VPC ENI',
    type: 'lambda',
  };
  const id = addNetworkInterface(world, where, given);
  const find = async (Name: string, Value: string) => {
    const filter = { Filters: [{ Name, Values: [Value] }] };
    return (await ec2.send(new DescribeNetworkInterfacesCommand(filter))).NetworkInterfaces ?? [];
  };
  expect(await find('group-id', GroupId)).toMatchObject([
    { NetworkInterfaceId: id, InterfaceType: 'lambda', Status: 'in-use', Groups: [{ GroupName: 'live' }] },
  ]);
  const remove = () => ec2.send(new DeleteSecurityGroupCommand({ GroupId }));
  await expect(remove()).rejects.toMatchObject({ name: 'DependencyViolation' });
  removeNetworkInterface(world, where, id);
  expect(await find('subnet-id', SubnetId)).toEqual([]);
  await remove();
});

test('lists come in pages; unknown ids, filters and tokens are errors', async () => {
  for (let n = 0; n < 4; n++) addSubnet(world, where, { cidr: `172.31.${100 + n}.0/24` });
  const first = await ec2.send(new DescribeSubnetsCommand({ MaxResults: 5 }));
  const second = await ec2.send(new DescribeSubnetsCommand({ MaxResults: 5, NextToken: first.NextToken }));
  expect([first.Subnets?.length, second.Subnets?.length, second.NextToken]).toEqual([5, 2, undefined]);
  const fails = (input: object, name: string) =>
    expect(ec2.send(new DescribeSubnetsCommand(input))).rejects.toMatchObject({ name });
  await fails({ NextToken: 'x' }, 'InvalidNextToken');
  await fails({ SubnetIds: ['subnet-0'] }, 'InvalidSubnetID.NotFound');
  await fails({ Filters: [{ Name: 'vpcid', Values: ['x'] }] }, 'InvalidParameterValue');
  await fails({ MaxResults: 4 }, 'InvalidParameterValue');
  expect(world.takeViolations()).toHaveLength(1);
});

test('zones are named by Region', async () => {
  const zones = async (region: string) => {
    const { AvailabilityZones = [] } = await new EC2Client(world.client({ region })).send(
      new DescribeAvailabilityZonesCommand({ Filters: [{ Name: 'state', Values: ['available'] }] }),
    );
    return AvailabilityZones.map((zone) => zone.ZoneId);
  };
  expect(await zones('ap-southeast-2')).toEqual(['apse2-az1', 'apse2-az2', 'apse2-az3']);
  expect(await zones('us-east-1')).toEqual(['use1-az1', 'use1-az2', 'use1-az3']);
  const unknown = new DescribeAvailabilityZonesCommand({ ZoneNames: ['eu-west-1z'] });
  await expect(ec2.send(unknown)).rejects.toMatchObject({ name: 'InvalidParameterValue' });
});
