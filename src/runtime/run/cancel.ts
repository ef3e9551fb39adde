import type { RunRecord } from '../contract.ts';
import type { ObjectStore } from '../ports.ts';
import { RUN_LEASE, runCancel } from './layout.ts';
import { type IsAlive, leaseHolder } from './lease.ts';
import { isUnfinished, readRun, writeRun } from './record.ts';

/** Between two looks at a run that was asked to stop; milliseconds. */
const POLL = 250;

/**
 * Ends a run for good: it will not be gone on with. One that is worked on is asked to finish its images in flight and
 * waited for. Cancelling what has ended changes nothing.
 *
 * @returns the run as it now stands
 */
export async function cancelRun(objects: ObjectStore, run: RunRecord, isAlive: IsAlive): Promise<RunRecord> {
  if (!isUnfinished(run.state)) return run;
  await objects.put(runCancel(run.id), Buffer.from('{}'));
  while ((await leaseHolder(objects, RUN_LEASE, isAlive)) !== undefined) {
    await new Promise((resolve) => setTimeout(resolve, POLL));
    const now = await readRun(objects, run.id);
    if (!isUnfinished(now.state)) return now;
  }
  const last = await readRun(objects, run.id);
  if (!isUnfinished(last.state)) return last;
  const cancelled: RunRecord = {
    ...last,
    state: 'cancelled',
    endedAt: new Date().toISOString(),
    cause: { code: 'cancelled', message: 'the run was cancelled', suggestions: [] },
  };
  await writeRun(objects, cancelled);
  return cancelled;
}
