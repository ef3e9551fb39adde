import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Waiting } from '../../../src/aws/wait.ts';
import { readBase } from '../../../src/provision/image/base.ts';
import { digestOf } from '../../../src/provision/image/descriptor.ts';
import { packLayer } from '../../../src/provision/image/layer.ts';
import { composeImage } from '../../../src/provision/image/manifest.ts';
import type { ImageReference } from '../../../src/provision/image/reference.ts';
import { openRepository } from '../../../src/provision/image/registry.ts';
import { type BaseOptions, type BaseRegistry, startBaseRegistry } from './base-registry.ts';

let registry: BaseRegistry;
beforeEach(async () => {
  registry = await startBaseRegistry();
});
afterEach(() => registry.stop());

const waiting: Waiting = { sleep: async () => {}, now: () => 0 };
const open = async ({ registry: host, name }: ImageReference) =>
  openRepository({ address: `http://${host}`, name, waiting });

/** An image on a base, as documents. */
async function composed(options: BaseOptions = {}, bundle = 'bundle') {
  registry.put('node', '24', options);
  const base = await readBase(`${registry.host}/node:24`, open);
  const image = composeImage(base, await packLayer(bundle), '1.2.3');
  const [manifest, config] = [image.manifests, image.configs].map((all) =>
    all.map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString())),
  );
  return { image, base, manifest: manifest ?? [], config: config ?? [] };
}

it.each(['oci', 'docker'] as const)('on a base of %s form, ours is of OCI form', async (types) => {
  const { image, manifest, config } = await composed({ types });
  const ours = image.layer;
  for (const [n, architecture] of ['arm64', 'amd64'].entries()) {
    const theirs = [gzipSync('base of both'), gzipSync(`base of ${architecture}`)];
    expect(manifest[n]).toEqual({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: {
        mediaType: 'application/vnd.oci.image.config.v1+json',
        digest: image.configs[n]?.digest,
        size: image.configs[n]?.bytes.length,
      },
      layers: [
        ...theirs.map((bytes) => ({
          mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
          digest: digestOf(bytes),
          size: bytes.length,
        })),
        ours.descriptor,
      ],
    });
    expect(config[n]).toMatchObject({ architecture, os: 'linux', created: '2026-01-02T03:04:05Z' });
    expect(config[n].rootfs.diff_ids).toEqual([...theirs.map(digestOf), ours.diffId]);
    expect(config[n].history).toHaveLength(3);
  }
  // The layer that both have is one.
  expect(image.baseLayers).toHaveLength(3);
});

it('starts the entry point as a user without a name, with the base’s settings below', async () => {
  const { base, config } = await composed();
  expect(config[0].config).toEqual({
    User: '1000:1000',
    Env: ['PATH=/usr/local/bin:/usr/bin:/bin', 'NODE_ENV=production', 'HOME=/rekback'],
    Entrypoint: ['node', '/rekback/run.mjs'],
    WorkingDir: '/rekback',
    Labels: expect.objectContaining({
      kept: 'yes',
      'org.opencontainers.image.version': '1.2.3',
      'org.opencontainers.image.base.name': base.pinned,
    }),
  });
  expect(base.pinned).toMatch(/^127\.0\.0\.1:\d+\/node@sha256:[0-9a-f]{64}$/);
});

it('the same base and bundle make the same image, others make others', async () => {
  const digests = async (options?: BaseOptions, bundle?: string) =>
    (await composed(options, bundle)).image.index.digest;
  const first = await digests();
  expect(await digests()).toBe(first);
  expect(new Set([first, await digests({ content: 'newer' }), await digests({}, 'newer')]).size).toBe(3);
});

it('a base for one processor only is refused', async () => {
  await expect(composed({ architectures: ['amd64'] })).rejects.toMatchObject({
    code: 'base-image-platform',
    message: `the base image '${registry.host}/node:24' is not for linux/arm64`,
    exitCode: 2,
  });
});

it('a base that is not there is named, with what can be done', async () => {
  await expect(readBase(`${registry.host}/none:1`, open)).rejects.toMatchObject({
    code: 'base-image-unreachable',
    message: `can't read the base image '${registry.host}/none:1': ${registry.host} answered 404 (MANIFEST_UNKNOWN: No) for the manifest 1`,
    suggestions: [expect.stringContaining('--base-image'), expect.stringContaining('--image-uri')],
  });
});

it('a configuration that is another than its digest says is refused', async () => {
  registry.put('node', '24');
  for (const [digest, bytes] of registry.blobs) {
    if (bytes[0] === '{'.charCodeAt(0)) registry.blobs.set(digest, Buffer.alloc(bytes.length, ' '));
  }
  await expect(readBase(`${registry.host}/node:24`, open)).rejects.toThrow(
    /its configuration is not sha256:/,
  );
});
