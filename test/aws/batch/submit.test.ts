import {
  BatchClient,
  CreateJobQueueCommand,
  DeregisterJobDefinitionCommand,
  ListJobsCommand,
  type ListJobsCommandInput,
  TerminateJobCommand,
} from '@aws-sdk/client-batch';
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { World } from '../kernel/world.ts';
import { startWorld } from '../world.ts';
import { addAll, addDefinition, executionRole, jobOf, submit } from './given.ts';
import { runJobs } from './reach.ts';

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

const list = async (input: ListJobsCommandInput) =>
  (await batch.send(new ListJobsCommand(input))).jobSummaryList?.map((job) => job.jobId) ?? [];

test.each([
  [{ arrayProperties: { size: 1 } }, /between 2 and 10000/],
  [{ arrayProperties: { size: 10_001 } }, /between 2 and 10000/],
  [{ jobName: 'a b' }, /jobName/],
  [{ jobQueue: 'other' }, /does not exist/],
  [{ jobDefinition: 'd:9' }, /does not exist/],
  [{ timeout: { attemptDurationSeconds: 10 } }, /at least 60/],
  [{ containerOverrides: { environment: [{ name: 'A', value: 'x'.repeat(31_000) }] } }, /at most 30720/],
  [{ containerOverrides: { environment: [{ name: 'AWS_BATCH_JOB_ID', value: 'x' }] } }, /reserved/],
  [
    { containerOverrides: { resourceRequirements: [{ type: 'MEMORY' as const, value: '512' }] } },
    /1.00 vCPU, 512/,
  ],
  [{ ecsPropertiesOverride: { taskProperties: [] } }, /ecsProperties/],
  [{ dependsOn: [{ jobId: 'none' }] }, /does not exist/],
])('a submission is refused: %#', async (more, message) => {
  await addAll(world, batch);
  await expect(submit(batch, more)).rejects.toMatchObject({
    name: 'ClientException',
    message: expect.stringMatching(message),
  });
});

test('a name means the latest active revision, and an inactive one takes no jobs', async () => {
  await addAll(world, batch);
  await addDefinition(batch);
  const of = async (more: object) => (await jobOf(batch, await submit(batch, more)))?.jobDefinition;
  expect(await of({})).toMatch(/:2$/);
  await batch.send(new DeregisterJobDefinitionCommand({ jobDefinition: 'd:2' }));
  expect(await of({})).toMatch(/:1$/);
  await expect(of({ jobDefinition: 'd:2' })).rejects.toMatchObject({
    message: expect.stringMatching(/ACTIVE/),
  });
  const ec2 = {
    jobDefinitionName: 'ec2',
    platformCapabilities: ['EC2' as const],
    containerProperties: { image: 'i', vcpus: 1, memory: 128 },
  };
  await addDefinition(batch, ec2);
  await expect(of({ jobDefinition: 'ec2' })).rejects.toMatchObject({ name: 'ClientException' });
});

test('a submission needs the queue, the definition and the job', async () => {
  await addAll(world, batch);
  for (const resource of ['*:job-queue/q', '*:job-definition/d:1', '*:job/*']) {
    const allow = world.deny('batch:SubmitJob', { resource });
    await expect(submit(batch)).rejects.toMatchObject({ name: 'AccessDeniedException' });
    allow();
  }
  expect(await submit(batch)).toMatch(/^[0-9a-f-]{36}$/);
});

test('containers of ecsProperties are overridden by name and have their own stopTimeout', async () => {
  await addAll(world, batch);
  const container = {
    name: 'main',
    image: 'worker',
    stopTimeout: 120,
    environment: [{ name: 'A', value: '1' }],
    resourceRequirements: [
      { type: 'VCPU' as const, value: '0.25' },
      { type: 'MEMORY' as const, value: '512' },
    ],
  };
  const taskProperties = [{ executionRoleArn: executionRole, containers: [container] }];
  await addDefinition(batch, { containerProperties: undefined, ecsProperties: { taskProperties } });
  let killed: Record<string, string> = {};
  runJobs(world, async (run) => {
    run.killed.addEventListener('abort', () => {
      killed = run.environment;
    });
    return await new Promise(() => undefined);
  });
  const environment = [{ name: 'B', value: '2' }];
  const id = await submit(batch, {
    ecsPropertiesOverride: { taskProperties: [{ containers: [{ name: 'main', environment }] }] },
    timeout: { attemptDurationSeconds: 60 },
  });
  await world.clock.advance(60_000 + 119_999);
  expect((await jobOf(batch, id))?.status).toBe('RUNNING');
  await world.clock.advance(1);
  expect(killed).toMatchObject({ A: '1', B: '2' });
  const job = await jobOf(batch, id);
  expect(job?.container).toBeUndefined();
  expect(job?.ecsProperties?.taskProperties?.[0]?.containers).toMatchObject([
    { name: 'main', exitCode: 137 },
  ]);
  expect(job?.attempts?.[0]?.taskProperties?.[0]?.containers).toMatchObject([{ exitCode: 137 }]);
});

test('jobs are listed by status, by name, and in pages; RUNNING is the default', async () => {
  await addAll(world, batch);
  const waiting = [];
  for (let n = 0; n < 5; n++) waiting.push(await submit(batch, { jobName: `Job-${n}` }));
  const newest = [...waiting].reverse();
  expect(await list({ jobQueue: 'q' })).toEqual([]);
  expect(await list({ jobQueue: 'q', jobStatus: 'RUNNABLE' })).toEqual(newest);
  const filters = (name: string, value: string) => [{ name, values: [value] }];
  expect(await list({ jobQueue: 'q', filters: filters('JOB_NAME', 'job-3') })).toEqual([waiting[3]]);
  expect(await list({ jobQueue: 'q', filters: filters('JOB_NAME', 'JOB*') })).toEqual(newest);
  expect(await list({ jobQueue: 'q', filters: filters('JOB_DEFINITION', 'd') })).toEqual(newest);
  const page = { jobQueue: 'q', jobStatus: 'RUNNABLE', maxResults: 3 } as const;
  const { nextToken } = await batch.send(new ListJobsCommand(page));
  expect(await list({ ...page, nextToken })).toEqual(newest.slice(3));
  await expect(list({})).rejects.toMatchObject({ message: expect.stringMatching(/Exactly one/) });
  await expect(list({ jobQueue: 'q', filters: filters('NAME', 'x') })).rejects.toMatchObject({
    message: expect.stringMatching(/filter/),
  });
});

test('jobs are served by priority and in turn; one that fits nowhere says so and holds up its queue', async () => {
  await addAll(world, batch);
  await batch.send(
    new CreateJobQueueCommand({
      jobQueueName: 'urgent',
      priority: 9,
      computeEnvironmentOrder: [{ order: 1, computeEnvironment: 'e' }],
    }),
  );
  const size = (value: string) => ({
    containerOverrides: {
      resourceRequirements: [
        { type: 'VCPU' as const, value },
        { type: 'MEMORY' as const, value: '16384' },
      ],
    },
  });
  const started: string[] = [];
  const first = await submit(batch, { jobName: 'first', ...size('4') });
  await submit(batch, { jobName: 'urgent', jobQueue: 'urgent', ...size('4') });
  const large = await submit(batch, size('8'));
  const behind = await submit(batch);
  runJobs(world, async ({ name }) => {
    started.push(name);
    return { exitCode: 0 };
  });
  await vi.waitFor(async () => expect((await jobOf(batch, first))?.status).toBe('SUCCEEDED'));
  expect(started).toEqual(['urgent', 'first']);
  expect(await jobOf(batch, large)).toMatchObject({
    status: 'RUNNABLE',
    statusReason: 'MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE',
  });
  await batch.send(new TerminateJobCommand({ jobId: large, reason: 'too large' }));
  await vi.waitFor(async () => expect((await jobOf(batch, behind))?.status).toBe('SUCCEEDED'));
});

test('without delays a set-up leaves no timers, and jobs leave no trace in the dump', async () => {
  await addAll(world, batch);
  expect(world.clock.untilNext()).toBeUndefined();
  const before = world.dump();
  expect(before).toContain('compute-environment/e');
  await submit(batch, { arrayProperties: { size: 3 } });
  expect(world.dump()).toBe(before);
});

test('EventBridge hears of every status of a job and its children', async () => {
  await addAll(world, batch);
  const queueArn = 'arn:aws:sqs:eu-west-1:111122223333:events';
  const Statement = [
    {
      Effect: 'Allow',
      Principal: { Service: 'events.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: queueArn,
    },
  ];
  const sqs = new SQSClient(world.client());
  const Attributes = { Policy: JSON.stringify({ Version: '2012-10-17', Statement }) };
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'events', Attributes }));
  const events = new EventBridgeClient(world.client());
  const EventPattern = JSON.stringify({ source: ['aws.batch'], 'detail-type': ['Batch Job State Change'] });
  await events.send(new PutRuleCommand({ Name: 'r', EventPattern }));
  await events.send(new PutTargetsCommand({ Rule: 'r', Targets: [{ Id: 't', Arn: queueArn }] }));
  runJobs(world, async ({ index }) => ({ exitCode: index ?? 0 }));
  const id = await submit(batch, { arrayProperties: { size: 2 } });
  await vi.waitFor(async () => expect((await jobOf(batch, id))?.status).toBe('FAILED'));
  const heard: Record<string, string[]> = {};
  for (let n = 0; n < 3; n++) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
    );
    for (const { Body = '' } of Messages) {
      const { detail, resources } = JSON.parse(Body);
      expect(resources).toEqual([detail.jobArn]);
      heard[detail.jobId] = [...(heard[detail.jobId] ?? []), detail.status];
    }
  }
  const way = ['SUBMITTED', 'RUNNABLE', 'STARTING', 'RUNNING'];
  expect(heard).toEqual({
    [id]: ['SUBMITTED', 'PENDING', 'FAILED'],
    [`${id}:0`]: [...way, 'SUCCEEDED'],
    [`${id}:1`]: [...way, 'FAILED'],
  });
});
