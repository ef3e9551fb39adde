import { BatchClient, type JobDetail, JobStatus, ListJobsCommand } from '@aws-sdk/client-batch';
import type { Clients } from '../../aws/clients.ts';
import { explained } from '../../aws/explain.ts';
import { describeJobs } from './describe-jobs.ts';

/** Where one attempt at a job writes its lines. */
export interface JobLog {
  stream: string;
  job: string;
  /** Of an array's child. */
  index: number | undefined;
  /** From 1. */
  attempt: number;
}

export interface JobLogs {
  logs: JobLog[];
  /** Whether some of the jobs have not ended. */
  active: boolean;
  /** Whether Batch still knows any of them: it forgets jobs some days after their end. */
  known: boolean;
}

const ENDED: readonly (string | undefined)[] = [JobStatus.SUCCEEDED, JobStatus.FAILED];

/** Statuses in which something may have been written. */
const BEGUN = [JobStatus.RUNNING, JobStatus.SUCCEEDED, JobStatus.FAILED] as const;

/**
 * The log streams of jobs, and of the children of those that are arrays.
 *
 * @param failed - only of what failed in the end, with all its attempts
 */
export async function jobLogs(
  clients: Clients,
  ids: readonly string[],
  { failed }: { failed: boolean },
): Promise<JobLogs> {
  const batch = clients(BatchClient);
  const jobs = await describeJobs(batch, ids);
  const arrays = jobs.filter(({ arrayProperties }) => arrayProperties?.size !== undefined);
  const children: string[] = [];
  for (const { jobId = '' } of arrays) {
    for (const status of failed ? [JobStatus.FAILED] : BEGUN)
      children.push(...(await childrenOf(batch, jobId, status)));
  }
  const single = jobs.filter((job) => !arrays.includes(job) && (!failed || job.status === JobStatus.FAILED));
  return {
    logs: [...single, ...(await describeJobs(batch, children))].flatMap(logsOf),
    active: jobs.some(({ status }) => !ENDED.includes(status)),
    known: jobs.length > 0,
  };
}

/** ListJobs has one status at a time. */
async function childrenOf(batch: BatchClient, arrayJobId: string, jobStatus: JobStatus): Promise<string[]> {
  const ids: string[] = [];
  let nextToken: string | undefined;
  do {
    const command = new ListJobsCommand({ arrayJobId, jobStatus, nextToken });
    const page = await explained("can't list the workers of a run", batch.send(command));
    for (const { jobId } of page.jobSummaryList ?? []) if (jobId !== undefined) ids.push(jobId);
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return ids;
}

/** Attempts that have ended are listed; the one that runs is told with the job itself. */
function logsOf({
  jobId = '',
  attempts = [],
  container,
  ecsProperties,
  arrayProperties,
}: JobDetail): JobLog[] {
  const ended = attempts.map(
    ({ container, taskProperties }) =>
      taskProperties?.at(-1)?.containers?.[0]?.logStreamName ?? container?.logStreamName,
  );
  const now =
    ecsProperties?.taskProperties?.at(-1)?.containers?.[0]?.logStreamName ?? container?.logStreamName;
  const streams = ended.includes(now) ? ended : [...ended, now];
  return streams.flatMap((stream, at) =>
    stream === undefined ? [] : [{ stream, job: jobId, index: arrayProperties?.index, attempt: at + 1 }],
  );
}
