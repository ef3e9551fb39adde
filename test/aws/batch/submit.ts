import { operations } from '../kernel/operation.ts';
import { bool, int, list, map, need, str, struct } from '../kernel/shape.ts';
import { checkDefinition, checkEnvironment, checkLimits } from './definition-rules.ts';
import { definitionOf } from './definitions.ts';
import { isFargate } from './environment-rules.ts';
import { announce, settle } from './lifecycle.ts';
import { overriddenContainer, overriddenTasks } from './overrides.ts';
import { schedule } from './schedule.ts';
import { containerOverrides, ecsPropertiesOverride, retryStrategy, tags, timeout } from './shapes.ts';
import {
  arnOf,
  type BatchCall,
  type BatchState,
  checkName,
  clientException,
  type Definition,
  find,
  JOB_STATUSES,
  type Job,
  type Queue,
  refused,
  requirePermission,
} from './state.ts';

const op = operations<BatchState>();
/** "Maximum payload size for SubmitJob API operations" (BUG service_limits.html). */
const PAYLOAD = 30 * 1024;

const input = struct({
  jobName: need(str()),
  jobQueue: need(str()),
  arrayProperties: struct({ size: int() }),
  dependsOn: list(struct({ jobId: str(), type: str({ oneOf: ['N_TO_N', 'SEQUENTIAL'] }) })),
  jobDefinition: need(str()),
  parameters: map(str()),
  containerOverrides,
  ecsPropertiesOverride,
  retryStrategy,
  propagateTags: bool(),
  timeout,
  tags,
});
type Submission = ReturnType<(typeof input)['read']>;

function openQueue(call: BatchCall, given: string): Queue {
  const queue = find(call.state.queues, given);
  if (!queue) throw refused(call, `Job queue ${given} does not exist`);
  if (!queue.enabled || queue.status === 'DELETING') {
    throw refused(call, `Job queue ${queue.arn} is not in ENABLED state`);
  }
  return queue;
}

function activeDefinition(call: BatchCall, given: string): Definition {
  const definition = definitionOf(call, given);
  if (!definition) throw refused(call, `JobDefinition ${given} does not exist`);
  if (!definition.active) throw refused(call, `JobDefinition ${definition.arn} is not in ACTIVE state`);
  return definition;
}

function checkPlatform(call: BatchCall, queue: Queue, { platforms }: Definition): void {
  const first = find(call.state.environments, queue.environments[0]?.computeEnvironment ?? '');
  const platform = first?.resources && isFargate(first.resources.type) ? 'FARGATE' : 'EC2';
  if (!platforms.includes(platform)) {
    throw refused(
      call,
      `The job definition's platform ${platforms.join()} is not that of the queue, ${platform}`,
    );
  }
}

function checkDependencies(call: BatchCall, { dependsOn = [], arrayProperties }: Submission): void {
  if (dependsOn.length > 20) throw refused(call, 'A job can depend on at most 20 jobs');
  const { size } = arrayProperties ?? {};
  for (const { jobId, type } of dependsOn) {
    if (type !== undefined && size === undefined) throw refused(call, `${type} needs an array job`);
    if (jobId === undefined) {
      if (type !== 'SEQUENTIAL') throw refused(call, 'dependsOn must have a jobId');
      continue;
    }
    const first = call.state._jobs.get(jobId);
    if (!first) throw refused(call, `Dependency job ${jobId} does not exist`);
    if (type === 'N_TO_N' && first.children?.length !== size) {
      throw refused(call, `N_TO_N needs an array of the same size, but ${jobId} is none`);
    }
  }
}

/** Ids of the jobs that the job, or the child `index` of the array `id`, waits for. */
function dependencies({ dependsOn = [] }: Submission, id: string, index: number | undefined): string[] {
  return dependsOn.flatMap(({ jobId, type }) => {
    if (type === 'N_TO_N' && index !== undefined) return [`${jobId}:${index}`];
    if (jobId !== undefined) return [jobId];
    return index === undefined || index === 0 ? [] : [`${id}:${index - 1}`];
  });
}

function newJob(
  call: BatchCall,
  given: Pick<Job, 'id' | 'name' | 'queue' | 'definition' | 'container' | 'ecs'>,
  submission: Submission,
  array: { parent: Job; index: number } | undefined,
): Job {
  const { definition } = given;
  const { id } = given;
  return {
    ...given,
    arn: arnOf(call, 'job', id),
    account: call.account,
    region: call.region,
    status: 'SUBMITTED',
    statusReason: undefined,
    createdAt: call.world.clock.now(),
    startedAt: undefined,
    stoppedAt: undefined,
    parameters: { ...definition.parameters, ...submission.parameters },
    retry: submission.retryStrategy ?? definition.retry ?? {},
    timeout: (submission.timeout ?? definition.timeout)?.attemptDurationSeconds,
    dependsOn: submission.dependsOn ?? [],
    // Tags of an array's parent do not reach its children.
    tags: new Map(array ? [] : Object.entries(submission.tags ?? {})),
    propagateTags: submission.propagateTags ?? definition.propagateTags,
    attempts: [],
    attempt: undefined,
    stopReason: undefined,
    isCancelled: false,
    isTerminated: false,
    children: undefined,
    counts: noCounts(),
    parent: array?.parent,
    index: array?.index,
    waitsFor: new Set(dependencies(submission, array?.parent.id ?? id, array?.index)),
    followers: [],
    environment: undefined,
    running: undefined,
    cancelStep: undefined,
  };
}

function noCounts(): Job['counts'] {
  return Object.fromEntries(JOB_STATUSES.map((status) => [status, 0])) as Job['counts'];
}

export const submitOperation = op(
  'SubmitJob',
  'Write',
  input,
  (call, given) => {
    const { world, state } = call;
    const bytes = Buffer.byteLength(JSON.stringify(given));
    if (bytes > PAYLOAD)
      throw refused(call, `The request has ${bytes} bytes, at most ${PAYLOAD} are allowed`);
    checkName('jobName', given.jobName);
    const queue = openQueue(call, given.jobQueue);
    const definition = activeDefinition(call, given.jobDefinition);
    const size = given.arrayProperties?.size;
    if (size !== undefined && (size < 2 || size > 10_000)) {
      throw clientException(`Array size must be between 2 and 10000, but was ${size}`);
    }
    checkPlatform(call, queue, definition);
    checkLimits(given.retryStrategy, given.timeout);
    checkDependencies(call, given);
    checkEnvironment(call, given.containerOverrides?.environment);
    const content = {
      container: overriddenContainer(call, definition.container, given.containerOverrides),
      ecs: overriddenTasks(call, definition.ecs, given.ecsPropertiesOverride),
    };
    checkDefinition(call, { ...content, platforms: definition.platforms });
    const id = world.ids.uuid();
    // IAM asks for all three; the queue was asked for already.
    requirePermission(call, 'batch:SubmitJob', definition.arn);
    requirePermission(call, 'batch:SubmitJob', arnOf(call, 'job', id));
    if (given.tags) requirePermission(call, 'batch:TagResource', arnOf(call, 'job', id));
    const base = { ...content, name: given.jobName, queue, definition };
    const job = newJob(call, { ...base, id }, given, undefined);
    if (size !== undefined) {
      job.children = Array.from({ length: size }, (_, index) =>
        newJob(call, { ...base, id: `${id}:${index}` }, given, { parent: job, index }),
      );
      job.counts.SUBMITTED = size;
    }
    for (const each of [job, ...(job.children ?? [])]) {
      state._jobs.set(each.id, each);
      queue._unfinished.add(each);
      announce(world, each);
    }
    const next = () => {
      job.cancelStep = undefined;
      settle(world, state, job);
      schedule(world, state);
    };
    if (world.delays.batchJob === 0) next();
    else job.cancelStep = world.clock.after(world.delays.batchJob, next);
    return { jobArn: job.arn, jobName: job.name, jobId: id };
  },
  {
    resource: ({ jobQueue }, call) => arnOf(call, 'job-queue', jobQueue.split('/').at(-1) ?? ''),
  },
);
