import { operations } from '../kernel/operation.ts';
import { bool, int, list, need, str, struct } from '../kernel/shape.ts';
import { described, filtered, named, paged } from './filters.ts';
import { aboutGroup, groupOf } from './groups.ts';
import {
  checkDescription,
  type Draft,
  draftsOf,
  isSame,
  networkBlock,
  networkBlock6,
  peerGroup,
  permissions,
  portsOf,
} from './permissions.ts';
import {
  arnOf,
  type Ec2Call,
  type Ec2State,
  ec2Error,
  endDryRun,
  groupById,
  groupsOf,
  groupToChange,
  invalidValue,
  type Rule,
  type SecurityGroup,
  tagSet,
} from './state.ts';
import { setTags, tagSpecification, tagsFor } from './tags.ts';

const op = operations<Ec2State>();

/** Rules of one direction that a group may have, before a higher quota. */
const RULES = 60;

/** A group and rules for it; ingress may name one rule without `IpPermissions`. */
const onGroup = { IpPermissions: permissions, DryRun: bool() };
const ingress = {
  ...onGroup,
  GroupId: str(),
  GroupName: str(),
  IpProtocol: str(),
  FromPort: int(),
  ToPort: int(),
  CidrIp: str(),
};
const egress = { ...onGroup, GroupId: need(str()) };
const ruleIds = list(str(), { flat: true });

type Given = Parameters<typeof draftsOf>[2];
interface RuleInput {
  IpPermissions?: Given | undefined;
  IpProtocol?: string | undefined;
  FromPort?: number | undefined;
  ToPort?: number | undefined;
  CidrIp?: string | undefined;
}

function drafts(call: Ec2Call, group: SecurityGroup, input: RuleInput, isEgress: boolean): Draft[] {
  const { IpPermissions: given, IpProtocol, FromPort, ToPort, CidrIp } = input;
  const one =
    CidrIp === undefined
      ? []
      : [{ IpProtocol: IpProtocol ?? '-1', FromPort, ToPort, IpRanges: [{ CidrIp }] }];
  if (given && one.length > 0) {
    throw ec2Error(
      'InvalidParameterCombination',
      'The parameter IpPermissions may not be used with other rule parameters',
    );
  }
  const found = draftsOf(call, group, given ?? one, isEgress);
  if (found.length === 0) {
    throw ec2Error('MissingParameter', 'The request must contain the parameter ipPermissions');
  }
  return found;
}

function describe(call: Ec2Call, group: SecurityGroup, rule: Rule) {
  const { groupId } = rule;
  return {
    securityGroupRuleId: rule.id,
    securityGroupRuleArn: arnOf(call, rule.id),
    groupId: group.id,
    groupOwnerId: call.account,
    isEgress: rule.isEgress,
    ipProtocol: rule.protocol,
    fromPort: rule.fromPort,
    toPort: rule.toPort,
    cidrIpv4: rule.cidrIpv4,
    cidrIpv6: rule.cidrIpv6,
    prefixListId: rule.prefixListId,
    ...(groupId !== undefined && { referencedGroupInfo: { groupId, userId: call.account } }),
    description: rule.description,
    tagSet: tagSet(call.state, rule.id),
  };
}

function duplicate(rule: Draft) {
  const peer = rule.cidrIpv4 ?? rule.cidrIpv6 ?? rule.prefixListId ?? rule.groupId;
  const what = rule.protocol === '-1' ? 'ALL' : rule.protocol.toUpperCase();
  const ports = rule.protocol === '-1' ? '' : ` from port: ${rule.fromPort}, to port: ${rule.toPort},`;
  return ec2Error(
    'InvalidPermission.Duplicate',
    `the specified rule "peer: ${peer}, ${what},${ports} ALLOW" already exists`,
  );
}

function authorize(
  call: Ec2Call,
  given: SecurityGroup,
  input: RuleInput & { TagSpecification?: Parameters<typeof tagsFor>[1] },
  isEgress: boolean,
) {
  const wanted = drafts(call, given, input, isEgress);
  const rules = [...given.rules.values()];
  for (const [index, draft] of wanted.entries()) {
    if ([...rules, ...wanted.slice(0, index)].some((rule) => isSame(rule, draft))) throw duplicate(draft);
  }
  if (rules.filter((rule) => rule.isEgress === isEgress).length + wanted.length > RULES) {
    throw ec2Error(
      'RulesPerSecurityGroupLimitExceeded',
      'The maximum number of rules per security group has been reached.',
    );
  }
  const tags = tagsFor(call, input.TagSpecification, 'security-group-rule');
  const group = groupToChange(call, given.id);
  const made = wanted.map((draft) => ({ id: call.world.ids.make('sgr-0', 'hex', 16), ...draft }));
  for (const rule of made) {
    group.rules.set(rule.id, rule);
    setTags(call.state, rule.id, tags);
  }
  return { return: true, securityGroupRuleSet: made.map((rule) => describe(call, group, rule)) };
}

function ruleOf(group: SecurityGroup, id: string, isEgress?: boolean): Rule {
  const rule = group.rules.get(id);
  if (!rule || (isEgress !== undefined && rule.isEgress !== isEgress)) {
    throw ec2Error(
      'InvalidSecurityGroupRuleId.NotFound',
      `The security group rule ID '${id}' does not exist`,
    );
  }
  return rule;
}

function revoke(
  call: Ec2Call,
  given: SecurityGroup,
  input: RuleInput & { SecurityGroupRuleId?: string[] | undefined },
  isEgress: boolean,
) {
  const { SecurityGroupRuleId: ids } = input;
  const gone = ids
    ? ids.map((id) => ruleOf(given, id, isEgress))
    : drafts(call, given, input, isEgress).map((draft) => {
        const rule = [...given.rules.values()].find((each) => isSame(each, draft));
        if (rule) return rule;
        throw ec2Error(
          'InvalidPermission.NotFound',
          'The specified rule does not exist in this security group.',
        );
      });
  const group = groupToChange(call, given.id);
  for (const { id } of gone) {
    group.rules.delete(id);
    call.state.tags.delete(id);
  }
  return {
    return: true,
    revokedSecurityGroupRuleSet: gone.map((rule) => ({
      ...describe(call, group, rule),
      referencedGroupId: rule.groupId,
    })),
  };
}

export const ruleOperations = [
  op(
    'AuthorizeSecurityGroupIngress',
    'Write',
    struct({ ...ingress, TagSpecification: tagSpecification }),
    (call, input) => {
      endDryRun(input);
      return authorize(call, groupOf(call, input), input, false);
    },
    aboutGroup,
  ),
  op(
    'AuthorizeSecurityGroupEgress',
    'Write',
    struct({ ...egress, TagSpecification: tagSpecification }),
    (call, input) => {
      endDryRun(input);
      return authorize(call, groupById(call, input.GroupId), input, true);
    },
    aboutGroup,
  ),
  op(
    'RevokeSecurityGroupIngress',
    'Write',
    struct({ ...ingress, SecurityGroupRuleId: ruleIds }),
    (call, input) => {
      endDryRun(input);
      return revoke(call, groupOf(call, input), input, false);
    },
    aboutGroup,
  ),
  op(
    'RevokeSecurityGroupEgress',
    'Write',
    struct({ ...egress, SecurityGroupRuleId: ruleIds }),
    (call, input) => {
      endDryRun(input);
      return revoke(call, groupById(call, input.GroupId), input, true);
    },
    aboutGroup,
  ),
  op(
    'ModifySecurityGroupRules',
    'Write',
    struct({
      GroupId: need(str()),
      SecurityGroupRule: need(
        list(
          struct({
            SecurityGroupRuleId: need(str()),
            SecurityGroupRule: need(
              struct({
                IpProtocol: str(),
                FromPort: int(),
                ToPort: int(),
                CidrIpv4: str(),
                CidrIpv6: str(),
                PrefixListId: str(),
                ReferencedGroupId: str(),
                Description: str(),
              }),
            ),
          }),
          { flat: true, min: 1 },
        ),
      ),
      DryRun: bool(),
    }),
    (call, input) => {
      endDryRun(input);
      const given = groupById(call, input.GroupId);
      const changed = input.SecurityGroupRule.map(({ SecurityGroupRuleId: id, SecurityGroupRule: to }) => {
        const { CidrIpv4, CidrIpv6, PrefixListId, ReferencedGroupId, Description } = to;
        const peers = [CidrIpv4, CidrIpv6, PrefixListId, ReferencedGroupId].filter(Boolean);
        if (peers.length !== 1) throw invalidValue('A rule must have exactly one source or destination');
        return {
          id,
          isEgress: ruleOf(given, id).isEgress,
          ...portsOf(to),
          ...(CidrIpv4 && { cidrIpv4: networkBlock(CidrIpv4) }),
          ...(CidrIpv6 && { cidrIpv6: networkBlock6(CidrIpv6) }),
          ...(PrefixListId && { prefixListId: PrefixListId }),
          ...(ReferencedGroupId && { groupId: peerGroup(call, given, ReferencedGroupId) }),
          ...(Description && { description: checkDescription(Description) }),
        };
      });
      const ids = changed.map(({ id }) => id);
      for (const rule of changed) {
        const others = [...given.rules.values()].filter(({ id }) => !ids.includes(id));
        if (others.some((other) => isSame(other, rule))) throw duplicate(rule);
      }
      const group = groupToChange(call, given.id);
      for (const rule of changed) group.rules.set(rule.id, rule);
      return { return: true };
    },
    aboutGroup,
  ),
  op(
    'DescribeSecurityGroupRules',
    'List',
    struct({ ...described, SecurityGroupRuleId: ruleIds }),
    (call, input) => {
      endDryRun(input);
      const all = groupsOf(call).flatMap((group) =>
        [...group.rules.values()].map((rule) => ({ id: rule.id, group, rule })),
      );
      const chosen = named(all, input.SecurityGroupRuleId, (id) =>
        ec2Error('InvalidSecurityGroupRuleId.NotFound', `The security group rule ID '${id}' does not exist`),
      );
      const found = filtered(call.state, chosen, input.Filter, {
        'group-id': ({ group }) => [group.id],
        'security-group-rule-id': ({ id }) => [id],
      });
      const { page, nextToken } = paged(found, input);
      return {
        securityGroupRuleSet: page.map(({ group, rule }) => describe(call, group, rule)),
        nextToken,
      };
    },
  ),
];
