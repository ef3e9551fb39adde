import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openSession, type SessionOptions } from '../../src/aws/session.ts';
import { signedFetch } from '../../src/aws/signed-fetch.ts';
import { type Dialled, onlyLoopback } from '../aws/kernel/loopback.ts';
import { startWorld } from '../aws/world.ts';
import { rekback } from '../cli.ts';
import {
  freePort,
  HOST,
  makeCertificate,
  type Started,
  startProxy,
  startTls,
  type TestProxy,
} from './tls-proxy.ts';

const PASSWORD = 'canary:pass@word/';
const LOGIN = `me:${PASSWORD}`;

let world: Awaited<ReturnType<typeof startWorld>>;
let dialled: Dialled;
let tls: Started;
let proxy: TestProxy;
let folder: string;
let ca: string;
let otherCa: string;
/** AWS by TLS, by a name that only the proxy knows. */
let endpoint: string;
let proxyUrl: string;

beforeAll(async () => {
  world = await startWorld();
  folder = await mkdtemp(join(tmpdir(), 'rekback-proxy-'));
  const [certificate, other] = await Promise.all([
    makeCertificate(folder, 'ours'),
    makeCertificate(folder, 'other'),
  ]);
  ca = certificate.cert;
  otherCa = other.cert;
  tls = await startTls(certificate, Number(new URL(world.url).port));
  proxy = await startProxy();
  endpoint = `https://${HOST}:${tls.port}`;
  proxyUrl = `http://127.0.0.1:${proxy.port}`;
  dialled = onlyLoopback();
});
beforeEach(() => {
  Object.assign(proxy, { requests: [], login: undefined, refusal: undefined });
});
afterEach(() => {
  vi.unstubAllEnvs();
  world.check();
  world.reset();
  dialled.check();
});
afterAll(async () => {
  dialled.restore();
  proxy.stop();
  tls.stop();
  await world.stop();
  await rm(folder, { recursive: true });
});

type Env = Readonly<Record<string, string | undefined>>;

/** What a test of ours may find set. */
const UNSET = {
  https_proxy: undefined,
  HTTPS_PROXY: undefined,
  no_proxy: undefined,
  NO_PROXY: undefined,
  AWS_CA_BUNDLE: undefined,
  AWS_PROFILE: undefined,
  NODE_EXTRA_CA_CERTS: undefined,
};

const envOf = (env: Env): Env => ({ ...UNSET, ...world.env(), AWS_ENDPOINT_URL: endpoint, ...env });

/** In this process, where NODE_EXTRA_CA_CERTS comes too late. */
function stub(env: Env): void {
  for (const [name, value] of Object.entries(envOf({ HTTPS_PROXY: proxyUrl, AWS_CA_BUNDLE: ca, ...env })))
    if (name !== 'NODE_OPTIONS') vi.stubEnv(name, value);
}

const session = (env: Env, options?: SessionOptions) => {
  stub(env);
  return openSession(options);
};

const failure = async (env: Env, options?: SessionOptions) =>
  session(env, options).then(
    () => undefined,
    (error: unknown) => error,
  );

const doctor = (env: Env, ...flags: string[]) => rekback(['doctor', ...flags], { env: envOf(env) });
const targets = () => proxy.requests.map(({ target }) => target);
const onlyHost = () => new Set([`${HOST}:${tls.port}`]);

describe('a command', () => {
  test('makes every call through the proxy, trusting a CA of its own', async () => {
    const direct = await doctor({ AWS_ENDPOINT_URL: world.url }, '--json');
    const calls = world.journal.entries.map(({ operation }) => operation).sort();
    expect(targets()).toEqual([]);
    world.reset();
    const result = await doctor({ HTTPS_PROXY: proxyUrl, NODE_EXTRA_CA_CERTS: ca }, '--json');
    expect(result).toEqual(direct);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(world.journal.entries.map(({ operation }) => operation).sort()).toEqual(calls);
    expect(calls).toContain('GetCallerIdentity');
    expect(new Set(targets())).toEqual(onlyHost());
  });

  test('does so with the name, password and CA bundle that the AWS CLI takes', async () => {
    proxy.login = LOGIN;
    const https_proxy = `me:${encodeURIComponent(PASSWORD)}@127.0.0.1:${proxy.port}`;
    const { code, stdout, stderr } = await doctor(
      { https_proxy, AWS_CA_BUNDLE: ca, DEBUG: '*' },
      '--verbose',
    );
    expect(code).toBe(0);
    expect(proxy.requests.length).toBeGreaterThan(0);
    expect(proxy.requests.every(({ login }) => login === LOGIN)).toBe(true);
    expectSecret(stdout + stderr);
  });

  test('says what to do where nobody trusts the certificate', async () => {
    const { code, stdout } = await doctor({ HTTPS_PROXY: proxyUrl });
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^problem credentials: AWS can't be reached in eu-west-1: self.signed certificate/m,
    );
    expect(stdout).toContain('NODE_EXTRA_CA_CERTS=');
    expect(world.journal.entries).toEqual([]);
  });

  test.each([
    ['that is wrong', `http://me:${encodeURIComponent('not-canary')}@`],
    ['that nobody named', 'http://'],
  ])('never shows a password %s', async (_, start) => {
    proxy.login = LOGIN;
    const HTTPS_PROXY = `${start}127.0.0.1:${proxy.port}`;
    const { code, stdout, stderr } = await doctor(
      { HTTPS_PROXY, AWS_CA_BUNDLE: ca, DEBUG: '*' },
      '--verbose',
    );
    expect(code).toBe(1);
    expect(stdout).toMatch(
      new RegExp(
        `^problem credentials: the proxy ${proxyUrl} (refuses the|wants a) name and password \\(407 `,
        'm',
      ),
    );
    expect(targets()).toHaveLength(1);
    expectSecret(stdout + stderr);
  });
});

/** Neither as typed, nor decoded, nor as sent. */
function expectSecret(output: string): void {
  const forms = [LOGIN, 'me:not-canary'].flatMap((login) => [login, Buffer.from(login).toString('base64')]);
  for (const form of [...forms, PASSWORD, 'canary%3A', 'not-canary']) expect(output).not.toContain(form);
}

describe('NO_PROXY', () => {
  const local = () => ({ AWS_ENDPOINT_URL: `https://localhost:${tls.port}` });

  test('names what is reached directly', async () => {
    await session(local());
    expect(targets()).toEqual([`localhost:${tls.port}`]);
    for (const list of ['localhost', 'example.com,localhost', `localhost:${tls.port}`, '*']) {
      await session({ ...local(), NO_PROXY: list });
      await session({ ...local(), no_proxy: list });
    }
    expect(targets()).toHaveLength(1);
    await session({ ...local(), NO_PROXY: `example.com,localhost:${tls.port + 1}` });
    expect(targets()).toHaveLength(2);
    expect(world.journal.entries).toHaveLength(10);
  });

  test('goes without a word where the endpoint is plain HTTP', async () => {
    await session({ AWS_ENDPOINT_URL: world.url });
    expect(targets()).toEqual([]);
  });
});

test('a connection is used again', async () => {
  const { clients } = await session({});
  for (let i = 0; i < 3; i++) await clients(SQSClient).send(new ListQueuesCommand({}));
  expect(world.journal.entries).toHaveLength(4);
  expect(targets()).toHaveLength(1);
});

describe('a CA bundle', () => {
  test('is in place of all other certificates, with a proxy and without', async () => {
    const without = { HTTPS_PROXY: undefined, AWS_ENDPOINT_URL: `https://localhost:${tls.port}` };
    expect(await session(without)).toMatchObject({ account: '111122223333' });
    for (const env of [{}, without]) {
      expect(await failure({ ...env, AWS_CA_BUNDLE: otherCa })).toMatchObject({
        code: 'aws-unreachable',
        message: expect.stringMatching(/self.signed certificate|unable to verify/),
        suggestions: [
          expect.stringContaining('NODE_EXTRA_CA_CERTS'),
          expect.stringContaining('AWS_CA_BUNDLE'),
        ],
      });
    }
    expect(targets()).toEqual([`${HOST}:${tls.port}`]);
  });

  test('that is none', async () => {
    const key = ca.replace(/pem$/, 'key');
    const bad = { code: 'bad-ca-bundle', message: expect.stringContaining(key) };
    expect(await failure({ AWS_CA_BUNDLE: key })).toMatchObject(bad);
    expect(await failure({ AWS_CA_BUNDLE: `${key}-gone` })).toMatchObject(bad);
  });
});

describe('a proxy', () => {
  test('that is not there', async () => {
    const free = `http://127.0.0.1:${await freePort()}`;
    expect(await failure({ HTTPS_PROXY: free.replace('//', '//me:canary@') })).toMatchObject({
      code: 'aws-unreachable',
      message: expect.stringMatching(
        new RegExp(`^AWS can't be reached in eu-west-1: can't reach the proxy ${free}: .*ECONNREFUSED`),
      ),
    });
  });

  test('that refuses', async () => {
    proxy.refusal = '403 Not Allowed';
    expect(await failure({})).toMatchObject({
      code: 'proxy-refused',
      message: `the proxy ${proxyUrl} refuses connections to ${HOST}:${tls.port}: 403 Not Allowed`,
    });
    expect(targets()).toHaveLength(1);
  });

  test('that gets no further is tried again', async () => {
    proxy.refusal = '502 Bad Gateway';
    expect(await failure({})).toMatchObject({
      code: 'aws-unreachable',
      message: expect.stringContaining(
        `the proxy ${proxyUrl} can't reach ${HOST}:${tls.port}: 502 Bad Gateway`,
      ),
    });
    expect(targets().length).toBeGreaterThan(1);
  });

  test.each([
    ['http://me:canary', 'HTTPS_PROXY is not the address of a proxy'],
    ['http://me:canary@127.0.0.1:99999', 'HTTPS_PROXY is not the address of a proxy'],
    ['http://me:canary%zz@127.0.0.1:1', 'HTTPS_PROXY is not the address of a proxy'],
    ['socks5://me:canary@127.0.0.1:1', 'HTTPS_PROXY names a proxy of the kind socks5://'],
  ])('can not be %s', async (HTTPS_PROXY, message) => {
    const error = await failure({ HTTPS_PROXY });
    expect(error).toMatchObject({ code: 'bad-proxy', message });
    expect(error).not.toHaveProperty('cause');
  });
});

describe('credentials are got through it', () => {
  const NO_KEYS = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined, AWS_REGION: undefined };
  let files = 0;

  /** The SDK reads a file once: each has its own. */
  async function configFile(text: string): Promise<string> {
    const path = join(folder, `config-${files++}`);
    await writeFile(path, text);
    return path;
  }

  test('of a role', async () => {
    const { accessKeyId, secretAccessKey } = world.principals.admin('111122223333');
    const AWS_CONFIG_FILE = await configFile(
      `[profile base]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n` +
        '[profile work]\nregion = eu-west-1\nsource_profile = base\nrole_arn = arn:aws:iam::111122223333:role/gone\n',
    );
    await failure({ ...NO_KEYS, AWS_CONFIG_FILE }, { profile: 'work' });
    expect(world.journal.entries.map(({ operation }) => operation)).toContain('AssumeRole');
    expect(targets()).toEqual([`${HOST}:${tls.port}`]);
  });

  test('of a single sign-on', async () => {
    const cache = join(folder, '.aws', 'sso', 'cache');
    await mkdir(cache, { recursive: true });
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    const token = createHash('sha1').update('work').digest('hex');
    await writeFile(join(cache, `${token}.json`), JSON.stringify({ accessToken: 'token', expiresAt }));
    const AWS_CONFIG_FILE = await configFile(
      '[profile work]\nregion = eu-west-1\nsso_session = work\nsso_account_id = 111122223333\nsso_role_name = R\n' +
        '[sso-session work]\nsso_region = eu-west-1\nsso_start_url = https://nowhere.invalid/start\n',
    );
    const env = { ...NO_KEYS, AWS_CONFIG_FILE, AWS_ENDPOINT_URL: undefined, HOME: folder };
    expect(await failure(env, { profile: 'work' })).toMatchObject({
      message: expect.stringContaining(`the proxy ${proxyUrl} refuses connections to portal.sso.eu-west-1.`),
    });
    expect(targets()).toEqual(['portal.sso.eu-west-1.amazonaws.com:443']);
  });
});

describe('signedFetch', () => {
  const credentials = async () => ({ accessKeyId: 'AKIA', secretAccessKey: 'canary-secret' });
  const request = () => signedFetch({ region: 'eu-west-1', service: 'nothing', credentials });

  test('goes through it too, on one connection', async () => {
    stub({});
    const fetch = request();
    for (let i = 0; i < 2; i++) {
      const answer = await fetch(new URL(`${endpoint}/_plugins`), { method: 'PUT', body: '{}' });
      expect(answer).toEqual({ status: 501, body: 'the double has no service signed as "nothing"' });
    }
    expect(targets()).toEqual([`${HOST}:${tls.port}`]);
    expect(world.takeViolations()).toHaveLength(2);
  });

  test('says what the proxy refuses', async () => {
    stub({});
    proxy.login = LOGIN;
    await expect(request()(new URL(endpoint))).rejects.toMatchObject({
      code: 'unreachable',
      message: `can't reach ${HOST}:${tls.port}: the proxy ${proxyUrl} wants a name and password (407 Proxy Authentication Required)`,
    });
  });
});
