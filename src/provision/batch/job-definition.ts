import {
  BatchClient,
  DeregisterJobDefinitionCommand,
  DescribeJobDefinitionsCommand,
  type EcsTaskProperties,
  type JobDefinition,
  type JobTimeout,
  RegisterJobDefinitionCommand,
  type RetryStrategy,
  TagResourceCommand,
} from '@aws-sdk/client-batch';
import { ENVIRONMENT } from '../../runtime/contract.ts';
import { asWritten } from '../as-written.ts';
import type { Context } from '../context.ts';
import { defineResource, type Resource } from '../resource.ts';

interface JobOptions {
  job: { name: string; arn: string };
  /** What the container runs: `planner`, `worker`. */
  entry: 'planner' | 'worker';
  taskRole: { arn: string };
  after: readonly Resource[];
  vcpus: string;
  /** A size that Fargate has for these vCPUs. */
  memoryMiB: string;
  /** A submission may give its own; without any, Batch has no limit. */
  timeoutSeconds: number;
}

interface Config {
  task: EcsTaskProperties | undefined;
  retry: RetryStrategy | undefined;
  timeout: JobTimeout | undefined;
  /** Whether no other revision is active: one is left where a change was interrupted. */
  alone: boolean;
  /** Whether tasks carry the tags of their jobs. */
  propagateTags: boolean | undefined;
}

/**
 * What is tried again: interrupted Spot tasks and lost hosts, whose words Batch puts into either field, and a worker
 * that was told to stop and says so with 75 (`EX_TEMPFAIL`). Conditions in one rule all have to hold, so each has its own;
 * without the last rule everything would be tried again.
 * https://docs.aws.amazon.com/batch/latest/userguide/job_retries.html
 */
const retry: RetryStrategy = {
  attempts: 10,
  evaluateOnExit: [
    { onStatusReason: 'Your Spot Task was interrupted*', action: 'RETRY' },
    { onReason: 'Your Spot Task was interrupted*', action: 'RETRY' },
    { onStatusReason: 'Host EC2*', action: 'RETRY' },
    { onExitCode: '75', action: 'RETRY' },
    { onReason: '*', action: 'EXIT' },
  ],
};

/** The most that Fargate gives between SIGTERM and SIGKILL. */
const STOP_SECONDS = 120;

/** A job definition; Batch keeps every change of it as another revision, of which only the newest stays active. */
export function defineJob(context: Context, options: JobOptions): Resource {
  const { spec, names, clients, tags } = context;
  const { job, entry, taskRole, timeoutSeconds } = options;
  const batch = clients(BatchClient);
  const active = async (): Promise<JobDefinition[]> => {
    const query = { jobDefinitionName: job.name, status: 'ACTIVE' };
    const { jobDefinitions = [] } = await batch.send(new DescribeJobDefinitionsCommand(query));
    return jobDefinitions.sort((a, b) => (b.revision ?? 0) - (a.revision ?? 0));
  };
  const deregister = async (definitions: readonly JobDefinition[]) => {
    for (const { jobDefinitionArn } of definitions) {
      await batch.send(new DeregisterJobDefinitionCommand({ jobDefinition: jobDefinitionArn }));
    }
  };
  const task = (): EcsTaskProperties => ({
    executionRoleArn: names.roles.execution.arn,
    taskRoleArn: taskRole.arn,
    platformVersion: 'LATEST',
    networkConfiguration: { assignPublicIp: spec.network.assignPublicIp ? 'ENABLED' : 'DISABLED' },
    runtimePlatform: { cpuArchitecture: 'ARM64', operatingSystemFamily: 'LINUX' },
    containers: [
      {
        name: 'rekback',
        image: spec.imageUri,
        essential: true,
        command: [entry],
        environment: [
          { name: ENVIRONMENT.bucket, value: names.bucket.name },
          { name: ENVIRONMENT.stack, value: spec.name },
        ],
        resourceRequirements: [
          { type: 'VCPU', value: options.vcpus },
          { type: 'MEMORY', value: options.memoryMiB },
        ],
        logConfiguration: {
          logDriver: 'awslogs',
          options: {
            'awslogs-group': names.jobLogs.name,
            'awslogs-region': spec.region,
            'awslogs-stream-prefix': entry,
          },
        },
        readonlyRootFilesystem: true,
        stopTimeout: STOP_SECONDS,
      },
    ],
  });
  const register = ({ task, retry, timeout, propagateTags }: Config) =>
    batch.send(
      new RegisterJobDefinitionCommand({
        jobDefinitionName: job.name,
        type: 'container',
        platformCapabilities: ['FARGATE'],
        ecsProperties: { taskProperties: task === undefined ? [] : [task] },
        retryStrategy: retry,
        timeout,
        propagateTags,
        tags,
      }),
    );

  return defineResource<Config>(context, {
    type: 'job-definition',
    name: job.name,
    after: options.after,
    tags,
    wanted: () => ({
      task: task(),
      retry,
      timeout: { attemptDurationSeconds: timeoutSeconds },
      propagateTags: true,
      alone: true,
    }),
    async read() {
      const [newest, ...older] = await active();
      if (newest === undefined) return undefined;
      const [found] = newest.ecsProperties?.taskProperties ?? [];
      return {
        tags: { ...newest.tags },
        config: {
          task: asWritten(found, task()),
          retry: asWritten(newest.retryStrategy, retry),
          timeout: newest.timeout,
          propagateTags: newest.propagateTags,
          alone: older.length === 0,
        },
      };
    },
    async create(wanted) {
      await register(wanted);
    },
    async update(wanted, fields) {
      const [newest, ...older] = await active();
      if (fields.size === 1 && fields.has('alone')) return deregister(older);
      await register(wanted);
      await deregister(newest === undefined ? older : [newest, ...older]);
    },
    async tag(missing) {
      const [newest] = await active();
      await batch.send(new TagResourceCommand({ resourceArn: newest?.jobDefinitionArn, tags: missing }));
    },
    async remove() {
      await deregister(await active());
    },
  });
}
