import { putEvent } from '../events/reach.ts';
import type { World } from '../kernel/world.ts';
import { describeJob } from './job-detail.ts';
import type { BatchState, Job, JobStatus } from './state.ts';

export function isFinished({ status }: Pick<Job, 'status'>): boolean {
  return status === 'SUCCEEDED' || status === 'FAILED';
}

/** Changes a job's status, counts it with its array and tells EventBridge. */
export function setStatus(world: World, job: Job, status: JobStatus, statusReason?: string): void {
  if (job.parent) {
    job.parent.counts[job.status]--;
    job.parent.counts[status]++;
  }
  job.status = status;
  job.statusReason = statusReason;
  announce(world, job);
}

/** "Batch Job State Change" on the default bus. */
export function announce(world: World, job: Job): void {
  putEvent(world, {
    account: job.account,
    region: job.region,
    source: 'aws.batch',
    'detail-type': 'Batch Job State Change',
    resources: [job.arn],
    detail: describeJob(job),
  });
}

/** After its first moments a job waits for others (PENDING) or for a place (RUNNABLE). An array's parent stays PENDING. */
export function settle(world: World, state: BatchState, job: Job): void {
  if (isFinished(job)) return;
  if (job.children) {
    setStatus(world, job, 'PENDING');
    for (const child of job.children) settle(world, state, child);
    return;
  }
  for (const id of [...job.waitsFor]) {
    const first = state._jobs.get(id);
    if (!first || first.status === 'SUCCEEDED') job.waitsFor.delete(id);
    else if (first.status === 'FAILED') end(world, job, 'FAILED', DEPENDENCY_FAILED);
    else first.followers.push(job);
  }
  if (isFinished(job)) return;
  if (job.waitsFor.size > 0) setStatus(world, job, 'PENDING');
  else makeRunnable(world, job);
}

export function makeRunnable(world: World, job: Job): void {
  setStatus(world, job, 'RUNNABLE');
  job.queue._runnable.push(job);
}

const DEPENDENCY_FAILED = 'Dependent Job failed';

/** Ends a job, and with it what follows from that: its array's end, and that of the jobs that wait for it. */
export function end(world: World, first: Job, result: 'SUCCEEDED' | 'FAILED', reason?: string): void {
  // A list instead of recursion: ten thousand children may wait for each other in a row.
  const work = [{ job: first, result, reason }];
  for (let next = work.shift(); next; next = work.shift()) {
    const { job } = next;
    if (isFinished(job)) continue;
    job.cancelStep?.();
    job.cancelStep = undefined;
    job.running = undefined;
    job.stoppedAt = world.clock.now();
    job.queue._unfinished.delete(job);
    setStatus(world, job, next.result, next.reason);
    for (const follower of job.followers.splice(0)) {
      if (next.result === 'FAILED') {
        work.push({ job: follower, result: 'FAILED', reason: DEPENDENCY_FAILED });
        continue;
      }
      follower.waitsFor.delete(job.id);
      if (follower.waitsFor.size === 0 && follower.status === 'PENDING') makeRunnable(world, follower);
    }
    const array = job.parent;
    if (array?.children && array.counts.SUCCEEDED + array.counts.FAILED === array.children.length) {
      work.push(
        array.counts.FAILED === 0
          ? { job: array, result: 'SUCCEEDED', reason: undefined }
          : { job: array, result: 'FAILED', reason: array.stopReason ?? 'Array Child Job failed' },
      );
    }
  }
}
