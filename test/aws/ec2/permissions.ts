import { isIPv4, isIPv6 } from 'node:net';
import { int, list, need, str, struct } from '../kernel/shape.ts';
import { type Ec2Call, groupById, invalidValue, type Rule, type SecurityGroup } from './state.ts';

/** `IpPermissions`: protocol and ports, and any number of peers. */
export const permissions = list(
  struct({
    IpProtocol: need(str()),
    FromPort: int(),
    ToPort: int(),
    IpRanges: list(struct({ CidrIp: need(str()), Description: str() }), { flat: true }),
    Ipv6Ranges: list(struct({ CidrIpv6: need(str()), Description: str() }), { flat: true }),
    PrefixListIds: list(struct({ PrefixListId: need(str()), Description: str() }), { flat: true }),
    Groups: list(struct({ GroupId: need(str()), UserId: str(), VpcId: str(), Description: str() }), {
      flat: true,
    }),
  }),
  { flat: true },
);
type Permission = ReturnType<typeof permissions.read>[number];

/** A rule that has no id yet. */
export type Draft = Omit<Rule, 'id'>;

const NUMBERS: Readonly<Record<string, string>> = { '1': 'icmp', '6': 'tcp', '17': 'udp', '58': 'icmpv6' };

/** Protocol and ports as EC2 keeps them; throws on ports that are none. */
export function portsOf(given: {
  IpProtocol?: string | undefined;
  FromPort?: number | undefined;
  ToPort?: number | undefined;
}): Pick<Rule, 'protocol' | 'fromPort' | 'toPort'> {
  const named = (given.IpProtocol ?? '-1').toLowerCase();
  const protocol = NUMBERS[named] ?? (named === 'all' ? '-1' : named);
  const { FromPort: fromPort, ToPort: toPort } = given;
  if (protocol === 'tcp' || protocol === 'udp') {
    if (fromPort === undefined || toPort === undefined) {
      throw invalidValue('Invalid value for portRange. Must specify both from and to ports with TCP/UDP.');
    }
    if (fromPort < 0 || toPort > 65_535) {
      throw invalidValue(`Invalid value '${fromPort}-${toPort}' for portRange. Must be between 0 and 65535.`);
    }
    if (fromPort > toPort) {
      throw invalidValue(`Invalid TCP/UDP port range (from ${fromPort} to ${toPort})`);
    }
    return { protocol, fromPort, toPort };
  }
  if (protocol === 'icmp' || protocol === 'icmpv6') {
    return { protocol, fromPort: fromPort ?? -1, toPort: toPort ?? -1 };
  }
  if (protocol === '-1' || (/^\d+$/.test(protocol) && Number(protocol) <= 255)) {
    return { protocol, fromPort: -1, toPort: -1 };
  }
  throw invalidValue(`Invalid value '${given.IpProtocol}' for IP protocol. Unknown protocol.`);
}

/** The block with the bits behind its length cleared, as EC2 keeps it. */
export function networkBlock(cidr: string): string {
  const [address = '', length = ''] = cidr.split('/');
  if (!isIPv4(address) || !/^\d{1,2}$/.test(length) || Number(length) > 32) {
    throw invalidValue(`CIDR block ${cidr} is malformed`);
  }
  const value = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(length));
  const first = Math.floor(value / size) * size;
  return `${[24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join('.')}/${length}`;
}

export function networkBlock6(cidr: string): string {
  const [address = '', length = ''] = cidr.split('/');
  if (!isIPv6(address) || !/^\d{1,3}$/.test(length) || Number(length) > 128) {
    throw invalidValue(`CIDR block ${cidr} is malformed`);
  }
  return cidr.toLowerCase();
}

/** One rule for each peer of each permission. */
export function draftsOf(
  call: Ec2Call,
  group: SecurityGroup,
  given: readonly Permission[],
  isEgress: boolean,
): Draft[] {
  return given.flatMap((permission) => {
    const ports = { isEgress, ...portsOf(permission) };
    const described = (text: string | undefined) => (text ? { description: checkDescription(text) } : {});
    const peers: Draft[] = [
      ...(permission.IpRanges ?? []).map(({ CidrIp, Description }) => ({
        ...ports,
        cidrIpv4: networkBlock(CidrIp),
        ...described(Description),
      })),
      ...(permission.Ipv6Ranges ?? []).map(({ CidrIpv6, Description }) => ({
        ...ports,
        cidrIpv6: networkBlock6(CidrIpv6),
        ...described(Description),
      })),
      ...(permission.PrefixListIds ?? []).map(({ PrefixListId, Description }) => ({
        ...ports,
        prefixListId: PrefixListId,
        ...described(Description),
      })),
      ...(permission.Groups ?? []).map(({ GroupId, Description }) => ({
        ...ports,
        groupId: peerGroup(call, group, GroupId),
        ...described(Description),
      })),
    ];
    if (peers.length === 0) throw invalidValue('Invalid IP permission: a source or destination is missing');
    return peers;
  });
}

export function checkDescription(text: string): string {
  if (!/^[A-Za-z0-9 ._\-:/()#,@[\]+=&;{}!$*]{0,255}$/.test(text)) {
    throw invalidValue(
      `Invalid rule description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*`,
    );
  }
  return text;
}

/** A group that a rule may name: there, and in the same VPC (the double has no peering). */
export function peerGroup(call: Ec2Call, group: SecurityGroup, id: string): string {
  const peer = groupById(call, id);
  if (peer.vpcId !== group.vpcId) {
    throw invalidValue(`You have specified two resources that belong to different networks.`);
  }
  return peer.id;
}

/** Whether two rules are the same to EC2: descriptions do not count. */
export function isSame(a: Draft, b: Draft): boolean {
  const parts: (keyof Draft)[] = [
    'isEgress',
    'protocol',
    'fromPort',
    'toPort',
    'cidrIpv4',
    'cidrIpv6',
    'prefixListId',
    'groupId',
  ];
  return parts.every((part) => a[part] === b[part]);
}

/** A group's rules of one direction as `IpPermissions`: one entry for each protocol and port range. */
export function permissionsOf(call: Ec2Call, group: SecurityGroup, isEgress: boolean): object[] {
  const byPorts = new Map<string, Rule[]>();
  for (const rule of group.rules.values()) {
    if (rule.isEgress !== isEgress) continue;
    const key = `${rule.protocol} ${rule.fromPort} ${rule.toPort}`;
    byPorts.set(key, [...(byPorts.get(key) ?? []), rule]);
  }
  return [...byPorts.values()].map((rules) => {
    const [first] = rules;
    const isAny = first?.protocol === '-1';
    return {
      ipProtocol: first?.protocol,
      ...(!isAny && { fromPort: first?.fromPort, toPort: first?.toPort }),
      groups: rules.flatMap(({ groupId, description }) =>
        groupId === undefined ? [] : [{ groupId, userId: call.account, description }],
      ),
      ipRanges: rules.flatMap(({ cidrIpv4, description }) =>
        cidrIpv4 === undefined ? [] : [{ cidrIp: cidrIpv4, description }],
      ),
      ipv6Ranges: rules.flatMap(({ cidrIpv6, description }) =>
        cidrIpv6 === undefined ? [] : [{ cidrIpv6, description }],
      ),
      prefixListIds: rules.flatMap(({ prefixListId, description }) =>
        prefixListId === undefined ? [] : [{ prefixListId, description }],
      ),
    };
  });
}
