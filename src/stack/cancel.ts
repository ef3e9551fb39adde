import type { RunState } from '../runtime/contract.ts';
import { cancelRun } from '../runtime/run/cancel.ts';
import { findRun, isWorking, type RunSummary } from '../runtime/run/record.ts';
import { jobIds } from '../runtime/run/remote.ts';
import { lookAtRun } from './follow-run.ts';
import { assertWritable } from './record.ts';
import type { Stack } from './stack.ts';

/**
 * Ends a run for good, the newest where none is named. Its jobs are told to end too: those that wait would otherwise
 * begin first.
 *
 * @throws RekbackError `stack-newer`, `unknown-run`, `no-run`
 */
export async function cancel(
  stack: Stack,
  id: string | undefined,
): Promise<{ before: RunState; run: RunSummary }> {
  assertWritable(stack.record);
  const objects = await stack.objects();
  const { isAlive } = await stack.leases();
  const run = await findRun(objects, id);
  const ending = cancelRun(objects, run, isAlive);
  if ('jobs' in stack.runs && isWorking(run.state)) {
    const jobs = await stack.runs.jobs();
    await jobs.end(await jobIds(objects, run.id), 'cancelled by rekback backfill cancel');
  }
  await ending;
  return { before: run.state, run: await lookAtRun(stack, run.id) };
}
