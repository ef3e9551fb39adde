import { pipeline } from 'node:stream';
import { RekbackError } from '../errors.ts';
import { type Columns, columnName, columnsOf } from './columns.ts';
import { keyRow } from './keys.ts';
import { ROW_BATCH, type Row } from './source.ts';
import { parseSize, parseTime, row } from './values.ts';
import { wrongBucket } from './versions.ts';

/** Bytes; a quote too few would make the rest of the file one record. */
const LONGEST_RECORD = 1 << 20;

/** A first line of nothing but quoted values, as S3 writes them. */
const ALL_QUOTED = /^"[^"]*"(?:,"[^"]*")+\r?$/;

/**
 * The rows of a CSV that a person made. With a header row (one that has a column `key`, in any case) its columns may be
 * key, bucket, size (bytes), lastModified (ISO 8601), etag and storageClass, in any order; others are passed over.
 * Without one, a row is `bucket,key` or `key`. Keys are as they are, not URL-encoded.
 *
 * A data file of an S3 inventory, whose keys are encoded and whose columns only its manifest names, is refused.
 * Throws a `RekbackError` that names the file: `file-empty`, `inventory-data`, `column-missing`, `row-invalid`,
 * `wrong-bucket`.
 */
export async function* readCsv(
  name: string,
  pieces: AsyncIterable<Buffer>,
  bucket: string,
): AsyncGenerator<readonly Row[]> {
  const { parse } = await import('csv-parse');
  // latin1 keeps every byte, so that what is not UTF-8 can be told from what is.
  const parser = parse({
    encoding: 'latin1',
    bom: true,
    skip_empty_lines: true,
    record_delimiter: ['\r\n', '\n'],
    max_record_size: LONGEST_RECORD,
  });
  let firstLine = '';
  async function* watched() {
    for await (const piece of pieces) {
      if (!firstLine.includes('\n')) firstLine += piece.toString('latin1', 0, LONGEST_RECORD);
      yield piece;
    }
  }
  pipeline(watched, parser, () => {});
  let columns: Columns | undefined;
  let ordinal = 0;
  let rows: Row[] = [];
  try {
    for await (const record of parser) {
      const values: string[] = record;
      ordinal++;
      if (columns === undefined) {
        if (values.some((value) => columnName(value) === 'key')) {
          columns = columnsOf(values, name, ['key']);
          continue;
        }
        columns = headerless(values, name, bucket, ALL_QUOTED.test(firstLine.split('\n', 1)[0] ?? ''));
      }
      rows.push(rowOf(values, columns, bucket, `row ${ordinal} of '${name}'`));
      if (rows.length === ROW_BATCH) {
        yield rows;
        rows = [];
      }
    }
  } catch (error) {
    throw asRowError(error, name);
  }
  if (rows.length > 0) yield rows;
  if (ordinal === 0) {
    throw new RekbackError('file-empty', `'${name}' has no rows`, {
      suggestions: ['write a header row with a column `key`, and a row for each image'],
    });
  }
}

function headerless(values: readonly string[], name: string, bucket: string, allQuoted: boolean): Columns {
  if (values.length > 1 && values[0] === bucket && (values.length > 2 || allQuoted)) {
    throw new RekbackError(
      'inventory-data',
      `'${name}' looks like a data file of an S3 inventory, and only its manifest says what its columns are`,
      {
        suggestions: [
          'name the manifest.json of the inventory instead',
          'if it is a list of your own, add a header row such as `bucket,key`',
        ],
      },
    );
  }
  if (values.length > 2) {
    throw new RekbackError(
      'column-missing',
      `'${name}' has ${values.length} columns and no header row with a column 'key'`,
      { suggestions: ['add a header row such as `key,size,lastModified`'] },
    );
  }
  return columnsOf(values.length === 2 ? ['bucket', 'key'] : ['key'], name, ['key']);
}

function rowOf(values: readonly string[], columns: Columns, bucket: string, where: string): Row {
  const text = (column: number): string => utf8(values[column] ?? '');
  const found = text(columns.bucket);
  if (columns.bucket >= 0 && found !== bucket) throw wrongBucket(where, found, bucket);
  const { key, skip } = keyRow(Buffer.from(values[columns.key] ?? '', 'latin1'));
  if (key === '') {
    throw new RekbackError('row-invalid', `${where} has no key`, {
      suggestions: ['give every row a key, or delete it'],
    });
  }
  const size = text(columns.size);
  const lastModified = text(columns.lastModified);
  if (size !== '' && parseSize(size) === undefined) throw unreadable(where, 'size', size, 'whole bytes');
  if (lastModified !== '' && parseTime(lastModified) === undefined) {
    throw unreadable(where, 'date', lastModified, 'a date such as 2026-01-31T12:00:00Z');
  }
  return row({
    key,
    ...(skip !== undefined && { skip }),
    size,
    lastModified,
    etag: text(columns.etag),
    storageClass: text(columns.storageClass),
    accessTier: text(columns.accessTier),
    encryption: text(columns.encryption),
  });
}

const utf8 = (latin1: string): string => Buffer.from(latin1, 'latin1').toString();

const unreadable = (where: string, what: string, value: string, wanted: string): RekbackError =>
  new RekbackError('row-invalid', `${where} has the ${what} '${value}', which is not ${wanted}`, {
    suggestions: ['correct it, or leave the column out: only the key is needed'],
  });

/** csv-parse's own errors say what is wrong in which line, after a capital. */
function asRowError(error: unknown, name: string): unknown {
  const isParser = error instanceof Error && 'code' in error && String(error.code).startsWith('CSV_');
  if (!isParser) return error;
  return new RekbackError('row-invalid', `'${name}' is not valid CSV: ${error.message}`, {
    cause: error,
    suggestions: ['correct that line; a value with a comma or a quote is written as "a, ""b"""'],
  });
}
