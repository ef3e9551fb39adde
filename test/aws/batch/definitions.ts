import { operations } from '../kernel/operation.ts';
import { bool, int, list, map, need, str, struct } from '../kernel/shape.ts';
import { checkDefinition, checkLimits } from './definition-rules.ts';
import { containerProperties, ecsProperties, names, paging, retryStrategy, tags, timeout } from './shapes.ts';
import {
  arnOf,
  type BatchCall,
  type BatchState,
  checkName,
  clientException,
  type Definition,
  page,
  pageSize,
  refused,
  requirePermission,
} from './state.ts';
import { mainContainer } from './task.ts';

const op = operations<BatchState>();
/** "Job definitions are permanently deleted after 180 days" (API_DeregisterJobDefinition). */
const KEPT = 180 * 24 * 3600 * 1000;

/** What Batch gives back for a container that leaves it out (known from tools that must not take it for a change). */
const EMPTY = { command: [], environment: [], mountPoints: [], secrets: [], ulimits: [], volumes: [] };

function describe(definition: Definition) {
  const { container, ecs, platforms } = definition;
  const isFargate = platforms.includes('FARGATE');
  return {
    jobDefinitionName: definition.name,
    jobDefinitionArn: definition.arn,
    revision: definition.revision,
    status: definition.active ? 'ACTIVE' : 'INACTIVE',
    type: 'container',
    schedulingPriority: definition.schedulingPriority,
    parameters: definition.parameters,
    retryStrategy: definition.retry && { evaluateOnExit: [], ...definition.retry },
    ...(container && {
      containerProperties: {
        ...EMPTY,
        resourceRequirements: [],
        ...(isFargate && { fargatePlatformConfiguration: { platformVersion: 'LATEST' } }),
        ...container,
      },
    }),
    ...(ecs && {
      ecsProperties: {
        taskProperties: ecs.taskProperties.map((task) => ({
          volumes: [],
          ...(isFargate && { platformVersion: 'LATEST' }),
          ...task,
          containers: task.containers.map(({ ...each }) => {
            const { volumes: _, ...empty } = EMPTY;
            return { ...empty, dependsOn: [], essential: true, ...each };
          }),
        })),
      },
    }),
    timeout: definition.timeout,
    tags: Object.fromEntries(definition.tags),
    propagateTags: definition.propagateTags,
    platformCapabilities: platforms,
    containerOrchestrationType: 'ECS',
  };
}

/** All definitions that are there, by name and revision. */
function kept(call: BatchCall): Definition[] {
  const now = call.world.clock.now();
  return [...call.state.definitions.values()]
    .flat()
    .filter(({ _deregistered: since }) => since === undefined || now < since + KEPT);
}

/**
 * The definition of `name`, `name:revision` or an ARN with or without revision.
 * Without one it is the latest that is active.
 */
export function definitionOf(call: BatchCall, given: string): Definition | undefined {
  const prefix = arnOf(call, 'job-definition', '');
  if (given.startsWith('arn:') && !given.startsWith(prefix)) return undefined;
  const [name, revision] = (given.startsWith('arn:') ? given.slice(prefix.length) : given).split(':');
  const revisions = kept(call).filter((each) => each.name === name);
  if (revision === undefined) return revisions.findLast(({ active }) => active);
  return revisions.find((each) => String(each.revision) === revision);
}

export const definitionOperations = [
  op(
    'RegisterJobDefinition',
    'Write',
    struct({
      jobDefinitionName: need(str()),
      type: need(str({ oneOf: ['container'] })),
      parameters: map(str()),
      schedulingPriority: int(),
      containerProperties,
      ecsProperties,
      retryStrategy,
      propagateTags: bool(),
      timeout,
      tags,
      platformCapabilities: list(str({ oneOf: ['EC2', 'FARGATE'] })),
    }),
    (call, input) => {
      const { jobDefinitionName: name, platformCapabilities: platforms = ['EC2'] } = input;
      checkName('jobDefinitionName', name);
      if (platforms.length !== 1) throw refused(call, 'platformCapabilities must have one element.');
      checkLimits(input.retryStrategy, input.timeout);
      const content = { platforms, container: input.containerProperties, ecs: input.ecsProperties };
      checkDefinition(call, content);
      const revisions = call.state.definitions.get(name) ?? [];
      const revision = revisions.length + 1;
      const arn = arnOf(call, 'job-definition', `${name}:${revision}`);
      const { jobRoleArn, executionRoleArn } = mainContainer({ ...content, parameters: {} });
      requirePermission(call, 'iam:PassRole', jobRoleArn);
      requirePermission(call, 'iam:PassRole', executionRoleArn);
      if (input.tags) requirePermission(call, 'batch:TagResource', arn);
      const definition: Definition = {
        name,
        revision,
        arn,
        active: true,
        parameters: input.parameters ?? {},
        ...content,
        retry: input.retryStrategy,
        timeout: input.timeout,
        propagateTags: input.propagateTags,
        schedulingPriority: input.schedulingPriority,
        tags: new Map(Object.entries(input.tags ?? {})),
        _deregistered: undefined,
      };
      call.state.definitions.set(name, [...revisions, definition]);
      return { jobDefinitionName: name, jobDefinitionArn: arn, revision };
    },
    { resource: ({ jobDefinitionName }, call) => arnOf(call, 'job-definition', jobDefinitionName) },
  ),
  op(
    'DescribeJobDefinitions',
    'Read',
    struct({ jobDefinitions: names, jobDefinitionName: str(), status: str(), ...paging }),
    (call, { jobDefinitions: wanted, jobDefinitionName: name, status, maxResults, nextToken }) => {
      if (wanted && [name, status, maxResults].some((each) => each !== undefined)) {
        throw clientException('jobDefinitions cannot be used with other parameters');
      }
      if (wanted && wanted.length > 100) throw clientException('jobDefinitions has more than 100 entries');
      const found = kept(call).filter(
        (each) =>
          (wanted?.some((one) => one === each.arn || one === `${each.name}:${each.revision}`) ?? true) &&
          (name === undefined || name === each.name) &&
          (status === undefined || status === (each.active ? 'ACTIVE' : 'INACTIVE')),
      );
      const part = page(found, ({ arn }) => arn, nextToken, pageSize(maxResults, 100));
      return { jobDefinitions: part.page.map(describe), nextToken: part.nextToken };
    },
  ),
  op(
    'DeregisterJobDefinition',
    'Write',
    struct({ jobDefinition: need(str()) }),
    (call, { jobDefinition }) => {
      const definition = definitionOf(call, jobDefinition);
      if (!definition || !/:\d+$/.test(jobDefinition)) {
        throw refused(call, `Job definition ${jobDefinition} does not exist.`);
      }
      definition.active = false;
      definition._deregistered ??= call.world.clock.now();
      return {};
    },
    {
      resource: ({ jobDefinition }, call) =>
        arnOf(call, 'job-definition', jobDefinition.split('/').at(-1) ?? ''),
    },
  ),
];
