import { assumable } from '../iam/reach.ts';
import type { World } from '../kernel/world.ts';
import { writeLog } from '../logs/reach.ts';
import { type ContainerRun, type Exit, type RunningContainer, runOf, startContainer } from './container.ts';
import { announce, end, makeRunnable, setStatus } from './lifecycle.ts';
import { isRetried } from './retry.ts';
import type { Attempt, BatchState, Environment, Job, Queue } from './state.ts';
import { find } from './state.ts';
import { mainContainer, sizeOf } from './task.ts';

const busy = new WeakSet<BatchState>();
const again = new WeakSet<BatchState>();

/** Gives waiting jobs their places: queues by priority, each first come first served, while vCPUs are left. */
export function schedule(world: World, state: BatchState): void {
  again.add(state);
  // What starts may end at once and call for the next: one loop does it all, however long the queue.
  if (busy.has(state)) return;
  busy.add(state);
  try {
    while (again.delete(state)) {
      const queues = [...state.queues.values()].sort((a, b) => b.priority - a.priority);
      for (const queue of queues) {
        while (runOf(world) && startNext(world, state, queue));
      }
    }
  } finally {
    busy.delete(state);
  }
  for (const queue of [...state.queues.values()]) removeIfEmpty(world, state, queue);
}

/** A queue that is to be gone goes when its time has come and its jobs have ended. */
export function removeIfEmpty(world: World, state: BatchState, queue: Queue): void {
  if (queue._deleteAt === undefined || world.clock.now() < queue._deleteAt || queue._unfinished.size > 0)
    return;
  if (state.queues.get(queue.name) === queue) state.queues.delete(queue.name);
}

function startNext(world: World, state: BatchState, queue: Queue): boolean {
  const waiting = queue._runnable;
  while (waiting[0] && waiting[0].status !== 'RUNNABLE') waiting.shift();
  const job = waiting[0];
  if (!job || queue.status === 'DELETING') return false;
  const { vcpus } = sizeOf(job);
  const environments = queue.environments.flatMap(
    ({ computeEnvironment }) => find(state.environments, computeEnvironment) ?? [],
  );
  if (environments.every((each) => vcpus > mostCpus(each))) {
    const reason = 'MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE';
    if (job.statusReason !== reason) {
      job.statusReason = reason;
      announce(world, job);
    }
    return false;
  }
  const place = environments.find(
    (each) => each.enabled && each.status === 'VALID' && each._used + vcpus <= mostCpus(each),
  );
  if (!place) return false;
  waiting.shift();
  begin(world, state, job, place);
  return true;
}

function mostCpus({ resources, unmanagedvCpus }: Environment): number {
  return resources?.maxvCpus ?? unmanagedvCpus ?? Number.POSITIVE_INFINITY;
}

function begin(world: World, state: BatchState, job: Job, place: Environment): void {
  job.environment = place;
  place._used += sizeOf(job).vcpus;
  const taskId = world.ids.make('', 'hex', 32);
  const { name, logOptions } = mainContainer(job);
  job.attempt = {
    startedAt: undefined,
    stoppedAt: undefined,
    statusReason: undefined,
    exitCode: undefined,
    reason: undefined,
    taskArn: `arn:aws:ecs:${job.region}:${job.account}:task/AWSBatch-${place.name}-${place.uuid}/${taskId}`,
    logStreamName: `${logOptions['awslogs-stream-prefix'] ?? job.definition.name}/${name}/${taskId}`,
  };
  setStatus(world, job, 'STARTING');
  const run = () => {
    job.cancelStep = undefined;
    enter(world, state, job);
  };
  if (world.delays.batchJob === 0) run();
  else job.cancelStep = world.clock.after(world.delays.batchJob, run);
}

function enter(world: World, state: BatchState, job: Job): void {
  const { attempt, environment: place } = job;
  const run = runOf(world);
  if (!attempt || !place || !run) return;
  const trouble = roleTrouble(world, job, attempt.taskArn);
  if (trouble !== undefined) {
    leave(world, state, job, { statusReason: trouble }, undefined);
    return;
  }
  attempt.startedAt = world.clock.now();
  job.startedAt = attempt.startedAt;
  setStatus(world, job, 'RUNNING');
  const { stopTimeout } = mainContainer(job);
  job.running = startContainer(
    world,
    run,
    containerRun(world, job, attempt, place),
    { stopTimeout, attemptDurationSeconds: job.timeout },
    (exit, stopped) => leave(world, state, job, exit, stopped),
  );
}

/** ECS acts as the task's roles: without them nothing starts. */
function roleTrouble(world: World, job: Job, taskArn: string): string | undefined {
  const { executionRoleArn, jobRoleArn } = mainContainer(job);
  const wrong = [executionRoleArn, jobRoleArn].find(
    (role) => role !== undefined && assumable(world, role, 'ecs-tasks.amazonaws.com', taskArn) !== 'yes',
  );
  return (
    wrong &&
    `ECS was unable to assume the role '${wrong}' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role.`
  );
}

function containerRun(
  world: World,
  job: Job,
  attempt: Attempt,
  place: Environment,
): Omit<ContainerRun, 'signal' | 'killed'> {
  const { image, command, environment, jobRoleArn, logOptions } = mainContainer(job);
  const number = job.attempts.length + 1;
  const group = logOptions['awslogs-group'] ?? '/aws/batch/job';
  return {
    jobId: job.id,
    name: job.name,
    account: job.account,
    region: job.region,
    ...(job.index !== undefined && { index: job.index }),
    attempt: number,
    image,
    command,
    environment: {
      ...Object.fromEntries(environment.map(({ name = '', value = '' }) => [name, value])),
      AWS_BATCH_JOB_ID: job.id,
      AWS_BATCH_JOB_ATTEMPT: String(number),
      AWS_BATCH_JQ_NAME: job.queue.name,
      AWS_BATCH_CE_NAME: place.name,
      ...(job.parent && {
        AWS_BATCH_JOB_ARRAY_INDEX: String(job.index),
        AWS_BATCH_JOB_ARRAY_SIZE: String(job.parent.children?.length),
      }),
    },
    ...(jobRoleArn !== undefined && { jobRoleArn }),
    log: (message) => writeLog(world, job, group, attempt.logStreamName, message),
  };
}

/** An attempt is over: its place is free, and the job has ended or is tried again. */
function leave(
  world: World,
  state: BatchState,
  job: Job,
  exit: Exit,
  stopped: RunningContainer['stopped'],
): void {
  const { attempt } = job;
  if (!attempt) return;
  release(job);
  attempt.stoppedAt = world.clock.now();
  attempt.exitCode = exit.exitCode;
  attempt.reason = exit.reason;
  attempt.statusReason = stopped?.statusReason ?? exit.statusReason ?? 'Essential container in task exited';
  job.attempts.push(attempt);
  job.running = undefined;
  const isForced = stopped?.reason === 'terminated' || stopped?.reason === 'timeout';
  if (exit.exitCode === 0 && !isForced) end(world, job, 'SUCCEEDED', attempt.statusReason);
  else if (!isForced && isRetried(job.retry, job.attempts.length, attempt)) makeRunnable(world, job);
  else end(world, job, 'FAILED', attempt.statusReason);
  schedule(world, state);
}

/** Gives back what a starting or running job takes up. */
export function release(job: Job): void {
  if (!job.environment) return;
  job.environment._used -= sizeOf(job).vcpus;
  job.environment = undefined;
}
