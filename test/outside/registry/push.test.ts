import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { realWaiting } from '../../../src/aws/wait.ts';
import { type BaseImage, readBase } from '../../../src/provision/image/base.ts';
import type { Descriptor } from '../../../src/provision/image/descriptor.ts';
import { packLayer } from '../../../src/provision/image/layer.ts';
import { composeImage, type Image } from '../../../src/provision/image/manifest.ts';
import { pushImage } from '../../../src/provision/image/push.ts';
import { openRepository } from '../../../src/provision/image/registry.ts';
import type { World } from '../../aws/kernel/world.ts';
import { startWorld } from '../../aws/world.ts';
import { builtCli } from '../../cli.ts';
import { describeWith, lookFor } from '../requires.ts';
import { makeBase } from './base-image.ts';
import { type OutsideRegistry, PASSWORD, startRegistry, USER } from './registry.ts';

const run = promisify(execFile);
const CREDENTIALS = `${USER}:${PASSWORD}`;
const [OWN, OTHER] = process.arch === 'arm64' ? ['arm64', 'amd64'] : ['amd64', 'arm64'];

/** What is needed, by the paths of the programs; root of an image can be gone to as any user in a namespace of one's own. */
async function findTools(): Promise<{ unshare: string }> {
  const tools = ['docker-registry', 'skopeo', 'tar', 'ldd', 'unshare'];
  const { stdout } = await run('sh', ['-c', tools.map((tool) => `command -v ${tool}`).join('\n')]);
  const missing = tools.filter((tool) => !stdout.split('\n').some((path) => path.endsWith(`/${tool}`)));
  if (missing.length > 0) throw new Error(`no ${missing.join(', no ')}`);
  await run('unshare', ['--user', '--map-root-user', 'true']);
  return { unshare: stdout.trim().split('\n').at(-1) ?? '' };
}

describeWith('an image in a registry of others', await lookFor(findTools), ({ unshare }) => {
  let folder: string;
  let registry: OutsideRegistry;
  let world: World;
  let base: BaseImage;
  let image: Image;

  const repository = (name: string) =>
    openRepository({
      address: `http://${registry.host}`,
      name,
      authorization: `Basic ${Buffer.from(CREDENTIALS).toString('base64')}`,
      waiting: realWaiting(),
    });
  const push = (tag: string) =>
    pushImage(image, tag, { from: base.repository, to: repository('rekback/photos') });

  const skopeo = (...args: string[]) => run('skopeo', ['--insecure-policy', ...args]);
  const from = ['--src-tls-verify=false', '--src-creds', CREDENTIALS];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rekback-registry-'));
    world = await startWorld();
    registry = await startRegistry(folder);
    await makeBase(join(folder, 'base'));
    const to = ['--dest-tls-verify=false', '--dest-creds', CREDENTIALS];
    const layout = `oci:${join(folder, 'base')}:base`;
    await skopeo('copy', '--all', ...to, layout, `docker://${registry.host}/base/node:24`);
    base = await readBase(`${registry.host}/base/node:24`, async ({ name }) => repository(name));
    const bundle = await readFile(join(await builtCli(), 'dist/bundle/index.mjs'), 'utf8');
    image = composeImage(base, await packLayer(bundle), '1.2.3');
    await registry.takeWrites();
    await push('1');
  }, 120_000);
  afterAll(async () => {
    await registry?.stop();
    await world?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test('is pulled whole by skopeo, for both processors', async () => {
    const whole = join(folder, 'whole');
    // Digests and sizes are compared on the way.
    await skopeo('copy', '--all', ...from, `docker://${registry.host}/rekback/photos:1`, `dir:${whole}`);
    const index = await readFile(join(whole, 'manifest.json'));
    expect(index.equals(image.index.bytes)).toBe(true);
    for (const architecture of [OWN, OTHER]) {
      const args = ['--override-os', 'linux', '--override-arch', String(architecture), 'inspect', '--config'];
      const { stdout } = await skopeo(
        ...args,
        ...['--tls-verify=false', '--creds', CREDENTIALS, `docker://${registry.host}/rekback/photos:1`],
      );
      expect(JSON.parse(stdout)).toMatchObject({ architecture, config: { User: '1000:1000' } });
    }
  });

  test('of what is there already nothing is pushed again', async () => {
    await registry.takeWrites();
    await push('2');
    const manifests = [...image.manifests.map(({ digest }) => digest), '2'];
    expect((await registry.takeWrites()).sort()).toEqual(
      manifests.map((reference) => `PUT /v2/rekback/photos/manifests/${reference}`).sort(),
    );
  });

  test('unpacked, starts a worker as its user, which asks S3 for its stack', async () => {
    const layout = join(folder, 'pulled');
    const source = `docker://${registry.host}/rekback/photos:1`;
    await skopeo('--override-arch', String(OWN), 'copy', ...from, source, `oci:${layout}:it`);
    const blob = async <Content>({ digest }: Pick<Descriptor, 'digest'>): Promise<Content> =>
      JSON.parse(await readFile(blobPath(digest), 'utf8'));
    const blobPath = (digest: string) => join(layout, 'blobs', digest.replace(':', '/'));
    const { manifests } = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8'));
    const manifest = await blob<{ config: Descriptor; layers: Descriptor[] }>(manifests[0]);
    const { config } = await blob<{ config: { Entrypoint: string[]; Env: string[]; User: string } }>(
      manifest.config,
    );
    const root = join(folder, 'root');
    await mkdir(root);
    for (const { digest } of manifest.layers) await run('tar', ['-xf', blobPath(digest), '-C', root]);

    const bucket = 'rekback-photos-111122223333-eu-west-1';
    const CreateBucketConfiguration = { LocationConstraint: 'eu-west-1' } as const;
    await new S3Client(world.client()).send(
      new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration }),
    );
    // What the preloads of other tests' processes are made of is not in the image.
    const { NODE_OPTIONS, ...aws } = world.env();
    const [user = '', group = ''] = config.User.split(':');
    const child = spawn(
      unshare,
      [
        ...['--user', `--map-user=${user}`, `--map-group=${group}`, '--mount', '--pid', '--fork'],
        ...[`--root=${root}`, '--wd=/', ...config.Entrypoint, 'worker'],
      ],
      {
        env: {
          ...aws,
          ...Object.fromEntries(config.Env.map((each) => each.split('=', 2))),
          REKBACK_STACK: 'photos',
          REKBACK_STACK_BUCKET: bucket,
          REKBACK_RUN: 'some-run',
          REKBACK_RATE: '10',
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const [[code], said] = await Promise.all([once(child, 'close'), text(child.stderr), text(child.stdout)]);
    expect(JSON.parse(said).error).toMatchObject({
      code: 'no-stack',
      message: `there is no stack 'photos' in the bucket '${bucket}'`,
    });
    expect(code).toBe(1);
    world.check();
  });
});
