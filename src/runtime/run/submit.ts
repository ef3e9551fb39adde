import type { RunRecord } from '../contract.ts';
import type { Jobs, ObjectStore } from '../ports.ts';
import { chunkLeases, runCancel } from './layout.ts';
import type { PlannedRows } from './ledger.ts';
import { setLimit } from './limit.ts';
import { readPlan, writeRun } from './record.ts';
import { isActive, jobsAsHolder, jobsOf, rememberJob } from './remote.ts';
import { type BeginOptions, beginRun } from './start.ts';

/** How many there are, and the labeler calls a second of each. */
export interface Workers {
  count: number;
  rate: number;
}

export interface SubmitOptions extends BeginOptions {
  jobs: Jobs;
  /** Labeler calls from now on; undefined: no limit. Hard. */
  maxCalls: number | undefined;
  /** Labeler calls a second of all workers; undefined: what the planner finds. */
  rate?: number | undefined;
  /** Workers for so many chunks, where the run is planned already. */
  workers(chunks: number, run: RunRecord): Promise<Workers>;
  /** Plans the run here instead of in a job: for rows that only this machine can read. Resolves once the plan is stored. */
  planHere?: ((run: RunRecord) => Promise<PlannedRows>) | undefined;
}

/**
 * Starts a run, or goes on with the unfinished one, by jobs that outlive this process.
 *
 * @returns the run, whose lease the jobs now hold; with nothing to work on it has none, and only wants finishing
 * @throws RekbackError `run-active`, `run-unfinished`; what `planHere` throws
 */
export async function submitRun(options: SubmitOptions): Promise<{ run: RunRecord; resumed: boolean }> {
  const { objects, jobs, holder, maxCalls, rate, planHere } = options;
  const { run, resumed, lease } = await beginRun(options);
  try {
    delete run.endedAt;
    delete run.cause;
    run.state = 'planning';
    if (rate === undefined) delete run.rate;
    else run.rate = rate;
    await objects.remove(runCancel(run.id));
    if (resumed) await freeChunks(objects, run.id);
    await setLimit(objects, run.id, maxCalls);
    let planned = await readPlan(objects, run.id);
    if (planned === undefined && planHere !== undefined) {
      await writeRun(objects, run);
      planned = await planHere(run);
    }
    if (planned !== undefined) run.state = 'running';
    // Before any job: it looks for the record as soon as it begins.
    await writeRun(objects, run);
    if (planned === undefined) {
      await rememberJob(objects, run.id, 'planner', await jobs.submitPlanner(run.id));
    } else if (planned.chunks.length > 0) {
      await submitWorkers(objects, jobs, run.id, await options.workers(planned.chunks.length, run));
    }
    await lease.handOver(jobsAsHolder(run.id, holder));
    return { run, resumed };
  } catch (error) {
    await lease.release();
    throw error;
  }
}

/**
 * Takes the leases of chunks from workers that were killed: none works on the run any more, and new ones would pass by what
 * the dead hold until it runs out.
 */
async function freeChunks(objects: ObjectStore, run: string): Promise<void> {
  for await (const { key } of objects.list(chunkLeases(run))) await objects.remove(key);
}

/** Submits the workers of a planned run, unless some are active: a planner that was killed is started again. */
export async function submitWorkers(
  objects: ObjectStore,
  jobs: Jobs,
  run: string,
  workers: Workers,
): Promise<void> {
  const known = await jobsOf(objects, jobs, run, 'workers');
  if (known.some(isActive)) return;
  await rememberJob(objects, run, 'workers', await jobs.submitWorkers(run, workers));
}
