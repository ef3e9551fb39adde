import {
  BatchClient,
  CancelJobCommand,
  DeleteJobQueueCommand,
  DescribeJobQueuesCommand,
  ListJobsCommand,
  type ListJobsCommandInput,
  TerminateJobCommand,
  UpdateComputeEnvironmentCommand,
  UpdateJobQueueCommand,
} from '@aws-sdk/client-batch';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  GetLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { World } from '../kernel/world.ts';
import { startWorld } from '../world.ts';
import { addAll, addDefinition, addEnvironment, addQueue, addRole, fargate, jobOf, submit } from './given.ts';
import { type ContainerRun, type Exit, interruptSpot, runJobs } from './reach.ts';

let world: World;
let batch: BatchClient;
beforeAll(async () => {
  world = await startWorld();
  batch = new BatchClient(world.client());
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(async () => {
  await world.stop();
});

const refusal = (message: RegExp) => ({ name: 'ClientException', message: expect.stringMatching(message) });
const done = (jobId: string) =>
  vi.waitFor(async () => {
    const job = await jobOf(batch, jobId);
    expect(job?.status).toMatch(/SUCCEEDED|FAILED/);
    return job;
  });
const terminate = (jobId: string) => batch.send(new TerminateJobCommand({ jobId, reason: 'enough' }));
const list = async (input: ListJobsCommandInput) =>
  (await batch.send(new ListJobsCommand(input))).jobSummaryList?.map((job) => job.jobId) ?? [];

/** Jobs that wait to be told how they end; `running` has those under way, by id. */
function held() {
  const running = new Map<string, { run: ContainerRun; finish: (exit: Exit) => void }>();
  runJobs(world, async (run) => {
    const exit = await new Promise<Exit>((finish) => running.set(run.jobId, { run, finish }));
    running.delete(run.jobId);
    return exit;
  });
  const of = (jobId: string) =>
    vi.waitFor(() => {
      const found = running.get(jobId);
      if (!found) throw new Error(`${jobId} is not running`);
      return found;
    });
  return { running, of };
}

test('a job waits until something runs jobs, then runs with what it was submitted with', async () => {
  await addAll(world, batch);
  await new CloudWatchLogsClient(world.client()).send(
    new CreateLogGroupCommand({ logGroupName: '/aws/batch/job' }),
  );
  const id = await submit(batch, {
    parameters: { what: 'it' },
    containerOverrides: { environment: [{ name: 'A', value: 'b' }] },
  });
  expect(await jobOf(batch, id)).toMatchObject({ status: 'RUNNABLE' });
  const { of } = held();
  const { run, finish } = await of(id);
  expect(await jobOf(batch, id)).toMatchObject({ status: 'RUNNING', attempts: [] });
  expect(run).toMatchObject({ image: 'worker', command: ['run', 'it'], attempt: 1 });
  expect(run.environment).toEqual({
    A: 'b',
    AWS_BATCH_JOB_ID: id,
    AWS_BATCH_JOB_ATTEMPT: '1',
    AWS_BATCH_JQ_NAME: 'q',
    AWS_BATCH_CE_NAME: 'e',
  });
  run.log('hello');
  finish({ exitCode: 0 });
  const job = await done(id);
  expect(job).toMatchObject({ status: 'SUCCEEDED', container: { exitCode: 0 } });
  expect(job?.attempts).toHaveLength(1);
  const logStreamName = job?.attempts?.[0]?.container?.logStreamName;
  const { events } = await new CloudWatchLogsClient(world.client()).send(
    new GetLogEventsCommand({ logGroupName: '/aws/batch/job', logStreamName }),
  );
  expect(events?.map(({ message }) => message)).toEqual(['hello']);
  await world.clock.advance(7 * 24 * 3600 * 1000);
  expect(await jobOf(batch, id)).toBeUndefined();
});

test('statuses follow the clock', async () => {
  await addAll(world, batch);
  world.delays.batchJob = 5000;
  held();
  const id = await submit(batch);
  const status = async () => (await jobOf(batch, id))?.status;
  expect(await status()).toBe('SUBMITTED');
  await world.clock.advance(5000);
  expect(await status()).toBe('STARTING');
  await world.clock.advance(5000);
  expect(await status()).toBe('RUNNING');
});

test('children run within maxvCpus, and a parent fails with one of them', async () => {
  await addAll(world, batch);
  const { running, of } = held();
  const id = await submit(batch, { arrayProperties: { size: 6 }, tags: { a: 'b' } });
  await of(`${id}:3`);
  expect([...running.keys()]).toEqual([0, 1, 2, 3].map((index) => `${id}:${index}`));
  expect(await jobOf(batch, id)).toMatchObject({
    status: 'PENDING',
    tags: { a: 'b' },
    arrayProperties: { size: 6, statusSummary: { RUNNING: 4, RUNNABLE: 2, SUCCEEDED: 0 } },
  });
  const { run, finish } = await of(`${id}:1`);
  expect(run).toMatchObject({ index: 1, environment: { AWS_BATCH_JOB_ARRAY_INDEX: '1' } });
  finish({ exitCode: 3, reason: 'OutOfMemoryError: Container killed due to memory usage' });
  await of(`${id}:4`);
  const failed = await jobOf(batch, `${id}:1`);
  expect(failed?.tags).toEqual({});
  expect(failed).toMatchObject({
    status: 'FAILED',
    arrayProperties: { index: 1 },
    attempts: [{ container: { exitCode: 3, reason: expect.stringMatching(/^OutOfMemory/) } }],
  });
  expect(await list({ jobQueue: 'q' })).toEqual([]);
  expect(await list({ arrayJobId: id })).toHaveLength(4);
  expect(await list({ arrayJobId: id, jobStatus: 'FAILED' })).toEqual([`${id}:1`]);
  for (const index of [0, 2, 3, 4, 5]) (await of(`${id}:${index}`)).finish({ exitCode: 0 });
  expect(await done(id)).toMatchObject({
    status: 'FAILED',
    arrayProperties: { statusSummary: { SUCCEEDED: 5, FAILED: 1 } },
  });
});

test('a larger maxvCpus takes effect, and a DISABLED environment starts nothing', async () => {
  await addAll(world, batch);
  const update = (more: object) =>
    batch.send(new UpdateComputeEnvironmentCommand({ computeEnvironment: 'e', ...more }));
  const { running, of } = held();
  const id = await submit(batch, { arrayProperties: { size: 8 } });
  await of(`${id}:3`);
  await update({ computeResources: { maxvCpus: 6 } });
  await of(`${id}:5`);
  expect(running.size).toBe(6);
  await update({ state: 'DISABLED' });
  (await of(`${id}:0`)).finish({ exitCode: 0 });
  expect(await done(`${id}:0`)).toMatchObject({ status: 'SUCCEEDED' });
  expect(running.size).toBe(5);
});

test('attempts end as evaluateOnExit says; without a match they go on', async () => {
  await addAll(world, batch);
  const exits: Exit[] = [
    { exitCode: 143, statusReason: 'Your Spot Task was interrupted.' },
    { exitCode: 9 },
    { reason: 'CannotPullContainerError: no' },
    { exitCode: 0 },
  ];
  const attempts: string[] = [];
  runJobs(world, async ({ attempt, environment }) => {
    attempts.push(environment.AWS_BATCH_JOB_ATTEMPT ?? '');
    return exits[attempt - 1] ?? {};
  });
  const evaluateOnExit = [
    { onStatusReason: 'Your Spot*', action: 'RETRY' as const },
    { onExitCode: '9', onReason: 'Never', action: 'EXIT' as const },
    { onReason: 'CannotPull*', action: 'EXIT' as const },
  ];
  const id = await submit(batch, { retryStrategy: { attempts: 5, evaluateOnExit } });
  expect(await done(id)).toMatchObject({ status: 'FAILED', container: { reason: exits[2]?.reason } });
  expect(attempts).toEqual(['1', '2', '3']);
  const again = await submit(batch, { retryStrategy: { attempts: 2 } });
  expect((await done(again))?.attempts).toHaveLength(2);
});

test('a timeout asks, then kills after the stopTimeout, and is not retried', async () => {
  await addAll(world, batch);
  const { of } = held();
  const id = await submit(batch, {
    retryStrategy: { attempts: 3 },
    timeout: { attemptDurationSeconds: 60 },
  });
  const { run } = await of(id);
  await world.clock.advance(60_000);
  expect(run.signal.reason).toBe('timeout');
  expect(run.killed.aborted).toBe(false);
  await world.clock.advance(30_000);
  expect(run.killed.aborted).toBe(true);
  const job = await jobOf(batch, id);
  expect(job).toMatchObject({ status: 'FAILED', container: { exitCode: 137 } });
  expect(job?.attempts).toMatchObject([{ statusReason: 'Job attempt duration exceeded timeout' }]);
});

test('terminating ends an array wherever its children are, with no retry', async () => {
  await addAll(world, batch);
  const { of } = held();
  const id = await submit(batch, { arrayProperties: { size: 5 }, retryStrategy: { attempts: 3 } });
  const { run, finish } = await of(`${id}:0`);
  await of(`${id}:3`);
  await terminate(id);
  expect(run.signal.reason).toBe('terminated');
  expect(await jobOf(batch, `${id}:4`)).toMatchObject({ status: 'FAILED', statusReason: 'enough' });
  expect(await jobOf(batch, id)).toMatchObject({ status: 'PENDING', isTerminated: true });
  finish({ exitCode: 0 });
  expect(await done(`${id}:0`)).toMatchObject({ status: 'FAILED', container: { exitCode: 0 } });
  await world.clock.advance(30_000);
  const parent = await jobOf(batch, id);
  expect(parent).toMatchObject({ status: 'FAILED', statusReason: 'enough' });
  expect(parent?.arrayProperties?.statusSummary?.FAILED).toBe(5);
});

test('cancelling ends what has not started and leaves the rest alone', async () => {
  await addAll(world, batch);
  const { of } = held();
  const id = await submit(batch, { arrayProperties: { size: 5 } });
  await of(`${id}:3`);
  await batch.send(new CancelJobCommand({ jobId: id, reason: 'no' }));
  expect(await jobOf(batch, `${id}:4`)).toMatchObject({ status: 'FAILED', isCancelled: true });
  expect(await jobOf(batch, `${id}:0`)).toMatchObject({ status: 'RUNNING', isCancelled: false });
  for (const index of [0, 1, 2, 3]) (await of(`${id}:${index}`)).finish({ exitCode: 0 });
  expect(await done(id)).toMatchObject({ status: 'FAILED', statusReason: 'no', isCancelled: true });
});

test('a Spot task taken away is tried again, or has succeeded when it ended with 0', async () => {
  await addRole(world, 'tasks', 'ecs-tasks.amazonaws.com');
  await addEnvironment(batch, { computeResources: { ...fargate, type: 'FARGATE_SPOT' } });
  await addQueue(batch);
  await addDefinition(batch);
  const { of } = held();
  const id = await submit(batch, { retryStrategy: { attempts: 2 } });
  const where = { account: '111122223333', region: 'eu-west-1' };
  const first = await of(id);
  interruptSpot(world, where, id);
  expect(first.run.signal.reason).toBe('interrupted');
  first.finish({ exitCode: 143 });
  const second = await vi.waitFor(async () => {
    const next = await of(id);
    expect(next.run.attempt).toBe(2);
    return next;
  });
  interruptSpot(world, where, id);
  second.finish({ exitCode: 0 });
  const job = await done(id);
  expect(job?.status).toBe('SUCCEEDED');
  expect(job?.attempts?.map((each) => each.statusReason)).toEqual([
    'Your Spot Task was interrupted.',
    'Your Spot Task was interrupted.',
  ]);
});

test('a role that ECS cannot assume fails the attempt', async () => {
  await addEnvironment(batch);
  await addQueue(batch);
  await addDefinition(batch);
  held();
  const job = await done(await submit(batch));
  expect(job).toMatchObject({
    status: 'FAILED',
    statusReason: expect.stringMatching(/^ECS was unable to assume the role/),
  });
});

test('dependents wait, index by index where asked, and fail with what they wait for', async () => {
  await addAll(world, batch);
  const { of, running } = held();
  const first = await submit(batch, { arrayProperties: { size: 2 } });
  const pairs = await submit(batch, {
    arrayProperties: { size: 2 },
    dependsOn: [{ jobId: first, type: 'N_TO_N' }],
  });
  const last = await submit(batch, { dependsOn: [{ jobId: first }] });
  (await of(`${first}:0`)).finish({ exitCode: 0 });
  await of(`${pairs}:0`);
  expect(running.has(`${pairs}:1`)).toBe(false);
  expect(await jobOf(batch, last)).toMatchObject({ status: 'PENDING' });
  (await of(`${first}:1`)).finish({ exitCode: 1 });
  const failed = { status: 'FAILED', statusReason: 'Dependent Job failed' };
  expect(await done(last)).toMatchObject(failed);
  expect(await done(`${pairs}:1`)).toMatchObject(failed);
});

test('a deleted queue ends its jobs first', async () => {
  await addAll(world, batch);
  const { of } = held();
  const ids = [];
  for (let n = 0; n < 5; n++) ids.push(await submit(batch));
  const { finish } = await of(ids[0] ?? '');
  await batch.send(new UpdateJobQueueCommand({ jobQueue: 'q', state: 'DISABLED' }));
  await expect(submit(batch)).rejects.toMatchObject(refusal(/not in ENABLED state/));
  await batch.send(new DeleteJobQueueCommand({ jobQueue: 'q' }));
  const queues = async () => (await batch.send(new DescribeJobQueuesCommand({}))).jobQueues ?? [];
  expect(await queues()).toMatchObject([{ status: 'DELETING' }]);
  expect(await jobOf(batch, ids[4] ?? '')).toMatchObject({ status: 'FAILED' });
  finish({ exitCode: 143 });
  await world.clock.advance(30_000);
  expect(await queues()).toEqual([]);
  expect(await jobOf(batch, ids[1] ?? '')).toMatchObject({ status: 'FAILED', isTerminated: true });
});

test('an array of ten thousand runs to its end', async () => {
  await addAll(world, batch);
  const seen = new Set<number>();
  runJobs(world, async ({ index = -1 }) => {
    seen.add(index);
    return { exitCode: 0 };
  });
  const id = await submit(batch, { arrayProperties: { size: 10_000 } });
  expect((await done(id))?.status).toBe('SUCCEEDED');
  expect(seen.size).toBe(10_000);
});

test('a reset ends what is running', async () => {
  await addAll(world, batch);
  const { of } = held();
  const { run } = await of(await submit(batch));
  world.reset();
  expect([run.signal.aborted, run.killed.aborted]).toEqual([true, true]);
});
