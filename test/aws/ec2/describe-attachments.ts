import { operations } from '../kernel/operation.ts';
import { bool, list, str, struct } from '../kernel/shape.ts';
import { groupSet } from './describe-network.ts';
import { described, filtered, named, paged } from './filters.ts';
import { type Ec2State, ec2Error, endDryRun, networkOf, tagSet } from './state.ts';

const op = operations<Ec2State>();
const ids = list(str(), { flat: true });

/** What hangs in subnets: endpoints and network interfaces. */
export const attachmentOperations = [
  op('DescribeVpcEndpoints', 'List', struct({ ...described, VpcEndpointId: ids }), (call, input) => {
    endDryRun(input);
    const all = [...networkOf(call).endpoints.values()];
    const chosen = named(all, input.VpcEndpointId, (id) =>
      ec2Error('InvalidVpcEndpointId.NotFound', `The Vpc Endpoint Id '${id}' does not exist`),
    );
    const found = filtered(call.state, chosen, input.Filter, {
      'vpc-endpoint-id': ({ id }) => [id],
      'vpc-id': ({ vpcId }) => [vpcId],
      'service-name': ({ service }) => [service],
      'vpc-endpoint-type': ({ type }) => [type],
      'vpc-endpoint-state': () => ['available'],
    });
    const { page, nextToken } = paged(found, input);
    const vpcEndpointSet = page.map((endpoint) => ({
      vpcEndpointId: endpoint.id,
      vpcEndpointType: endpoint.type,
      vpcId: endpoint.vpcId,
      serviceName: endpoint.service,
      state: 'available',
      routeTableIdSet: endpoint.routeTableIds,
      subnetIdSet: endpoint.subnetIds,
      groupSet: groupSet(call, endpoint.groupIds),
      privateDnsEnabled: endpoint.type === 'Interface',
      requesterManaged: false,
      creationTimestamp: endpoint.created,
      ownerId: call.account,
      tagSet: tagSet(call.state, endpoint.id),
    }));
    return { vpcEndpointSet, nextToken };
  }),
  op(
    'DescribeNetworkInterfaces',
    'List',
    struct({ ...described, NetworkInterfaceId: ids, IncludeManagedResources: bool() }),
    (call, input) => {
      endDryRun(input);
      const network = networkOf(call);
      const all = [...network.interfaces.values()];
      const chosen = named(all, input.NetworkInterfaceId, (id) =>
        ec2Error('InvalidNetworkInterfaceID.NotFound', `The networkInterface ID '${id}' does not exist`),
      );
      const subnetOf = (id: string) => network.subnets.get(id);
      const found = filtered(call.state, chosen, input.Filter, {
        'network-interface-id': ({ id }) => [id],
        'group-id': ({ groupIds }) => groupIds,
        'group-name': ({ groupIds }) => groupSet(call, groupIds).map(({ groupName }) => groupName),
        'subnet-id': ({ subnetId }) => [subnetId],
        'vpc-id': ({ subnetId }) => [subnetOf(subnetId)?.vpcId],
        'availability-zone': ({ subnetId }) => [subnetOf(subnetId)?.zone],
        description: ({ description }) => [description],
        'interface-type': ({ type }) => [type],
        'private-ip-address': ({ address }) => [address],
        'requester-id': ({ requester }) => [requester],
        'requester-managed': () => ['true'],
        'owner-id': () => [call.account],
        status: () => ['in-use'],
      });
      const { page, nextToken } = paged(found, input);
      const networkInterfaceSet = page.map((each) => ({
        networkInterfaceId: each.id,
        interfaceType: each.type,
        description: each.description,
        subnetId: each.subnetId,
        vpcId: subnetOf(each.subnetId)?.vpcId,
        availabilityZone: subnetOf(each.subnetId)?.zone,
        groupSet: groupSet(call, each.groupIds),
        ownerId: call.account,
        requesterId: each.requester,
        requesterManaged: true,
        privateIpAddress: each.address,
        privateIpAddressesSet: [{ primary: true, privateIpAddress: each.address }],
        sourceDestCheck: true,
        status: 'in-use',
        tagSet: tagSet(call.state, each.id),
      }));
      return { networkInterfaceSet, nextToken };
    },
  ),
];
