import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { World } from '../aws/kernel/world.ts';
import { startWorld } from '../aws/world.ts';
import { rekback } from '../cli.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
beforeEach(async () => {
  const CreateBucketConfiguration = { LocationConstraint: 'eu-west-1' as const };
  await new S3Client(world.client()).send(
    new CreateBucketCommand({ Bucket: 'images', CreateBucketConfiguration }),
  );
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(() => world.stop());

const run = (args: readonly string[], env: Record<string, string | undefined> = {}) =>
  rekback(['doctor', ...args], { env: { ...world.env(), ...env } });

test('what is fine is a line each', async () => {
  const { stdout, stderr, code } = await run(['--bucket', 'images']);
  expect(stdout.split('\n')).toEqual(
    expect.arrayContaining([
      'ok      credentials: account 111122223333 in eu-west-1, as arn:aws:iam::111122223333:user/admin',
      'ok      rights: you may set up, run and tear down',
      "ok      bucket: 'images' is in eu-west-1 and yours",
    ]),
  );
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
});

test('a problem is told with what to do, and is exit 1', async () => {
  const { stdout, code } = await run(['--bucket', 'images', '--region', 'us-east-1']);
  expect(stdout).toContain(
    "problem bucket: 'images' is in eu-west-1, not in us-east-1: Rekognition reads only its own Region\n" +
      '        work there: --region eu-west-1\n',
  );
  expect(code).toBe(1);
});

test('a warning is no failure; a script gets every missing action', async () => {
  world.deny('batch:Create*');
  const { stdout, stderr, code } = await run(['--json']);
  const { schemaVersion, checks } = JSON.parse(stdout);
  expect(schemaVersion).toBe(1);
  expect(checks).toContainEqual({
    name: 'rights',
    state: 'warning',
    message: expect.any(String),
    suggestions: [expect.any(String)],
    missing: ['batch:CreateComputeEnvironment', 'batch:CreateJobQueue'],
  });
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
});

test('without credentials it says how to log in', async () => {
  const { stdout, code } = await run([], { AWS_ACCESS_KEY_ID: undefined });
  expect(stdout).toMatch(
    /^problem credentials: no AWS credentials were found: .*\n {8}log in: aws sso login/,
  );
  expect(code).toBe(1);
});

test('a policy is JSON that can be saved as it is', async () => {
  const { stdout, stderr, code } = await run([
    '--print-policy',
    'operator',
    '--stack',
    'photos',
    '--bucket',
    'images',
  ]);
  const { Version, Statement } = JSON.parse(stdout);
  expect(Version).toBe('2012-10-17');
  expect(Statement).toContainEqual({
    Effect: 'Allow',
    Action: ['sts:AssumeRole'],
    Resource: ['arn:aws:iam::111122223333:role/rekback-photos-eu-west-1-admin'],
  });
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
});

test("an administrator's policy comes with parts that can be attached", async () => {
  const person = await run(['--print-policy', 'admin']);
  expect(person.stderr).toMatch(
    /^It is about every bucket: .*\nThese are \d,\d{3} characters: too many for one managed policy/,
  );
  const { persona, policy, managed } = JSON.parse((await run(['--print-policy', 'admin', '--json'])).stdout);
  expect(persona).toBe('admin');
  expect(JSON.parse(person.stdout)).toEqual(policy);
  expect(managed).toHaveLength(2);
});

test.each([
  [['--stack', 'Not A Name'], 'stack-name'],
  [['--print-policy', 'owner'], 'usage'],
])('%j is wrong usage', async (args, errorCode) => {
  const { stdout, code } = await run([...args, '--json']);
  expect(JSON.parse(stdout).error.code).toBe(errorCode);
  expect(code).toBe(2);
});
