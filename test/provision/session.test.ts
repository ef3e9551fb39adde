import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openSession, type SessionOptions } from '../../src/aws/session.ts';
import { startWorld } from '../aws/world.ts';

let world: Awaited<ReturnType<typeof startWorld>>;
let folder: string;

beforeAll(async () => {
  world = await startWorld();
  folder = await mkdtemp(join(tmpdir(), 'rekback-session-'));
});
beforeEach(() => {
  for (const [name, value] of Object.entries(world.env())) vi.stubEnv(name, value);
  for (const name of ['AWS_PROFILE', 'AWS_DEFAULT_REGION']) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  world.check();
  world.reset();
});
afterAll(async () => {
  await world.stop();
  await rm(folder, { recursive: true });
});

let files = 0;

/** Without keys in the environment, so that only the profiles have some. The SDK reads a file once: each has its own. */
async function configFile(text: string): Promise<void> {
  const path = join(folder, `config-${files++}`);
  await writeFile(path, text);
  vi.stubEnv('AWS_CONFIG_FILE', path);
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_REGION'])
    vi.stubEnv(name, undefined);
}

const keys = (account: string) => {
  const { accessKeyId, secretAccessKey } = world.principals.admin(account);
  return `aws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
};

const failure = (options?: SessionOptions) =>
  openSession(options).then(
    () => undefined,
    (error: unknown) => error,
  );

test('the environment says who and where', async () => {
  expect(await openSession()).toMatchObject({
    region: 'eu-west-1',
    account: '111122223333',
    partition: 'aws',
    callerArn: 'arn:aws:iam::111122223333:user/admin',
  });
  expect(world.journal.entries.map(({ operation }) => operation)).toEqual(['GetCallerIdentity']);
});

describe('the Region', () => {
  test.each([
    [{ region: 'us-east-1' }, { AWS_REGION: 'eu-west-1' }, 'us-east-1'],
    [{}, { AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'eu-west-2' }, 'eu-west-1'],
    [{}, { AWS_REGION: undefined, AWS_DEFAULT_REGION: 'eu-west-2' }, 'eu-west-2'],
  ])('%j and %j is %s', async (options, env, region) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    expect(await openSession(options)).toMatchObject({ region });
  });

  test("is a profile's, whose keys are used too", async () => {
    await configFile(`[profile photos]\nregion = ap-southeast-2\n${keys('444455556666')}`);
    expect(await openSession({ profile: 'photos' })).toMatchObject({
      region: 'ap-southeast-2',
      account: '444455556666',
    });
    vi.stubEnv('AWS_PROFILE', 'photos');
    expect(await openSession()).toMatchObject({ region: 'ap-southeast-2', account: '444455556666' });
  });

  test('a profile that is named wins over keys in the environment', async () => {
    await configFile(`[profile photos]\nregion = eu-west-1\n${keys('444455556666')}`);
    const { accessKeyId, secretAccessKey } = world.principals.admin('777788889999');
    vi.stubEnv('AWS_ACCESS_KEY_ID', accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', secretAccessKey);
    expect(await openSession({ profile: 'photos' })).toMatchObject({ account: '444455556666' });
    expect(await openSession({ region: 'eu-west-1' })).toMatchObject({ account: '777788889999' });
  });

  test('that nobody named is asked for', async () => {
    vi.stubEnv('AWS_REGION', undefined);
    expect(await failure()).toMatchObject({ code: 'no-region', exitCode: 1 });
  });

  test.each(['eu west 1', 'https://example.com', '-'])('can not be %j', async (region) => {
    expect(await failure({ region })).toMatchObject({
      code: 'bad-region',
      exitCode: 2,
      message: `'${region}' is no AWS Region`,
    });
  });
});

describe('credentials', () => {
  test('that are nowhere', async () => {
    await configFile('');
    expect(await failure({ region: 'eu-west-1' })).toMatchObject({
      code: 'no-credentials',
      message: 'no AWS credentials were found: Could not load credentials from any providers',
    });
  });

  test('of a profile that is not there', async () => {
    await configFile('[profile photos]\nregion = eu-west-1\n');
    expect(await failure({ region: 'eu-west-1', profile: 'fotos' })).toMatchObject({
      code: 'no-credentials',
      message: expect.stringMatching(/of the profile 'fotos'/),
    });
  });

  test('that ran out', async () => {
    const principal = { account: '111122223333', arn: 'arn:aws:iam::111122223333:user/me', userId: 'A' };
    const { accessKeyId, sessionToken } = world.principals.temporary(principal, new Date(0));
    vi.stubEnv('AWS_ACCESS_KEY_ID', accessKeyId);
    vi.stubEnv('AWS_SESSION_TOKEN', sessionToken);
    expect(await failure()).toMatchObject({
      code: 'expired-credentials',
      message: 'the AWS credentials have expired',
      suggestions: [expect.stringContaining('aws sso login')],
    });
  });

  test('of a login that ran out', async () => {
    await configFile(
      '[profile work]\nregion = eu-west-1\nsso_session = none\nsso_account_id = 111122223333\nsso_role_name = R\n' +
        '[sso-session none]\nsso_region = eu-west-1\nsso_start_url = https://nowhere.invalid/start\n',
    );
    expect(await failure({ profile: 'work' })).toMatchObject({
      code: 'expired-credentials',
      message: "the AWS credentials of the profile 'work' have expired",
      suggestions: [expect.stringContaining('aws sso login --profile work')],
    });
  });

  test('that AWS does not know', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIANOBODY');
    expect(await failure()).toMatchObject({
      code: 'refused-credentials',
      message: expect.stringMatching(/^AWS refuses the credentials: InvalidClientTokenId: .*[^.]$/),
    });
  });
});

test('an AWS that is not there', async () => {
  vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:1');
  expect(await failure()).toMatchObject({
    code: 'aws-unreachable',
    message: expect.stringContaining('ECONNREFUSED'),
  });
});
