import type { RunRecord } from '../contract.ts';
import type { JobState, Jobs, ObjectStore } from '../ports.ts';
import { RUN_LEASE, runCancel, runRecord } from './layout.ts';
import { leaseHolder } from './lease.ts';
import { foldLedger } from './ledger.ts';
import { readLimit } from './limit.ts';
import { isWorking, readJson, readPlan, readResults } from './record.ts';
import { isActive, isHeldByJobs, jobsOf } from './remote.ts';

/**
 * Records how a run ended that jobs worked on, once none of them is active: whoever sees it first does, be it the live
 * function that is told of the end or a command that looks.
 *
 * @returns the run as it now stands; undefined when it still goes on, or another recorded it meanwhile
 */
export async function finishRun(
  objects: ObjectStore,
  jobs: Jobs,
  id: string,
): Promise<RunRecord | undefined> {
  const stored = await objects.get(runRecord(id));
  if (stored === undefined) return undefined;
  const run: RunRecord = JSON.parse(stored.body.toString('utf8'));
  if (!isWorking(run.state)) return undefined;
  const holder = await leaseHolder(objects, RUN_LEASE, () => true);
  // Somebody is about to submit its jobs.
  if (holder !== undefined && !isHeldByJobs(holder)) return undefined;
  const states = await jobsOf(objects, jobs, id);
  if (states.some(isActive)) return undefined;
  const ended: RunRecord = {
    ...run,
    ...(await endOf(objects, id, states)),
    endedAt: new Date().toISOString(),
  };
  const put = await objects.put(runRecord(id), Buffer.from(JSON.stringify(ended)), {
    ifVersion: stored.version,
  });
  if (put === 'conflict') return undefined;
  if (holder?.id === id) await objects.remove(RUN_LEASE);
  return ended;
}

async function endOf(
  objects: ObjectStore,
  id: string,
  states: readonly JobState[],
): Promise<Pick<RunRecord, 'state' | 'cause'>> {
  const plan = await readPlan(objects, id);
  const { pending, total } = foldLedger(plan, await readResults(objects, id));
  if (plan !== undefined && pending === 0) return { state: 'succeeded' };
  const stop = await readJson<Pick<RunRecord, 'cause'>>(objects, runCancel(id));
  if (stop?.cause !== undefined) return { state: 'failed', cause: stop.cause };
  const because = (state: RunRecord['state'], code: string, message: string) => ({
    state,
    cause: {
      code,
      message,
      suggestions: state === 'cancelled' ? [] : ['go on with it: rekback backfill now'],
    },
  });
  if (stop !== undefined) return because('cancelled', 'cancelled', 'the run was cancelled');
  if ((await readLimit(objects, id))?.reached) {
    return because('stopped', 'limit-reached', 'the limit of labeler calls was reached');
  }
  const reason = states.find(({ state }) => state === 'failed')?.reason ?? 'its jobs are gone';
  const what = plan === undefined ? 'planning ended early' : `${pending} of ${total} images are left`;
  return because('interrupted', 'job-failed', `${what}: ${reason}`);
}
