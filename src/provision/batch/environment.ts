import {
  BatchClient,
  type ComputeEnvironmentDetail,
  CreateComputeEnvironmentCommand,
  DeleteComputeEnvironmentCommand,
  DescribeComputeEnvironmentsCommand,
  TagResourceCommand,
  UpdateComputeEnvironmentCommand,
} from '@aws-sdk/client-batch';
import type { Context } from '../context.ts';
import { defineResource, type Resource } from '../resource.ts';
import { BATCH_SETTLES, patiently } from './settling.ts';

interface Config {
  state: string | undefined;
  /** `VALID`, or why it is not. */
  health: string | undefined;
  type: string | undefined;
  maxVcpus: number | undefined;
  subnets: readonly string[];
  securityGroups: readonly (string | undefined)[];
}

interface EnvironmentOptions {
  environment: { name: string; arn: string };
  type: 'FARGATE' | 'FARGATE_SPOT';
  maxVcpus: number;
  after: readonly Resource[];
}

/** Fargate capacity for jobs. Costs nothing while no job runs. */
export function defineEnvironment(context: Context, options: EnvironmentOptions): Resource {
  const { spec, clients, tags, waiting, outputs } = context;
  const { name, arn } = options.environment;
  const batch = clients(BatchClient);
  const find = async (): Promise<ComputeEnvironmentDetail | undefined> => {
    const describe = new DescribeComputeEnvironmentsCommand({ computeEnvironments: [name] });
    const { computeEnvironments = [] } = await batch.send(describe);
    return computeEnvironments.find(({ status }) => status !== 'DELETED');
  };
  // Fargate takes no more than these; minvCpus, allocationStrategy, instanceRole and the like are refused.
  const resources = ({ maxVcpus, subnets, securityGroups }: Config) => ({
    maxvCpus: maxVcpus,
    subnets: [...subnets],
    securityGroupIds: securityGroups.flatMap((group) => (group === undefined ? [] : [group])),
  });

  return defineResource<Config>(context, {
    type: 'compute-environment',
    name,
    after: options.after,
    tags,
    wanted: () => ({
      state: 'ENABLED',
      health: 'VALID',
      type: options.type,
      maxVcpus: options.maxVcpus,
      subnets: [...spec.network.subnets].sort(),
      securityGroups:
        spec.network.securityGroups.length > 0
          ? [...spec.network.securityGroups].sort()
          : [outputs.securityGroup],
    }),
    async read() {
      const found = await find();
      if (found === undefined) return undefined;
      const { status, statusReason, computeResources } = found;
      return {
        tags: { ...found.tags },
        pending: status === 'CREATING' || status === 'UPDATING' || status === 'DELETING',
        config: {
          state: found.state,
          health: status === 'INVALID' ? `INVALID: ${statusReason}` : status,
          type: computeResources?.type,
          maxVcpus: computeResources?.maxvCpus,
          subnets: [...(computeResources?.subnets ?? [])].sort(),
          securityGroups: [...(computeResources?.securityGroupIds ?? [])].sort(),
        },
      };
    },
    async create(wanted) {
      const create = new CreateComputeEnvironmentCommand({
        computeEnvironmentName: name,
        type: 'MANAGED',
        state: 'ENABLED',
        computeResources: { type: options.type, ...resources(wanted) },
        tags,
      });
      await batch.send(create);
    },
    async update(wanted, fields) {
      // Only what differs: a change of the network or the type replaces running tasks.
      const { maxvCpus, subnets, securityGroupIds } = resources(wanted);
      const update = new UpdateComputeEnvironmentCommand({
        computeEnvironment: name,
        state: 'ENABLED',
        computeResources: {
          maxvCpus,
          ...(fields.has('subnets') && { subnets }),
          ...(fields.has('securityGroups') && { securityGroupIds }),
          ...(fields.has('type') && { type: options.type }),
        },
      });
      await patiently(() => batch.send(update), waiting);
    },
    async tag(missing) {
      await batch.send(new TagResourceCommand({ resourceArn: arn, tags: missing }));
    },
    async remove({ config, pending }) {
      if (config.state !== 'DISABLED') {
        const disable = new UpdateComputeEnvironmentCommand({ computeEnvironment: name, state: 'DISABLED' });
        await patiently(() => batch.send(disable), waiting);
      }
      if (pending && (await find())?.status === 'DELETING') return;
      await patiently(
        () => batch.send(new DeleteComputeEnvironmentCommand({ computeEnvironment: name })),
        waiting,
      );
    },
    settling: BATCH_SETTLES,
    vanishing: BATCH_SETTLES,
  });
}
