import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, test } from 'vitest';
import { localFiles } from '../../../src/adapters/folder/files.ts';
import { openRows } from '../../../src/runtime/rows/open.ts';
import {
  BUCKET,
  csvInventory,
  inventory,
  line,
  MANIFEST,
  md5,
  planned,
  quoted,
  SCHEMA,
  temporaryFolder,
  write,
} from './fixtures.ts';

type Files = Record<string, Uint8Array | string>;

/** Keys of the images that a run of this file would be about, and the plan. */
async function read(files: Files, name: string) {
  await using folder = await temporaryFolder();
  await write(folder.path, files);
  const { plan, images } = await planned(await openRows(localFiles, join(folder.path, name), BUCKET));
  return { keys: images.map(({ key }) => key), images, plan };
}

const refused = (files: Files, name: string, code: string, ...texts: string[]) =>
  expect(read(files, name)).rejects.toMatchObject({
    name: 'RekbackError',
    code,
    message: expect.stringMatching(
      new RegExp(texts.map((text) => text.replace(/[.*+?^$()|[\]\\]/g, '\\$&')).join('.*'), 's'),
    ),
  });

const DATE = '2026-01-31T12:00:00.000Z';
const ROW = line(BUCKET, 'a+b%C3%A9.jpg', 12, DATE, 'e1', 'STANDARD');

function parquet(
  columns: Record<string, { data: unknown[]; type?: 'STRING' | 'INT64' | 'TIMESTAMP' | 'BOOLEAN' }>,
) {
  const columnData = Object.entries(columns).map(([name, { data, type = 'STRING' }]) => ({
    name,
    data,
    type,
  }));
  return Buffer.from(parquetWriteBuffer({ columnData, rowGroupSize: 2 }));
}

const parquetRows = parquet({
  bucket: { data: [BUCKET, BUCKET, BUCKET] },
  key: { data: ['a+b%20é.jpg', 'c.JPG', 'd.txt'] },
  size: { data: [1n, 2n, 3n], type: 'INT64' },
  last_modified_date: { data: [new Date(DATE), new Date(DATE), new Date(DATE)], type: 'TIMESTAMP' },
  e_tag: { data: ['e1', 'e2', 'e3'] },
  storage_class: { data: ['STANDARD', 'GLACIER', 'STANDARD'] },
});
const PARQUET_SCHEMA =
  'message s3.inventory { required binary bucket (UTF8); required binary key (UTF8); optional int64 size; ' +
  'optional int64 last_modified_date (TIMESTAMP_MILLIS); optional binary e_tag (UTF8); ' +
  'optional binary storage_class (UTF8); }';

describe('an S3 inventory', () => {
  test('CSV: columns from the manifest, keys decoded once', async () => {
    const { images, plan } = await read(csvInventory(ROW), MANIFEST);
    expect(images).toEqual([
      { key: 'a bé.jpg', size: 12, lastModified: Date.parse(DATE), etag: 'e1', storageClass: 'STANDARD' },
    ]);
    expect(plan).toMatchObject({ total: 1, chunks: [1], skipped: {} });
  });

  test('columns in any order', async () => {
    const files = csvInventory(line(7, 'a.jpg', BUCKET), { fileSchema: 'Size, Key, Bucket' });
    expect((await read(files, MANIFEST)).images).toEqual([{ key: 'a.jpg', size: 7 }]);
  });

  test('several files; a last line without an end', async () => {
    const files = inventory({
      '1.csv.gz': gzipSync(ROW.trimEnd()),
      '2.csv.gz': gzipSync(''),
      '3.csv.gz': gzipSync(line(BUCKET, 'z.png', '', '', '', '') + line(BUCKET, 'z.txt', 1, DATE, 'e', '')),
    });
    const { keys, plan } = await read(files, MANIFEST);
    expect(keys).toEqual(['a bé.jpg', 'z.png']);
    expect(plan).toMatchObject({ total: 3, skipped: { 'not-an-image': 1 } });
  });

  test('Parquet: snake_case columns, keys as they are', async () => {
    const files = inventory(
      { '1.parquet': parquetRows },
      { fileFormat: 'Parquet', fileSchema: PARQUET_SCHEMA },
    );
    const { images, plan } = await read(files, MANIFEST);
    expect(images).toEqual([
      { key: 'a+b%20é.jpg', size: 1, lastModified: Date.parse(DATE), etag: 'e1', storageClass: 'STANDARD' },
    ]);
    expect(plan).toMatchObject({ total: 3, skipped: { archived: 1, 'not-an-image': 1 } });
  });

  test('of all versions: only what a reader of the bucket sees', async () => {
    const fileSchema = 'Bucket, Key, VersionId, IsLatest, IsDeleteMarker';
    const versions: [key: string, latest: string, marker: string][] = [
      ['now.jpg', 'true', 'false'],
      ['now.jpg', 'false', 'false'],
      ['deleted.jpg', 'true', 'true'],
      ['deleted.jpg', 'false', 'false'],
    ];
    const rows = versions.map(([key, latest, marker]) => line(BUCKET, key, '', latest, marker)).join('');
    const { keys, plan } = await read(csvInventory(rows, { fileSchema }), MANIFEST);
    expect(keys).toEqual(['now.jpg']);
    expect(plan.total).toBe(1);

    const file = parquet({
      bucket: { data: versions.map(() => BUCKET) },
      key: { data: versions.map(([key]) => key) },
      is_latest: { data: versions.map(([, latest]) => latest === 'true'), type: 'BOOLEAN' },
      is_delete_marker: { data: versions.map(([, , marker]) => marker === 'true'), type: 'BOOLEAN' },
    });
    expect((await read({ 'x.parquet': file }, 'x.parquet')).keys).toEqual(['now.jpg']);
  });

  test.each(['inventory', 'deep/er/inventory'])(
    'data files are found where a download puts them: %s',
    async (to) => {
      const data = gzipSync(ROW);
      const files = csvInventory(ROW);
      const moved: Files = {
        [`${to}/manifest.json`]: files[MANIFEST] ?? '',
        [`${to}/manifest.checksum`]: files[MANIFEST.replace('json', 'checksum')] ?? '',
      };
      for (const place of [`${to}/1.csv.gz`, `${to}/../data/1.csv.gz`, 'inventory/data/1.csv.gz']) {
        expect((await read({ ...moved, [place]: data }, `${to}/manifest.json`)).keys).toEqual(['a bé.jpg']);
      }
    },
  );

  test('ORC is refused with the formats that work', async () => {
    const files = inventory(
      { '1.orc': Buffer.from('ORC') },
      { fileFormat: 'ORC', fileSchema: 'struct<key:string>' },
    );
    await refused(files, MANIFEST, 'orc-unsupported', 'manifest.json');
    await expect(read(files, MANIFEST)).rejects.toMatchObject({
      suggestions: [expect.stringMatching(/CSV.*Parquet/)],
    });
    await refused({ 'x.orc': 'ORC\u0001' }, 'x.orc', 'orc-unsupported', 'x.orc');
  });

  test('another bucket, in the manifest or in a row, is named with the right one', async () => {
    await refused(csvInventory(ROW, { sourceBucket: 'else' }), MANIFEST, 'wrong-bucket', 'else', BUCKET);
    const row = line('else', 'a.jpg', 1, DATE, 'e', '');
    await refused(csvInventory(ROW + row), MANIFEST, 'wrong-bucket', 'row 2 of', '1.csv.gz', 'else', BUCKET);
  });

  test('what is missing or changed is named', async () => {
    const { [MANIFEST]: manifest, ...rest } = csvInventory(ROW);
    const whole = { ...rest, [MANIFEST]: manifest ?? '' };
    const checksum = MANIFEST.replace('json', 'checksum');
    const data = 'inventory/data/1.csv.gz';
    const without = (name: string) =>
      Object.fromEntries(Object.entries(whole).filter(([key]) => key !== name));
    await refused(rest, MANIFEST, 'file-missing', 'manifest.json');
    await refused(without(checksum), MANIFEST, 'file-missing', 'manifest.checksum');
    await refused(without(data), MANIFEST, 'file-missing', data);
    await refused({ ...whole, [checksum]: md5('else') }, MANIFEST, 'checksum-mismatch', 'manifest.json');
    await refused(
      { ...whole, [data]: gzipSync(ROW + ROW) },
      MANIFEST,
      'checksum-mismatch',
      '1.csv.gz',
      'bytes',
    );
    const stored = (text: string) => gzipSync(text, { level: 0 });
    const changed = inventory({ '1.csv.gz': stored(ROW) });
    changed[data] = stored(ROW.replace('e1', 'e2'));
    await refused(changed, MANIFEST, 'checksum-mismatch', '1.csv.gz', 'MD5');
    await refused(
      csvInventory(ROW, { fileSchema: 'Bucket, Size' }),
      MANIFEST,
      'column-missing',
      'manifest.json',
      'key',
    );
    await refused(
      csvInventory(ROW, { fileSchema: 'Bucket, Key' }),
      MANIFEST,
      'row-invalid',
      'row 1',
      '1.csv.gz',
      '6',
    );
    await refused(csvInventory(`${ROW}"a"b,`), MANIFEST, 'row-invalid', 'row 2', '1.csv.gz');
  });

  test('a key that leads out of the folders of the inventory is not followed', async () => {
    const files = inventory({ '../../../secret.csv.gz': gzipSync(ROW) });
    await refused(files, MANIFEST, 'file-missing', '../../../secret.csv.gz');
  });
});

describe('a Parquet file on its own', () => {
  test('is known by its name or its first bytes', async () => {
    for (const name of ['x.parquet', 'x']) {
      const { plan } = await read({ [name]: parquetRows }, name);
      expect(plan).toMatchObject({ total: 3, chunks: [1] });
    }
  });

  test('needs a key, and the bucket of the stack where it has one', async () => {
    const file = parquet({ key: { data: ['a.jpg', 'b.jpg', 'c.jpg', 'd.jpg', 'e.jpg'] } });
    expect((await read({ 'x.parquet': file }, 'x.parquet')).keys).toHaveLength(5);
    await refused({ 'x.parquet': parquet({ name: { data: ['a'] } }) }, 'x.parquet', 'column-missing', 'key');
    const foreign = parquet({ bucket: { data: [BUCKET, 'else'] }, key: { data: ['a.jpg', 'b.jpg'] } });
    await refused({ 'x.parquet': foreign }, 'x.parquet', 'wrong-bucket', 'row 2', 'else', BUCKET);
  });
});

describe('what no one meant', () => {
  test.each([
    ['a folder', { 'x.csv/y': '' }, 'x.csv', 'not-a-file'],
    ['nothing', {}, 'x.csv', 'file-missing'],
    ['an empty file', { 'x.csv': '' }, 'x.csv', 'file-empty'],
    ['an empty file, packed', { 'x.txt.gz': gzipSync('') }, 'x.txt.gz', 'file-empty'],
    ['an unknown kind', { 'x.dat': 'hello' }, 'x.dat', 'rows-unknown'],
    ['JSON that is no manifest', { 'x.json': '[]' }, 'x.json', 'manifest-invalid'],
    ['the checksum', csvInventory(ROW), MANIFEST.replace('json', 'checksum'), 'rows-unknown'],
    ['UTF-16', { 'x.csv': Buffer.from('\ufeffkey\n', 'utf16le') }, 'x.csv', 'encoding-unsupported'],
    ['text named .gz', { 'x.csv.gz': 'key\na.jpg\n' }, 'x.csv.gz', 'file-damaged'],
  ] as [string, Files, string, string][])('%s is refused by name', async (_, files, name, code) => {
    await refused(files, name, code, code === 'file-missing' ? '' : name);
  });
});

describe('a file cut off at any byte gives all rows or an error that names it', () => {
  const keys = Array.from({ length: 20 }, (_, number) => `${number}.jpg`);
  const csv = `key,size\n${keys.map((key, size) => `${key},${size}\n`).join('')}`;
  const cases: [label: string, files: Files, file: string, opened: string][] = [
    ['manifest', csvInventory(ROW), MANIFEST, MANIFEST],
    ['checksum', csvInventory(ROW), MANIFEST.replace('json', 'checksum'), MANIFEST],
    ['data file', csvInventory(ROW), 'inventory/data/1.csv.gz', MANIFEST],
    ['CSV.gz', { 'x.csv.gz': gzipSync(csv) }, 'x.csv.gz', 'x.csv.gz'],
    ['key list', { 'x.txt.gz': gzipSync(keys.join('\n')) }, 'x.txt.gz', 'x.txt.gz'],
    ['Parquet', { 'x.parquet': parquetRows }, 'x.parquet', 'x.parquet'],
    [
      'Parquet of an inventory',
      inventory({ '1.parquet': parquetRows }, { fileFormat: 'Parquet', fileSchema: PARQUET_SCHEMA }),
      'inventory/data/1.parquet',
      MANIFEST,
    ],
  ];
  test.each(cases)('%s', async (_, files, cut, opened) => {
    await using folder = await temporaryFolder();
    await write(folder.path, files);
    const { plan: whole } = await planned(await openRows(localFiles, join(folder.path, opened), BUCKET));
    const bytes = Buffer.from(files[cut] ?? '');
    let errors = 0;
    for (let end = 0; end < bytes.length; end++) {
      await write(folder.path, { [cut]: bytes.subarray(0, end) });
      try {
        const { plan } = await planned(await openRows(localFiles, join(folder.path, opened), BUCKET));
        expect(plan).toEqual(whole);
      } catch (error) {
        errors++;
        expect(error).toMatchObject({
          name: 'RekbackError',
          message: expect.stringContaining(cut.split('/').at(-1)?.split('.')[0] ?? cut),
        });
      }
    }
    // The line end after a checksum is the only byte that may be missing.
    expect(errors).toBeGreaterThanOrEqual(bytes.length - 1);
  });
});

test('the columns of the fixtures are those of S3', () => {
  expect(SCHEMA.split(', ')).toHaveLength(ROW.split(',').length);
  expect(quoted('a"b')).toBe('"a""b"');
});
