import {
  BatchClient,
  DeregisterJobDefinitionCommand,
  DescribeJobDefinitionsCommand,
  RegisterJobDefinitionCommand,
  type RegisterJobDefinitionRequest,
  UpdateComputeEnvironmentCommand,
  type UpdateComputeEnvironmentRequest,
  UpdateJobQueueCommand,
  type UpdateJobQueueRequest,
} from '@aws-sdk/client-batch';
import type { Context } from '../../src/provision/context.ts';
import { batch } from '../aws/batch/service.ts';
import type { World } from '../aws/kernel/world.ts';
import { type DriftTable, joined, type Make } from './drift-table.ts';
import type { Theirs } from './theirs.ts';

/** Environments, queues and job definitions. */
export const batchDrifts = (world: World, context: Context, theirs: Theirs): DriftTable =>
  joined([
    ...(['control', 'workers'] as const).map((which) => placeDrifts(world, context, which, theirs)),
    ...Object.values(context.names.jobs).map((job) => jobDrifts(world, context, job)),
  ]);

function placeDrifts(
  world: World,
  context: Context,
  which: 'control' | 'workers',
  theirs: Theirs,
): DriftTable {
  const { clients, names, spec } = context;
  const client = clients(BatchClient);
  const environment = names.environments[which];
  const queue = names.queues[which];
  const stored = () => world.state(batch, spec.account, spec.region);
  const changeEnvironment =
    (change: Omit<UpdateComputeEnvironmentRequest, 'computeEnvironment'>): Make =>
    () =>
      client.send(new UpdateComputeEnvironmentCommand({ computeEnvironment: environment.name, ...change }));
  const changeQueue = (change: Omit<UpdateJobQueueRequest, 'jobQueue'>) => () =>
    client.send(new UpdateJobQueueCommand({ jobQueue: queue.name, ...change }));
  const other = names.environments[which === 'control' ? 'workers' : 'control'].arn;
  const type = which === 'control' ? 'FARGATE_SPOT' : 'FARGATE';
  const computeResources = (change: UpdateComputeEnvironmentRequest['computeResources']) =>
    [changeEnvironment({ computeResources: change }), 'UpdateComputeEnvironment'] as const;
  return {
    [`compute-environment ${environment.name}`]: {
      gone() {
        // Batch deletes no environment that a queue has.
        stored().queues.delete(queue.name);
        stored().environments.delete(environment.name);
      },
      with: [`job-queue ${queue.name}`],
      fields: {
        state: [changeEnvironment({ state: 'DISABLED' }), 'UpdateComputeEnvironment'],
        health: [
          () => Object.assign(stored().environments.get(environment.name) ?? {}, INVALID),
          'UpdateComputeEnvironment',
        ],
        type: computeResources({ type }),
        maxVcpus: computeResources({ maxvCpus: 2 }),
        subnets: computeResources({ subnets: spec.network.subnets.slice(1) }),
        securityGroups: computeResources({ securityGroupIds: [theirs.group] }),
      },
    },
    [`job-queue ${queue.name}`]: {
      gone: () => stored().queues.delete(queue.name),
      fields: {
        state: [changeQueue({ state: 'DISABLED' }), 'UpdateJobQueue'],
        health: [() => Object.assign(stored().queues.get(queue.name) ?? {}, INVALID), 'UpdateJobQueue'],
        priority: [changeQueue({ priority: 999 }), 'UpdateJobQueue'],
        environments: [
          changeQueue({ computeEnvironmentOrder: [{ order: 1, computeEnvironment: other }] }),
          'UpdateJobQueue',
        ],
      },
    },
  };
}

const INVALID = { status: 'INVALID', statusReason: 'CLIENT_ERROR - Not authorized' };

function jobDrifts(world: World, { clients, spec }: Context, { name }: { name: string }): DriftTable {
  const client = clients(BatchClient);
  const newest = async () => {
    const { jobDefinitions = [] } = await client.send(
      new DescribeJobDefinitionsCommand({ jobDefinitionName: name, status: 'ACTIVE' }),
    );
    return jobDefinitions[0];
  };
  /** Another revision, as a person registers one at the console: with all that the newest has, and the change. */
  const revise = (change: (newest: Revision) => Partial<Revision>) =>
    [
      async () => {
        const { ecsProperties, retryStrategy, timeout, propagateTags, platformCapabilities, tags } =
          (await newest()) ?? {};
        const all = { ecsProperties, retryStrategy, timeout, propagateTags, platformCapabilities, tags };
        const revision = { ...all, ...change(all), jobDefinitionName: name, type: 'container' as const };
        await client.send(new RegisterJobDefinitionCommand(revision));
      },
      'RegisterJobDefinition',
      'DeregisterJobDefinition',
      'DeregisterJobDefinition',
    ] as const;
  /** As a setup leaves it that ended before it deregistered what was there before. */
  const addRevision = () => {
    const revisions = world.state(batch, spec.account, spec.region).definitions.get(name) ?? [];
    const revision = revisions.length + 1;
    for (const last of revisions.slice(-1))
      revisions.push({ ...last, revision, arn: last.arn.replace(/\d+$/, `${revision}`) });
  };
  return {
    [`job-definition ${name}`]: {
      gone: async () => {
        const jobDefinition = (await newest())?.jobDefinitionArn;
        await client.send(new DeregisterJobDefinitionCommand({ jobDefinition }));
      },
      fields: {
        task: revise(({ ecsProperties }) => ({
          ecsProperties: JSON.parse(
            JSON.stringify(ecsProperties).replaceAll(
              '"readonlyRootFilesystem":true',
              '"readonlyRootFilesystem":false',
            ),
          ),
        })),
        retry: revise(() => ({ retryStrategy: { attempts: 1 } })),
        timeout: revise(() => ({ timeout: { attemptDurationSeconds: 60 } })),
        propagateTags: revise(() => ({ propagateTags: false })),
        alone: [addRevision, 'DeregisterJobDefinition'],
      },
    },
  };
}

type Revision = Omit<RegisterJobDefinitionRequest, 'jobDefinitionName' | 'type'>;
