import { EXIT_AGAIN } from '../runtime/contract.ts';
import { messageOf, RekbackError } from '../runtime/errors.ts';
import type { Holder } from '../runtime/run/lease.ts';
import { variable } from './stack.ts';

/**
 * Runs a job's work and makes an exit code of it: 0 done, 75 to be started again because Batch told it to stop, 1 failed,
 * with the reason on standard error, where the job's log has it.
 */
export async function runJob(
  work: (draining: AbortSignal) => Promise<'ended' | 'drained' | 'capped'>,
): Promise<number> {
  const draining = new AbortController();
  const stop = () => draining.abort();
  process.once('SIGTERM', stop);
  try {
    return (await work(draining.signal)) === 'drained' ? EXIT_AGAIN : 0;
  } catch (error) {
    if (draining.signal.aborted) return EXIT_AGAIN;
    const { code = 'internal', suggestions = [] } = error instanceof RekbackError ? error : {};
    console.error(JSON.stringify({ error: { code, message: messageOf(error), suggestions } }));
    if (!(error instanceof RekbackError)) console.error(error);
    return 1;
  } finally {
    process.removeListener('SIGTERM', stop);
  }
}

/** This job as the holder of a lease. Batch gives every attempt at a job, or at an array's child, the same id. */
export const jobAsHolder = (what: string, environment: NodeJS.ProcessEnv): Holder => ({
  id: variable(environment, 'AWS_BATCH_JOB_ID'),
  what,
  user: 'AWS Batch',
  host: environment.HOSTNAME ?? '',
  pid: process.pid,
  started: '',
  since: new Date().toISOString(),
});
