import { AwsError } from '../kernel/errors.ts';
import type { Call } from '../kernel/operation.ts';
import type { Network } from './network.ts';
import { defaultNetwork } from './network.ts';

/** One rule of a security group: exactly one of the four peers. */
export interface Rule {
  id: string;
  isEgress: boolean;
  /** `tcp`, `udp`, `icmp`, `icmpv6`, `-1` (all), or a protocol's number. */
  protocol: string;
  fromPort: number;
  toPort: number;
  cidrIpv4?: string;
  cidrIpv6?: string;
  prefixListId?: string;
  groupId?: string;
  description?: string;
}

export interface SecurityGroup {
  id: string;
  name: string;
  description: string;
  vpcId: string;
  rules: Map<string, Rule>;
}

export interface Ec2State {
  /** Security groups that callers made, or changed where they were given. */
  groups: Map<string, SecurityGroup>;
  /** Tags by resource id. */
  tags: Map<string, Map<string, string>>;
  /** What an account starts with, and what a test added: no part of a set-up, so no part of the dump. */
  _network: Network | undefined;
  /** Who uses a security group without a network interface of its own: any name, by group id. */
  _uses: Map<string, Set<string>>;
}

export type Ec2Call = Call<Ec2State>;
/** What of a call tells whose network it is. */
export type Place = Pick<Ec2Call, 'world' | 'state' | 'region' | 'account'>;

export function ec2Error(code: string, message: string, status = 400): AwsError {
  return new AwsError(code, message, { status });
}

export function invalidValue(message: string): AwsError {
  return ec2Error('InvalidParameterValue', message);
}

/** The account's network in this Region: the default VPC until a test changes it. */
export function networkOf(place: Place): Network {
  place.state._network ??= defaultNetwork(place.world.ids, place.region);
  return place.state._network;
}

/** Every security group: those that came with a VPC and those that callers made. */
export function groupsOf(place: Place): SecurityGroup[] {
  const given = [...networkOf(place).groups.values()].filter(({ id }) => !place.state.groups.has(id));
  return [...given, ...place.state.groups.values()];
}

export function groupById(place: Place, id: string): SecurityGroup {
  if (!/^sg-/.test(id)) {
    throw ec2Error('InvalidGroupId.Malformed', `Invalid id: "${id}" (expecting "sg-...")`);
  }
  const group = place.state.groups.get(id) ?? networkOf(place).groups.get(id);
  if (!group) throw ec2Error('InvalidGroup.NotFound', `The security group '${id}' does not exist`);
  return group;
}

/** A group as something to change: one that came with a VPC becomes a part of the dump. */
export function groupToChange(place: Place, id: string): SecurityGroup {
  const group = groupById(place, id);
  const own = place.state.groups.get(id) ?? { ...group, rules: new Map(group.rules) };
  place.state.groups.set(id, own);
  return own;
}

export function tagsOf(state: Ec2State, id: string): ReadonlyMap<string, string> {
  return state.tags.get(id) ?? new Map<string, string>();
}

/** EC2's `tagSet` in an answer. */
export function tagSet(state: Ec2State, id: string): { key: string; value: string }[] {
  return [...tagsOf(state, id)].map(([key, value]) => ({ key, value }));
}

/** The kinds of resources that the double has, by the prefix of their ids. */
const KINDS: Readonly<Record<string, string>> = {
  sg: 'security-group',
  sgr: 'security-group-rule',
  vpc: 'vpc',
  subnet: 'subnet',
  rtb: 'route-table',
  igw: 'internet-gateway',
  nat: 'natgateway',
  vpce: 'vpc-endpoint',
  eni: 'network-interface',
};

/** `security-group` for `sg-…`; undefined for an id of no kind that the double has. */
export function kindOf(id: string): string | undefined {
  return KINDS[id.split('-')[0] ?? ''];
}

export function arnOf(place: { region: string; account: string }, id: string): string {
  return `arn:aws:ec2:${place.region}:${place.account}:${kindOf(id) ?? 'unknown'}/${id}`;
}

/** A dry run ends here: it says that the caller may, and does nothing. */
export function endDryRun(input: { DryRun?: boolean | undefined }): void {
  if (input.DryRun) {
    throw ec2Error('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412);
  }
}
