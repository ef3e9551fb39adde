import { RekbackError } from '../errors.ts';
import { columnsOf } from './columns.ts';
import type { InventoryFile } from './files.ts';
import { ROW_BATCH, type Row } from './source.ts';
import { parseEtag, parseTime } from './values.ts';
import { isCurrentVersion, wrongBucket } from './versions.ts';

/**
 * The rows of a Parquet file, a row group at a time, only the columns that are used. Keys are as they are: S3 encodes
 * them in CSV only. `columns`: what the manifest says that the file has; without it, what the file says itself.
 *
 * Throws a `RekbackError` that names the file: `file-damaged`, `column-missing`, `wrong-bucket`.
 */
export async function* readParquet(
  file: InventoryFile,
  { bucket, columns }: { bucket: string; columns?: readonly string[] },
): AsyncGenerator<readonly Row[]> {
  const [{ parquetMetadataAsync, parquetScan, parquetSchema }, { compressors }] = await Promise.all([
    import('hyparquet'),
    import('hyparquet-compressors'),
  ]);
  const attempt = async <T>(read: () => Promise<T>): Promise<T> => {
    try {
      return await read();
    } catch (error) {
      if (error instanceof RekbackError) throw error;
      throw damaged(file.name, 'its end is missing or its data are not valid', error);
    }
  };
  const buffer = {
    byteLength: file.size,
    slice: async (start: number, end = file.size) => {
      const bytes = await file.slice(start, end);
      return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    },
  };
  const metadata = await attempt(() => parquetMetadataAsync(buffer, { geoparquet: false }));
  const names = parquetSchema(metadata).children.map((child) => child.element.name);
  const lacking = (columns ?? []).find((name) => !names.includes(name));
  if (lacking !== undefined) {
    throw new RekbackError(
      'column-missing',
      `'${file.name}' has no column '${lacking}', which its manifest names`,
      { suggestions: ['name the manifest that S3 delivered with this file'] },
    );
  }
  const at = columnsOf(names, file.name, columns === undefined ? ['key'] : ['bucket', 'key']);
  const { count, ...indexes } = at;
  const used = Object.values(indexes).flatMap((index) => names[index] ?? []);
  const scan = await attempt(() => parquetScan({ file: buffer, metadata, columns: used, compressors }));
  let rowsRead = 0;
  for (const range of scan.ranges) {
    const length = range.rowEnd - range.rowStart;
    const values = new Map<number, ArrayLike<unknown>>();
    for (const name of used) {
      const read = await attempt(() => scan.readColumn({ column: name, ...range }));
      if (read.length !== length) {
        throw damaged(file.name, `its column '${name}' has ${read.length} of ${length} rows`);
      }
      values.set(names.indexOf(name), read);
    }
    const value = (column: number, index: number): unknown => values.get(column)?.[index] ?? undefined;
    for (let start = 0; start < length; start += ROW_BATCH) {
      const rows: Row[] = [];
      for (let index = start; index < Math.min(start + ROW_BATCH, length); index++) {
        const where = `row ${range.rowStart + index + 1} of '${file.name}'`;
        const ofBucket = value(at.bucket, index);
        if (ofBucket !== undefined && ofBucket !== bucket) throw wrongBucket(where, String(ofBucket), bucket);
        if (!isCurrentVersion(value(at.isLatest, index), value(at.isDeleteMarker, index), where)) continue;
        rows.push(rowOf(where, (column) => value(at[column], index)));
      }
      yield rows;
    }
    rowsRead += length;
  }
  if (rowsRead !== Number(metadata.num_rows)) {
    throw damaged(file.name, `it has ${rowsRead} of ${metadata.num_rows} rows`);
  }
}

function rowOf(where: string, value: (column: Exclude<keyof Row, 'skip'>) => unknown): Row {
  const key = value('key');
  if (typeof key !== 'string' || key === '') {
    throw new RekbackError('row-invalid', `${where} has no key`, {
      suggestions: ['name a file whose key column holds texts'],
    });
  }
  const size = wholeNumber(value('size'));
  const lastModified = timeOf(value('lastModified'));
  const text = (column: 'etag' | 'storageClass' | 'accessTier' | 'encryption') => {
    const found = value(column);
    return typeof found === 'string' && found !== '' ? found : undefined;
  };
  const etag = text('etag');
  const storageClass = text('storageClass');
  const accessTier = text('accessTier');
  const encryption = text('encryption');
  return {
    key,
    ...(size !== undefined && { size }),
    ...(lastModified !== undefined && { lastModified }),
    ...(etag !== undefined && { etag: parseEtag(etag) }),
    ...(storageClass !== undefined && { storageClass }),
    ...(accessTier !== undefined && { accessTier }),
    ...(encryption !== undefined && { encryption }),
  };
}

function wholeNumber(value: unknown): number | undefined {
  const number = typeof value === 'bigint' ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

/** Timestamps come as dates, where the file says so in its schema, or as ISO texts. */
function timeOf(value: unknown): number | undefined {
  if (typeof value === 'string') return parseTime(value);
  const time = value instanceof Date ? value.getTime() : Number.NaN;
  return Number.isNaN(time) ? undefined : Math.floor(time);
}

function damaged(name: string, why: string, cause?: unknown): RekbackError {
  return new RekbackError('file-damaged', `'${name}' is not a whole Parquet file: ${why}`, {
    cause,
    suggestions: ['copy or download the file again'],
  });
}
