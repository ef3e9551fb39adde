import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { s3Files } from '../../../src/adapters/s3/files.ts';
import { inventoryRows } from '../../../src/adapters/s3/inventory-rows.ts';
import { newestInventory } from '../../../src/adapters/s3/newest-inventory.ts';
import { openRows } from '../../../src/runtime/rows/open.ts';
import type { RowSource } from '../../../src/runtime/rows/source.ts';
import type { World } from '../../aws/kernel/world.ts';
import { deliverInventory } from '../../aws/s3/deliver-inventory.ts';
import { bucketNamed } from '../../aws/s3/reach.ts';
import { startWorld } from '../../aws/world.ts';
import { planned } from '../../runtime/rows/fixtures.ts';
import { inventoryStack } from './inventory-stack.ts';

/** What S3 takes and some format, encoding or log between could break. Each is a kind that planning keeps. */
const KEYS = [
  'plain',
  ' ',
  ' a  b ',
  'a+b',
  'a%2Bb',
  'a%20b&c=d;e?f#g',
  '100%',
  `it's "quoted", twice`,
  'comma,semicolon;pipe|',
  'back\\slash\\n',
  'line\nbreak\r\n\ttab',
  '\u0001\u001b[31mred\u001b[0m\u0007\b\u007f',
  '\u009b31m c1 \u0085 ',
  'paragraphs\u2028\u2029',
  '\u202egnp.exe\u202c\u2066\u2069\u200f',
  'caf\u00e9',
  'cafe\u0301',
  '\u{1f600}\u{1f468}\u200d\u{1f469}',
  '\uff5e\ue000\ufffe\ufeff\u{10ffff}',
  '-rf',
  "$(touch x) `id` * !'()~",
  '__proto__/constructor',
  '../up',
  './a/../b//c/',
  '/',
  `${'x'.repeat(990)}${'\u{1f415}'.repeat(7)}`,
].map((key) => `${key}.jpg`);

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(() => world.stop());

const byBytes = (keys: readonly string[]) =>
  [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

/** The images that planning makes of the rows. */
async function imagesOf(rows: RowSource | undefined) {
  if (rows === undefined) throw new Error('no inventory was found');
  return (await planned(rows)).images;
}

describe.each(['CSV', 'Parquet'] as const)('the rows of a delivered inventory (%s)', (format) => {
  it('have every key byte for byte, with what S3 says of the image', async () => {
    const { clients, place, put } = await inventoryStack(world, format);
    for (const key of KEYS) await put(key);
    await put('no image.txt');
    expect(await inventoryRows(clients, place)).toBeUndefined();
    deliverInventory(world, place.images, place.configuration, { rowsPerFile: 7 });
    const images = await imagesOf(await inventoryRows(clients, place));
    expect(images.map(({ key }) => key)).toEqual(byBytes(KEYS));
    const stored = bucketNamed(world, place.images);
    expect(images).toEqual(
      byBytes(KEYS).map((key) => {
        const version = stored?.objects.get(key)?.at(-1);
        return expect.objectContaining({
          key,
          size: Buffer.byteLength(key),
          etag: version?.etag,
          lastModified: version?.modified.getTime(),
        });
      }),
    );
  });

  it('are those of the newest', async () => {
    const { clients, place, put } = await inventoryStack(world, format);
    await put('old.jpg');
    deliverInventory(world, place.images, place.configuration);
    await world.clock.advance(24 * 3_600_000);
    await put('new.jpg');
    deliverInventory(world, place.images, place.configuration);
    const images = await imagesOf(await inventoryRows(clients, place));
    expect(images.map(({ key }) => key)).toEqual(['new.jpg', 'old.jpg']);
  });

  it('survive connections that break', async () => {
    const { clients, place, put } = await inventoryStack(world, format);
    for (const key of KEYS) await put(key);
    deliverInventory(world, place.images, place.configuration);
    world.faults.add({
      service: 's3',
      operation: 'GetObject',
      probability: 0.5,
      seed: 3,
      effect: { cut: 300 },
    });
    const newest = await newestInventory(clients, place);
    let paused = 0;
    const files = s3Files(clients, { pause: async () => void paused++ });
    const rows = await openRows(files, newest?.manifest ?? '', place.images);
    expect((await imagesOf(rows)).map(({ key }) => key)).toEqual(byBytes(KEYS));
    expect(paused).toBeGreaterThan(0);
  });

  it('are refused where a data file is not what its manifest says, or is missing', async () => {
    const { clients, place, put } = await inventoryStack(world, format);
    await put('a.jpg');
    deliverInventory(world, place.images, place.configuration);
    const objects = bucketNamed(world, place.bucket)?.objects ?? new Map();
    const data = [...objects.keys()].find((key) => key.includes('/data/')) ?? '';
    const [version] = objects.get(data) ?? [];
    const damaged = Buffer.from(version?.body ?? '');
    damaged.writeUInt8(damaged.readUInt8(damaged.length >> 1) ^ 1, damaged.length >> 1);
    objects.set(data, [{ ...version, body: damaged }]);
    await expect(imagesOf(await inventoryRows(clients, place))).rejects.toMatchObject({
      code: expect.stringMatching(/^(checksum-mismatch|file-damaged)$/),
      message: expect.stringContaining(`s3://${place.bucket}/${data}`),
    });
    objects.delete(data);
    const bucket = bucketNamed(world, place.bucket);
    if (bucket) bucket._sorted = undefined;
    await expect(inventoryRows(clients, place)).rejects.toMatchObject({
      code: 'file-missing',
      message: expect.stringContaining(`s3://${place.bucket}/${data}`),
    });
  });
});
