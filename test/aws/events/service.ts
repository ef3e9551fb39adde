import { AwsError } from '../kernel/errors.ts';
import { operations, type Service } from '../kernel/operation.ts';
import { bool, int, list, need, str, struct, tag } from '../kernel/shape.ts';
import { patternFault } from './pattern.ts';
import { type EventsCall, type EventsState, type Rule, ruleNamed } from './state.ts';

const op = operations<EventsState>();
const ruleName = str({ min: 1, max: 64, pattern: /^[.\-_A-Za-z0-9]+$/ });
/** Only the default bus: the double has no other. */
const bus = str({ oneOf: ['default'] });
const about = (call: EventsCall, name: string) =>
  `arn:aws:events:${call.region}:${call.account}:rule/${name}`;
const aboutRule = { resource: ({ Name }: { Name: string }, call: EventsCall) => about(call, Name) };
const aboutTargets = { resource: ({ Rule }: { Rule: string }, call: EventsCall) => about(call, Rule) };

function invalid(message: string): AwsError {
  return new AwsError('ValidationException', message);
}

function byArn(call: EventsCall, arn: string): Rule {
  const rule = [...call.state.rules.values()].find((each) => each.arn === arn);
  if (!rule)
    throw new AwsError(
      'ResourceNotFoundException',
      `Rule ${arn.split('/').at(-1)} does not exist on EventBus default.`,
    );
  return rule;
}

function describe(rule: Rule) {
  return {
    Name: rule.name,
    Arn: rule.arn,
    EventPattern: rule.pattern,
    ScheduleExpression: rule.schedule,
    State: rule.enabled ? 'ENABLED' : 'DISABLED',
    Description: rule.description,
    EventBusName: 'default',
  };
}

export const events: Service<EventsState> = {
  id: 'events',
  signedAs: ['events'],
  wires: ['json'],
  target: 'AWSEvents',
  reach: 'region',
  empty: () => ({ rules: new Map(), _undelivered: [] }),
  invalid: ({ message }) => invalid(message),
  denied: (message) => new AwsError('AccessDeniedException', message),
  tagged: ({ rules }) => [...rules.values()].map(({ arn, tags }) => ({ arn, type: 'events:rule', tags })),
  operations: [
    op(
      'PutRule',
      'Write',
      struct({
        Name: need(ruleName),
        EventPattern: str({ max: 4096 }),
        ScheduleExpression: str({ max: 256 }),
        State: str({ oneOf: ['ENABLED', 'DISABLED'] }),
        Description: str({ max: 512 }),
        Tags: list(tag(), { max: 50 }),
        EventBusName: bus,
      }),
      (call, input) => {
        const { EventPattern: pattern, ScheduleExpression: schedule } = input;
        if (pattern === undefined && schedule === undefined) {
          throw invalid('Parameter(s) EventPattern or ScheduleExpression must be specified.');
        }
        const fault = pattern === undefined ? undefined : patternFault(pattern);
        if (fault !== undefined) throw new AwsError('InvalidEventPatternException', fault);
        const known = call.state.rules.get(input.Name);
        const arn = about(call, input.Name);
        // PutRule replaces what it is given; tags of an existing rule stay as they are.
        const tags = known?.tags ?? new Map((input.Tags ?? []).map(({ Key, Value }) => [Key, Value]));
        call.state.rules.set(input.Name, {
          name: input.Name,
          arn,
          pattern,
          schedule,
          enabled: input.State !== 'DISABLED',
          description: input.Description,
          tags,
          targets: known?.targets ?? new Map(),
        });
        return { RuleArn: arn };
      },
      aboutRule,
    ),
    op(
      'DescribeRule',
      'Read',
      struct({ Name: need(ruleName), EventBusName: bus }),
      (call, { Name }) => describe(ruleNamed(call, Name)),
      aboutRule,
    ),
    op(
      'ListRules',
      'List',
      struct({
        NamePrefix: str({ min: 1, max: 64 }),
        EventBusName: bus,
        NextToken: str(),
        Limit: int(1, 100),
      }),
      (call, { NamePrefix = '' }) => ({
        Rules: [...call.state.rules.values()]
          .filter((rule) => rule.name.startsWith(NamePrefix))
          .map(describe),
      }),
    ),
    op(
      'DeleteRule',
      'Write',
      struct({ Name: need(ruleName), EventBusName: bus, Force: bool() }),
      (call, { Name }) => {
        const rule = call.state.rules.get(Name);
        // A rule that is not there is no error.
        if (!rule) return;
        if (rule.targets.size > 0) throw invalid("Rule can't be deleted since it has targets.");
        call.state.rules.delete(Name);
      },
      aboutRule,
    ),
    op(
      'EnableRule',
      'Write',
      struct({ Name: need(ruleName), EventBusName: bus }),
      (call, { Name }) => {
        ruleNamed(call, Name).enabled = true;
      },
      aboutRule,
    ),
    op(
      'DisableRule',
      'Write',
      struct({ Name: need(ruleName), EventBusName: bus }),
      (call, { Name }) => {
        ruleNamed(call, Name).enabled = false;
      },
      aboutRule,
    ),
    op(
      'PutTargets',
      'Write',
      struct({
        Rule: need(ruleName),
        EventBusName: bus,
        Targets: need(
          list(
            struct({
              Id: need(str({ min: 1, max: 64, pattern: /^[.\-_A-Za-z0-9]+$/ })),
              Arn: need(str({ min: 1, max: 1600 })),
              RoleArn: str({ min: 1, max: 1600 }),
              Input: str({ max: 8192 }),
              InputPath: str({ max: 256 }),
            }),
            { min: 1, max: 100 },
          ),
        ),
      }),
      (call, { Rule, Targets }) => {
        const rule = ruleNamed(call, Rule);
        const ids = new Set([...rule.targets.keys(), ...Targets.map((target) => target.Id)]);
        if (ids.size > 5) {
          throw new AwsError(
            'LimitExceededException',
            'The requested resource exceeds the maximum number allowed.',
          );
        }
        for (const target of Targets) rule.targets.set(target.Id, target);
        return { FailedEntryCount: 0, FailedEntries: [] };
      },
      aboutTargets,
    ),
    op(
      'RemoveTargets',
      'Write',
      struct({
        Rule: need(ruleName),
        EventBusName: bus,
        Ids: need(list(str({ min: 1, max: 64 }), { min: 1, max: 100 })),
        Force: bool(),
      }),
      (call, { Rule, Ids }) => {
        const rule = ruleNamed(call, Rule);
        for (const id of Ids) rule.targets.delete(id);
        return { FailedEntryCount: 0, FailedEntries: [] };
      },
      aboutTargets,
    ),
    op(
      'ListTargetsByRule',
      'List',
      struct({ Rule: need(ruleName), EventBusName: bus, NextToken: str(), Limit: int(1, 100) }),
      (call, { Rule }) => ({ Targets: [...ruleNamed(call, Rule).targets.values()] }),
      aboutTargets,
    ),
    op(
      'TagResource',
      'Tagging',
      struct({ ResourceARN: need(str({ min: 1, max: 1600 })), Tags: need(list(tag(), { max: 50 })) }),
      (call, { ResourceARN, Tags }) => {
        const rule = byArn(call, ResourceARN);
        for (const { Key, Value } of Tags) rule.tags.set(Key, Value);
        return {};
      },
      { resource: ({ ResourceARN }) => ResourceARN },
    ),
    op(
      'UntagResource',
      'Tagging',
      struct({ ResourceARN: need(str({ min: 1, max: 1600 })), TagKeys: need(list(str())) }),
      (call, { ResourceARN, TagKeys }) => {
        const rule = byArn(call, ResourceARN);
        for (const key of TagKeys) rule.tags.delete(key);
        return {};
      },
      { resource: ({ ResourceARN }) => ResourceARN },
    ),
    op(
      'ListTagsForResource',
      'List',
      struct({ ResourceARN: need(str({ min: 1, max: 1600 })) }),
      (call, { ResourceARN }) => ({
        Tags: [...byArn(call, ResourceARN).tags].map(([Key, Value]) => ({ Key, Value })),
      }),
      { resource: ({ ResourceARN }) => ResourceARN },
    ),
  ],
};
