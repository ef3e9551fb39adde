import type { World } from '../kernel/world.ts';
import {
  type Endpoint,
  makeRouteTable,
  makeVpc,
  type NetworkInterface,
  type Subnet,
  zonesOf,
} from './network.ts';
import { ec2 } from './service.ts';
import { groupById, groupsOf, networkOf, type Place, type SecurityGroup } from './state.ts';

/** Whose network: an account's in a Region. */
export interface Where {
  account: string;
  region: string;
}

function placeOf(world: World, { account, region }: Where): Place {
  return { world, state: world.state(ec2, account, region), account, region };
}

/** Takes the default VPC away, with all that is in it. */
export function removeDefaultVpc(world: World, where: Where): void {
  const network = networkOf(placeOf(world, where));
  for (const { id } of [...network.vpcs.values()].filter(({ isDefault }) => isDefault)) {
    network.vpcs.delete(id);
    for (const part of [network.subnets, network.routeTables, network.endpoints, network.groups]) {
      for (const [key, each] of part) if (each.vpcId === id) part.delete(key);
    }
  }
}

/** A VPC of someone: no subnets, a main route table without a way out. Gives its id and its default group's. */
export function addVpc(
  world: World,
  where: Where,
  given: { cidr?: string; tags?: Readonly<Record<string, string>> } = {},
): { vpcId: string; groupId: string } {
  const place = placeOf(world, where);
  const cidr = given.cidr ?? '10.0.0.0/16';
  const { vpc, group } = makeVpc(networkOf(place), world.ids, { cidr, isDefault: false });
  tagThing(place, vpc.id, given.tags);
  return { vpcId: vpc.id, groupId: group.id };
}

/** How a subnet reaches the internet; `main`: as the VPC's main route table says, without a table of its own. */
type WayOut = 'internet-gateway' | 'nat' | 'none' | 'main';

/** A subnet in the VPC (the default one when none is given); private without a way out unless `out` says otherwise. */
export function addSubnet(
  world: World,
  where: Where,
  given: {
    vpcId?: string;
    out?: WayOut;
    zone?: string;
    cidr?: string;
    tags?: Readonly<Record<string, string>>;
  } = {},
): string {
  const place = placeOf(world, where);
  const network = networkOf(place);
  const vpc = [...network.vpcs.values()].find(({ id, isDefault }) =>
    given.vpcId === undefined ? isDefault : id === given.vpcId,
  );
  if (!vpc) throw new Error(`no VPC ${given.vpcId ?? 'by default'}`);
  const { out = 'none', zone = zonesOf(where.region)[0] ?? '' } = given;
  const id = world.ids.make('subnet-0', 'hex', 16);
  const third = 200 + (network.subnets.size % 50);
  const cidr = given.cidr ?? vpc.cidr.replace(/^(\d+\.\d+)\..*$/, `$1.${third}.0/24`);
  const mapsPublicIp = out === 'internet-gateway';
  network.subnets.set(id, { id, vpcId: vpc.id, zone, cidr, isDefault: false, mapsPublicIp });
  tagThing(place, id, given.tags);
  if (out === 'main') return id;
  const table = makeRouteTable(network, world.ids, vpc.id, false);
  table.associations.set(id, world.ids.make('rtbassoc-0', 'hex', 16));
  const destination = '0.0.0.0/0';
  if (out === 'nat') table.routes.push({ destination, natGatewayId: world.ids.make('nat-0', 'hex', 16) });
  if (out === 'internet-gateway') {
    table.routes.push({ destination, gatewayId: world.ids.make('igw-0', 'hex', 16) });
  }
  return id;
}

/** An endpoint for a service (`s3`, `ecr.api`): a gateway in all route tables of the VPC, or an interface in subnets. */
export function addEndpoint(
  world: World,
  where: Where,
  given: {
    vpcId: string;
    service: string;
    type?: Endpoint['type'];
    subnetIds?: string[];
    groupIds?: string[];
  },
): string {
  const { routeTables, endpoints } = networkOf(placeOf(world, where));
  const { vpcId, type = 'Interface', subnetIds = [], groupIds = [] } = given;
  const id = world.ids.make('vpce-0', 'hex', 16);
  const tables = [...routeTables.values()].filter((table) => type === 'Gateway' && table.vpcId === vpcId);
  for (const { routes } of tables) {
    routes.push({ destination: world.ids.make('pl-', 'hex', 8), gatewayId: id });
  }
  endpoints.set(id, {
    id,
    vpcId,
    service: `com.amazonaws.${where.region}.${given.service}`,
    type,
    subnetIds,
    routeTableIds: tables.map((table) => table.id),
    groupIds,
    created: world.clock.date(),
  });
  return id;
}

/** A network interface as a service makes it in a caller's subnet (Lambda, Fargate): its groups cannot be deleted meanwhile. */
export function addNetworkInterface(
  world: World,
  where: Where,
  given: Pick<NetworkInterface, 'subnetId' | 'groupIds' | 'description'> & {
    type?: string;
    requester?: string;
  },
): string {
  const place = placeOf(world, where);
  const network = networkOf(place);
  const subnet = network.subnets.get(given.subnetId);
  if (!subnet) throw new Error(`no subnet ${given.subnetId}`);
  for (const each of given.groupIds) groupById(place, each);
  const id = world.ids.make('eni-0', 'hex', 16);
  const address = subnet.cidr.replace(/\.\d+\/.*$/, `.${(network.interfaces.size % 250) + 4}`);
  const { type = 'interface', requester = 'amazon-aws' } = given;
  network.interfaces.set(id, { id, ...given, type, requester, address });
  return id;
}

export function removeNetworkInterface(world: World, where: Where, id: string): void {
  networkOf(placeOf(world, where)).interfaces.delete(id);
}

/** Notes that `user` (an ARN) uses a group, which cannot be deleted until `releaseSecurityGroup`. */
export function useSecurityGroup(world: World, where: Where, groupId: string, user: string): void {
  const { _uses: uses } = placeOf(world, where).state;
  uses.set(groupId, new Set([...(uses.get(groupId) ?? []), user]));
}

export function releaseSecurityGroup(world: World, where: Where, groupId: string, user: string): void {
  placeOf(world, where).state._uses.get(groupId)?.delete(user);
}

/** The subnet, when it is there. */
export function subnetById(world: World, where: Where, id: string): Subnet | undefined {
  return networkOf(placeOf(world, where)).subnets.get(id);
}

/** The group, when it is there. */
export function securityGroupById(world: World, where: Where, id: string): SecurityGroup | undefined {
  return groupsOf(placeOf(world, where)).find((group) => group.id === id);
}

/** Ids of the groups that a resource in the VPC has when it names none. */
export function defaultGroupOf(world: World, where: Where, vpcId: string): string[] {
  const groups = groupsOf(placeOf(world, where));
  return groups.filter((group) => group.vpcId === vpcId && group.name === 'default').map(({ id }) => id);
}

/** Where a subnet's traffic for the internet goes: by its own route table, else by the main one. */
export function wayOut(world: World, where: Where, subnetId: string): 'internet-gateway' | 'nat' | 'none' {
  const { subnets, routeTables } = networkOf(placeOf(world, where));
  const tables = [...routeTables.values()].filter(({ vpcId }) => vpcId === subnets.get(subnetId)?.vpcId);
  const table =
    tables.find(({ associations }) => associations.has(subnetId)) ?? tables.find(({ isMain }) => isMain);
  const route = table?.routes.find(({ destination }) => destination === '0.0.0.0/0');
  if (route?.natGatewayId !== undefined) return 'nat';
  return route?.gatewayId?.startsWith('igw-') ? 'internet-gateway' : 'none';
}

function tagThing(place: Place, id: string, tags: Readonly<Record<string, string>> = {}): void {
  if (Object.keys(tags).length > 0) place.state.tags.set(id, new Map(Object.entries(tags)));
}
