import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openClient, passwordFrom, type SignIn } from '../../../src/adapters/opensearch/client.ts';
import {
  HOST,
  makeCertificate,
  type Started,
  startProxy,
  startTls,
  type TestProxy,
} from '../../provision/tls-proxy.ts';

let seen: { url: string; headers: IncomingHttpHeaders }[];
let server: ReturnType<typeof createServer>;
let endpoint: string;

beforeEach(async () => {
  seen = [];
  server = createServer((request, response) => {
    seen.push({ url: request.url ?? '', headers: request.headers });
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

async function ask(signIn: SignIn, times = 1) {
  const pause = async () => {};
  const client = openClient({ endpoint, signIn, stack: 's', bucket: 'b', pause }, 'reading');
  for (let time = 0; time < times; time++) {
    await client.ask({
      method: 'POST',
      path: '/x/_bulk',
      query: { filter_path: 'items.*.status,took' },
      lines: '{}\n',
    });
  }
  await client.close();
  return seen.at(-1)?.headers ?? {};
}

describe('who asks', () => {
  test('is told by a password', async () => {
    const { authorization } = await ask({ kind: 'password', user: 'ann', password: 'p:w é' });
    expect(authorization).toBe(`Basic ${Buffer.from('ann:p:w é').toString('base64')}`);
  });

  test('is told by a signature for `es`, with keys that are asked for once and again before they run out', async () => {
    let asked = 0;
    const credentials = async () => ({
      accessKeyId: `KEY${++asked}`,
      secretAccessKey: 'secret',
      sessionToken: 'token',
      expiration: new Date(Date.now() + (asked === 1 ? 3_600_000 : 1_000)),
    });
    const signIn: SignIn = { kind: 'aws', region: 'eu-west-1', credentials };
    const headers = await ask(signIn, 3);
    expect(asked).toBe(1);
    expect(headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=KEY1\/\d{8}\/eu-west-1\/es\/aws4_request, /,
    );
    expect(headers).toMatchObject({
      'x-amz-security-token': 'token',
      'x-amz-content-sha256': expect.any(String),
    });
    // A second client gets keys that end within the time of a request, so that it asks each time.
    await ask(signIn, 2);
    expect(asked).toBe(3);
  });

  test('must be said to a server that is not on this machine', () => {
    const open = (address: string) =>
      openClient({ endpoint: address, signIn: { kind: 'none' }, stack: 's', bucket: 'b' }, 'reading');
    expect(() => open('https://search.example.com')).toThrow(
      expect.objectContaining({ code: 'index-unsigned' }),
    );
    for (const here of ['http://localhost:9200', 'http://127.0.0.1:9200', 'http://[::1]:9200']) {
      expect(() => open(here)).not.toThrow();
    }
  });

  test('is taken from the environment where both halves are there', () => {
    expect(passwordFrom({ REKBACK_INDEX_USER: 'u', REKBACK_INDEX_PASSWORD: 'p' })).toEqual({
      kind: 'password',
      user: 'u',
      password: 'p',
    });
    expect(passwordFrom({ REKBACK_INDEX_USER: 'u' })).toBeUndefined();
  });
});

describe('the way to it', () => {
  const UNSET = {
    https_proxy: undefined,
    HTTPS_PROXY: undefined,
    http_proxy: undefined,
    HTTP_PROXY: undefined,
    no_proxy: undefined,
    NO_PROXY: undefined,
    AWS_CA_BUNDLE: undefined,
  };
  let folder: string;
  let ca: string;
  let otherCa: string;
  let tls: Started;
  let proxy: TestProxy;
  let HTTPS_PROXY: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rekback-index-'));
    const [ours, other] = await Promise.all([
      makeCertificate(folder, 'ours'),
      makeCertificate(folder, 'other'),
    ]);
    [ca, otherCa] = [ours.cert, other.cert];
    proxy = await startProxy();
    HTTPS_PROXY = `http://127.0.0.1:${proxy.port}`;
  });
  beforeEach(async () => {
    const plain = Number(new URL(endpoint).port);
    tls = await startTls({ cert: ca, key: ca.replace(/pem$/, 'key') }, plain);
    Object.assign(proxy, { requests: [], login: undefined, refusal: undefined });
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    tls.stop();
  });
  afterAll(async () => {
    proxy.stop();
    await rm(folder, { recursive: true });
  });

  const targets = () => proxy.requests.map(({ target }) => target);

  async function askBy(address: string, env: Readonly<Record<string, string | undefined>>, times = 1) {
    for (const [name, value] of Object.entries({ ...UNSET, AWS_CA_BUNDLE: ca, ...env }))
      vi.stubEnv(name, value);
    endpoint = address;
    return ask({ kind: 'password', user: 'u', password: 'p' }, times);
  }

  test('is the proxy that the environment names, by one connection', async () => {
    await askBy(`https://${HOST}:${tls.port}`, { HTTPS_PROXY }, 3);
    expect(seen).toHaveLength(3);
    expect(targets()).toEqual([`${HOST}:${tls.port}`]);
  });

  test('is the proxy also for what is signed', async () => {
    vi.stubEnv('HTTPS_PROXY', HTTPS_PROXY);
    vi.stubEnv('AWS_CA_BUNDLE', ca);
    endpoint = `https://${HOST}:${tls.port}`;
    const credentials = async () => ({ accessKeyId: 'KEY', secretAccessKey: 'secret' });
    const { authorization } = await ask({ kind: 'aws', region: 'eu-west-1', credentials });
    expect(authorization).toContain('Credential=KEY/');
    expect(targets()).toEqual([`${HOST}:${tls.port}`]);
  });

  test.each<[string, (env: { HTTPS_PROXY: string }) => Record<string, string>, boolean]>([
    [
      'the lower-case name',
      (env) => ({ HTTPS_PROXY: 'http://127.0.0.1:1', https_proxy: env.HTTPS_PROXY }),
      true,
    ],
    ['a host in NO_PROXY', (env) => ({ ...env, NO_PROXY: 'b.com, localhost' }), false],
    ['every host in NO_PROXY', (env) => ({ ...env, NO_PROXY: '*' }), false],
    ['another host in NO_PROXY', (env) => ({ ...env, NO_PROXY: 'ocalhost' }), true],
  ])('goes by %s', async (_, env, isProxied) => {
    await askBy(`https://localhost:${tls.port}`, env({ HTTPS_PROXY }));
    expect(targets()).toEqual(isProxied ? [`localhost:${tls.port}`] : []);
    expect(seen).toHaveLength(1);
  });

  test('is direct for plain HTTP', async () => {
    await askBy(endpoint, { HTTPS_PROXY, HTTP_PROXY: HTTPS_PROXY });
    expect(targets()).toEqual([]);
    expect(seen).toHaveLength(1);
  });

  test('is trusted by the CA bundle alone', async () => {
    await askBy(`https://localhost:${tls.port}`, {});
    expect(seen).toHaveLength(1);
    await expect(askBy(`https://localhost:${tls.port}`, { AWS_CA_BUNDLE: otherCa })).rejects.toMatchObject({
      code: 'index-unreachable',
      message: expect.stringMatching(/certificate/),
    });
    await expect(
      askBy(`https://localhost:${tls.port}`, { AWS_CA_BUNDLE: `${ca}-gone` }),
    ).rejects.toMatchObject({ code: 'bad-ca-bundle' });
  });

  test('is a proxy that refuses, and is asked once', async () => {
    proxy.refusal = '403 Not Allowed';
    await expect(askBy(`https://${HOST}:${tls.port}`, { HTTPS_PROXY })).rejects.toMatchObject({
      code: 'proxy-refused',
      message: expect.stringContaining('403 Not Allowed'),
    });
    expect(targets()).toHaveLength(1);
  });
});
