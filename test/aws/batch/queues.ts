import { operations } from '../kernel/operation.ts';
import { int, list, need, str, struct } from '../kernel/shape.ts';
import { isFargate } from './environment-rules.ts';
import { removeIfEmpty, schedule } from './schedule.ts';
import { names, paging, state, tags } from './shapes.ts';
import {
  arnOf,
  type BatchCall,
  type BatchState,
  checkName,
  clientException,
  type Environment,
  find,
  page,
  pageSize,
  type Queue,
  refused,
  requirePermission,
} from './state.ts';
import { terminate } from './stopping.ts';

const op = operations<BatchState>();
const MOST_QUEUES = 50;
const computeEnvironmentOrder = list(struct({ order: need(int()), computeEnvironment: need(str()) }));
const jobStateTimeLimitActions = list(
  struct({
    reason: need(str()),
    state: need(str({ oneOf: ['RUNNABLE'] })),
    maxTimeSeconds: need(int()),
    action: need(str({ oneOf: ['CANCEL', 'TERMINATE'] })),
  }),
);
const about = {
  resource: ({ jobQueue }: { jobQueue: string }, call: BatchCall) =>
    arnOf(call, 'job-queue', jobQueue.split('/').at(-1) ?? ''),
};

/** The order with ARNs, lowest first; throws when Batch would not take it. */
function checkedOrder(
  call: BatchCall,
  given: readonly { order: number; computeEnvironment: string }[],
  before: Queue | undefined,
): Queue['environments'] {
  if (given.length === 0) throw refused(call, 'computeEnvironmentOrder must not be empty.');
  if (given.length > 3) throw refused(call, 'A job queue takes at most 3 compute environments.');
  if (new Set(given.map(({ order }) => order)).size !== given.length) {
    throw refused(call, 'Each compute environment must have its own order.');
  }
  const known = new Set(before?.environments.map((each) => each.computeEnvironment));
  const environments = given.map(({ order, computeEnvironment }) => {
    const environment = find(call.state.environments, computeEnvironment);
    if (!environment) throw refused(call, `Compute environment ${computeEnvironment} does not exist`);
    if (environment.status !== 'VALID' && !known.has(environment.arn)) {
      throw refused(call, `Compute environment ${environment.arn} is not valid`);
    }
    return { order, environment };
  });
  if (new Set(environments.map(({ environment }) => onFargate(environment))).size > 1) {
    throw refused(call, 'All compute environments must be either EC2 or Fargate; they cannot be mixed.');
  }
  return environments
    .map(({ order, environment }) => ({ order, computeEnvironment: environment.arn }))
    .sort((a, b) => a.order - b.order);
}

function onFargate({ resources }: Environment): boolean {
  return resources !== undefined && isFargate(resources.type);
}

function checkTimeLimits(call: BatchCall, limits: readonly { maxTimeSeconds: number }[]): void {
  if (limits.some(({ maxTimeSeconds }) => maxTimeSeconds < 600 || maxTimeSeconds > 86_400)) {
    throw refused(call, 'maxTimeSeconds must be between 600 and 86400.');
  }
}

function change(call: BatchCall, queue: Queue, status: 'CREATING' | 'UPDATING'): void {
  const { world } = call;
  const settle = () => {
    queue.status = 'VALID';
    queue.statusReason = 'JobQueue Healthy';
    schedule(world, call.state);
  };
  queue.status = status;
  queue.statusReason = '';
  if (world.delays.batchQueue === 0) settle();
  else world.clock.after(world.delays.batchQueue, settle);
}

function isChanging({ status }: Queue): boolean {
  return status === 'CREATING' || status === 'UPDATING' || status === 'DELETING';
}

function describe(call: BatchCall, queue: Queue) {
  const first = find(call.state.environments, queue.environments[0]?.computeEnvironment ?? '');
  return {
    jobQueueName: queue.name,
    jobQueueArn: queue.arn,
    state: queue.enabled ? 'ENABLED' : 'DISABLED',
    status: queue.status,
    statusReason: queue.statusReason,
    priority: queue.priority,
    computeEnvironmentOrder: queue.environments,
    serviceEnvironmentOrder: [],
    jobQueueType: first && onFargate(first) ? 'ECS_FARGATE' : 'ECS',
    tags: Object.fromEntries(queue.tags),
    jobStateTimeLimitActions: queue.timeLimits,
  };
}

export const queueOperations = [
  op(
    'CreateJobQueue',
    'Write',
    struct({
      jobQueueName: need(str()),
      state,
      priority: need(int()),
      computeEnvironmentOrder: need(computeEnvironmentOrder),
      tags,
      jobStateTimeLimitActions,
    }),
    (call, input) => {
      const { jobQueueName: name, priority, jobStateTimeLimitActions: timeLimits = [] } = input;
      checkName('jobQueueName', name);
      if (call.state.queues.has(name)) throw refused(call, 'Object already exists');
      if (call.state.queues.size >= MOST_QUEUES) {
        throw refused(call, `Cannot have more than ${MOST_QUEUES} job queues`);
      }
      checkTimeLimits(call, timeLimits);
      const environments = checkedOrder(call, input.computeEnvironmentOrder, undefined);
      const arn = arnOf(call, 'job-queue', name);
      if (input.tags) requirePermission(call, 'batch:TagResource', arn);
      const queue: Queue = {
        name,
        arn,
        enabled: input.state !== 'DISABLED',
        status: 'CREATING',
        statusReason: '',
        priority,
        environments,
        timeLimits,
        tags: new Map(Object.entries(input.tags ?? {})),
        _runnable: [],
        _unfinished: new Set(),
        _deleteAt: undefined,
      };
      call.state.queues.set(name, queue);
      change(call, queue, 'CREATING');
      return { jobQueueName: name, jobQueueArn: arn };
    },
    { resource: ({ jobQueueName }, call) => arnOf(call, 'job-queue', jobQueueName) },
  ),
  op(
    'DescribeJobQueues',
    'Read',
    struct({ jobQueues: names, ...paging }),
    (call, { jobQueues: wanted = [], maxResults, nextToken }) => {
      if (wanted.length > 100) throw clientException('jobQueues has more than 100 entries');
      const found = [...call.state.queues.values()].filter(
        ({ name, arn }) => wanted.length === 0 || [name, arn].some((each) => wanted.includes(each)),
      );
      const part = page(found, ({ name }) => name, nextToken, pageSize(maxResults, 100));
      return { jobQueues: part.page.map((queue) => describe(call, queue)), nextToken: part.nextToken };
    },
  ),
  op(
    'UpdateJobQueue',
    'Write',
    struct({
      jobQueue: need(str()),
      state,
      priority: int(),
      computeEnvironmentOrder,
      jobStateTimeLimitActions,
    }),
    (call, input) => {
      const queue = find(call.state.queues, input.jobQueue);
      if (!queue) throw refused(call, `${input.jobQueue} does not exist`);
      if (isChanging(queue)) throw refused(call, 'Cannot update, resource is being modified');
      const order = input.computeEnvironmentOrder && checkedOrder(call, input.computeEnvironmentOrder, queue);
      checkTimeLimits(call, input.jobStateTimeLimitActions ?? []);
      if (order) queue.environments = order;
      if (input.state) queue.enabled = input.state === 'ENABLED';
      if (input.priority !== undefined) queue.priority = input.priority;
      if (input.jobStateTimeLimitActions) queue.timeLimits = input.jobStateTimeLimitActions;
      change(call, queue, 'UPDATING');
      return { jobQueueName: queue.name, jobQueueArn: queue.arn };
    },
    about,
  ),
  op(
    'DeleteJobQueue',
    'Write',
    struct({ jobQueue: need(str()) }),
    (call, { jobQueue }) => {
      const queue = find(call.state.queues, jobQueue);
      if (!queue) return {};
      if (isChanging(queue)) throw clientException('Cannot delete, resource is being modified');
      if (queue.enabled) throw clientException('Cannot delete, job queue must be DISABLED');
      const { world } = call;
      queue.status = 'DELETING';
      queue.statusReason = '';
      queue._deleteAt = world.clock.now() + world.delays.batchQueue;
      for (const job of [...queue._unfinished])
        terminate(world, call.state, job, 'Job queue is being deleted');
      removeIfEmpty(world, call.state, queue);
      if (world.delays.batchQueue > 0) {
        world.clock.after(world.delays.batchQueue, () => removeIfEmpty(world, call.state, queue));
      }
      return {};
    },
    about,
  ),
];
