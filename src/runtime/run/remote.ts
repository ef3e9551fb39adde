import type { JobState, Jobs, ObjectStore } from '../ports.ts';
import { runJob, runJobs } from './layout.ts';
import type { Holder, IsAlive } from './lease.ts';

/** The host of a run's lease while jobs of their own work on it: the holder's id is the run's. */
const JOBS = 'AWS Batch';

/** The jobs of a run as the holder of the lease, in the name of whoever submitted them. */
export const jobsAsHolder = (run: string, by: Holder): Holder => ({
  ...by,
  id: run,
  host: JOBS,
  pid: 0,
  started: '',
});

/** Whether jobs have the lease, rather than a process that is about to submit some. */
export const isHeldByJobs = (holder: Holder): boolean => holder.host === JOBS;

/** Whether holders live, of which some are jobs. @param here - whether one does that is no job */
export const withJobs =
  (objects: ObjectStore, jobs: Jobs, here: IsAlive): IsAlive =>
  async (holder) =>
    isHeldByJobs(holder) ? (await jobsOf(objects, jobs, holder.id)).some(isActive) : here(holder);

export const isActive = ({ state }: JobState): boolean => state === 'waiting' || state === 'running';

export type JobKind = 'planner' | 'workers';

/** Remembers a job, so that whoever looks at the run later finds it. */
export async function rememberJob(
  objects: ObjectStore,
  run: string,
  kind: JobKind,
  job: string,
): Promise<void> {
  await objects.put(runJob(run, kind, job), Buffer.from(JSON.stringify({ job })));
}

/** Ids of the jobs that a run ever had. */
export async function jobIds(objects: ObjectStore, run: string, kind?: JobKind): Promise<string[]> {
  const ids: string[] = [];
  const within = kind === undefined ? runJobs(run) : `${runJobs(run)}${kind}/`;
  for await (const { key } of objects.list(within))
    ids.push(key.slice(key.lastIndexOf('/') + 1, -'.json'.length));
  return ids;
}

/** The jobs of a run as they are now; those that are forgotten are not among them. */
export async function jobsOf(
  objects: ObjectStore,
  jobs: Jobs,
  run: string,
  kind?: JobKind,
): Promise<JobState[]> {
  const ids = await jobIds(objects, run, kind);
  return ids.length === 0 ? [] : jobs.look(ids);
}
