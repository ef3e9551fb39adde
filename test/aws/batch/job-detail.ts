import { type Attempt, JOB_STATUSES, type Job } from './state.ts';
import { mainContainer } from './task.ts';

/** The part of a container that an attempt decides. */
function containerOf(attempt: Attempt) {
  return {
    exitCode: attempt.exitCode,
    reason: attempt.reason,
    taskArn: attempt.taskArn,
    logStreamName: attempt.logStreamName,
    networkInterfaces: [],
  };
}

function describeAttempt(job: Job, attempt: Attempt) {
  const { startedAt, stoppedAt, statusReason, taskArn } = attempt;
  const container = containerOf(attempt);
  const rest = { startedAt, stoppedAt, statusReason };
  if (!job.ecs) return { container, ...rest };
  const { taskArn: _, ...ofContainer } = container;
  const containers = [{ name: mainContainer(job).name, ...ofContainer }];
  return { container: {}, ...rest, taskProperties: [{ taskArn, containers }] };
}

function arrayProperties(job: Job) {
  if (job.index !== undefined) return { index: job.index };
  if (!job.children) return undefined;
  return {
    size: job.children.length,
    statusSummary: Object.fromEntries(JOB_STATUSES.map((status) => [status, job.counts[status]])),
  };
}

function ecsOf(job: Job) {
  const { ecs, attempt } = job;
  if (!ecs) return undefined;
  const { name } = mainContainer(job);
  return {
    taskProperties: ecs.taskProperties.map((task) => ({
      ...task,
      ...(attempt && { taskArn: attempt.taskArn }),
      containers: task.containers.map((each) => ({
        ...each,
        ...((each.name ?? 'default') === name &&
          attempt && {
            exitCode: attempt.exitCode,
            reason: attempt.reason,
            logStreamName: attempt.logStreamName,
          }),
      })),
    })),
  };
}

/** A job as DescribeJobs and its events show it. Points in time are milliseconds. */
export function describeJob(job: Job) {
  const { container, attempt } = job;
  return {
    jobArn: job.arn,
    jobName: job.name,
    jobId: job.id,
    jobQueue: job.queue.arn,
    status: job.status,
    statusReason: job.statusReason,
    schedulingPriority: job.definition.schedulingPriority,
    attempts: job.attempts.map((each) => describeAttempt(job, each)),
    createdAt: job.createdAt,
    startedAt: job.startedAt,
    stoppedAt: job.stoppedAt,
    retryStrategy: { attempts: 1, evaluateOnExit: [], ...job.retry },
    dependsOn: job.dependsOn,
    jobDefinition: job.definition.arn,
    parameters: job.parameters,
    ...(container && {
      container: {
        ...container,
        command: mainContainer(job).command,
        ...(attempt && containerOf(attempt)),
      },
    }),
    ...(job.ecs && { ecsProperties: ecsOf(job) }),
    arrayProperties: arrayProperties(job),
    ...(job.timeout !== undefined && { timeout: { attemptDurationSeconds: job.timeout } }),
    tags: Object.fromEntries(job.tags),
    propagateTags: job.propagateTags ?? false,
    platformCapabilities: job.definition.platforms,
    eksAttempts: [],
    isCancelled: job.isCancelled,
    isTerminated: job.isTerminated,
  };
}

/** A job as ListJobs shows it. */
export function summarise(job: Job) {
  const { attempt } = job;
  return {
    jobArn: job.arn,
    jobId: job.id,
    jobName: job.name,
    createdAt: job.createdAt,
    status: job.status,
    statusReason: job.statusReason,
    startedAt: job.startedAt,
    stoppedAt: job.stoppedAt,
    ...(attempt && { container: { exitCode: attempt.exitCode, reason: attempt.reason } }),
    arrayProperties: arrayProperties(job),
    jobDefinition: job.definition.arn,
    // "Only present when the value is true."
    ...(job.isCancelled && { isCancelled: true }),
    ...(job.isTerminated && { isTerminated: true }),
  };
}
