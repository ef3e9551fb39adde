import {
  DeleteObjectCommand,
  GetBucketInventoryConfigurationCommand,
  PutBucketInventoryConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { newestInventory } from '../../../src/adapters/s3/newest-inventory.ts';
import type { World } from '../../aws/kernel/world.ts';
import { deliverInventory } from '../../aws/s3/deliver-inventory.ts';
import { bucketNamed } from '../../aws/s3/reach.ts';
import { startWorld } from '../../aws/world.ts';
import { type InventoryStack, inventoryStack } from './inventory-stack.ts';

const DAY = 24 * 3_600_000;

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(() => world.stop());

const newest = ({ clients, place }: InventoryStack) => newestInventory(clients, place);

/** Delivers one a day after the last, and says what it is. */
async function delivered(
  { place }: InventoryStack,
  configuration = place.configuration,
): Promise<{ manifest: string; listedAt: number }> {
  await world.clock.advance(DAY);
  const delivery = deliverInventory(world, place.images, configuration);
  if (delivery === undefined) throw new Error('nothing was delivered');
  const minute = Math.floor(world.clock.now() / 60_000) * 60_000;
  return { manifest: `s3://${place.bucket}/${delivery.manifest}`, listedAt: minute };
}

/** As it is while S3 still writes it. */
const unfinish = ({ clients, place }: InventoryStack, manifest: string) =>
  clients(S3Client).send(
    new DeleteObjectCommand({
      Bucket: place.bucket,
      Key: manifest.replace(`s3://${place.bucket}/`, '').replace(/json$/, 'checksum'),
    }),
  );

it('is the last one of several, and undefined before the first', async () => {
  const stack = await inventoryStack(world);
  expect(await newest(stack)).toBeUndefined();
  const first = await delivered(stack);
  expect(await newest(stack)).toEqual(first);
  const second = await delivered(stack);
  expect(second.manifest).not.toBe(first.manifest);
  expect(await newest(stack)).toEqual(second);
});

it('is none that is still being written', async () => {
  const stack = await inventoryStack(world);
  const whole = await delivered(stack);
  const [second, third] = [await delivered(stack), await delivered(stack)];
  await unfinish(stack, second.manifest);
  await unfinish(stack, third.manifest);
  expect(await newest(stack)).toEqual(whole);
  await unfinish(stack, whole.manifest);
  expect(await newest(stack)).toBeUndefined();
});

it('is none of another configuration, whose id may begin as ours does, or of another bucket', async () => {
  const stack = await inventoryStack(world);
  const { clients, place } = stack;
  const at = { Bucket: place.images, Id: place.configuration };
  const { InventoryConfiguration: ours } = await clients(S3Client).send(
    new GetBucketInventoryConfigurationCommand(at),
  );
  if (ours === undefined) throw new Error('there is no inventory');
  const theirs = [`${place.configuration}-2`, 'daily'];
  for (const Id of theirs) {
    const InventoryConfiguration = { ...ours, Id };
    await clients(S3Client).send(
      new PutBucketInventoryConfigurationCommand({ ...at, Id, InventoryConfiguration }),
    );
  }
  for (const each of theirs) await delivered(stack, each);
  expect(await newest(stack)).toBeUndefined();
  const own = await delivered(stack);
  for (const each of theirs) await delivered(stack, each);
  expect(await newest(stack)).toEqual(own);
  expect(await newestInventory(clients, { ...place, images: 'imag' })).toBeUndefined();
});

it('is found by few requests among years of others and many files', async () => {
  const stack = await inventoryStack(world);
  const last = await delivered(stack);
  const objects = bucketNamed(world, stack.place.bucket);
  const folder = last.manifest.replace(`s3://${stack.place.bucket}/`, '').replace(/[^/]*\/[^/]*$/, '');
  const [model] = [...(objects?.objects.values() ?? [])][0] ?? [];
  if (objects === undefined || model === undefined) throw new Error('nothing was delivered');
  const add = (key: string) => objects.objects.set(key, [{ ...model, key }]);
  for (let day = 1; day <= 1_500; day++) {
    const date = new Date(last.listedAt - day * DAY).toISOString().slice(0, 10);
    for (const name of ['manifest.json', 'manifest.checksum']) add(`${folder}${date}T01-00Z/${name}`);
    add(`${folder}hive/dt=${date}-01-00/symlink.txt`);
    for (let part = 0; part < 20; part++) add(`${folder}data/${day}-${part}.csv.gz`);
  }
  objects._sorted = undefined;
  world.journal.clear();
  expect(await newest(stack)).toEqual(last);
  expect(world.journal.entries.map(({ operation }) => operation)).toEqual(
    Array.from({ length: 3 }, () => 'ListObjectsV2'),
  );
});

it('is looked for in the bucket of the stack’s account only', async () => {
  const { clients, place } = await inventoryStack(world);
  await expect(newestInventory(clients, { ...place, account: '999900001111' })).rejects.toMatchObject({
    name: 'AccessDenied',
  });
});
