import { CreateRoleCommand, CreateServiceLinkedRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  PutBucketEncryptionCommand,
  PutBucketVersioningCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Check } from '../../src/provision/doctor/check.ts';
import type { DoctorOptions } from '../../src/provision/doctor/subject.ts';
import { doctor } from '../../src/provision/doctor.ts';
import type { World } from '../aws/kernel/world.ts';
import { setConcurrencyLimit } from '../aws/lambda/reach.ts';
import { setOrganization } from '../aws/organizations/reach.ts';
import { setQuota } from '../aws/quotas/service.ts';
import { startWorld } from '../aws/world.ts';

const ACCOUNT = '111122223333';
const WHERE = { account: ACCOUNT, region: 'eu-west-1' };
const KEY = `arn:aws:kms:eu-west-1:${ACCOUNT}:key/11111111-2222-3333-4444-555555555555`;

let world: World;
let s3: S3Client;
beforeAll(async () => {
  world = await startWorld();
});
beforeEach(async () => {
  for (const [name, value] of Object.entries(world.env())) vi.stubEnv(name, value);
  vi.stubEnv('AWS_PROFILE', undefined);
  s3 = new S3Client(world.client());
  await makeBucket('images');
});
afterEach(() => {
  vi.unstubAllEnvs();
  world.check();
  world.reset();
});
afterAll(() => world.stop());

const makeBucket = (Bucket: string) =>
  s3.send(
    new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } }),
  );

/** What the doctor says, by name. */
async function look(options: DoctorOptions = {}): Promise<Partial<Record<string, Check>>> {
  const before = world.journal.entries.length;
  const checks = await doctor({ bucket: 'images', ...options });
  expect(world.journal.entries.slice(before).filter(({ mutating }) => mutating)).toEqual([]);
  const byName = Object.fromEntries(checks.map((check) => [check.name, check]));
  expect(Object.keys(byName)).toHaveLength(checks.length);
  return byName;
}
/** Puts the caller into a role, which the double knows; its keys go into the environment. */
async function actAs(name: string, path = '/'): Promise<string> {
  const trust = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'sts:AssumeRole' }],
  };
  const iam = new IAMClient(world.client());
  const role = { RoleName: name, Path: path, AssumeRolePolicyDocument: JSON.stringify(trust) };
  const { Role } = await iam.send(new CreateRoleCommand(role));
  const arn = Role?.Arn ?? '';
  const session = `arn:aws:sts::${ACCOUNT}:assumed-role/${name}/me`;
  const principal = { account: ACCOUNT, arn: session, userId: 'AROA:me', role: arn };
  const keys = world.principals.temporary(principal, new Date(world.clock.now() + 3_600_000));
  vi.stubEnv('AWS_ACCESS_KEY_ID', keys.accessKeyId);
  vi.stubEnv('AWS_SESSION_TOKEN', keys.sessionToken);
  return arn;
}

test('an account in which everything is fine', async () => {
  const checks = await look();
  expect(Object.values(checks).map((check) => `${check?.state} ${check?.name}`)).toEqual([
    'ok credentials',
    'ok rights',
    'ok service-linked-role',
    'ok quota-detect-labels',
    'ok quota-fargate',
    'ok quota-fargate-spot',
    'ok quota-lambda',
    'ok quota-domains',
    'ok bucket',
    'ok bucket-versioning',
    'ok bucket-encryption',
    'ok ai-opt-out',
  ]);
  expect(checks.credentials?.message).toBe(
    `account ${ACCOUNT} in eu-west-1, as arn:aws:iam::${ACCOUNT}:user/admin`,
  );
});

describe('without a session', () => {
  test.each([
    ['region', { AWS_REGION: undefined, AWS_DEFAULT_REGION: undefined }, /no AWS Region/],
    ['credentials', { AWS_ACCESS_KEY_ID: undefined }, /no AWS credentials/],
    ['credentials', { AWS_ACCESS_KEY_ID: 'AKIANOBODY' }, /refuses/],
  ])('only the %s is a problem, with what to do (%j)', async (name, env, message) => {
    for (const [key, value] of Object.entries(env)) vi.stubEnv(key, value);
    const checks = await doctor({ bucket: 'images' });
    expect(checks).toEqual([
      { name, state: 'problem', message: expect.stringMatching(message), suggestions: expect.any(Array) },
    ]);
    expect(checks[0]?.suggestions).not.toEqual([]);
  });
});

describe('rights', () => {
  test('that are missing for setup are named, and what can be done with the others', async () => {
    world.deny('s3:CreateBucket');
    world.deny('iam:PassRole');
    expect((await look()).rights).toEqual({
      name: 'rights',
      state: 'warning',
      message: expect.stringMatching(
        /^2 of \d+ IAM actions are missing for setup and teardown: iam:PassRole, s3:CreateBucket; you may search, and run backfills/,
      ),
      suggestions: [expect.stringContaining('--print-policy admin')],
      missing: ['iam:PassRole', 's3:CreateBucket'],
    });
  });

  test('that are missing even for looking are a problem; a long list is cut in the message alone', async () => {
    world.deny('*', { resource: `arn:aws:s3:::rekback-*` });
    world.deny('iam:*Role*', { resource: '*rekback*' });
    const { rights } = await look();
    expect(rights).toMatchObject({
      state: 'problem',
      message: expect.stringContaining('more (--json lists them)'),
    });
    expect(rights?.missing?.length).toBeGreaterThan(20);
    expect(rights?.missing).toEqual(expect.arrayContaining(['iam:CreateRole', 's3:ListBucket']));
  });

  test('are those for one stack where it is named', async () => {
    world.deny('s3:CreateBucket', { resource: 'arn:aws:s3:::rekback-photos-*' });
    expect((await look({ stack: 'photos' })).rights).toMatchObject({ missing: ['s3:CreateBucket'] });
    expect((await look({ stack: 'other' })).rights).toMatchObject({ state: 'ok' });
  });

  test("of an assumed role are its role's, with its path", async () => {
    const arn = await actAs('Admins', '/aws-reserved/sso.amazonaws.com/');
    world.deny('s3:CreateBucket', { principal: arn });
    expect((await look()).rights).toMatchObject({ missing: ['s3:CreateBucket'] });
  });

  test.each(['iam:SimulatePrincipalPolicy', 'iam:GetRole'])(
    'that may not be looked at (%s)',
    async (action) => {
      await actAs('Admins');
      world.deny(action);
      expect((await look()).rights).toMatchObject({
        state: 'warning',
        message: 'IAM does not let your rights be looked at',
        suggestions: [expect.stringContaining('--print-policy')],
      });
    },
  );
});

describe('the bucket', () => {
  test('in another Region', async () => {
    expect((await look({ region: 'us-east-1' })).bucket).toMatchObject({
      state: 'problem',
      message: expect.stringContaining("'images' is in eu-west-1, not in us-east-1"),
      suggestions: ['work there: --region eu-west-1'],
    });
  });

  test('that is not there', async () => {
    expect((await look({ bucket: 'nosuch' })).bucket).toMatchObject({
      state: 'problem',
      message: "there is no bucket 'nosuch'",
    });
  });

  test('of another account', async () => {
    const other = new S3Client(world.client({ account: '444455556666' }));
    await other.send(
      new CreateBucketCommand({
        Bucket: 'theirs',
        CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' },
      }),
    );
    expect((await look({ bucket: 'theirs' })).bucket).toMatchObject({
      state: 'problem',
      message: expect.stringContaining(`is not account ${ACCOUNT}'s`),
    });
  });

  test('with versions', async () => {
    const VersioningConfiguration = { Status: 'Suspended' as const };
    await s3.send(new PutBucketVersioningCommand({ Bucket: 'images', VersioningConfiguration }));
    expect((await look())['bucket-versioning']).toMatchObject({
      state: 'ok',
      message: 'versioning is suspended: only newest versions are labelled',
    });
  });

  test.each([
    ['AES256', undefined, 'ok', /own keys/],
    ['aws:kms', undefined, 'ok', /AWS's key/],
    ['aws:kms', KEY, 'warning', new RegExp(`encrypted with ${KEY}`)],
    ['aws:kms:dsse', KEY, 'warning', new RegExp(`encrypted with ${KEY}`)],
  ] as const)('encrypted by %s with the key %s', async (SSEAlgorithm, KMSMasterKeyID, state, message) => {
    const ApplyServerSideEncryptionByDefault = { SSEAlgorithm, ...(KMSMasterKeyID && { KMSMasterKeyID }) };
    await s3.send(
      new PutBucketEncryptionCommand({
        Bucket: 'images',
        ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault }] },
      }),
    );
    const found = (await look())['bucket-encryption'];
    expect(found).toMatchObject({ state, message: expect.stringMatching(message) });
    if (state === 'warning') expect(found?.suggestions[0]).toBe(`set up with: --kms-key ${KEY}`);
  });
});

describe('quotas', () => {
  test('say what they mean for a stack', async () => {
    setQuota(world, WHERE, 'rekognition', 'L-E29B542B', 5);
    setQuota(world, WHERE, 'fargate', 'L-36FBB829', 2);
    setQuota(world, WHERE, 'fargate', 'L-3032A538', 0);
    setQuota(world, WHERE, 'es', 'L-076D529E', 0);
    setConcurrencyLimit(world, WHERE, 10);
    const checks = await look();
    expect(checks['quota-detect-labels']).toMatchObject({
      state: 'ok',
      message: '5 DetectLabels calls a second: a million images take 55.6 hours',
    });
    expect(checks['quota-fargate-spot']).toMatchObject({
      state: 'warning',
      message: '2 Fargate vCPUs at once, of which a stack uses up to 4: jobs wait for each other',
      suggestions: [expect.stringContaining('L-36FBB829'), 'or set up with --max-vcpus 2'],
    });
    expect(checks['quota-fargate']).toMatchObject({ state: 'problem' });
    expect(checks['quota-domains']).toMatchObject({ state: 'problem' });
    expect(checks['quota-lambda']).toMatchObject({ state: 'warning' });
  });

  test('that can not be read are warnings', async () => {
    world.deny('servicequotas:*');
    const checks = await look();
    expect(checks['quota-detect-labels']).toMatchObject({
      state: 'warning',
      message: "can't be read: AccessDeniedException",
    });
    expect(checks['quota-lambda']).toMatchObject({ state: 'ok' });
  });
});

test('the service-linked role is there, or made at setup', async () => {
  expect((await look())['service-linked-role']?.message).toContain('is not there yet');
  await new IAMClient(world.client()).send(
    new CreateServiceLinkedRoleCommand({ AWSServiceName: 'batch.amazonaws.com' }),
  );
  expect((await look())['service-linked-role']?.message).toBe('AWSServiceRoleForBatch is there');
});

describe('the opt-out of AI services', () => {
  const MANAGEMENT = '999988887777';
  const organization = (more: object) =>
    setOrganization(world, { management: MANAGEMENT, members: [ACCOUNT], readers: [ACCOUNT], ...more });

  test.each([
    ['an account alone', () => {}, /in no organisation/],
    ['no policy', () => organization({}), /no opt-out policy/],
    ['another service', () => organization({ aiOptOut: ['comprehend'] }), /not opted out for Rekognition/],
    ['Rekognition', () => organization({ aiOptOut: ['rekognition'] }), /has opted out/],
    ['all services', () => organization({ aiOptOut: ['default'] }), /has opted out/],
    [
      'a member that may not ask',
      () => organization({ readers: [], aiOptOut: ['default'] }),
      /can't be read/,
    ],
  ])('%s', async (_, prepare, message) => {
    prepare();
    expect((await look())['ai-opt-out']).toMatchObject({
      state: 'ok',
      message: expect.stringMatching(message),
    });
  });
});

test('what fails or hangs is a warning, and keeps nothing else from being looked at', async () => {
  world.faults.add({
    service: 's3',
    operation: 'GetBucketVersioning',
    effect: { error: { code: 'MethodNotAllowed', status: 405 } },
  });
  world.faults.add({ service: 'organizations', effect: { latency: 60_000 } });
  const checks = await doctor({ bucket: 'images' }, 1500);
  const byName = Object.fromEntries(checks.map((check) => [check.name, check]));
  expect(byName.bucket).toMatchObject({
    state: 'warning',
    message: "can't be looked at: GetBucketVersioning: MethodNotAllowed",
  });
  expect(byName['ai-opt-out']).toMatchObject({
    state: 'warning',
    message: 'AWS did not answer within 1.5 s',
  });
  expect(byName.rights).toMatchObject({ state: 'ok' });
});
