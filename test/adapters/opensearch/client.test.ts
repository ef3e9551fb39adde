import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openClient, passwordFrom, type SignIn } from '../../../src/adapters/opensearch/client.ts';
import { proxyFor } from '../../../src/adapters/opensearch/proxy.ts';

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
  const client = openClient({ endpoint, signIn, stack: 's', bucket: 'b' }, 'reading');
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

test.each([
  ['https://a.example.com', { HTTPS_PROXY: 'http://p:1' }, 'http://p:1'],
  ['https://a.example.com', { https_proxy: 'http://q:1', HTTPS_PROXY: 'http://p:1' }, 'http://q:1'],
  ['http://a.example.com', { HTTPS_PROXY: 'http://p:1' }, undefined],
  ['https://a.example.com', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'b.com, .example.com' }, undefined],
  ['https://a.example.com', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'ample.com' }, 'http://p:1'],
  ['https://a.example.com', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '*' }, undefined],
  ['http://127.0.0.1:9200', { HTTP_PROXY: 'http://p:1' }, undefined],
])('%s with %o goes through %s', (url, environment, proxy) => {
  expect(proxyFor(new URL(url), environment)).toBe(proxy);
});
