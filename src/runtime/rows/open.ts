import { RekbackError } from '../errors.ts';
import { readCsv } from './csv.ts';
import type { InventoryFile, InventoryFiles } from './files.ts';
import { gunzipped } from './gunzip.ts';
import { openInventory } from './inventory.ts';
import { readKeys } from './keys.ts';
import { orcUnsupported } from './manifest.ts';
import type { RowSource } from './source.ts';

/**
 * The rows of the file that an operator named, of whatever kind: the manifest.json of an S3 inventory (CSV or Parquet),
 * a CSV (`.csv`), a Parquet file (`.parquet`, or any name) or a key list (`.txt`); the texts also with `.gz`.
 * `bucket` is the stack's: rows of another one are refused.
 *
 * Throws a `RekbackError` that names the file, here or while the rows are read: never fewer rows than there are.
 */
export async function openRows(files: InventoryFiles, name: string, bucket: string): Promise<RowSource> {
  const file = await files.open(name);
  if (file.size === 0) {
    throw new RekbackError('file-empty', `'${file.name}' is empty`, {
      suggestions: ['copy or download the file again'],
    });
  }
  const head = await file.slice(0, 8);
  switch (kindOf(file.name, head)) {
    case 'manifest':
      return openInventory(files, file, bucket);
    case 'parquet':
      return {
        kind: 'images',
        async *read() {
          const { readParquet } = await import('./parquet.ts');
          yield* readParquet(file, { bucket });
        },
      };
    case 'csv':
      return {
        kind: 'images',
        mayRepeat: true,
        read: () => readCsv(file.name, unpacked(file, head), bucket),
      };
    case 'keys':
      return { kind: 'images', mayRepeat: true, read: () => readKeys(file.name, unpacked(file, head)) };
  }
}

type Kind = 'manifest' | 'parquet' | 'csv' | 'keys';

/** A text is known by its name; a binary file by its first bytes too, which no text begins with. */
function kindOf(path: string, head: Buffer): Kind {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  const start = head.toString('latin1');
  const binary = start.charCodeAt(4) < 0x20;
  if (name.endsWith('.parquet') || (start.startsWith('PAR1') && binary)) return 'parquet';
  if (name.endsWith('.orc') || (start.startsWith('ORC') && /[^\x20-\x7e]/.test(start))) {
    throw orcUnsupported(path);
  }
  if (start.startsWith('\xff\xfe') || start.startsWith('\xfe\xff')) {
    throw new RekbackError('encoding-unsupported', `'${path}' is UTF-16`, {
      suggestions: ['save it as UTF-8'],
    });
  }
  if (name === 'manifest.checksum' || name === 'symlink.txt') {
    throw new RekbackError('rows-unknown', `'${path}' belongs to an S3 inventory and holds no rows`, {
      suggestions: ['name the manifest.json of the inventory instead'],
    });
  }
  if (/\.csv(?:\.gz)?$/.test(name)) return 'csv';
  if (/\.txt(?:\.gz)?$/.test(name)) return 'keys';
  if (name.endsWith('.json') || start.trimStart().startsWith('{')) return 'manifest';
  throw new RekbackError('rows-unknown', `can't tell what kind of rows '${path}' holds`, {
    suggestions: [
      'name a manifest.json of an S3 inventory, or a file that ends in .csv, .csv.gz, .parquet or .txt',
    ],
  });
}

const isGzip = (head: Buffer): boolean => head[0] === 0x1f && head[1] === 0x8b;

const unpacked = (file: InventoryFile, head: Buffer): AsyncIterable<Buffer> =>
  isGzip(head) || file.name.endsWith('.gz') ? gunzipped(file.name, file.stream()) : file.stream();
