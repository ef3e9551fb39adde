import {
  addNetworkInterface,
  defaultGroupOf,
  removeNetworkInterface,
  securityGroupById,
  subnetById,
} from '../ec2/reach.ts';
import { roleByArn } from '../iam/reach.ts';
import { zoneCount } from './cluster-rules.ts';
import type { GivenOptions } from './shapes.ts';
import { type Domain, type DomainOptions, invalid, type OpenSearchCall } from './state.ts';

type Vpc = NonNullable<GivenOptions['VPCOptions']>;
const LINKED_ROLE =
  'aws-service-role/opensearchservice.amazonaws.com/AWSServiceRoleForAmazonOpenSearchService';
const NUMBERS = ['no', 'one', 'two', 'three'];

/** Where the domain's VPC options put it; throws when the account, the subnets or the groups do not allow that. */
export function placeInVpc(
  call: OpenSearchCall,
  options: DomainOptions,
): { vpc: Vpc; network: NonNullable<Domain['network']> } | undefined {
  const { VPCOptions: given } = options;
  const { SubnetIds: subnetIds = [], SecurityGroupIds: groupIds = [] } = given ?? {};
  if (!given || (subnetIds.length === 0 && groupIds.length === 0)) return undefined;
  if (!roleByArn(call.world, `arn:aws:iam::${call.account}:role/${LINKED_ROLE}`)) {
    throw invalid(
      'Before you can proceed, you must enable a service-linked role to give Amazon OpenSearch Service permissions to access your VPC.',
    );
  }
  const zones = zoneCount(options);
  if (subnetIds.length !== zones) {
    const because = zones > 1 ? ` because you've set zone count to ${NUMBERS[zones]}` : '';
    throw invalid(`You must specify exactly ${NUMBERS[zones]} subnet${zones > 1 ? 's' : ''}${because}.`);
  }
  const subnets = subnetIds.map((id) => {
    const subnet = subnetById(call.world, call, id);
    if (!subnet) throw invalid(`Invalid subnet ID: ${id}`);
    return subnet;
  });
  const [first] = subnets;
  if (!first || subnets.some(({ vpcId }) => vpcId !== first.vpcId)) {
    throw invalid('All subnets must be in the same VPC.');
  }
  if (new Set(subnets.map(({ zone }) => zone)).size !== subnets.length) {
    throw invalid('Each subnet must be in another Availability Zone.');
  }
  const wrong = groupIds.find((id) => securityGroupById(call.world, call, id)?.vpcId !== first.vpcId);
  if (wrong !== undefined) throw invalid(`Security group ${wrong} does not exist in VPC ${first.vpcId}`);
  const groups = groupIds.length > 0 ? groupIds : defaultGroupOf(call.world, call, first.vpcId);
  return {
    vpc: { SubnetIds: subnetIds, SecurityGroupIds: groups },
    network: { vpcId: first.vpcId, zones: subnets.map(({ zone }) => zone) },
  };
}

/** One interface in each subnet, which hold the security groups until the domain is gone. */
export function attach(call: OpenSearchCall, domain: Domain): void {
  detach(call, domain);
  const { SubnetIds: subnetIds = [], SecurityGroupIds: groupIds = [] } = domain.options.VPCOptions ?? {};
  domain._interfaces = subnetIds.map((subnetId) =>
    addNetworkInterface(call.world, call, {
      subnetId,
      groupIds,
      description: `ES ${domain.name}`,
      requester: 'amazon-elasticsearch',
    }),
  );
}

export function detach(call: OpenSearchCall, domain: Domain): void {
  for (const id of domain._interfaces) removeNetworkInterface(call.world, call, id);
  domain._interfaces = [];
}
