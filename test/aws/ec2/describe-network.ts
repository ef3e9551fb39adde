import { operations } from '../kernel/operation.ts';
import { bool, list, str, struct } from '../kernel/shape.ts';
import { described, filtered, named, paged } from './filters.ts';
import { type Route, type RouteTable, zoneId, zonesOf } from './network.ts';
import {
  arnOf,
  type Ec2Call,
  type Ec2State,
  ec2Error,
  endDryRun,
  groupById,
  invalidValue,
  networkOf,
  tagSet,
} from './state.ts';

const op = operations<Ec2State>();
const ids = list(str(), { flat: true });

function notThere(code: string, what: string) {
  return (id: string) => ec2Error(`${code}.NotFound`, `The ${what} '${id}' does not exist`);
}

/** `groupSet` of an interface or endpoint. */
export function groupSet(call: Ec2Call, groupIds: readonly string[]) {
  return groupIds.map((id) => ({ groupId: id, groupName: groupById(call, id).name }));
}

/** Addresses that a subnet has left: EC2 keeps five, interfaces take one each. */
function addressesLeft(call: Ec2Call, id: string, cidr: string): number {
  const taken = [...networkOf(call).interfaces.values()].filter(({ subnetId }) => subnetId === id).length;
  return 2 ** (32 - Number(cidr.split('/')[1])) - 5 - taken;
}

function routesOf(table: RouteTable, local: string): (Route & { origin: string })[] {
  return [
    { destination: local, gatewayId: 'local', origin: 'CreateRouteTable' },
    ...table.routes.map((route) => ({ ...route, origin: 'CreateRoute' })),
  ];
}

function describeRoute(route: Route & { origin: string }) {
  const isPrefixList = route.destination.startsWith('pl-');
  return {
    [isPrefixList ? 'destinationPrefixListId' : 'destinationCidrBlock']: route.destination,
    gatewayId: route.gatewayId,
    natGatewayId: route.natGatewayId,
    origin: route.origin,
    state: 'active',
  };
}

function describeTable(call: Ec2Call, table: RouteTable) {
  const associated = { associationState: { state: 'associated' } };
  return {
    associationSet: [
      ...(table.isMain
        ? [
            {
              main: true,
              routeTableAssociationId: table.mainAssociation,
              routeTableId: table.id,
              ...associated,
            },
          ]
        : []),
      ...[...table.associations].map(([subnetId, routeTableAssociationId]) => ({
        main: false,
        routeTableAssociationId,
        routeTableId: table.id,
        subnetId,
        ...associated,
      })),
    ],
    propagatingVgwSet: [],
    routeTableId: table.id,
    routeSet: routesOf(table, networkOf(call).vpcs.get(table.vpcId)?.cidr ?? '').map(describeRoute),
    tagSet: tagSet(call.state, table.id),
    vpcId: table.vpcId,
    ownerId: call.account,
  };
}

export const networkOperations = [
  op('DescribeVpcs', 'List', struct({ ...described, VpcId: ids }), (call, input) => {
    endDryRun(input);
    const all = [...networkOf(call).vpcs.values()];
    const chosen = named(all, input.VpcId, notThere('InvalidVpcID', 'vpc ID'));
    const found = filtered(call.state, chosen, input.Filter, {
      'vpc-id': ({ id }) => [id],
      cidr: ({ cidr }) => [cidr],
      'cidr-block-association.cidr-block': ({ cidr }) => [cidr],
      isDefault: ({ isDefault }) => [String(isDefault)],
      'is-default': ({ isDefault }) => [String(isDefault)],
      'owner-id': () => [call.account],
      state: () => ['available'],
    });
    const { page, nextToken } = paged(found, input);
    const vpcSet = page.map(({ id, cidr, isDefault }) => ({
      vpcId: id,
      ownerId: call.account,
      state: 'available',
      cidrBlock: cidr,
      cidrBlockAssociationSet: [{ cidrBlock: cidr, cidrBlockState: { state: 'associated' } }],
      instanceTenancy: 'default',
      isDefault,
      tagSet: tagSet(call.state, id),
    }));
    return { vpcSet, nextToken };
  }),
  op('DescribeSubnets', 'List', struct({ ...described, SubnetId: ids }), (call, input) => {
    endDryRun(input);
    const all = [...networkOf(call).subnets.values()];
    const chosen = named(all, input.SubnetId, notThere('InvalidSubnetID', 'subnet ID'));
    const found = filtered(call.state, chosen, input.Filter, {
      'subnet-id': ({ id }) => [id],
      'subnet-arn': ({ id }) => [arnOf(call, id)],
      'vpc-id': ({ vpcId }) => [vpcId],
      'availability-zone': ({ zone }) => [zone],
      availabilityZone: ({ zone }) => [zone],
      'availability-zone-id': ({ zone }) => [zoneId(zone)],
      'cidr-block': ({ cidr }) => [cidr],
      'default-for-az': ({ isDefault }) => [String(isDefault)],
      defaultForAz: ({ isDefault }) => [String(isDefault)],
      'map-public-ip-on-launch': ({ mapsPublicIp }) => [String(mapsPublicIp)],
      'owner-id': () => [call.account],
      state: () => ['available'],
    });
    const { page, nextToken } = paged(found, input);
    const subnetSet = page.map(({ id, vpcId, zone, cidr, isDefault, mapsPublicIp }) => ({
      subnetId: id,
      subnetArn: arnOf(call, id),
      state: 'available',
      ownerId: call.account,
      vpcId,
      cidrBlock: cidr,
      availableIpAddressCount: addressesLeft(call, id, cidr),
      availabilityZone: zone,
      availabilityZoneId: zoneId(zone),
      defaultForAz: isDefault,
      mapPublicIpOnLaunch: mapsPublicIp,
      assignIpv6AddressOnCreation: false,
      ipv6CidrBlockAssociationSet: [],
      tagSet: tagSet(call.state, id),
    }));
    return { subnetSet, nextToken };
  }),
  op('DescribeRouteTables', 'List', struct({ ...described, RouteTableId: ids }), (call, input) => {
    endDryRun(input);
    const network = networkOf(call);
    const all = [...network.routeTables.values()];
    const chosen = named(all, input.RouteTableId, notThere('InvalidRouteTableID', 'routeTable ID'));
    const found = filtered(call.state, chosen, input.Filter, {
      'route-table-id': ({ id }) => [id],
      'vpc-id': ({ vpcId }) => [vpcId],
      // A subnet that no table names uses the main one, and is not found by this filter.
      'association.subnet-id': ({ associations }) => [...associations.keys()],
      'association.route-table-id': ({ id, isMain, associations }) =>
        isMain || associations.size > 0 ? [id] : [],
      'association.main': ({ isMain, associations }) => [
        ...(isMain ? ['true'] : []),
        ...(associations.size > 0 ? ['false'] : []),
      ],
      'route.gateway-id': ({ routes }) => ['local', ...routes.map((route) => route.gatewayId)],
      'route.nat-gateway-id': ({ routes }) => routes.map((route) => route.natGatewayId),
      'route.destination-cidr-block': (table) =>
        routesOf(table, network.vpcs.get(table.vpcId)?.cidr ?? '').map((route) => route.destination),
      'owner-id': () => [call.account],
    });
    const { page, nextToken } = paged(found, input);
    return { routeTableSet: page.map((table) => describeTable(call, table)), nextToken };
  }),
  op(
    'DescribeAvailabilityZones',
    'List',
    struct({
      Filter: described.Filter,
      DryRun: bool(),
      ZoneName: ids,
      ZoneId: ids,
      AllAvailabilityZones: bool(),
    }),
    (call, input) => {
      endDryRun(input);
      const { ZoneName: names = [], ZoneId: zoneIds = [] } = input;
      const all = zonesOf(call.region).map((name) => ({ id: name, zoneId: zoneId(name) }));
      const unknown =
        names.find((name) => !all.some(({ id }) => id === name)) ??
        zoneIds.find((id) => !all.some((zone) => zone.zoneId === id));
      if (unknown !== undefined) throw invalidValue(`Invalid availability zone: [${unknown}]`);
      const chosen = all.filter(
        (zone) =>
          (names.length === 0 || names.includes(zone.id)) &&
          (zoneIds.length === 0 || zoneIds.includes(zone.zoneId)),
      );
      const found = filtered(call.state, chosen, input.Filter, {
        'zone-name': ({ id }) => [id],
        'zone-id': (zone) => [zone.zoneId],
        'zone-type': () => ['availability-zone'],
        'region-name': () => [call.region],
        'opt-in-status': () => ['opt-in-not-required'],
        state: () => ['available'],
      });
      return {
        availabilityZoneInfo: found.map((zone) => ({
          zoneName: zone.id,
          zoneId: zone.zoneId,
          zoneState: 'available',
          zoneType: 'availability-zone',
          regionName: call.region,
          groupName: `${call.region}-zg-1`,
          networkBorderGroup: call.region,
          optInStatus: 'opt-in-not-required',
          messageSet: [],
        })),
      };
    },
  ),
];
