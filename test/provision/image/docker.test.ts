import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import type { Session } from '../../../src/aws/session.ts';
import { labelsOf, START } from '../../../src/provision/image/manifest.ts';
import { connect } from '../../aws/ecr/fixtures.ts';
import type { World } from '../../aws/kernel/world.ts';
import { startWorld } from '../../aws/world.ts';
import { givenImages, planWhole, setUpWhole, testSession } from '../stack.ts';

let world: World;
let session: Session;
let folder: string;

beforeAll(async () => {
  world = await startWorld();
});
beforeEach(async () => {
  await givenImages(world);
  session = testSession(world);
  folder = await mkdtemp(join(tmpdir(), 'rekback-docker-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  world.check();
  world.reset();
  await rm(folder, { recursive: true });
});
afterAll(() => world.stop());

/** A `docker` that writes down what it is asked for and what it reads, and ends as it is told to. */
async function givenDocker(script: string): Promise<void> {
  const program = `#!/bin/sh\nprintf '%s\\n' "$PWD" "$@" "" >> ${folder}/asked\ncat >> ${folder}/read\n${script}\n`;
  await writeFile(join(folder, 'docker'), program);
  await chmod(join(folder, 'docker'), 0o755);
  vi.stubEnv('PATH', [folder, process.env.PATH].join(delimiter));
}

const asked = async () =>
  (await readFile(join(folder, 'asked'), 'utf8'))
    .trimEnd()
    .split('\n\n')
    .map((call) => call.split('\n'));

const choice = { imageUri: undefined, image: 'docker', baseImage: 'node:24-slim' } as const;
const ROOT = join(import.meta.dirname, '../../..');

it('logs in to ECR, builds for both processors and pushes, under a tag that never moves', async () => {
  await givenDocker('exit 0');
  const { record } = await setUpWhole(world, { session, choice });
  const [login, build] = await asked();
  const registry = '111122223333.dkr.ecr.eu-west-1.amazonaws.com';
  expect(login?.slice(1)).toEqual(['login', '--username', 'AWS', '--password-stdin', registry]);
  expect(build?.[0]).toBe(ROOT);
  expect(build?.slice(1)).toEqual([
    ...['buildx', 'build', '--platform', 'linux/arm64,linux/amd64', '--file', 'container/Dockerfile'],
    ...['--build-arg', 'BASE_IMAGE=node:24-slim', '--build-arg', expect.stringMatching(/^VERSION=\d/)],
    ...['--provenance=false', '--sbom=false', '--tag', record.aws.imageUri, '--push', '.'],
  ]);
  expect(record.aws.imageUri).toBe(`${registry}/rekback/images:${record.aws.image?.tag}`);
  // The password is as long as ECR's and was read, never an argument.
  const password = await readFile(join(folder, 'read'), 'utf8');
  expect(password).toMatch(/^\w{1800}$/);
  expect((await readFile(join(folder, 'asked'), 'utf8')).includes(password)).toBe(false);
});

it('builds nothing again that is there, and stays with Docker', async () => {
  await givenDocker('exit 0');
  const { record } = await setUpWhole(world, { session, choice });
  await (await connect(world)).pushImage('rekback/images', record.aws.image?.tag ?? '');
  const plan = await planWhole(world, { session, choice: { imageUri: undefined } });
  expect(plan.changes.map(({ resource }) => resource.name)).toEqual([]);
  expect(plan.record.aws.image).toEqual(record.aws.image);
});

it('says what Docker said when it fails', async () => {
  await givenDocker('[ "$1" = login ] && exit 0; echo "#1 building" >&2; echo "ERROR: no space" >&2; exit 3');
  await expect(setUpWhole(world, { session, choice })).rejects.toMatchObject({
    code: 'image-push-failed',
    message: 'docker buildx ended with 3: #1 building; ERROR: no space',
    suggestions: [expect.stringContaining('--image push')],
  });
});

it('says so where there is no Docker', async () => {
  vi.stubEnv('PATH', folder);
  await expect(setUpWhole(world, { session, choice })).rejects.toMatchObject({ code: 'docker-missing' });
});

it('has a Dockerfile that says the same as an image that is pushed', async () => {
  const dockerfile = await readFile(join(ROOT, 'container/Dockerfile'), 'utf8');
  expect(dockerfile).toContain(`ENTRYPOINT ${JSON.stringify(START.entrypoint).replaceAll(',', ', ')}`);
  expect(dockerfile).toContain(`USER ${START.user}\n`);
  for (const [name, value] of Object.entries(START.env)) expect(dockerfile).toContain(`ENV ${name}=${value}`);
  const named = dockerfile.replaceAll(/\$\{(\w+)\}/g, '$1');
  for (const [name, value] of Object.entries(labelsOf('VERSION', 'BASE_IMAGE'))) {
    expect(named).toContain(`${name}="${value}"`);
  }
});
