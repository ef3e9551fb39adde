import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { signedFetch } from '../../src/aws/signed-fetch.ts';

const SECRET = 'canary-secret';
const credentials = async () => ({ accessKeyId: 'AKIA', secretAccessKey: SECRET, sessionToken: 'token' });

interface Arrived {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

let server: Server;
let base: string;
let arrived: Arrived | undefined;
let answer: { status: number; headers?: Record<string, string>; body: string } | 'silence';

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = '', url = '', headers } = request;
    arrived = { method, url, headers, body: Buffer.concat(chunks) };
    if (answer !== 'silence') response.writeHead(answer.status, answer.headers).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  answer = { status: 200, body: 'fine' };
  arrived = undefined;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const encoded = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();

/**
 * The signature that AWS works out from what arrived, by its description alone:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
function expectedSignature({ method, url, headers, body }: Arrived): string {
  const [path = '', search = ''] = url.split('?');
  const names = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? '')?.[1]?.split(';') ?? [];
  const query = search.split('&').filter(Boolean);
  const canonical = [
    method,
    path.split('/').map(encoded).join('/'),
    query
      .map((pair) => pair.split('=').map((part) => encoded(decodeURIComponent(part))))
      .map(([key, value]) => `${key}=${value}`)
      .sort()
      .join('&'),
    ...names.map((name) => `${name}:${String(headers[name]).trim()}`),
    '',
    names.join(';'),
    sha256(body),
  ].join('\n');
  const date = String(headers['x-amz-date']);
  const scope = `${date.slice(0, 8)}/eu-west-1/es/aws4_request`;
  const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${SECRET}`);
  return hmac(key, ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n')).toString('hex');
}

const request = (signal?: AbortSignal) =>
  signedFetch({ region: 'eu-west-1', service: 'es', credentials, signal });

describe('signedFetch', () => {
  it('signs what arrives, whatever is in it', async () => {
    // Dots alone and empty segments are put right by URL itself before anything is signed.
    const segment = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/^\.+$/.test(text));
    await fc.assert(
      fc.asyncProperty(
        fc.array(segment, { minLength: 1, maxLength: 3 }),
        // Pairs of one name are sorted by their encoded value: one value a name is what this server can tell apart.
        fc.dictionary(fc.string({ minLength: 1 }), fc.string(), { maxKeys: 3 }),
        fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined }),
        async (segments, query, body) => {
          const url = new URL(`${base}/${segments.map(encodeURIComponent).join('/')}`);
          for (const [key, value] of Object.entries(query)) url.searchParams.append(key, value);
          await request()(url, { method: 'PUT', ...(body !== undefined && { body }) });
          if (arrived === undefined) throw new Error('nothing arrived');
          const { authorization } = arrived.headers;
          expect(arrived.body.toString()).toBe(body ?? '');
          expect(arrived.headers['x-amz-security-token']).toBe('token');
          expect(authorization).toContain('Credential=AKIA/');
          expect(authorization).toMatch(/SignedHeaders=[^,]*host/);
          expect(authorization).toContain(`Signature=${expectedSignature(arrived)}`);
          expect(Object.fromEntries(new URL(arrived.url, base).searchParams)).toEqual(query);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('signs bytes and every value of a repeated name', async () => {
    const url = new URL(`${base}/_bulk?b=2&a=z&a=b`);
    await request()(url, { method: 'POST', body: new Uint8Array([0, 255, 10]) });
    if (arrived === undefined) throw new Error('nothing arrived');
    expect([...arrived.body]).toEqual([0, 255, 10]);
    expect(arrived.headers.authorization).toContain(`Signature=${expectedSignature(arrived)}`);
  });

  it('gives answers of any status', async () => {
    answer = { status: 503, body: 'not initialized' };
    expect(await request()(new URL(base))).toEqual({ status: 503, body: 'not initialized' });
  });

  it('does not carry a signature elsewhere', async () => {
    answer = { status: 307, headers: { location: `${base}/elsewhere` }, body: '' };
    await expect(request()(new URL(`${base}/here`))).rejects.toMatchObject({ code: 'unreachable' });
    expect(arrived?.url).toBe('/here');
  });

  it('says which host did not answer, and why', async () => {
    const { port } = server.address() as AddressInfo;
    answer = 'silence';
    await expect(request()(new URL(base), { timeout: 20 })).rejects.toMatchObject({
      code: 'unreachable',
      message: `can't reach 127.0.0.1:${port}: no answer within 0.02 s`,
    });
    const nobody = createServer();
    await new Promise<void>((resolve) => nobody.listen(0, '127.0.0.1', resolve));
    const free = (nobody.address() as AddressInfo).port;
    await new Promise((resolve) => nobody.close(resolve));
    await expect(request()(new URL(`http://127.0.0.1:${free}`))).rejects.toThrow(/ECONNREFUSED/);
  });

  it('ends with the reason of the signal', async () => {
    answer = 'silence';
    const stopped = new Error('stopped');
    const abort = new AbortController();
    const pending = request(abort.signal)(new URL(base));
    setTimeout(() => abort.abort(stopped), 10);
    await expect(pending).rejects.toBe(stopped);
  });
});
