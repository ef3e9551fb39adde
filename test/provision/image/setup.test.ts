import { BatchClient, DescribeJobDefinitionsCommand } from '@aws-sdk/client-batch';
import {
  BatchGetImageCommand,
  DescribeImagesCommand,
  ECRClient,
  type ImageDetail,
} from '@aws-sdk/client-ecr';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Session } from '../../../src/aws/session.ts';
import { personaPolicy } from '../../../src/provision/iam/personas.ts';
import { packCode } from '../../../src/provision/lambda/code.ts';
import type { SetupChoice } from '../../../src/provision/options.ts';
import type { World } from '../../aws/kernel/world.ts';
import { startWorld } from '../../aws/world.ts';
import { recordNeeds, uncovered } from '../iam/needs.ts';
import { killed, kills, tryAll } from '../interruption.ts';
import { givenImages, IMAGE, planWhole, setUpWhole, tearDownWhole, testSession } from '../stack.ts';
import { type BaseRegistry, startBaseRegistry } from './base-registry.ts';

let world: World;
let base: BaseRegistry;
let session: Session;
let baseImage: string;

beforeAll(async () => {
  world = await startWorld();
});
beforeEach(async () => {
  await givenImages(world);
  session = testSession(world);
  base = await startBaseRegistry();
  base.put('docker/library/node', '24-slim');
  baseImage = `${base.host}/docker/library/node:24-slim`;
});
afterEach(async () => {
  world.check();
  world.reset();
  await base.stop();
});
afterAll(() => world.stop());

const REPOSITORY = '111122223333.dkr.ecr.eu-west-1.amazonaws.com/rekback/images';
const OTHER = packCode('export const handler = () => {}; // newer');

const setUp = (choice: SetupChoice = {}, code?: typeof OTHER) =>
  setUpWhole(world, { session, choice: { imageUri: undefined, ...choice }, ...(code && { code }) });

const changed = ({ changes }: { changes: Awaited<ReturnType<typeof planWhole>>['changes'] }) =>
  changes.map(({ action, resource: { type, name } }) => `${action} ${type} ${name}`).sort();

async function pushed(): Promise<ImageDetail[]> {
  const describe = new DescribeImagesCommand({ repositoryName: 'rekback/images' });
  return (await session.clients(ECRClient).send(describe)).imageDetails ?? [];
}

async function imagesOfJobs(): Promise<(string | undefined)[]> {
  const describe = new DescribeJobDefinitionsCommand({ status: 'ACTIVE' });
  const { jobDefinitions = [] } = await session.clients(BatchClient).send(describe);
  return jobDefinitions.map((job) => job.ecsProperties?.taskProperties?.[0]?.containers?.[0]?.image);
}

/** A manifest or index of our repository, as JSON. */
async function manifestOf(imageDigest: string) {
  const get = new BatchGetImageCommand({ repositoryName: 'rekback/images', imageIds: [{ imageDigest }] });
  const { images } = await session.clients(ECRClient).send(get);
  return JSON.parse(images?.[0]?.imageManifest ?? '');
}

it('pushes an image for both processors, which the jobs run by its digest', async () => {
  const { record } = await setUp({ baseImage });
  const tagged = (await pushed()).filter(({ imageTags }) => imageTags !== undefined);
  expect(tagged).toHaveLength(1);
  const [{ imageDigest = '', imageTags = [] } = {}] = tagged;
  expect(record.aws.imageUri).toBe(`${REPOSITORY}@${imageDigest}`);
  expect(imageTags).toEqual([record.aws.image?.tag]);
  expect(await imagesOfJobs()).toEqual([record.aws.imageUri, record.aws.imageUri]);
  const { manifests } = await manifestOf(imageDigest);
  expect(manifests.map(({ platform }: { platform: object }) => platform)).toEqual([
    { architecture: 'arm64', os: 'linux', variant: 'v8' },
    { architecture: 'amd64', os: 'linux' },
  ]);
  expect(base.leaked).toEqual([]);
});

it('a second setup asks nobody but AWS, and changes nothing', async () => {
  await setUp({ baseImage });
  base.requests.length = 0;
  // The tag moves on; the stack's base does not.
  base.put('docker/library/node', '24-slim', { content: 'newer' });
  expect(changed(await setUp())).toEqual([]);
  expect(base.requests).toEqual([]);
});

it('of another bundle only our own layer is pushed', async () => {
  await setUp({ baseImage });
  const [before] = await imagesOfJobs();
  world.journal.clear();
  const again = await setUp({}, OTHER);
  expect(changed(again)).toEqual([
    `create image rekback/images:${again.record.aws.image?.tag}`,
    'update function rekback-images-live',
    'update job-definition rekback-images-planner',
    'update job-definition rekback-images-worker',
    'update record stack.json',
  ]);
  // Ours, and a configuration for each processor.
  expect(world.journal.of('ecr', 'CompleteLayerUpload')).toHaveLength(3);
  const [after] = await imagesOfJobs();
  expect(after).toBe(again.record.aws.imageUri);
  expect(after).not.toBe(before);
});

it('another base that is named makes another image', async () => {
  const first = await setUp({ baseImage });
  base.put('docker/library/node', '24-slim', { content: 'newer' });
  const second = await setUp({ baseImage });
  expect(second.record.aws.imageUri).not.toBe(first.record.aws.imageUri);
  expect(changed(second)).toContain(`create image rekback/images:${second.record.aws.image?.tag}`);
  // With its digest it is the same for good.
  const pinned = second.record.aws.image?.base;
  expect(pinned).toMatch(/node@sha256:[0-9a-f]{64}$/);
  expect(changed(await setUp({ baseImage: pinned }))).toEqual([]);
});

it('one that was deleted is pushed again, and nothing else is done', async () => {
  const { record } = await setUp({ baseImage });
  const { repositories } = world.state(
    (await import('../../aws/ecr/service.ts')).ecr,
    session.account,
    session.region,
  );
  const repository = repositories.get('rekback/images');
  repository?.images.clear();
  repository?.tagged.clear();
  expect(changed(await setUp())).toEqual([`create image rekback/images:${record.aws.image?.tag}`]);
  expect((await pushed()).map(({ imageDigest }) => `${REPOSITORY}@${imageDigest}`)).toContain(
    record.aws.imageUri,
  );
});

it('one of somebody else’s takes its place, stays without being named, and goes again', async () => {
  await setUp({ baseImage });
  const named = await setUp({ imageUri: IMAGE });
  expect(named.record.aws).toMatchObject({ imageUri: IMAGE });
  expect(named.record.aws.image).toBeUndefined();
  expect(changed(await setUp())).toEqual([]);
  const ours = await setUp({ baseImage });
  expect(ours.record.aws.imageUri).toMatch(new RegExp(`^${REPOSITORY}@`));
  expect((await tearDownWhole(world, { session }))?.left).toEqual([]);
});

it('goes on where it was interrupted, without what is there already', async () => {
  world.faults.add({
    service: 'ecr',
    operation: 'PutImage',
    times: 1,
    effect: { error: { code: 'DENIED', status: 403 } },
  });
  await expect(setUp({ baseImage })).rejects.toMatchObject({ code: 'image-push-failed' });
  world.journal.clear();
  const { record } = await setUp();
  expect(world.journal.of('ecr', 'CompleteLayerUpload')).toEqual([]);
  expect(await imagesOfJobs()).toEqual([record.aws.imageUri, record.aws.imageUri]);
});

it.each([
  [
    'the answer to a blob’s beginning',
    { operation: 'InitiateLayerUpload', nth: 2, effect: { lostAnswer: true } },
  ],
  ['the answer to a blob’s end', { operation: 'CompleteLayerUpload', nth: 1, effect: { lostAnswer: true } }],
  [
    'the answer to the tag, which can’t be written twice',
    { operation: 'PutImage', nth: 3, effect: { lostAnswer: true } },
  ],
  ['a connection', { operation: 'CompleteLayerUpload', nth: 2, effect: { reset: true } }],
  ['patience', { operation: 'BatchCheckLayerAvailability', times: 6, effect: { throttle: true } }],
] as const)('is pushed also when %s is lost', async (_, fault) => {
  world.faults.add({ service: 'ecr', ...fault });
  const { record } = await setUp({ baseImage });
  expect((await pushed()).map(({ imageDigest }) => `${REPOSITORY}@${imageDigest}`)).toContain(
    record.aws.imageUri,
  );
});

it('killed at any call of it, another setup finishes it', async () => {
  session = testSession(world, 'eu-west-1', true);
  await setUp({ imageUri: IMAGE });
  const start = world.store.snapshot();
  world.journal.clear();
  const choice = { imageUri: undefined, baseImage };
  await setUp(choice);
  const calls = world.journal.mutating().length;
  expect(calls).toBeGreaterThan(15);
  const some = kills(calls).filter((_, index) => index % 3 === 0);
  const failures = await tryAll(some, async (kill, note) => {
    world.store.restore(start);
    note(await killed(world, kill, (options) => setUpWhole(world, { ...options, choice }), { session }));
    const { record } = await setUp(choice);
    expect(await imagesOfJobs()).toEqual([record.aws.imageUri, record.aws.imageUri]);
    expect((await pushed()).map(({ imageDigest }) => `${REPOSITORY}@${imageDigest}`)).toContain(
      record.aws.imageUri,
    );
    expect(changed(await planWhole(world, { session, choice: { imageUri: undefined } }))).toEqual([]);
  });
  expect(failures).toEqual([]);
}, 120_000);

it('needs no right but those that an admin has', async () => {
  const needs = recordNeeds(world);
  await setUp({ baseImage });
  await tearDownWhole(world, { session });
  expect(needs.map(({ action }) => action)).toContain('ecr:CompleteLayerUpload');
  const place = { ...session, name: 'images', iamPath: '/' };
  const policy = personaPolicy('admin', { place, bucket: 'images' });
  expect(await uncovered(policy, needs, { account: session.account, stack: 'images' })).toEqual([]);
});

it('a refusal names image, registry and what to do', async () => {
  world.deny('ecr:InitiateLayerUpload');
  await expect(setUp({ baseImage })).rejects.toMatchObject({
    code: 'image-push-failed',
    message: expect.stringMatching(
      /^can't push the image 'rekback\/images:[\w.-]+': 127\.0\.0\.1:\d+ answered 403 \(DENIED: .*\) for the blob sha256:\w{64}$/,
    ),
    suggestions: expect.arrayContaining(['see which rights are missing: rekback doctor']),
  });
});
