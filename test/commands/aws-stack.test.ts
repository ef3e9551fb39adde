import { once } from 'node:events';
import { cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { everything } from '../provision/stack.ts';
import { type AwsWorkspace, awsWorkspace, BUCKET, SETUP } from './aws-workspace.ts';
import { printed } from './workspace.ts';

const text = expect.any(String);
const QUEUE = 'rekback-images-live';

let space: AwsWorkspace;
beforeAll(async () => {
  space = await awsWorkspace();
});
beforeEach(() => space.again());
afterAll(() => space.remove());

const pointers = () => readdir(join(space.home, 'aws')).catch(() => []);
const forget = () => rm(join(space.home, 'aws'), { recursive: true });
const stacks = async (args: string[] = []) =>
  JSON.parse((await space.look(['stacks', ...args, '--json'])).stdout).stacks;
const error = (result: { stdout: string }) => JSON.parse(result.stdout).error;

describe('a stack that is set up', () => {
  /** Setting up takes seconds: it is done once, and put back before each test. */
  let made: ReturnType<AwsWorkspace['world']['store']['snapshot']>;
  let home: string;

  beforeAll(async () => {
    await space.again();
    const { changes, ...rest } = await space.json<{ changes: object[] }>([...SETUP, '--yes']);
    expect(rest).toMatchObject({ stack: BUCKET, dryRun: false });
    expect(changes.length).toBeGreaterThan(20);
    made = space.world.store.snapshot();
    home = join(space.folder, 'home-after-setup');
    await cp(space.home, home, { recursive: true });
  }, 60_000);

  beforeEach(async () => {
    space.world.store.restore(made);
    await cp(home, space.home, { recursive: true });
  });

  test('status: all is there; drift is named field by field, and setup puts it right', async () => {
    const before = await space.json<{ resources: { state: string }[] }>(['status']);
    expect(new Set(before.resources.map(({ state }) => state))).toEqual(new Set(['present']));
    expect(before).toMatchObject({
      stack: BUCKET,
      region: 'eu-west-1',
      account: '111122223333',
      images: 's3://images',
      runs: [],
      cost: { spent: 0, idle: { dollars: expect.any(Number) } },
      notes: [],
    });

    await new SQSClient(space.world.client()).send(
      new SetQueueAttributesCommand({
        QueueUrl: `${space.world.url}/111122223333/${QUEUE}`,
        Attributes: { VisibilityTimeout: '31' },
      }),
    );
    const now = await space.look(['status', '--json']);
    expect(JSON.parse(now.stdout).resources).toContainEqual({
      type: 'queue',
      name: QUEUE,
      state: 'drifted',
      drift: [{ field: 'visibilitySeconds', actual: 31, wanted: 1800 }],
    });
    const { stdout } = await space.look(['status']);
    expect(stdout).toContain(`queue ${QUEUE}:\n  visibilitySeconds is 31, not 1800\n`);
    expect(stdout).toMatch(
      /^Note: 1 of \d+ resources are not as they should be; put them right with: rekback setup --bucket images --stack images$/m,
    );

    space.world.journal.clear();
    const again = await space.run(['setup', '--bucket', BUCKET, '--yes', '--progress', 'plain']);
    expect(again.stdout).toContain(`  update  queue  ${QUEUE}\n          visibilitySeconds: 31 → 1800\n`);
    expect(again.stderr).toContain(`changing queue ${QUEUE}\nchanged queue ${QUEUE}\n`);
    const calls = space.world.journal.mutating().filter(({ service }) => service !== 's3');
    expect(calls.map(({ operation }) => operation)).toEqual(['SetQueueAttributes']);
    expect((await space.look(['setup', '--bucket', BUCKET, '--yes'])).stdout).toBe(
      'Stack images is set up; nothing to change.\n',
    );
  });

  test('it is found by its tag from any machine, and a local stack keeps it from nothing', async () => {
    const stack = {
      name: BUCKET,
      kind: 'aws',
      images: 's3://images',
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
      region: 'eu-west-1',
      account: '111122223333',
      state: 'complete',
    };
    expect(await stacks()).toEqual([stack]);
    await forget();
    expect(await stacks()).toEqual([stack]);
    expect(await space.json(['status'])).toMatchObject({ stack: BUCKET });

    await space.json(['setup', '--folder', 'photos']);
    space.world.journal.clear();
    expect((await stacks()).map(({ kind }: { kind: string }) => kind)).toEqual(['local']);
    expect(await space.json(['status'])).toMatchObject({ stack: 'photos' });
    // A user with local stacks only causes no call.
    expect(space.world.journal.entries).toEqual([]);
    expect((await stacks(['--region', 'eu-west-1'])).map(({ name }: { name: string }) => name)).toEqual([
      'photos',
      BUCKET,
    ]);
    expect(await stacks(['--region', 'eu-central-1'])).toHaveLength(1);
    expect((await space.look(['stacks', '--region', 'eu-west-1'])).stdout).toMatch(
      /^images\taws\ts3:\/\/images\teu-west-1\t$/m,
    );
  });

  test('with a local one beside it, neither is guessed; a stack that is gone is forgotten', async () => {
    await space.json(['setup', '--folder', 'photos']);
    for (const args of [['status'], ['teardown', '--yes']]) {
      const result = await space.look([...args, '--json']);
      expect(error(result)).toMatchObject({
        code: 'which-stack',
        message: 'there are 2 stacks: photos, images (eu-west-1)',
      });
      expect(result.code).toBe(2);
    }
    expect(await space.json(['status', '--stack', BUCKET])).toMatchObject({ images: 's3://images' });

    // Removed from another machine.
    await space.run(['teardown', '--yes', '--stack', BUCKET], {
      env: { REKBACK_HOME: join(space.folder, 'other') },
    });
    expect(await pointers()).toHaveLength(1);
    expect(await space.json(['status'])).toMatchObject({ stack: 'photos' });
    expect(await pointers()).toEqual([]);
  });

  test('a pointer into another account, or one that nobody can follow, keeps nothing from working', async () => {
    const env = space.world.env({ account: '999988887777' });
    const other = await space.look(['status', '--json'], env);
    expect(error(other)).toMatchObject({
      code: 'other-account',
      message: "stack 'images' is in the account 111122223333, the credentials are of 999988887777",
    });
    const unseen = [expect.objectContaining({ name: BUCKET, images: 's3://images', state: 'unseen' })];
    expect(JSON.parse((await space.look(['stacks', '--json'], env)).stdout).stacks).toEqual(unseen);
    const without = await space.look(['stacks', '--json'], { AWS_ACCESS_KEY_ID: undefined });
    expect(JSON.parse(without.stdout).stacks).toEqual(unseen);
    expect(without.stderr).toMatch(/^Warning: no AWS credentials were found/);
    expect(without.code).toBe(0);
    expect(error(await space.look(['status', '--region', 'eu-west-1', '--json'], env))).toMatchObject({
      code: 'no-stack',
      message: 'there is no stack yet in eu-west-1, account 999988887777',
    });
  });

  test('commands that only work on this machine say so', async () => {
    expect(error(await space.look(['live', '--once', '--json'])).code).toBe('not-followed');
  });

  test('teardown asks; with --yes it removes all, and says what is left', async () => {
    const asked = await space.look(['teardown']);
    expect(asked).toMatchObject({ stdout: '', code: 2 });
    expect(asked.stderr).toMatch(
      /^These \d+ resources will be deleted; the images in s3:\/\/images stay:\n {2}bucket {16}rekback-images-111122223333-eu-west-1\n/,
    );
    expect(asked.stderr).toContain(
      '\nIn account 111122223333, Region eu-west-1, as arn:aws:iam::111122223333:user/admin.\n',
    );

    const stop = space.world.faults.add({
      service: 'sqs',
      operation: 'DeleteQueue',
      effect: { error: { code: 'AccessDenied', status: 403 } },
    });
    const halfway = await space.json<{ left: object[] }>(['teardown', '--yes'], 1);
    expect(halfway.left).toContainEqual({
      type: 'queue',
      name: QUEUE,
      reason: expect.stringContaining("can't remove the queue"),
    });
    expect(await pointers()).toHaveLength(1);
    stop();
    const { stdout, code } = await space.run(['teardown', '--yes', '--progress', 'none']);
    expect(stdout).toMatch(/^Removed \d+ resources\.\nNothing is left\.\n$/);
    expect(code).toBe(0);
    expect(await pointers()).toEqual([]);
    expect(await stacks()).toEqual([]);
  });

  test('an index that is kept is told of, and goes with the next teardown', async () => {
    expect(await space.json(['teardown', '--yes', '--keep-index'])).toMatchObject({
      left: [],
      kept: expect.arrayContaining([{ type: 'domain', name: text }]),
    });
    expect(await stacks()).toEqual([expect.objectContaining({ name: BUCKET, state: 'incomplete' })]);
    expect(await space.json(['teardown', '--yes'])).toMatchObject({ left: [], kept: [] });
    expect(await stacks()).toEqual([]);
  });

  test('a record that is damaged is named, and keeps no other from being listed', async () => {
    const s3 = new S3Client(space.world.client());
    const Bucket = 'rekback-images-111122223333-eu-west-1';
    await s3.send(new PutObjectCommand({ Bucket, Key: 'stack.json', Body: '{' }));
    const { stdout, stderr } = await space.look(['stacks', '--json']);
    expect(JSON.parse(stdout).stacks).toEqual([expect.objectContaining({ name: BUCKET, state: 'damaged' })]);
    expect(stderr).toMatch(/^Warning: the record 'stack\.json' of stack 'images' is damaged\n/);
  });
});

test('without a stack, the place that was looked at is named', async () => {
  const result = await space.look(['status', '--json']);
  expect(error(result)).toMatchObject({
    code: 'no-stack',
    message: 'there is no stack yet in eu-west-1, account 111122223333',
    suggestions: expect.arrayContaining([expect.stringContaining('rekback setup --bucket')]),
  });
  expect(result.code).toBe(2);
  expect(await stacks()).toEqual([]);
});

test('Ctrl-C in a setup begins nothing more, and the same command goes on', async () => {
  const before = everything(space.world);
  space.world.delays.openSearchDomain = 600_000;
  const child = await space.start([...SETUP, '--yes', '--progress', 'plain']);
  child.stdin.end();
  child.stdout.resume();
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  await printed(child.stderr, (shown) => shown.includes('creating domain'));
  child.kill('SIGINT');
  const [code] = await once(child, 'close');
  expect(code).toBe(130);
  expect(stderr).toContain('\nnothing more is begun; the same command goes on from here\n');
  expect(stderr).toMatch(/\nError: interrupted\n$/);
  expect(await space.json(['status'])).toMatchObject({
    resources: expect.arrayContaining([expect.objectContaining({ type: 'domain', state: 'pending' })]),
  });

  await space.world.clock.advance(600_000);
  space.world.delays.openSearchDomain = 0;
  expect(await space.json([...SETUP, '--yes'])).toMatchObject({ dryRun: false });
  const { resources } = await space.json<{ resources: { state: string }[] }>(['status']);
  expect(new Set(resources.map(({ state }) => state))).toEqual(new Set(['present']));
  expect(await space.json(['teardown', '--yes'])).toMatchObject({ left: [] });
  expect(everything(space.world)).toBe(before);
});
