import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Waiting } from '../../../src/aws/wait.ts';
import { digestOf } from '../../../src/provision/image/descriptor.ts';
import { openRepository, type RemoteRepository } from '../../../src/provision/image/registry.ts';
import { type BaseRegistry, startBaseRegistry } from './base-registry.ts';

const NAME = 'library/node';

let now: number;
/** Time that passes only by waiting. */
const waiting: Waiting = {
  sleep: async (milliseconds) => {
    now += milliseconds;
  },
  now: () => now,
};

let registry: BaseRegistry;
let digest: string;
let repository: RemoteRepository;
const stops: (() => Promise<void>)[] = [];

beforeEach(async () => {
  now = 0;
  registry = await startBaseRegistry();
  stops.push(registry.stop);
  digest = registry.put(NAME, 'latest');
  repository = openRepository({ address: `http://${registry.host}`, name: NAME, waiting });
});
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

/** A server that answers as it is told to. */
async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const at = (address: string, authorization?: string) =>
  openRepository({ address, name: NAME, waiting, ...(authorization && { authorization }) });

/** Some blob of the registry. */
function aBlob() {
  const [[digest = '', bytes = Buffer.alloc(0)] = []] = registry.blobs;
  return { bytes, descriptor: { mediaType: '', digest, size: bytes.length } };
}

it('asks for a token once and reads with it', async () => {
  expect((await repository.readManifest('latest')).digest).toBe(digest);
  expect((await repository.readManifest(digest)).digest).toBe(digest);
  expect(registry.requests).toEqual([
    `GET /v2/${NAME}/manifests/latest`,
    `GET /token?service=${encodeURIComponent(registry.host)}&scope=repository%3A${encodeURIComponent(NAME)}%3Apull`,
    `GET /v2/${NAME}/manifests/latest`,
    `GET /v2/${NAME}/manifests/${digest}`,
  ]);
});

it('gets another token when the one that it has is expired', async () => {
  registry.tokenUses = 1;
  await repository.readManifest('latest');
  expect((await repository.readManifest('latest')).digest).toBe(digest);
  expect(registry.requests.filter((each) => each.startsWith('GET /token'))).toHaveLength(2);
});

it('follows to where blobs are, without telling its token there', async () => {
  const { bytes, descriptor } = aBlob();
  expect(await buffer(await repository.openBlob(descriptor))).toEqual(bytes);
  expect(registry.leaked).toEqual([]);
});

it('knows blobs that are there, also where their bytes are elsewhere', async () => {
  const { descriptor } = aBlob();
  expect(await repository.hasBlob(descriptor.digest)).toBe(true);
  expect(await repository.hasBlob(digestOf(Buffer.from('none')))).toBe(false);
  const asked = registry.requests.filter((each) => each.startsWith('HEAD'));
  expect(asked).toHaveLength(3);
});

it('refuses bytes that are not those that were asked for', async () => {
  const other = await serve((_, response) => response.end('{}'));
  await expect(at(other).readManifest(digest)).rejects.toThrow(/^127\.0\.0\.1:\d+ gave the manifest sha256:/);
  const { descriptor } = aBlob();
  await expect(at(other).openBlob(descriptor)).rejects.toThrow(/gave 2 bytes for the blob/);
});

it.each([429, 500, 503])('tries again after %d, with patience', async (status) => {
  let times = 0;
  registry.before = (_, response) => {
    if (++times > 3) return false;
    response.writeHead(status).end();
    return true;
  };
  expect((await repository.readManifest('latest')).digest).toBe(digest);
  expect(now).toBe(6000);
});

it('gives up in the end, and at once where waiting changes nothing', async () => {
  registry.before = (request) => {
    request.socket.destroy();
    return true;
  };
  await expect(repository.hasBlob(digest)).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(now).toBe(30_000);
  registry.before = undefined;
  await expect(repository.readManifest('none')).rejects.toMatchObject({
    status: 404,
    code: 'MANIFEST_UNKNOWN',
    message: `${registry.host} answered 404 (MANIFEST_UNKNOWN: No) for the manifest none`,
  });
  expect(now).toBe(30_000);
});

it('names a registry that wants a login, and asks no token with one that it has', async () => {
  const seen: (string | undefined)[] = [];
  const address = await serve((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
  });
  for (const authorization of [undefined, 'Basic QVdTOng=']) {
    const answer = at(address, authorization).readManifest('latest');
    await expect(answer).rejects.toMatchObject({ status: 401 });
  }
  expect(seen).toEqual([undefined, 'Basic QVdTOng=']);
});

it('does not follow for ever', async () => {
  const address = await serve((request, response) => {
    response.writeHead(307, { location: `http://${request.headers.host}/again` }).end();
  });
  await expect(at(address).readManifest('latest')).rejects.toThrow('sends from one address to the next');
});

it.each([
  ['absolute', (host: string) => `http://${host}/up/1?state=a%2Fb`],
  ['relative', () => '/up/1?state=a%2Fb'],
])('uploads to an address that is %s, keeping its query, and begins anew after a failure', async (_, to) => {
  const uploads: { url: string; body: string; length: string | undefined }[] = [];
  const address = await serve(async (request, response) => {
    const body = (await buffer(request)).toString();
    if (request.method === 'POST') {
      response.writeHead(202, { location: to(request.headers.host ?? '') }).end();
      return;
    }
    uploads.push({ url: request.url ?? '', body, length: request.headers['content-length'] });
    response.writeHead(uploads.length === 1 ? 500 : 201).end();
  });
  const content = Buffer.from('layer');
  const descriptor = { mediaType: '', digest: digestOf(content), size: content.length };
  await at(address, 'Basic x').writeBlob(descriptor, async () => Readable.from([content]));
  const url = `/up/1?state=a%2Fb&digest=${encodeURIComponent(descriptor.digest)}`;
  const upload = { url, body: 'layer', length: '5' };
  expect(uploads).toEqual([upload, upload]);
});

it('tells the refusal of an upload that was not read to its end', async () => {
  const address = await serve((request, response) => {
    if (request.method === 'POST') response.writeHead(202, { location: '/up' }).end();
    else response.writeHead(413).end(JSON.stringify({ errors: [{ code: 'SIZE_INVALID' }] }));
  });
  const size = 50_000_000;
  const endless = () => Readable.from(Array.from({ length: 500 }, () => Buffer.alloc(size / 500)));
  const descriptor = { mediaType: '', digest, size };
  await expect(at(address, 'Basic x').writeBlob(descriptor, async () => endless())).rejects.toMatchObject({
    status: 413,
    code: 'SIZE_INVALID',
  });
});

it('holds a layer back that its target does not take', async () => {
  const size = 64 * 1024 * 1024;
  let sent = 0;
  const source = await serve((_, response) => {
    response.writeHead(200, { 'content-length': size });
    const more = () => {
      while (sent < size) {
        sent += 65_536;
        if (!response.write(Buffer.alloc(65_536))) return;
      }
      response.end();
    };
    response.on('drain', more);
    more();
  });
  let release = () => {};
  let stalled = () => {};
  const isStalled = new Promise<void>((resolve) => {
    stalled = resolve;
  });
  let received = 0;
  const target = await serve(async (request, response) => {
    if (request.method === 'POST') {
      response.writeHead(202, { location: '/up' }).end();
      return;
    }
    const isReleased = new Promise<void>((resolve) => {
      release = resolve;
    });
    stalled();
    await isReleased;
    for await (const chunk of request) received += chunk.length;
    response.writeHead(201).end();
  });
  const descriptor = { mediaType: '', digest, size };
  const writing = at(target, 'Basic x').writeBlob(descriptor, () =>
    at(source, 'Basic x').openBlob(descriptor),
  );
  await isStalled;
  // What the system's sockets take on both ways, and no more: until nothing moves.
  for (let before = -1; before !== sent; ) {
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  expect(sent).toBeLessThan(size / 2);
  release();
  await writing;
  expect(received).toBe(size);
});
