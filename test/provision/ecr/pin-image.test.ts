import { CreateRepositoryCommand, ECRClient } from '@aws-sdk/client-ecr';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { pinImage } from '../../../src/provision/ecr/pin-image.ts';
import { connect } from '../../aws/ecr/fixtures.ts';
import type { World } from '../../aws/kernel/world.ts';
import { startWorld } from '../../aws/world.ts';
import { testContext } from '../context.ts';

const REGION = 'eu-west-1';
const REGISTRY = `111122223333.dkr.ecr.${REGION}.amazonaws.com`;

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(() => world.stop());

it('names an image by the digest that its tag has now', async () => {
  const { clients } = testContext(world, { region: REGION });
  await clients(ECRClient).send(new CreateRepositoryCommand({ repositoryName: 'tools/rekback' }));
  const { pushImage } = await connect(world);
  const { digest } = await pushImage('tools/rekback', 'v1');
  const pinned = `${REGISTRY}/tools/rekback@${digest}`;
  expect(await pinImage(clients, `${REGISTRY}/tools/rekback:v1`, REGION)).toBe(pinned);
  expect(await pinImage(clients, pinned, REGION)).toBe(pinned);
});

it.each([
  'public.ecr.aws/rekback/rekback:1',
  'ghcr.io/rekback/rekback',
  '111122223333.dkr.ecr.us-east-1.amazonaws.com/rekback:1',
])('leaves an image of elsewhere as it is named: %s', async (uri) => {
  expect(await pinImage(testContext(world, { region: REGION }).clients, uri, REGION)).toBe(uri);
  expect(world.journal.of('ecr')).toEqual([]);
});

it.each([`${REGISTRY}/nothing:v1`, `${REGISTRY}/tools/rekback:v2`])(
  'says that there is no %s',
  async (uri) => {
    const { clients } = testContext(world, { region: REGION });
    await clients(ECRClient).send(new CreateRepositoryCommand({ repositoryName: 'tools/rekback' }));
    await expect(pinImage(clients, uri, REGION)).rejects.toMatchObject({
      code: 'image-missing',
      exitCode: 2,
    });
  },
);
