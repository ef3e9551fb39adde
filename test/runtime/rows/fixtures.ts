import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { ListedImage } from '../../../src/runtime/ports.ts';
import { readChunk } from '../../../src/runtime/rows/chunk.ts';
import type { Row, RowSource } from '../../../src/runtime/rows/source.ts';
import { type Plan, type PlanOptions, planRun } from '../../../src/runtime/run/plan.ts';

export const BUCKET = 'photos';
const FORMATS: ReadonlySet<string> = new Set(['.jpg', '.jpeg', '.png']);

export const md5 = (bytes: Uint8Array | string): string => createHash('md5').update(bytes).digest('hex');

/** A folder for one test, gone with it. */
export async function temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'rows-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

export async function write(folder: string, files: Record<string, Uint8Array | string>): Promise<void> {
  for (const [name, body] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), body);
  }
}

/** Bytes in pieces, as a file is streamed. */
export async function* pieces(bytes: Buffer, piece: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
}

/** A field as S3 writes it. */
export const quoted = (value: string | number): string => `"${String(value).replaceAll('"', '""')}"`;
export const line = (...values: (string | number)[]): string => `${values.map(quoted).join(',')}\n`;

export const SCHEMA = 'Bucket, Key, Size, LastModifiedDate, ETag, StorageClass';

/** The files of a delivered inventory below `inventory/`, by path. */
export function inventory(
  data: Record<string, Buffer>,
  { fileSchema = SCHEMA, fileFormat = 'CSV', sourceBucket = BUCKET } = {},
): Record<string, Uint8Array | string> {
  const files = Object.entries(data).map(([name, body]) => ({
    key: `inventory/data/${name}`,
    size: body.length,
    MD5checksum: md5(body),
  }));
  const manifest = JSON.stringify({
    sourceBucket,
    destinationBucket: 'arn:aws:s3:::inventories',
    version: '2016-11-30',
    creationTimestamp: '1763856000000',
    fileFormat,
    fileSchema,
    files,
  });
  return {
    'inventory/2026-01-01T00-00Z/manifest.json': manifest,
    'inventory/2026-01-01T00-00Z/manifest.checksum': `${md5(manifest)}\n`,
    ...Object.fromEntries(Object.entries(data).map(([name, body]) => [`inventory/data/${name}`, body])),
  };
}

/** An inventory of one CSV file that is given as it is unpacked. */
export const csvInventory = (text: string, options?: Parameters<typeof inventory>[1]) =>
  inventory({ '1.csv.gz': gzipSync(text) }, options);

export const MANIFEST = 'inventory/2026-01-01T00-00Z/manifest.json';

/** Rows in the bytes of an inventory, read in pieces of so many bytes. */
export const csvRows = (text: string | Buffer, columns = SCHEMA, piece = 1 << 16): RowSource => ({
  kind: 'csv',
  bucket: BUCKET,
  columns: columns.split(', '),
  files: [{ name: '1.csv.gz', read: () => pieces(Buffer.from(text), piece) }],
});

export const imageRows = (rows: readonly Row[], mayRepeat = false): RowSource => ({
  kind: 'images',
  mayRepeat,
  async *read() {
    yield rows;
  },
});

/** Plans into memory; also the images of every chunk. */
export async function planned(
  rows: RowSource,
  options: Partial<PlanOptions> = {},
): Promise<{ plan: Plan; images: ListedImage[]; bodies: Buffer[] }> {
  const bodies: Buffer[] = [];
  const plan = await planRun({
    rows,
    formats: FORMATS,
    compress: false,
    put: async (chunk, body) => {
      // The memory of the body is used again.
      bodies[chunk] = Buffer.from(body);
    },
    signal: new AbortController().signal,
    ...options,
  });
  const images = (await Promise.all(bodies.map((body) => readChunk(body)))).flat();
  return { plan, images, bodies };
}

/** Every row of a source of decoded rows. */
export async function allRows(rows: AsyncIterable<readonly Row[]>): Promise<Row[]> {
  const all: Row[] = [];
  for await (const batch of rows) all.push(...batch);
  return all;
}
