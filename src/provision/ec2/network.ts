import {
  DescribeRouteTablesCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  EC2Client,
  type RouteTable,
} from '@aws-sdk/client-ec2';
import type { Clients } from '../../aws/clients.ts';
import { isAwsError } from '../../aws/errors.ts';
import { RekbackError } from '../../runtime/errors.ts';
import type { AwsOptions } from '../../stack/aws-spec.ts';

type Network = AwsOptions['network'];

/** What a person named; nothing: the default VPC. */
export interface NetworkChoice {
  subnets: readonly string[];
  securityGroups: readonly string[];
}

/**
 * Where the workers run. The default VPC's subnets are public, so tasks there need an address of their own to reach
 * AWS; of given subnets the route table tells.
 *
 * @throws RekbackError `no-default-vpc`, `bad-subnets`, `private-subnets`, exit 2
 */
export async function chooseNetwork(clients: Clients, choice: NetworkChoice): Promise<Network> {
  const ec2 = clients(EC2Client);
  const { securityGroups } = choice;
  if (choice.subnets.length === 0) {
    const { vpc, subnets } = await defaultSubnets(ec2);
    return { vpc, subnets, securityGroups, assignPublicIp: true };
  }
  const subnets = [...choice.subnets];
  const { Subnets = [] } = await ec2
    .send(new DescribeSubnetsCommand({ SubnetIds: subnets }))
    .catch((error: unknown) => {
      if (!isAwsError(error, 'InvalidSubnetID.NotFound', 'InvalidSubnetID.Malformed')) throw error;
      throw badSubnets(`not all of the subnets ${subnets.join(', ')} are in this Region and account`, error);
    });
  const vpcs = [...new Set(Subnets.map(({ VpcId }) => VpcId))];
  const [vpc] = vpcs;
  if (vpc === undefined || vpcs.length > 1) {
    throw badSubnets(`the subnets ${subnets.join(', ')} are in ${vpcs.length} networks: ${vpcs.join(', ')}`);
  }
  return { vpc, subnets, securityGroups, assignPublicIp: await arePublic(ec2, vpc, subnets) };
}

async function defaultSubnets(ec2: EC2Client): Promise<{ vpc: string; subnets: string[] }> {
  const [{ Vpcs = [] }, { Subnets = [] }] = await Promise.all([
    ec2.send(new DescribeVpcsCommand({ Filters: [{ Name: 'is-default', Values: ['true'] }] })),
    ec2.send(new DescribeSubnetsCommand({ Filters: [{ Name: 'default-for-az', Values: ['true'] }] })),
  ]);
  const vpc = Vpcs[0]?.VpcId;
  const subnets = Subnets.flatMap(({ SubnetId }) => (SubnetId === undefined ? [] : [SubnetId])).sort();
  if (vpc !== undefined && subnets.length > 0) return { vpc, subnets };
  throw new RekbackError(
    'no-default-vpc',
    vpc === undefined
      ? 'this Region has no default VPC for the workers to run in'
      : `the default VPC '${vpc}' has no subnets for the workers to run in`,
    {
      exitCode: 2,
      suggestions: [
        'name subnets that reach the internet or have endpoints of S3, ECR, CloudWatch Logs and Rekognition: --subnets subnet-…,subnet-…',
        'or make a default VPC: aws ec2 create-default-vpc',
      ],
    },
  );
}

/**
 * Whether all subnets send what is not theirs to an internet gateway, so that tasks need public addresses.
 * @throws RekbackError `bad-subnets` where some do and some don't: one setting holds for all tasks
 */
async function arePublic(ec2: EC2Client, vpc: string, subnets: readonly string[]): Promise<boolean> {
  const { RouteTables = [] } = await ec2.send(
    new DescribeRouteTablesCommand({ Filters: [{ Name: 'vpc-id', Values: [vpc] }] }),
  );
  const isMain = ({ Associations = [] }: RouteTable) => Associations.some(({ Main }) => Main);
  const tableOf = (subnet: string) =>
    RouteTables.find(({ Associations = [] }) => Associations.some(({ SubnetId }) => SubnetId === subnet)) ??
    RouteTables.find(isMain);
  const publicOnes = subnets.filter((subnet) =>
    tableOf(subnet)?.Routes?.some(({ GatewayId }) => GatewayId?.startsWith('igw-')),
  );
  if (publicOnes.length !== 0 && publicOnes.length !== subnets.length) {
    throw badSubnets(
      `some of the subnets are public (${publicOnes.join(', ')}), the others are not: the workers can't run in both`,
    );
  }
  return publicOnes.length > 0;
}

const badSubnets = (message: string, cause?: unknown) =>
  new RekbackError('bad-subnets', message, {
    cause,
    exitCode: 2,
    suggestions: ['name subnets of one VPC, all public or all private: --subnets subnet-…,subnet-…'],
  });
