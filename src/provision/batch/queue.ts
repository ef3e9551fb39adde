import {
  BatchClient,
  CreateJobQueueCommand,
  DeleteJobQueueCommand,
  DescribeJobQueuesCommand,
  type JobQueueDetail,
  TagResourceCommand,
  UpdateJobQueueCommand,
} from '@aws-sdk/client-batch';
import type { Context } from '../context.ts';
import { defineResource, type Resource } from '../resource.ts';
import { BATCH_SETTLES, patiently } from './settling.ts';

interface Config {
  state: string | undefined;
  health: string | undefined;
  priority: number | undefined;
  environments: readonly (string | undefined)[];
}

interface QueueOptions {
  queue: { name: string; arn: string };
  environment: { name: string; arn: string };
  /** The higher goes first. */
  priority: number;
  after: readonly Resource[];
}

/** A job queue on one environment. */
export function defineJobQueue(context: Context, options: QueueOptions): Resource {
  const { clients, tags, waiting } = context;
  const { name, arn } = options.queue;
  const batch = clients(BatchClient);
  const find = async (): Promise<JobQueueDetail | undefined> => {
    const { jobQueues = [] } = await batch.send(new DescribeJobQueuesCommand({ jobQueues: [name] }));
    return jobQueues.find(({ status }) => status !== 'DELETED');
  };
  const settings = {
    state: 'ENABLED' as const,
    priority: options.priority,
    computeEnvironmentOrder: [{ order: 1, computeEnvironment: options.environment.arn }],
  };

  return defineResource<Config>(context, {
    type: 'job-queue',
    name,
    after: options.after,
    tags,
    wanted: () => ({
      state: 'ENABLED',
      health: 'VALID',
      priority: options.priority,
      environments: [options.environment.arn],
    }),
    async read() {
      const found = await find();
      if (found === undefined) return undefined;
      const { status, statusReason, computeEnvironmentOrder = [] } = found;
      return {
        tags: { ...found.tags },
        pending: status === 'CREATING' || status === 'UPDATING' || status === 'DELETING',
        config: {
          state: found.state,
          health: status === 'INVALID' ? `INVALID: ${statusReason}` : status,
          priority: found.priority,
          environments: computeEnvironmentOrder.map(({ computeEnvironment }) => computeEnvironment),
        },
      };
    },
    async create() {
      await batch.send(new CreateJobQueueCommand({ jobQueueName: name, ...settings, tags }));
    },
    async update() {
      const update = new UpdateJobQueueCommand({ jobQueue: name, ...settings });
      await patiently(() => batch.send(update), waiting);
    },
    async tag(missing) {
      await batch.send(new TagResourceCommand({ resourceArn: arn, tags: missing }));
    },
    async remove({ config, pending }) {
      if (config.state !== 'DISABLED') {
        const disable = new UpdateJobQueueCommand({ jobQueue: name, state: 'DISABLED' });
        await patiently(() => batch.send(disable), waiting);
      }
      if (pending && (await find())?.status === 'DELETING') return;
      // Ends the queue's jobs first, about 16 a second.
      await patiently(() => batch.send(new DeleteJobQueueCommand({ jobQueue: name })), waiting);
    },
    settling: BATCH_SETTLES,
    vanishing: BATCH_SETTLES,
  });
}
