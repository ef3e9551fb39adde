import type { RunRecord } from '../contract.ts';
import type { Jobs } from '../ports.ts';
import type { RowSource } from '../rows/source.ts';
import { stopRun } from './crew.ts';
import { finishRun } from './finish.ts';
import { plannerLease, runCancel } from './layout.ts';
import { type Holder, takeLease } from './lease.ts';
import { type PlanningOptions, planInto } from './planning.ts';
import { isWorking, readPlan, writeRun } from './record.ts';
import { submitWorkers, type Workers } from './submit.ts';

export interface PlannerOptions extends Omit<PlanningOptions, 'rows' | 'compress'> {
  jobs: Jobs;
  /** The job that plans; the same after a restart, so that it takes over from its killed self. */
  holder: Holder;
  /** The rows that the run's selection means. */
  rows(): Promise<RowSource>;
  workers(chunks: number): Promise<Workers>;
}

/**
 * Plans a run and submits its workers, as a job of its own. Started again after any interruption it goes on; what is
 * wrong with the rows ends the run with that cause. A second planner of the same run leaves it to the first: their rows
 * may be of different lists.
 *
 * @throws what planning throws
 */
export async function planAndSubmit(run: RunRecord, options: PlannerOptions): Promise<void> {
  const { objects, jobs, holder, signal } = options;
  if (!isWorking(run.state) || (await objects.get(runCancel(run.id))) !== undefined) return;
  const isAlive = (other: Holder) => (other.id === holder.id ? false : undefined);
  const lease = await takeLease(objects, plannerLease(run.id), holder, isAlive);
  if (!('release' in lease)) return;
  try {
    const planned =
      (await readPlan(objects, run.id)) ??
      (await planInto(run, { ...options, rows: await options.rows(), compress: true }));
    run.state = 'running';
    await writeRun(objects, run);
    const chunks = planned.chunks.length;
    if (chunks > 0) await submitWorkers(objects, jobs, run.id, await options.workers(chunks));
    // This job is the run's only one, and has nothing left to do.
    else await finishRun(objects, { ...jobs, look: async () => [] }, run.id);
  } catch (error) {
    if (!signal.aborted) await stopRun(objects, run.id, error);
    throw error;
  } finally {
    await lease.release();
  }
}
