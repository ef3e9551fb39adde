import type { Ids } from '../kernel/random.ts';
import type { Rule, SecurityGroup } from './state.ts';

export interface Vpc {
  id: string;
  cidr: string;
  isDefault: boolean;
}

export interface Subnet {
  id: string;
  vpcId: string;
  zone: string;
  cidr: string;
  isDefault: boolean;
  mapsPublicIp: boolean;
}

/** A route beside the VPC's own; one of the targets. */
export interface Route {
  destination: string;
  gatewayId?: string;
  natGatewayId?: string;
}

export interface RouteTable {
  id: string;
  vpcId: string;
  isMain: boolean;
  mainAssociation: string;
  routes: Route[];
  /** Association ids by subnet. */
  associations: Map<string, string>;
}

export interface Endpoint {
  id: string;
  vpcId: string;
  /** `com.amazonaws.eu-west-1.s3`. */
  service: string;
  type: 'Gateway' | 'Interface';
  subnetIds: string[];
  routeTableIds: string[];
  groupIds: string[];
  created: Date;
}

export interface NetworkInterface {
  id: string;
  subnetId: string;
  groupIds: string[];
  description: string;
  /** `interface`, `lambda`, … */
  type: string;
  address: string;
  requester: string;
}

/** VPCs and what is in them. Callers cannot make any of it; tests can, by `reach.ts`. */
export interface Network {
  vpcs: Map<string, Vpc>;
  subnets: Map<string, Subnet>;
  routeTables: Map<string, RouteTable>;
  endpoints: Map<string, Endpoint>;
  interfaces: Map<string, NetworkInterface>;
  /** The `default` group of each VPC, as it was given. */
  groups: Map<string, SecurityGroup>;
}

/** Zones of a Region: `a`, `b` and `c`. */
export function zonesOf(region: string): string[] {
  return ['a', 'b', 'c'].map((letter) => region + letter);
}

/** `euw1-az1` for `eu-west-1a`. The letter of a zone means different places in different accounts on AWS; not here. */
export function zoneId(zone: string): string {
  const [area = '', direction = '', number = ''] = zone.split('-');
  const short = /^(north|south)(east|west)$/.test(direction)
    ? direction.replace(/^(.).{4}(.).*$/, '$1$2')
    : direction.charAt(0);
  return `${area}${short}${number.charAt(0)}-az${number.charCodeAt(1) - 96}`;
}

/** What every account has in every Region: a VPC with three public subnets. */
export function defaultNetwork(ids: Ids, region: string): Network {
  const network: Network = {
    vpcs: new Map(),
    subnets: new Map(),
    routeTables: new Map(),
    endpoints: new Map(),
    interfaces: new Map(),
    groups: new Map(),
  };
  const { vpc, table } = makeVpc(network, ids, { cidr: '172.31.0.0/16', isDefault: true });
  table.routes.push({ destination: '0.0.0.0/0', gatewayId: ids.make('igw-0', 'hex', 16) });
  for (const [index, zone] of zonesOf(region).entries()) {
    const id = ids.make('subnet-0', 'hex', 16);
    const cidr = `172.31.${index * 16}.0/20`;
    network.subnets.set(id, { id, vpcId: vpc.id, zone, cidr, isDefault: true, mapsPublicIp: true });
  }
  return network;
}

/** A VPC with what EC2 makes with it: a main route table and the group `default`. */
export function makeVpc(
  network: Network,
  ids: Ids,
  given: Omit<Vpc, 'id'>,
): { vpc: Vpc; table: RouteTable; group: SecurityGroup } {
  const vpc = { id: ids.make('vpc-0', 'hex', 16), ...given };
  network.vpcs.set(vpc.id, vpc);
  const table = makeRouteTable(network, ids, vpc.id, true);
  const id = ids.make('sg-0', 'hex', 16);
  const within: Rule = {
    ...allTraffic(ids.make('sgr-0', 'hex', 16), false),
    groupId: id,
  };
  const out: Rule = { ...allTraffic(ids.make('sgr-0', 'hex', 16), true), cidrIpv4: '0.0.0.0/0' };
  const group: SecurityGroup = {
    id,
    name: 'default',
    description: 'default VPC security group',
    vpcId: vpc.id,
    rules: new Map([within, out].map((rule) => [rule.id, rule])),
  };
  network.groups.set(id, group);
  return { vpc, table, group };
}

export function makeRouteTable(network: Network, ids: Ids, vpcId: string, isMain: boolean): RouteTable {
  const table = {
    id: ids.make('rtb-0', 'hex', 16),
    vpcId,
    isMain,
    mainAssociation: ids.make('rtbassoc-0', 'hex', 16),
    routes: [],
    associations: new Map<string, string>(),
  };
  network.routeTables.set(table.id, table);
  return table;
}

/** A rule for every protocol and port, its peer still missing. */
export function allTraffic(id: string, isEgress: boolean): Rule {
  return { id, isEgress, protocol: '-1', fromPort: -1, toPort: -1 };
}
