import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RunSummary } from '../../src/runtime/run/record.ts';
import { DOGS, type Workspace, workspace } from './workspace.ts';

let space: Workspace;

beforeEach(async () => {
  space = await workspace();
  await space.json(['setup', '--folder', 'photos']);
});

afterEach(() => space.remove());

const KEYS = [...DOGS, 'nosuch.jpg'];

const encode = (key: string) => encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/');

const csv = () => `Bucket,Key\n${KEYS.map((key) => `"${space.photos}","${key}"\n`).join('')}`;

const FILES: Readonly<Record<string, () => Uint8Array | string>> = {
  'keys.txt': () => KEYS.join('\n'),
  'keys.txt.gz': () => gzipSync(`${KEYS.join('\n')}\n`),
  'rows.csv': csv,
  'rows.csv.gz': () => gzipSync(csv()),
  'rows.parquet': () =>
    new Uint8Array(
      parquetWriteBuffer({
        columnData: [
          { name: 'bucket', data: KEYS.map(() => space.photos) },
          { name: 'key', data: KEYS },
        ],
      }),
    ),
};

async function expectDogs(file: string): Promise<void> {
  const { run } = await space.json<{ run: RunSummary }>(['backfill', 'now', '--from', file]);
  expect(run).toMatchObject({ total: 5, indexed: 4, skipped: { gone: 1 }, failed: {}, labelCalls: 4 });
  const { images } = await space.json<{ images: { key: string }[] }>(['search', 'dog']);
  expect(images.map(({ key }) => key)).toEqual(DOGS);
}

test.each(Object.entries(FILES))('%s', async (name, content) => {
  await writeFile(join(space.folder, name), content());
  await expectDogs(name);
});

test("an inventory's manifest.json", async () => {
  const data = gzipSync(KEYS.map((key) => `"${space.photos}","${encode(key)}"\n`).join(''));
  const md5 = createHash('md5').update(data).digest('hex');
  const manifest = JSON.stringify({
    sourceBucket: space.photos,
    destinationBucket: 'arn:aws:s3:::inventories',
    version: '2016-11-30',
    fileFormat: 'CSV',
    fileSchema: 'Bucket, Key',
    files: [{ key: 'photos/data/rows.csv.gz', size: data.length, MD5checksum: md5 }],
  });
  const folder = join(space.folder, 'inventory/2026-01-01T00-00Z');
  await mkdir(folder, { recursive: true });
  await mkdir(join(space.folder, 'inventory/data'));
  await writeFile(join(space.folder, 'inventory/data/rows.csv.gz'), data);
  await writeFile(join(folder, 'manifest.json'), manifest);
  await writeFile(join(folder, 'manifest.checksum'), createHash('md5').update(manifest).digest('hex'));
  await expectDogs('inventory/2026-01-01T00-00Z/manifest.json');
});

test('listing is the folder itself', async () => {
  const { run } = await space.json<{ run: RunSummary }>(['backfill', 'now', '--from', 'listing'], 3);
  expect(run.total).toBe(31);
});

test.each([
  ['nosuch.txt', 'file-missing'],
  ['photos', 'not-a-file'],
  ['s3://bucket/manifest.json', 'rows-unknown'],
  ['photos/animals/puppy.jpg', 'rows-unknown'],
])('%s is refused before a run begins', async (file, code) => {
  const { stdout } = await space.run(['backfill', 'now', '--from', file, '--json']);
  expect(JSON.parse(stdout).error).toMatchObject({ code, suggestions: [expect.any(String)] });
  expect(await space.json(['backfill', 'list'])).toMatchObject({ runs: [] });
});
