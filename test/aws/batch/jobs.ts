import { operations } from '../kernel/operation.ts';
import { int, list, need, str, struct } from '../kernel/shape.ts';
import { describeJob, summarise } from './job-detail.ts';
import {
  arnOf,
  type BatchCall,
  type BatchState,
  clientException,
  find,
  JOB_STATUSES,
  type Job,
  page,
} from './state.ts';
import { cancel, terminate } from './stopping.ts';

const op = operations<BatchState>();
/** Finished jobs stay for at least 7 days; here for exactly that. */
const KEPT = 7 * 24 * 3600 * 1000;
const about = {
  resource: ({ jobId }: { jobId: string }, call: BatchCall) => arnOf(call, 'job', jobId),
};

/** A child goes with its array. */
function isKept(call: BatchCall, job: Job): boolean {
  const { stoppedAt } = job.parent ?? job;
  return stoppedAt === undefined || call.world.clock.now() < stoppedAt + KEPT;
}

function jobOf(call: BatchCall, given: string): Job {
  const job = jobOrNone(call, given);
  if (!job) throw clientException(`Job ${given} does not exist`);
  return job;
}

function jobOrNone(call: BatchCall, given: string): Job | undefined {
  const prefix = arnOf(call, 'job', '');
  const job = call.state._jobs.get(given.startsWith(prefix) ? given.slice(prefix.length) : given);
  return job && isKept(call, job) ? job : undefined;
}

interface Filter {
  name?: string | undefined;
  values?: string[] | undefined;
}

/** `glob` may end with `*`. */
function matches(glob: string, text: string): boolean {
  return glob.endsWith('*') ? text.startsWith(glob.slice(0, -1)) : text === glob;
}

function passes(job: Job, { name, values = [] }: Filter): boolean {
  return values.some((value) => {
    switch (name) {
      case 'JOB_NAME':
        return matches(value.toLowerCase(), job.name.toLowerCase());
      case 'JOB_DEFINITION':
        return value.startsWith('arn:') ? value === job.definition.arn : matches(value, job.definition.name);
      case 'BEFORE_CREATED_AT':
        return job.createdAt < Number(value);
      default:
        return job.createdAt > Number(value);
    }
  });
}

const FILTERS = ['JOB_NAME', 'JOB_DEFINITION', 'BEFORE_CREATED_AT', 'AFTER_CREATED_AT'];

function checkFilters(filters: readonly Filter[]): void {
  if (filters.length > 1) throw clientException('Only one filter can be used at a time');
  for (const { name, values = [] } of filters) {
    if (name === undefined || !FILTERS.includes(name)) throw clientException(`Invalid filter name: ${name}`);
    if (values.length === 0) throw clientException(`The filter ${name} has no values`);
    if (name.endsWith('_CREATED_AT') && values.some((value) => !/^\d+$/.test(value))) {
      throw clientException(`The values of ${name} must be milliseconds`);
    }
  }
}

/** Jobs of a queue, newest first, arrays' children left out; or the children of an array by index. */
function jobsIn(call: BatchCall, jobQueue: string | undefined, arrayJobId: string | undefined): Job[] {
  if ((jobQueue === undefined) === (arrayJobId === undefined)) {
    throw clientException('Exactly one of jobQueue and arrayJobId must be specified');
  }
  if (arrayJobId !== undefined) return jobOf(call, arrayJobId).children ?? [];
  const queue = find(call.state.queues, jobQueue ?? '');
  if (!queue) throw clientException(`Job queue ${jobQueue} does not exist`);
  return [...call.state._jobs.values()]
    .filter((job) => job.queue === queue && !job.parent && isKept(call, job))
    .reverse();
}

export const jobOperations = [
  op('DescribeJobs', 'Read', struct({ jobs: need(list(str())) }), (call, { jobs }) => {
    if (jobs.length > 100) throw clientException('jobs has more than 100 entries');
    return {
      jobs: jobs.flatMap((id) => {
        const job = jobOrNone(call, id);
        return job ? [describeJob(job)] : [];
      }),
    };
  }),
  op(
    'ListJobs',
    'List',
    struct({
      jobQueue: str(),
      arrayJobId: str(),
      jobStatus: str({ oneOf: JOB_STATUSES }),
      maxResults: int(),
      nextToken: str(),
      filters: list(struct({ name: str(), values: list(str()) })),
    }),
    (call, { jobQueue, arrayJobId, jobStatus = 'RUNNING', maxResults, nextToken, filters = [] }) => {
      checkFilters(filters);
      if (maxResults !== undefined && maxResults < 1) throw clientException('maxResults must be at least 1');
      const all = jobsIn(call, jobQueue, arrayJobId);
      // A filter takes the status's place; on children it has no effect.
      const [filter] = arrayJobId === undefined ? filters : [];
      const most = filter ? 100 : 1000;
      // The place to go on from is looked for among all: the last one's status may have changed since.
      const rest = nextToken === undefined ? all : all.slice(placeOf(all, nextToken) + 1);
      const found = rest.filter((job) => (filter ? passes(job, filter) : job.status === jobStatus));
      const part = page(found, ({ id }) => id, undefined, Math.min(maxResults ?? most, most));
      return { jobSummaryList: part.page.map(summarise), nextToken: part.nextToken };
    },
  ),
  op(
    'CancelJob',
    'Write',
    struct({ jobId: need(str()), reason: need(str()) }),
    (call, { jobId, reason }) => {
      cancel(call.world, call.state, jobOf(call, jobId), reason);
      return {};
    },
    about,
  ),
  op(
    'TerminateJob',
    'Write',
    struct({ jobId: need(str()), reason: need(str()) }),
    (call, { jobId, reason }) => {
      terminate(call.world, call.state, jobOf(call, jobId), reason);
      return {};
    },
    about,
  ),
];

function placeOf(all: readonly Job[], token: string): number {
  const id = Buffer.from(token, 'base64').toString();
  const place = all.findIndex((job) => job.id === id);
  if (place === -1) throw clientException('Invalid nextToken');
  return place;
}
