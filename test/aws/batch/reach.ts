import type { World } from '../kernel/world.ts';
import { type Run, setRun } from './container.ts';
import { isFinished } from './lifecycle.ts';
import { schedule } from './schedule.ts';
import { batch } from './service.ts';

export type { ContainerRun, Exit, Run } from './container.ts';

/**
 * Says what jobs do, in every account and Region, from now until the next reset; without it they stay RUNNABLE.
 * A reset aborts both signals of what is still running.
 */
export function runJobs(world: World, run: Run): void {
  setRun(world, run);
  for (const state of world.store.all(batch)) schedule(world, state);
}

/** Takes a running Spot task away: SIGTERM now, SIGKILL when its stopTimeout has passed. */
export function interruptSpot(world: World, where: { account: string; region: string }, jobId: string): void {
  const job = world.state(batch, where.account, where.region)._jobs.get(jobId);
  if (!job?.running) throw new Error(`${jobId} is not running`);
  const isFargate = job.environment?.resources?.type.startsWith('FARGATE');
  job.running.stop(
    'interrupted',
    isFargate ? 'Your Spot Task was interrupted.' : 'Host EC2 (instance i-0123456789abcdef0) terminated.',
  );
}

/** Whether any job there waits or runs. */
export function hasActiveJobs(world: World, where: { account: string; region: string }): boolean {
  const { _jobs: jobs } = world.state(batch, where.account, where.region);
  return [...jobs.values()].some((job) => !isFinished(job));
}
