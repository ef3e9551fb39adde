import { createHash } from 'node:crypto';
import { RekbackError } from '../errors.ts';
import { columnsOf } from './columns.ts';
import { type InventoryFile, type InventoryFiles, readWhole } from './files.ts';
import { gunzipped } from './gunzip.ts';
import { type Manifest, parseManifest } from './manifest.ts';
import type { Row, RowSource } from './source.ts';

/**
 * The rows of the S3 inventory whose manifest.json this is: its bytes checked against `manifest.checksum` beside it,
 * its data files against the sizes and MD5 sums in it. Every data file must be there before the first row is read.
 *
 * Throws a `RekbackError` that names the file: `file-missing`, `checksum-mismatch`, `manifest-invalid`, `wrong-bucket`,
 * `orc-unsupported`, `column-missing`.
 */
export async function openInventory(
  files: InventoryFiles,
  manifestFile: InventoryFile,
  bucket: string,
): Promise<RowSource> {
  const bytes = await readWhole(manifestFile);
  const manifest = parseManifest(bytes, manifestFile.name);
  await checkManifest(files, manifestFile.name, bytes);
  if (manifest.sourceBucket !== bucket) {
    throw new RekbackError(
      'wrong-bucket',
      `the inventory '${manifestFile.name}' is of bucket '${manifest.sourceBucket}', not of '${bucket}'`,
      { suggestions: ['name an inventory of this stack’s bucket, or another stack with --stack'] },
    );
  }
  columnsOf(manifest.columns, manifestFile.name, ['bucket', 'key']);
  const opened = [];
  for (const listed of manifest.files) {
    const file = await files.openListed(manifestFile.name, listed.key);
    if (file.size !== listed.size) {
      throw new RekbackError(
        'checksum-mismatch',
        `'${file.name}' has ${file.size} bytes, and its manifest says ${listed.size}`,
        { suggestions: ['copy or download the file again'] },
      );
    }
    opened.push({ file, md5: listed.md5 });
  }
  return manifest.format === 'CSV'
    ? csvRows(manifest, bucket, opened)
    : parquetRows(manifest, bucket, opened);
}

type Opened = readonly { file: InventoryFile; md5: string }[];

const csvRows = (manifest: Manifest, bucket: string, opened: Opened): RowSource => ({
  kind: 'csv',
  bucket,
  columns: manifest.columns,
  files: opened.map(({ file, md5 }) => ({
    name: file.name,
    read: () =>
      gunzipped(file.name, file.stream(), {
        reuse: true,
        check: (found) => assertSum(file.name, found, md5),
      }),
  })),
});

const parquetRows = (manifest: Manifest, bucket: string, opened: Opened): RowSource => ({
  kind: 'images',
  async *read(): AsyncGenerator<readonly Row[]> {
    const { readParquet } = await import('./parquet.ts');
    for (const { file, md5 } of opened) {
      // Parquet is read from its end, so the sum takes a pass of its own.
      for await (const _ of verified(file, md5));
      yield* readParquet(file, { bucket, columns: manifest.columns });
    }
  },
});

async function checkManifest(files: InventoryFiles, name: string, bytes: Buffer): Promise<void> {
  const beside = name.replace(/[^/]*$/, 'manifest.checksum');
  const checksum = (await readWhole(await files.open(beside))).toString('latin1').trim().toLowerCase();
  if (checksum === createHash('md5').update(bytes).digest('hex')) return;
  throw new RekbackError('checksum-mismatch', `'${name}' does not have the MD5 sum that '${beside}' gives`, {
    suggestions: ['copy or download both files again'],
  });
}

/** The bytes of a file; throws `checksum-mismatch` after the last one when they are not those the manifest means. */
async function* verified(file: InventoryFile, md5: string): AsyncGenerator<Buffer> {
  const hash = createHash('md5');
  for await (const piece of file.stream()) {
    hash.update(piece);
    yield piece;
  }
  assertSum(file.name, hash.digest('hex'), md5);
}

/** @throws RekbackError `checksum-mismatch` */
function assertSum(name: string, found: string, md5: string): void {
  if (found === md5) return;
  throw new RekbackError(
    'checksum-mismatch',
    `'${name}' has the MD5 sum ${found}, and its manifest says ${md5}`,
    { suggestions: ['copy or download the file again'] },
  );
}
