import type { World } from '../kernel/world.ts';
import { end, isFinished } from './lifecycle.ts';
import { release, schedule } from './schedule.ts';
import type { BatchState, Job } from './state.ts';

function isWaiting({ status }: Job): boolean {
  return status === 'SUBMITTED' || status === 'PENDING' || status === 'RUNNABLE';
}

/** Ends what has not started. An array's running children go on, and the array ends with them. */
export function cancel(world: World, state: BatchState, job: Job, reason: string): void {
  if (isFinished(job)) return;
  if (job.children) {
    job.isCancelled = true;
    job.stopReason ??= reason;
    for (const child of job.children) cancelOne(world, child, reason);
  } else cancelOne(world, job, reason);
  schedule(world, state);
}

function cancelOne(world: World, job: Job, reason: string): void {
  if (!isWaiting(job)) return;
  job.isCancelled = true;
  end(world, job, 'FAILED', reason);
}

/** Ends a job, or a whole array, wherever it is. A container is asked first and has its stopTimeout to end. */
export function terminate(world: World, state: BatchState, job: Job, reason: string): void {
  if (isFinished(job)) return;
  for (const each of [job, ...(job.children ?? [])]) terminateOne(world, each, reason);
  schedule(world, state);
}

function terminateOne(world: World, job: Job, reason: string): void {
  if (isFinished(job)) return;
  job.isTerminated = true;
  job.stopReason ??= reason;
  if (job.running) job.running.stop('terminated', reason);
  else if (!job.children) {
    release(job);
    end(world, job, 'FAILED', reason);
  }
}
