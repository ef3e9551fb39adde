import {
  CreateRepositoryCommand,
  DescribeImagesCommand,
  ECRClient,
  PutAccountSettingCommand,
} from '@aws-sdk/client-ecr';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { World } from '../kernel/world.ts';
import { startWorld } from '../world.ts';
import { connect, IMAGE, INDEX } from './fixtures.ts';
import { digestOf } from './put-image.ts';

let world: World;
let ecr: ECRClient;
beforeAll(async () => {
  world = await startWorld();
  ecr = new ECRClient(world.client());
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(async () => {
  await world.stop();
});
const create = (repositoryName: string, more: object = {}) =>
  ecr.send(new CreateRepositoryCommand({ repositoryName, ...more }));
async function errorOf(answer: Response) {
  const { errors } = (await answer.json()) as { errors: { code: string }[] };
  return [answer.status, errors[0]?.code];
}

test('without a good password the registry asks for one', async () => {
  const { request, token } = await connect(world);
  expect(token.length).toBeGreaterThan(256);
  const refused = await fetch(`${world.url}/v2/`);
  expect(refused.status).toBe(401);
  expect(refused.headers.get('www-authenticate')).toMatch(/^Basic realm=/);
  const wrong = await fetch(`${world.url}/v2/`, {
    headers: { authorization: `Basic ${Buffer.from('AWS:guess').toString('base64')}` },
  });
  expect(wrong.status).toBe(401);
  const good = await request('GET', '');
  expect([good.status, good.headers.get('docker-distribution-api-version')]).toEqual([200, 'registry/2.0']);
  await world.clock.advance(12 * 3_600_000);
  expect(await errorOf(await request('GET', ''))).toEqual([403, 'DENIED']);
});

test('an image goes in and comes out again', async () => {
  await create('app/worker');
  const { request, pushImage } = await connect(world);
  const { answer, manifest, digest, layer } = await pushImage('app/worker', 'v1');
  expect([answer.status, answer.headers.get('docker-content-digest')]).toEqual([201, digest]);
  for (const reference of ['v1', digest]) {
    const pulled = await request('GET', `app/worker/manifests/${reference}`, undefined, { accept: IMAGE });
    expect([await pulled.text(), pulled.headers.get('content-type')]).toEqual([manifest, IMAGE]);
  }
  const head = await request('HEAD', `app/worker/manifests/v1`);
  expect(head.headers.get('content-length')).toBe(String(manifest.length));
  const redirect = await request('GET', `app/worker/blobs/${layer.digest}`);
  expect(redirect.status).toBe(307);
  expect(await (await fetch(redirect.headers.get('location') ?? '')).text()).toBe('v1');
  const { tags } = (await (await request('GET', 'app/worker/tags/list')).json()) as { tags: string[] };
  expect(tags).toEqual(['v1']);
  expect(
    world.journal
      .mutating()
      .map((entry) => entry.action)
      .at(-1),
  ).toBe('ecr:PutImage');
});

test('what is missing has its own errors', async () => {
  await create('app');
  const { request, pushBlob } = await connect(world);
  expect(await errorOf(await request('GET', 'none/manifests/v1'))).toEqual([404, 'NAME_UNKNOWN']);
  expect(await errorOf(await request('GET', 'app/manifests/v1'))).toEqual([404, 'MANIFEST_UNKNOWN']);
  expect((await request('HEAD', `app/blobs/${digestOf('x')}`)).status).toBe(404);
  const config = await pushBlob('app', Buffer.from('{}'));
  const manifest = JSON.stringify({
    schemaVersion: 2,
    config,
    layers: [{ digest: digestOf('not pushed'), size: 1 }],
  });
  const put = await request('PUT', 'app/manifests/v1', manifest, { 'content-type': IMAGE });
  expect(await errorOf(put)).toEqual([404, 'MANIFEST_BLOB_UNKNOWN']);
  const begun = await request('POST', 'app/blobs/uploads/');
  const done = `${begun.headers.get('location')}?digest=${digestOf('other')}`;
  expect(await errorOf(await request('PUT', done, 'this'))).toEqual([400, 'BLOB_UPLOAD_INVALID']);
  expect(await errorOf(await request('DELETE', 'app/manifests/v1'))).toEqual([405, 'UNSUPPORTED']);
});

test('chunks are put together, in order only, with ECR’s odd answers', async () => {
  await create('app');
  const { request } = await connect(world);
  const begun = await request('POST', 'app/blobs/uploads/');
  const location = begun.headers.get('location') ?? '';
  const first = await request('PATCH', location, 'abc', { 'content-range': '0-2' });
  expect([first.status, first.headers.get('range')]).toEqual([201, '0-2']);
  const again = await request('PATCH', location, 'abc', { 'content-range': '0-2' });
  expect(again.status).toBe(416);
  const second = await request('PATCH', location, 'def', { 'content-range': '3-5' });
  expect(second.headers.get('range')).toBe('0-2');
  const done = await request('PUT', `${location}?digest=${encodeURIComponent(digestOf('abcdef'))}`);
  expect(done.status).toBe(201);
  const head = await request('HEAD', `app/blobs/${digestOf('abcdef')}`);
  expect([head.status, head.headers.get('content-length')]).toEqual([200, '6']);
});

test('an index needs its manifests', async () => {
  await create('app');
  const { request, pushImage } = await connect(world);
  const index = (digest: string) =>
    JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [{ digest }] });
  const put = (text: string) => request('PUT', 'app/manifests/all', text, { 'content-type': INDEX });
  expect((await put(index(digestOf('missing')))).status).toBe(404);
  const { digest } = await pushImage('app', 'arm');
  expect((await put(index(digest))).status).toBe(201);
  const { imageDetails } = await ecr.send(
    new DescribeImagesCommand({ repositoryName: 'app', imageIds: [{ imageTag: 'all' }] }),
  );
  expect(imageDetails).toMatchObject([{ imageManifestMediaType: INDEX, imageTags: ['all'] }]);
});

test('an immutable tag stays, whatever is pushed; a mutable one moves', async () => {
  await create('fixed', { imageTagMutability: 'IMMUTABLE' });
  await create('loose');
  const { pushImage } = await connect(world);
  await pushImage('fixed', 'v1', 'one');
  expect(await errorOf((await pushImage('fixed', 'v1', 'two')).answer)).toEqual([400, 'TAG_INVALID']);
  expect(await errorOf((await pushImage('fixed', 'v1', 'one')).answer)).toEqual([400, 'TAG_INVALID']);
  await pushImage('loose', 'v1', 'one');
  const moved = await pushImage('loose', 'v1', 'two');
  expect((await pushImage('loose', 'v1', 'two')).answer.status).toBe(201);
  const { imageDetails = [] } = await ecr.send(new DescribeImagesCommand({ repositoryName: 'loose' }));
  expect(imageDetails.map((each) => [each.imageDigest === moved.digest, each.imageTags])).toEqual([
    [false, undefined],
    [true, ['v1']],
  ]);
});

test('layers are mounted only where that is on, and only used ones', async () => {
  await create('from');
  await create('to');
  const { request, pushImage, pushBlob } = await connect(world);
  const { layer } = await pushImage('from', 'v1');
  const unused = await pushBlob('from', Buffer.from('unused'));
  const mount = async (digest: string) =>
    (await request('POST', `to/blobs/uploads/?mount=${digest}&from=from`)).status;
  expect(await mount(layer.digest)).toBe(202);
  await ecr.send(new PutAccountSettingCommand({ name: 'BLOB_MOUNTING', value: 'ENABLED' }));
  expect(await mount(unused.digest)).toBe(202);
  expect(await mount(layer.digest)).toBe(201);
  expect((await request('HEAD', `to/blobs/${layer.digest}`)).status).toBe(200);
});

test('denials and faults reach the registry too', async () => {
  await create('app');
  const { request } = await connect(world);
  world.deny('ecr:InitiateLayerUpload');
  expect(await errorOf(await request('POST', 'app/blobs/uploads/'))).toEqual([403, 'DENIED']);
  world.faults.add({
    service: 'ecr',
    operation: 'BatchCheckLayerAvailability',
    times: 1,
    effect: { throttle: true },
  });
  expect((await request('HEAD', `app/blobs/${digestOf('x')}`)).status).toBe(429);
  world.faults.add({
    service: 'ecr',
    operation: 'BatchCheckLayerAvailability',
    times: 1,
    effect: { reset: true },
  });
  await expect(request('HEAD', `app/blobs/${digestOf('x')}`)).rejects.toThrow();
});
