import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { realWaiting } from '../../../src/aws/wait.ts';
import { readBase } from '../../../src/provision/image/base.ts';
import { openRepository } from '../../../src/provision/image/registry.ts';
import { HOST, makeCertificate, type Started, startProxy, startTls, type TestProxy } from '../tls-proxy.ts';
import { type BaseRegistry, startBaseRegistry } from './base-registry.ts';

let folder: string;
let registry: BaseRegistry;
let tls: Started;
let proxy: TestProxy;
let ca: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rekback-registry-proxy-'));
  registry = await startBaseRegistry();
  registry.put('node', '24');
  const certificate = await makeCertificate(folder, 'ours');
  ca = certificate.cert;
  tls = await startTls(certificate, Number(registry.host.split(':')[1]));
  registry.origin = `https://${HOST}:${tls.port}`;
  proxy = await startProxy();
});
afterEach(() => {
  vi.unstubAllEnvs();
  proxy.requests = [];
});
afterAll(async () => {
  proxy.stop();
  tls.stop();
  await registry.stop();
  await rm(folder, { recursive: true });
});

/** A base in a registry whose name only the proxy knows. */
const read = () =>
  readBase(`${HOST}:${tls.port}/node:24`, async ({ registry: host, name }) =>
    openRepository({ address: `https://${host}`, name, waiting: realWaiting() }),
  );

test('a registry is reached through the proxy, by the certificates of AWS_CA_BUNDLE', async () => {
  vi.stubEnv('HTTPS_PROXY', `http://127.0.0.1:${proxy.port}`);
  vi.stubEnv('NO_PROXY', '');
  vi.stubEnv('AWS_CA_BUNDLE', ca);
  expect((await read()).pinned).toMatch(`${HOST}:${tls.port}/node@sha256:`);
  expect(new Set(proxy.requests.map(({ target }) => target))).toEqual(new Set([`${HOST}:${tls.port}`]));
});

test('a certificate that nobody vouches for is not taken', async () => {
  vi.stubEnv('HTTPS_PROXY', `http://127.0.0.1:${proxy.port}`);
  vi.stubEnv('NO_PROXY', '');
  vi.stubEnv('AWS_CA_BUNDLE', undefined);
  await expect(read()).rejects.toMatchObject({
    code: 'base-image-unreachable',
    message: expect.stringContaining('self-signed certificate'),
  });
});

test('what the proxy refuses is told in its own words', async () => {
  vi.stubEnv('HTTPS_PROXY', `http://127.0.0.1:${proxy.port}`);
  vi.stubEnv('NO_PROXY', '');
  proxy.refusal = '403 Forbidden';
  await expect(read()).rejects.toMatchObject({ code: 'proxy-refused' });
  proxy.refusal = undefined;
});
