import { operations } from '../kernel/operation.ts';
import { PolicyError, parsePolicy } from '../kernel/policy.ts';
import { bool, list, need, str, struct, tag } from '../kernel/shape.ts';
import {
  about,
  type EcrCall,
  type EcrState,
  ecrError,
  onRepository,
  type Repository,
  repositoryNamed,
} from './state.ts';

const op = operations<EcrState>();

function describePolicy({ account, name, policy }: Repository) {
  if (policy === undefined) {
    throw ecrError(
      'RepositoryPolicyNotFoundException',
      `Repository policy does not exist for the repository with name '${name}' in the registry with id '${account}'`,
    );
  }
  return { registryId: account, repositoryName: name, policyText: policy };
}

function describeLifecycle({ account, name, lifecycle }: Repository) {
  if (lifecycle === undefined) {
    throw ecrError(
      'LifecyclePolicyNotFoundException',
      `Lifecycle policy does not exist for the repository with name '${name}' in the registry with id '${account}'`,
    );
  }
  return { registryId: account, repositoryName: name, lifecyclePolicyText: lifecycle };
}

interface Rule {
  rulePriority?: unknown;
  selection?: { tagStatus?: unknown; countType?: unknown; countNumber?: unknown; countUnit?: unknown };
  action?: { type?: unknown };
}

/** The first fault of a lifecycle policy (user guide, "Lifecycle policy properties"). */
function lifecycleFault(text: string): string | undefined {
  let rules: Rule[] | undefined;
  try {
    rules = (JSON.parse(text) as { rules?: Rule[] }).rules;
  } catch {
    return 'not JSON';
  }
  if (!Array.isArray(rules) || rules.length === 0) return 'rules are missing';
  const priorities = rules.map((rule) => rule.rulePriority);
  if (new Set(priorities).size !== rules.length) return 'rulePriority must be unique';
  for (const { rulePriority, selection = {}, action } of rules) {
    const { tagStatus, countType, countNumber, countUnit } = selection;
    if (!Number.isInteger(rulePriority) || Number(rulePriority) < 1)
      return 'rulePriority must be a number from 1';
    if (!['tagged', 'untagged', 'any'].includes(String(tagStatus))) return `tagStatus ${tagStatus}`;
    if (tagStatus === 'any' && Number(rulePriority) < Math.max(...priorities.map(Number))) {
      return 'a rule for any tag must have the highest rulePriority';
    }
    if (!['imageCountMoreThan', 'sinceImagePushed'].includes(String(countType)))
      return `countType ${countType}`;
    if (!Number.isInteger(countNumber) || Number(countNumber) < 1) return 'countNumber must be positive';
    if ((countType === 'sinceImagePushed') !== (countUnit === 'days'))
      return 'countUnit goes with sinceImagePushed';
    if (action?.type !== 'expire') return `action ${action?.type}`;
  }
  return undefined;
}

function byArn(call: EcrCall, arn: string): Repository {
  return repositoryNamed(call, { repositoryName: arn.split(':repository/')[1] ?? arn });
}
const aboutArn = { resource: ({ resourceArn }: { resourceArn: string }) => resourceArn };

/** What hangs on a repository: who may use it, what expires, tags. */
export const policyOperations = [
  op(
    'SetRepositoryPolicy',
    'Permissions management',
    struct({ ...onRepository, policyText: need(str({ max: 10_240 })), force: bool() }),
    (call, input) => {
      const repository = repositoryNamed(call, input);
      try {
        // Like a trust policy, it names no resource: it is about its own repository.
        parsePolicy(input.policyText, 'trust');
      } catch (error) {
        if (!(error instanceof PolicyError)) throw error;
        throw ecrError(
          'InvalidParameterException',
          `Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided' (${error.message})`,
        );
      }
      repository.policy = input.policyText;
      return describePolicy(repository);
    },
    about,
  ),
  op(
    'GetRepositoryPolicy',
    'Read',
    struct(onRepository),
    (call, input) => describePolicy(repositoryNamed(call, input)),
    about,
  ),
  op(
    'DeleteRepositoryPolicy',
    'Permissions management',
    struct(onRepository),
    (call, input) => {
      const repository = repositoryNamed(call, input);
      const before = describePolicy(repository);
      repository.policy = undefined;
      return before;
    },
    about,
  ),
  op(
    'PutLifecyclePolicy',
    'Write',
    struct({ ...onRepository, lifecyclePolicyText: need(str({ min: 100, max: 30_720 })) }),
    (call, input) => {
      const repository = repositoryNamed(call, input);
      const fault = lifecycleFault(input.lifecyclePolicyText);
      if (fault !== undefined) {
        throw ecrError(
          'InvalidParameterException',
          `Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation failure: ${fault}'`,
        );
      }
      repository.lifecycle = input.lifecyclePolicyText;
      return describeLifecycle(repository);
    },
    about,
  ),
  op(
    'GetLifecyclePolicy',
    'Read',
    struct(onRepository),
    (call, input) => ({ ...describeLifecycle(repositoryNamed(call, input)), lastEvaluatedAt: new Date(0) }),
    about,
  ),
  op(
    'DeleteLifecyclePolicy',
    'Write',
    struct(onRepository),
    (call, input) => {
      const repository = repositoryNamed(call, input);
      const before = describeLifecycle(repository);
      repository.lifecycle = undefined;
      return { ...before, lastEvaluatedAt: new Date(0) };
    },
    about,
  ),
  op(
    'TagResource',
    'Tagging',
    struct({ resourceArn: need(str()), tags: need(list(tag(), { max: 50 })) }),
    (call, { resourceArn, tags }) => {
      const repository = byArn(call, resourceArn);
      for (const { Key, Value } of tags) repository.tags.set(Key, Value);
      return {};
    },
    aboutArn,
  ),
  op(
    'UntagResource',
    'Tagging',
    struct({ resourceArn: need(str()), tagKeys: need(list(str())) }),
    (call, { resourceArn, tagKeys }) => {
      const repository = byArn(call, resourceArn);
      for (const key of tagKeys) repository.tags.delete(key);
      return {};
    },
    aboutArn,
  ),
  op(
    'ListTagsForResource',
    'List',
    struct({ resourceArn: need(str()) }),
    (call, { resourceArn }) => ({
      tags: [...byArn(call, resourceArn).tags].map(([Key, Value]) => ({ Key, Value })),
    }),
    aboutArn,
  ),
  op('GetAccountSetting', 'Read', struct({ name: need(setting()) }), (call, { name }) => ({
    name,
    value: call.state.settings.get(name) ?? 'DISABLED',
  })),
  op(
    'PutAccountSetting',
    'Write',
    struct({ name: need(setting()), value: need(str({ oneOf: ['ENABLED', 'DISABLED'] })) }),
    (call, { name, value }) => {
      call.state.settings.set(name, value);
      return { name, value };
    },
  ),
];

function setting() {
  return str({ oneOf: ['BLOB_MOUNTING'] });
}
