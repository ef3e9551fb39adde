import type { SkipReason } from '../contract.ts';
import type { Columns } from './columns.ts';
import { decodeKey } from './key.ts';
import type { RowLexer } from './lexer.ts';
import type { Row } from './source.ts';

/**
 * The row that the lexer has just read, its key in form encoding. A key that is not UTF-8 keeps the file's own spelling
 * and is marked `skip`; a size or date that can't be read is left out, as it is for an image that has none.
 */
export function rowOf(bytes: Buffer, lexer: RowLexer, columns: Columns): Row {
  const key = keyOf(bytes, lexer, columns.key);
  return row({
    key: key ?? lexer.text(bytes, columns.key),
    ...(key === undefined && { skip: 'name-not-utf8' satisfies SkipReason }),
    size: lexer.text(bytes, columns.size),
    lastModified: lexer.text(bytes, columns.lastModified),
    etag: lexer.text(bytes, columns.etag),
    storageClass: lexer.text(bytes, columns.storageClass),
    accessTier: lexer.text(bytes, columns.accessTier),
    encryption: lexer.text(bytes, columns.encryption),
  });
}

function keyOf(bytes: Buffer, lexer: RowLexer, column: number): string | undefined {
  const start = lexer.starts[column] ?? 0;
  const end = lexer.ends[column] ?? 0;
  if (!lexer.doubled) return decodeKey(bytes, start, end);
  const value = Buffer.from(bytes.toString('latin1', start, end).replaceAll('""', '"'), 'latin1');
  return decodeKey(value, 0, value.length);
}

/** A row from the texts of its columns; '' and what can't be read count as not known. */
export function row(texts: { [name in keyof Row]?: string } & { key: string }): Row {
  const size = parseSize(texts.size ?? '');
  const lastModified = parseTime(texts.lastModified ?? '');
  return {
    key: texts.key,
    ...(size !== undefined && { size }),
    ...(lastModified !== undefined && { lastModified }),
    ...(texts.etag && { etag: parseEtag(texts.etag) }),
    ...(texts.storageClass && { storageClass: texts.storageClass }),
    ...(texts.accessTier && { accessTier: texts.accessTier }),
    ...(texts.encryption && { encryption: texts.encryption }),
    ...(texts.skip && { skip: texts.skip }),
  };
}

/** Whole bytes, or `undefined`. */
export function parseSize(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

const ISO = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?(?<zone>Z|[+-]\d{2}:?\d{2})?$/i;

/** Whole milliseconds since the epoch of an ISO 8601 date, in UTC where it names no zone; else `undefined`. */
export function parseTime(text: string): number | undefined {
  const match = ISO.exec(text);
  if (match === null) return undefined;
  const zoned = match.groups?.zone !== undefined || text.length === 10 ? text : `${text}Z`;
  const time = Date.parse(zoned.replace(' ', 'T'));
  return Number.isNaN(time) ? undefined : time;
}

/** An etag without the quotes that HTTP puts around it. */
export const parseEtag = (text: string): string => text.replace(/^"(.*)"$/, '$1');
