import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSize, parseTime } from '../../../src/runtime/rows/values.ts';
import { REMEMBERED_KEYS } from '../../../src/runtime/run/plan.ts';
import type { skipReason } from '../../../src/runtime/run/select.ts';
import { SKIPPED_KEYS_KEPT } from '../../../src/runtime/run/tally.ts';
import { BUCKET, csvRows, imageRows, line, planned } from '../rows/fixtures.ts';

const KEYS = 'Bucket, Key';
const keyLines = (keys: readonly string[]) => keys.map((key) => line(BUCKET, key)).join('');
const numbered = (count: number) => Array.from({ length: count }, (_, number) => `${number}.jpg`);

/** mulberry32 */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('what is set aside', () => {
  const cases: [reason: string | undefined, row: Parameters<typeof skipReason>[0]][] = [
    [undefined, { key: 'a.jpg' }],
    [undefined, { key: 'a/b.c/D.JPEG' }],
    [undefined, { key: '.png' }],
    [undefined, { key: 'a.jpg', storageClass: 'GLACIER_IR' }],
    [undefined, { key: 'a.jpg', storageClass: 'STANDARD_IA' }],
    [undefined, { key: 'a.jpg', accessTier: 'FREQUENT', storageClass: 'INTELLIGENT_TIERING' }],
    [undefined, { key: 'a.jpg', accessTier: 'ARCHIVE_INSTANT_ACCESS' }],
    [undefined, { key: 'a.jpg', encryption: 'SSE-KMS' }],
    ['format', { key: 'a.gif' }],
    ['format', { key: 'a.HEIC' }],
    ['not-an-image', { key: 'a.txt' }],
    ['not-an-image', { key: 'a.jpg.download' }],
    ['not-an-image', { key: 'a.jpg/b' }],
    ['not-an-image', { key: 'photos.jpg/', size: 0 }],
    ['not-an-image', { key: 'a.jpg ' }],
    ['not-an-image', { key: 'jpg' }],
    ['not-an-image', { key: 'a.0jpeg' }],
    ['not-an-image', { key: 'a.' }],
    ['archived', { key: 'a.jpg', storageClass: 'GLACIER' }],
    ['archived', { key: 'a.jpg', storageClass: 'DEEP_ARCHIVE' }],
    ['archived', { key: 'a.jpg', accessTier: 'ARCHIVE_ACCESS' }],
    ['archived', { key: 'a.jpg', accessTier: 'DEEP_ARCHIVE_ACCESS' }],
    ['sse-c', { key: 'a.jpg', encryption: 'SSE-C' }],
    ['not-an-image', { key: 'a.txt', storageClass: 'GLACIER' }],
  ];
  const schema = 'Bucket, Key, StorageClass, IntelligentTieringAccessTier, EncryptionStatus';
  const asLine = ({ key, storageClass = '', accessTier = '', encryption = '' }: (typeof cases)[number][1]) =>
    line(BUCKET, key.replaceAll(' ', '+'), storageClass, accessTier, encryption);

  test.each(cases)('%s: %j, decoded or in the bytes of an inventory', async (reason, row) => {
    for (const source of [imageRows([row]), csvRows(asLine(row), schema)]) {
      const { plan } = await planned(source);
      expect(plan.skipped).toEqual(reason === undefined ? {} : { [reason]: 1 });
      expect(plan.skippedKeys).toEqual(reason === undefined ? [] : [{ key: row.key, reason }]);
      expect(plan.chunks).toEqual(reason === undefined ? [1] : []);
      expect(plan.total).toBe(1);
    }
  });

  test('reasons of a listing', async () => {
    const { plan } = await planned(
      imageRows([
        { key: 'a.jpg', skip: 'symlink' },
        { key: 'b', skip: 'unreadable-folder' },
        { key: 'c\ufffd.jpg', skip: 'name-not-utf8' },
        { key: 'd\ud800.jpg' },
      ]),
    );
    expect(plan).toMatchObject({
      total: 4,
      chunks: [],
      skipped: { symlink: 1, 'unreadable-folder': 1, 'name-not-utf8': 2 },
    });
  });

  test('repeated keys of a list, and of nothing else', async () => {
    const rows = ['a.jpg', 'b.jpg', 'a.jpg', 'a.jpg'].map((key) => ({ key }));
    expect((await planned(imageRows(rows, true))).plan).toMatchObject({
      total: 4,
      chunks: [2],
      skipped: { duplicate: 2 },
    });
    expect((await planned(imageRows(rows))).plan).toMatchObject({ chunks: [4], skipped: {} });
    expect(REMEMBERED_KEYS).toBe(1_000_000);
  });

  test('all are counted, the first ones kept', async () => {
    const text = keyLines(Array.from({ length: SKIPPED_KEYS_KEPT + 5 }, (_, number) => `${number}.txt`));
    const { plan } = await planned(csvRows(text, KEYS));
    expect(plan.skipped).toEqual({ 'not-an-image': SKIPPED_KEYS_KEPT + 5 });
    expect(plan.skippedKeys).toHaveLength(SKIPPED_KEYS_KEPT);
    expect(plan.skippedKeys.at(-1)).toEqual({ key: `${SKIPPED_KEYS_KEPT - 1}.txt`, reason: 'not-an-image' });
  });
});

test('judging bytes and judging decoded rows come to the same, in any pieces', async () => {
  const schema =
    'Bucket, Key, Size, LastModifiedDate, StorageClass, IntelligentTieringAccessTier, EncryptionStatus';
  const encodedKey = fc
    .tuple(
      fc.string({
        unit: fc.constantFrom('a', '/', '.', '+', '%20', '%C3%A9', '%FF', '%', '"', 'é', 'J'),
        maxLength: 5,
      }),
      fc.constantFrom(
        '',
        '.jpg',
        '.JPG',
        '.Jpeg',
        '.png',
        '%2Ejpg',
        '.j%70g',
        '.txt',
        '.webp',
        '.heics',
        '.jpg/',
        '.',
      ),
    )
    .map((parts) => parts.join('') || 'x');
  const rowTexts = fc.tuple(
    encodedKey,
    fc.constantFrom('', '0', '12', 'x'),
    fc.constantFrom('', '2026-01-31T12:00:00.000Z', 'x'),
    fc.constantFrom('', 'STANDARD', 'GLACIER', 'DEEP_ARCHIVE', 'GLACIER_IR', 'OUTPOSTS', 'G"CIER'),
    fc.constantFrom('', 'FREQUENT', 'ARCHIVE_ACCESS', 'DEEP_ARCHIVE_ACCESS', 'ARCHIVE_INSTANT_ACCESS'),
    fc.constantFrom('', 'SSE-S3', 'SSE-C', 'SSE-KMS', 'NOT-SSE'),
  );
  const decode = (text: string): string | undefined => {
    try {
      return decodeURIComponent(text.replaceAll('+', ' '));
    } catch {
      return undefined;
    }
  };
  await fc.assert(
    fc.asyncProperty(
      fc.array(rowTexts, { maxLength: 12 }),
      fc.constantFrom('', 'a', 'é', 'a b', '/'),
      fc.integer({ min: 1, max: 400 }),
      fc.integer({ min: 1, max: 4 }),
      async (texts, prefix, piece, chunkRows) => {
        fc.pre(texts.every(([key]) => !/%(?![\dA-F]{2})|%FF/.test(key) || prefix === ''));
        const text = texts.map((row) => line(BUCKET, ...row)).join('');
        const found = await planned(csvRows(text, schema, piece), { prefix, chunkRows });
        const rows = texts.map(([key, size, time, storageClass, accessTier, encryption]) => ({
          key: decode(key) ?? key,
          ...(decode(key) === undefined && { skip: 'name-not-utf8' }),
          ...(parseSize(size) !== undefined && { size: Number(size) }),
          ...(parseTime(time) !== undefined && { lastModified: Date.parse(time) }),
          ...(storageClass && { storageClass }),
          accessTier,
          encryption,
        }));
        const wanted = await planned(imageRows(rows), { prefix, chunkRows });
        expect(found.images).toEqual(wanted.images);
        expect({ ...found.plan, bytes: 0 }).toEqual({ ...wanted.plan, bytes: 0 });
        const skipped = Object.values(found.plan.skipped).reduce((sum, count) => sum + (count ?? 0), 0);
        expect(found.plan.total).toBe(found.images.length + skipped);
        expect(found.plan.chunks.slice(0, -1).every((count) => count === chunkRows)).toBe(true);
      },
    ),
    { numRuns: 500 },
  );
});

test('rows are copied byte for byte, whatever their line ends', async () => {
  const text = '"photos","a.jpg"\r\n\r\nphotos,b.jpg\n"photos","c.txt"\n"photos","d.jpg"';
  const { images, bodies } = await planned(csvRows(text, KEYS), { chunkRows: 2 });
  expect(images.map(({ key }) => key)).toEqual(['a.jpg', 'b.jpg', 'd.jpg']);
  expect(bodies.map((body) => body.subarray(body.indexOf('\n') + 1).toString())).toEqual([
    '"photos","a.jpg"\r\n\r\nphotos,b.jpg\n',
    '"photos","d.jpg"\n',
  ]);
});

test('rows outside the prefix are no part of the run', async () => {
  const rows = ['a b/1.jpg', 'a b/2.txt', 'a+b/3.jpg', 'c.jpg', 'c.txt'];
  for (const source of [
    imageRows(rows.map((key) => ({ key }))),
    csvRows(keyLines(['a+b/1.jpg', 'a%20b/2.txt', 'a%2Bb/3.jpg', 'c.jpg', 'c.txt']), KEYS),
  ]) {
    const { plan, images } = await planned(source, { prefix: 'a b/' });
    expect(images).toEqual([{ key: 'a b/1.jpg' }]);
    expect(plan).toMatchObject({ total: 2, skipped: { 'not-an-image': 1 } });
  }
});

test('a row longer than a piece, and one that never ends', async () => {
  const key = `${'a'.repeat(5_000)}.jpg`;
  expect((await planned(csvRows(keyLines([key, 'b.jpg']), KEYS, 1_100))).images).toHaveLength(2);
  await expect(planned(csvRows(`"photos","${'a'.repeat(2 << 20)}`, KEYS))).rejects.toMatchObject({
    code: 'row-invalid',
    message: "row 1 of '1.csv.gz' does not end",
  });
});

describe('a sample', () => {
  const source = () => csvRows(keyLines(['x.txt', ...numbered(20)]), KEYS);

  test('is all of the run, in the order of its rows', async () => {
    const { plan, images } = await planned(source(), { sample: 5, random: seeded(1), chunkRows: 2 });
    expect(plan).toMatchObject({ total: 5, chunks: [2, 2, 1], skipped: {}, skippedKeys: [] });
    const numbers = images.map(({ key }) => Number.parseInt(key, 10));
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect(new Set(numbers).size).toBe(5);
  });

  test('of more than there are is all that are', async () => {
    const decoded = imageRows([{ key: 'x.txt' }, { key: 'a.jpg' }]);
    expect((await planned(decoded, { sample: 5 })).images).toEqual([{ key: 'a.jpg' }]);
    expect((await planned(source(), { sample: 100 })).plan.chunks).toEqual([20]);
  });

  test('gives every image the same chance', async () => {
    const random = seeded(7);
    const times = new Map<string, number>();
    const rounds = 2_000;
    for (let round = 0; round < rounds; round++) {
      const { images } = await planned(source(), { sample: 5, random });
      for (const { key } of images) times.set(key, (times.get(key) ?? 0) + 1);
    }
    // Expected 500 each, standard deviation 19; the seed is fixed.
    for (const key of numbered(20)) expect(Math.abs((times.get(key) ?? 0) - rounds / 4)).toBeLessThan(80);
  });
});

describe('storing', () => {
  test('chunks are stored several at once, but not all', async () => {
    let now = 0;
    let most = 0;
    const { plan } = await planned(csvRows(keyLines(numbered(100)), KEYS), {
      chunkRows: 1,
      put: async () => {
        most = Math.max(most, ++now);
        await new Promise(setImmediate);
        now--;
      },
    });
    expect(plan.chunks).toHaveLength(100);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThan(20);
  });

  test('a chunk that can’t be stored ends the planning, and nothing is left under way', async () => {
    let under = 0;
    const planning = planned(csvRows(keyLines(numbered(100)), KEYS), {
      chunkRows: 1,
      put: async (chunk) => {
        under++;
        await new Promise(setImmediate);
        under--;
        if (chunk === 3) throw new Error('disk full');
      },
    });
    await expect(planning).rejects.toThrow('disk full');
    expect(under).toBe(0);
  });

  test('the last chunk’s failure is not lost', async () => {
    const put = async () => {
      throw new Error('disk full');
    };
    await expect(planned(csvRows(keyLines(['a.jpg']), KEYS), { put })).rejects.toThrow('disk full');
  });
});

test('it is told how many rows were read, and stops when it is to', async () => {
  const counts: number[] = [];
  const controller = new AbortController();
  const reason = new Error('enough');
  const planning = planned(csvRows(keyLines(numbered(1_000)), KEYS, 1_000), {
    signal: controller.signal,
    onRows(rows) {
      counts.push(rows);
      if (rows > 100) controller.abort(reason);
    },
  });
  await expect(planning).rejects.toBe(reason);
  expect(counts.at(-1)).toBeGreaterThan(100);
  expect(counts.at(-1)).toBeLessThan(300);
});

test('a listing is not read on after the end was asked for', async () => {
  const controller = new AbortController();
  let batches = 0;
  const planning = planned(
    {
      kind: 'images',
      async *read() {
        for (; batches < 10; batches++) yield [{ key: `${batches}.jpg` }];
      },
    },
    { signal: controller.signal, onRows: (rows) => rows === 2 && controller.abort(new Error('enough')) },
  );
  await expect(planning).rejects.toThrow('enough');
  expect(batches).toBe(2);
});
