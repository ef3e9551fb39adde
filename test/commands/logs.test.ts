import { once } from 'node:events';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { BatchClient, SubmitJobCommand } from '@aws-sdk/client-batch';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openS3Objects } from '../../src/adapters/s3/objects.ts';
import { personaPolicy } from '../../src/provision/iam/personas.ts';
import { writeRun } from '../../src/runtime/run/record.ts';
import { rememberJob } from '../../src/runtime/run/remote.ts';
import { type ContainerRun, type Exit, runJobs } from '../aws/batch/reach.ts';
import { batch } from '../aws/batch/service.ts';
import { writeLog } from '../aws/logs/reach.ts';
import { testContext } from '../provision/context.ts';
import { recordNeeds, uncovered } from '../provision/iam/needs.ts';
import { type AwsWorkspace, awsWorkspace, BUCKET, SETUP } from './aws-workspace.ts';
import { printed } from './workspace.ts';

const WHERE = { account: '111122223333', region: 'eu-west-1' };
const LIVE = '/rekback/images/live';
const OLDER = '20261001-100000-0000';
const RUN = '20261101-100000-0000';

let space: AwsWorkspace;
let made: ReturnType<AwsWorkspace['world']['store']['snapshot']>;
let home: string;
beforeAll(async () => {
  space = await awsWorkspace();
  await space.again();
  await space.json([...SETUP, '--yes']);
  made = space.world.store.snapshot();
  home = join(space.folder, 'home-after-setup');
  await cp(space.home, home, { recursive: true });
}, 60_000);
beforeEach(async () => {
  await space.again();
  space.world.store.restore(made);
  await cp(home, space.home, { recursive: true });
});
afterAll(() => space.remove());

const context = () => testContext(space.world, { name: BUCKET, bucket: BUCKET });

/** A run that has begun a minute ago, with a planner and three workers, which do what `work` says. */
async function givenRun(work: (container: ContainerRun) => Promise<Exit>, id = RUN): Promise<string[]> {
  const { clients, names, spec } = context();
  const objects = openS3Objects(clients, { bucket: names.bucket.name, account: spec.account });
  await writeRun(objects, {
    format: 1,
    id,
    state: 'running',
    selection: { from: { kind: 'listing' }, relabel: 'none' },
    labeling: {
      labeler: 'rekognition',
      revision: 1,
      labelFloor: 5,
      maxLabels: 100,
      include: [],
      exclude: [],
    },
    startedAt: new Date(Date.now() - 60_000).toISOString(),
  });
  runJobs(space.world, work);
  const submit = async (kind: 'planner' | 'workers', size?: number) => {
    const { jobId = '' } = await clients(BatchClient).send(
      new SubmitJobCommand({
        jobName: `${id}-${kind}`,
        jobQueue: kind === 'planner' ? names.queues.control.name : names.queues.workers.name,
        jobDefinition: kind === 'planner' ? names.jobs.planner.name : names.jobs.worker.name,
        ...(size !== undefined && { arrayProperties: { size } }),
      }),
    );
    await rememberJob(objects, id, kind, jobId);
    return jobId;
  };
  return [await submit('planner'), await submit('workers', 3)];
}

/** Worker 1 fails, in its second attempt too. */
const work = async ({ log, index, attempt }: ContainerRun): Promise<Exit> => {
  log(index === undefined ? 'planned' : `worker ${index}, attempt ${attempt}`);
  return { exitCode: index === 1 ? (attempt === 1 ? 75 : 1) : 0 };
};

const ended = (jobs: readonly string[]) =>
  expect
    .poll(() => jobs.map((id) => space.world.state(batch, WHERE.account, WHERE.region)._jobs.get(id)?.status))
    .toEqual(['SUCCEEDED', 'FAILED']);

const lines = async (args: readonly string[]) => {
  const { stdout, stderr, code } = await space.look(['logs', ...args, '--json']);
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
};
const error = ({ stdout }: { stdout: string }) => JSON.parse(stdout).error;

describe("a run's jobs", () => {
  test('tell all their lines, each with what wrote it', async () => {
    await givenRun(async ({ log }) => {
      log('another run');
      return { exitCode: 0 };
    }, OLDER);
    const jobs = await givenRun(work);
    await ended(jobs);
    const found = await lines([]);
    expect(
      found.map(({ source, index, attempt, message }) => [source, index, attempt, message]).sort(),
    ).toEqual([
      ['planner', null, 1, 'planned'],
      ['worker', 0, 1, 'worker 0, attempt 1'],
      ['worker', 1, 1, 'worker 1, attempt 1'],
      ['worker', 1, 2, 'worker 1, attempt 2'],
      ['worker', 2, 1, 'worker 2, attempt 1'],
    ]);
    expect(found).toContainEqual({
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      source: 'worker',
      job: `${jobs[1]}:1`,
      index: 1,
      attempt: 2,
      stream: expect.stringMatching(/^worker\/rekback\//),
      message: 'worker 1, attempt 2',
    });
    expect((await lines([OLDER])).map(({ message }) => message)).toEqual(Array(4).fill('another run'));
  });

  test('that failed can be told alone, by a viewer too', async () => {
    await ended(await givenRun(work));
    const needs = recordNeeds(space.world);
    expect((await lines(['--failed'])).map(({ message }) => message)).toEqual([
      'worker 1, attempt 1',
      'worker 1, attempt 2',
    ]);
    await lines(['--live']);
    const viewer = personaPolicy('viewer', { place: context().spec, bucket: BUCKET });
    const { account } = WHERE;
    expect(needs.length).toBeGreaterThan(5);
    // Everybody may ask who they are.
    const beyond = needs.filter(({ action }) => action !== 'sts:GetCallerIdentity');
    expect(await uncovered(viewer, beyond, { account, stack: BUCKET })).toEqual([]);
  });

  test('cannot steer the terminal by what they write', async () => {
    await ended(
      await givenRun(async ({ log, index }) => {
        if (index === 1) log('\u001b[2Jgone\nError: not ours\u202e {"key":"a\\"b"}');
        return { exitCode: index === 1 ? 1 : 0 };
      }),
    );
    const { stdout } = await space.look(['logs']);
    expect(stdout).toMatch(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ worker 1: \\x1b\[2Jgone\n {2}Error: not ours\\u202e \{"key":"a\\"b"\}\n$/,
    );
  });

  test('are told by their time once Batch has forgotten them', async () => {
    await ended(await givenRun(work));
    space.world.state(batch, WHERE.account, WHERE.region)._jobs.clear();
    const { stdout, stderr } = await space.look(['logs']);
    expect(stdout).toMatch(/^\S+Z job: (planned|worker)/m);
    expect(stdout.trim().split('\n')).toHaveLength(5);
    expect(stderr).toBe(`Batch has forgotten the jobs of run ${RUN}; these are all lines of its time.\n`);
  });

  test('are followed to their end', async () => {
    const release: (() => void)[] = [];
    await givenRun(async ({ log, index }) => {
      log('begun');
      await new Promise<void>((resolve) => release.push(resolve));
      log('same');
      log('same');
      return { exitCode: index === 1 ? 1 : 0 };
    });
    const child = await space.start(['logs', '--follow', '--json']);
    child.stdin.end();
    const all = printed(child.stdout, (text) => text.split('\n').length > 4 * 3);
    await printed(child.stdout, (text) => text.split('begun').length > 4);
    for (const each of release) each();
    const found = (await all)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(found.map(({ message }) => message).sort()).toEqual([
      ...Array(4).fill('begun'),
      ...Array(8).fill('same'),
    ]);
    expect(await once(child, 'close')).toEqual([0, null]);
  });
});

describe('the live function', () => {
  const log = (message: string) => writeLog(space.world, WHERE, LIVE, '2026/11/23/[$LATEST]0a', message);

  test('tells the lines of the last hour, or since', async () => {
    log('now');
    expect(await lines(['--live'])).toEqual([
      {
        time: expect.any(String),
        source: 'live',
        job: null,
        index: null,
        attempt: null,
        stream: '2026/11/23/[$LATEST]0a',
        message: 'now',
      },
    ]);
    expect(await lines(['--live', '--since', '2d'])).toHaveLength(1);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await lines(['--live', '--since', '1s'])).toEqual([]);
    expect((await space.look(['logs', '--live', '--since', '1s'])).stderr).toBe('Nothing was written.\n');
  });

  test('tells failures alone', async () => {
    const bad = [
      '{"level":"ERROR","message":"no"}',
      '{"type":"platform.report","record":{"status":"timeout"}}',
      '2026-11-23 Task timed out after 300 seconds',
    ];
    const good = ['{"level":"INFO","message":"error"}', '{"record":{"status":"success"}}', 'null', 'START'];
    for (const message of [...bad, ...good]) log(message);
    expect((await lines(['--live', '--failed'])).map(({ message }) => message)).toEqual(bad);
  });

  test('is followed until Ctrl-C', async () => {
    log('first');
    const child = await space.start(['logs', '--live', '--follow']);
    child.stdin.end();
    await printed(child.stdout, (text) => text.includes('live: first'));
    log('second');
    await printed(child.stdout, (text) => text.includes('live: second'));
    child.kill('SIGINT');
    expect(await once(child, 'close')).toEqual([130, null]);
  });
});

test('what can not be told is refused', async () => {
  expect(error(await space.look(['logs', '--json']))).toMatchObject({ code: 'no-run' });
  expect(error(await space.look(['logs', 'x', '--live', '--json']))).toMatchObject({ code: 'usage' });
  expect(error(await space.look(['logs', '--since', '1 hour', '--json']))).toMatchObject({
    code: 'usage',
    message: "'1 hour' is no length of time",
  });
  space.world.deny('logs:FilterLogEvents');
  expect(error(await space.look(['logs', '--live', '--json']))).toMatchObject({
    code: 'logs-unreadable',
    message: expect.stringMatching(/^can't read the log group '\/rekback\/images\/live': AccessDenied/),
  });
});
