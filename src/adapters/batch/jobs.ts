import {
  BatchClient,
  type EcsPropertiesOverride,
  type JobDetail,
  ListJobsCommand,
  SubmitJobCommand,
  TerminateJobCommand,
} from '@aws-sdk/client-batch';
import type { Clients } from '../../aws/clients.ts';
import { explained } from '../../aws/explain.ts';
import { ENVIRONMENT } from '../../runtime/contract.ts';
import type { JobState, Jobs } from '../../runtime/ports.ts';
import { describeJobs } from './describe-jobs.ts';

/** Of one kind of job: where it waits, and what it is. */
interface Kind {
  queue: string;
  definition: string;
}

export interface BatchNames {
  /** Begins the names of jobs. */
  stack: string;
  planner: Kind;
  worker: Kind;
}

const STATES: Readonly<Record<string, JobState['state']>> = {
  SUBMITTED: 'waiting',
  PENDING: 'waiting',
  RUNNABLE: 'waiting',
  STARTING: 'running',
  RUNNING: 'running',
  SUCCEEDED: 'succeeded',
  FAILED: 'failed',
};

/** A job that failed, or a child of an array. */
export interface FailedJob {
  id: string;
  reason: string;
  exitCode: number | undefined;
  logStream: string | undefined;
}

/** Runs as jobs of AWS Batch: one for the planning, one array for all workers. */
export function openBatchJobs(clients: Clients, names: BatchNames): Jobs {
  const batch = clients(BatchClient);

  const submit = async (
    { queue, definition }: Kind,
    jobName: string,
    environment: Record<string, string>,
    size = 1,
  ): Promise<string> => {
    const { jobId } = await explained(
      "can't submit a job",
      batch.send(
        new SubmitJobCommand({
          jobName,
          jobQueue: queue,
          jobDefinition: definition,
          ecsPropertiesOverride: withEnvironment(environment),
          // An array of one is refused.
          ...(size > 1 && { arrayProperties: { size } }),
        }),
      ),
    );
    return jobId ?? '';
  };

  return {
    submitPlanner: (run) => submit(names.planner, `${names.stack}-${run}-plan`, { [ENVIRONMENT.run]: run }),

    submitWorkers: (run, { count, rate }) =>
      submit(
        names.worker,
        `${names.stack}-${run}-work`,
        { [ENVIRONMENT.run]: run, [ENVIRONMENT.rate]: String(rate) },
        count,
      ),

    async look(ids) {
      const states: JobState[] = [];
      for (const job of await describeJobs(batch, ids)) {
        const state = STATES[job.status ?? ''] ?? 'waiting';
        const reason = state === 'failed' ? await whyFailed(batch, job) : undefined;
        states.push({ id: job.jobId ?? '', state, ...(reason === undefined ? {} : { reason }) });
      }
      return states;
    },

    async end(ids, why) {
      // Also those that wait: cancelling ends only jobs that have not begun, and takes one more look to know which.
      for (const jobId of ids) {
        await explained("can't end a job", batch.send(new TerminateJobCommand({ jobId, reason: why })));
      }
    },
  };
}

/** What failed of these jobs; of an array, the first of its children that did. */
export async function failedJobs(clients: Clients, ids: readonly string[]): Promise<FailedJob[]> {
  const batch = clients(BatchClient);
  const failed = (await describeJobs(batch, ids)).filter(({ status }) => status === 'FAILED');
  const each = await Promise.all(
    failed.map((job) => (isArray(job) ? failedChildren(batch, job) : Promise.resolve([job]))),
  );
  return each.flat().map((job) => {
    const { exitCode, logStreamName } = lastContainer(job);
    return { id: job.jobId ?? '', reason: wordsOf(job), exitCode, logStream: logStreamName };
  });
}

const isArray = ({ arrayProperties }: JobDetail): boolean => (arrayProperties?.size ?? 0) > 0;

/** The first page is enough to tell why: they seldom fail for different reasons. */
async function failedChildren(batch: BatchClient, { jobId }: JobDetail): Promise<JobDetail[]> {
  const { jobSummaryList = [] } = await batch.send(
    new ListJobsCommand({ arrayJobId: jobId, jobStatus: 'FAILED', maxResults: 10 }),
  );
  return describeJobs(
    batch,
    jobSummaryList.map((child) => child.jobId ?? ''),
  );
}

async function whyFailed(batch: BatchClient, job: JobDetail): Promise<string> {
  const [child = job] = isArray(job) ? await failedChildren(batch, job) : [];
  const { exitCode } = lastContainer(child);
  return `${wordsOf(child) || 'the job failed'}${exitCode === undefined ? '' : ` (exit code ${exitCode})`}`;
}

const wordsOf = (job: JobDetail): string =>
  [lastContainer(job).reason, job.statusReason].filter(Boolean).join('; ');

/** What the last attempt came to: Batch tells it of the task's container where a task has those. */
function lastContainer({ attempts = [] }: JobDetail) {
  const last = attempts.at(-1);
  return last?.taskProperties?.at(-1)?.containers?.[0] ?? last?.container ?? {};
}

/** Our definitions have one task with one container. */
const withEnvironment = (environment: Record<string, string>): EcsPropertiesOverride => ({
  taskProperties: [
    {
      containers: [
        {
          name: 'rekback',
          environment: Object.entries(environment).map(([name, value]) => ({ name, value })),
        },
      ],
    },
  ],
});
