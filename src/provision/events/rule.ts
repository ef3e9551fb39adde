import {
  DeleteRuleCommand,
  DescribeRuleCommand,
  EventBridgeClient,
  ListTagsForResourceCommand,
  ListTargetsByRuleCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
  TagResourceCommand,
} from '@aws-sdk/client-eventbridge';
import { ifThere } from '../../aws/errors.ts';
import { RekbackError } from '../../runtime/errors.ts';
import type { Context } from '../context.ts';
import { defineResource, type Resource } from '../resource.ts';
import { tagList, tagsOf } from '../tags.ts';

interface RuleConfig {
  pattern: unknown;
  state: string | undefined;
  targets: readonly (string | undefined)[];
  description: string | undefined;
}

interface RuleOptions {
  name: string;
  arn: string;
  description: string;
  after: readonly Resource[];
  /** Undefined where the stack does without the rule. */
  pattern(): object | undefined;
}

const TARGET = 'live-queue';

/** A rule that sends what fits its pattern to the live queue. */
export function defineRule(
  context: Context,
  { name, arn, description, after, pattern }: RuleOptions,
): Resource {
  const { names, clients, tags } = context;
  const events = clients(EventBridgeClient);

  const putRule = ({ pattern, state }: RuleConfig, Tags?: { Key: string; Value: string }[]) =>
    events.send(
      new PutRuleCommand({
        Name: name,
        Description: description,
        EventPattern: JSON.stringify(pattern),
        State: state === 'ENABLED' ? 'ENABLED' : 'DISABLED',
        ...(Tags && { Tags }),
      }),
    );
  const putTarget = async () => {
    const Targets = [{ Id: TARGET, Arn: names.queue.arn }];
    const { FailedEntries = [] } = await events.send(new PutTargetsCommand({ Rule: name, Targets }));
    const [failed] = FailedEntries;
    if (failed === undefined) return;
    throw new RekbackError(
      'provision-failed',
      `can't make the queue the target of the rule '${name}': ${failed.ErrorCode}: ${failed.ErrorMessage}`,
      { suggestions: ['run the same command again: it goes on where this one ended'] },
    );
  };
  const targetsOf = async () => {
    const { Targets = [] } = await events.send(new ListTargetsByRuleCommand({ Rule: name }));
    return Targets;
  };

  return defineResource<RuleConfig>(context, {
    type: 'rule',
    name,
    after,
    tags,
    wanted() {
      const wantedPattern = pattern();
      return (
        wantedPattern && {
          pattern: wantedPattern,
          state: 'ENABLED',
          targets: [names.queue.arn],
          description,
        }
      );
    },
    async read() {
      const found = await ifThere(events.send(new DescribeRuleCommand({ Name: name })));
      if (found === undefined) return undefined;
      const [targets, listed] = await Promise.all([
        targetsOf(),
        events.send(new ListTagsForResourceCommand({ ResourceARN: arn })),
      ]);
      return {
        tags: tagsOf(listed.Tags),
        config: {
          pattern: JSON.parse(found.EventPattern ?? 'null'),
          state: found.State,
          targets: targets.map(({ Arn }) => Arn),
          description: found.Description,
        },
      };
    },
    async create(wanted) {
      await putRule(wanted, tagList(tags));
      await putTarget();
    },
    async update(wanted, fields) {
      if (fields.has('pattern') || fields.has('state') || fields.has('description')) await putRule(wanted);
      if (!fields.has('targets')) return;
      const others = (await targetsOf()).filter(({ Id, Arn }) => Id !== TARGET || Arn !== names.queue.arn);
      const Ids = others.flatMap(({ Id }) => (Id === undefined ? [] : [Id]));
      if (Ids.length > 0) await events.send(new RemoveTargetsCommand({ Rule: name, Ids }));
      await putTarget();
    },
    async tag(missing) {
      await events.send(new TagResourceCommand({ ResourceARN: arn, Tags: tagList(missing) }));
    },
    async remove() {
      const Ids = (await targetsOf()).flatMap(({ Id }) => (Id === undefined ? [] : [Id]));
      if (Ids.length > 0) await events.send(new RemoveTargetsCommand({ Rule: name, Ids }));
      await events.send(new DeleteRuleCommand({ Name: name }));
    },
  });
}
