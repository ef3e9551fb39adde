import type { RunRecord } from '../contract.ts';
import type { Jobs } from '../ports.ts';
import type { RowSource } from '../rows/source.ts';
import { stopRun } from './crew.ts';
import { finishRun } from './finish.ts';
import { runCancel } from './layout.ts';
import { type PlanningOptions, planInto } from './planning.ts';
import { isWorking, readPlan, writeRun } from './record.ts';
import { submitWorkers, type Workers } from './submit.ts';

export interface PlannerOptions extends Omit<PlanningOptions, 'rows' | 'compress'> {
  jobs: Jobs;
  /** The rows that the run's selection means. */
  rows(): Promise<RowSource>;
  workers(chunks: number): Promise<Workers>;
}

/**
 * Plans a run and submits its workers, as a job of its own. Started again after any interruption it goes on; what is
 * wrong with the rows ends the run with that cause.
 *
 * @throws what planning throws
 */
export async function planAndSubmit(run: RunRecord, options: PlannerOptions): Promise<void> {
  const { objects, jobs, signal } = options;
  if (!isWorking(run.state) || (await objects.get(runCancel(run.id))) !== undefined) return;
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
  }
}
