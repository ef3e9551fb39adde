import { isUtf8 } from 'node:buffer';
import type { SkipReason } from '../contract.ts';
import { RekbackError } from '../errors.ts';
import { ROW_BATCH, type Row } from './source.ts';

const LF = 0x0a;
const CR = 0x0d;
const NUL = 0;
const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/** Far longer than any key (S3: 1,024 bytes) or path (Linux: 4,096). */
const LONGEST_LINE = 1 << 16;

/**
 * The keys of a list: one per line (LF or CRLF), or, where the list begins with a NUL-ended key as `find -print0` writes
 * it, one per NUL, so that keys may hold line ends. Keys are as they are, not URL-encoded; empty lines are passed over.
 * A key that is not UTF-8 is marked `skip`.
 *
 * Throws a `RekbackError` that names the file: `file-empty`, `row-invalid`.
 */
export async function* readKeys(name: string, pieces: AsyncIterable<Buffer>): AsyncGenerator<readonly Row[]> {
  let delimiter: number | undefined;
  let tail = Buffer.alloc(0);
  let keys = 0;
  for await (const piece of pieces) {
    let block = Buffer.concat([tail, piece]);
    if (delimiter === undefined) {
      // Until it is certain: a NUL-ended key has its NUL within the longest key's length.
      if (block.length < LONGEST_LINE && !block.includes(NUL)) {
        tail = block;
        continue;
      }
      delimiter = block.includes(NUL) ? NUL : LF;
      block = withoutMark(block);
    }
    const cut = block.lastIndexOf(delimiter) + 1;
    tail = block.subarray(cut);
    if (tail.length > LONGEST_LINE) throw invalid(name, `has no end after ${LONGEST_LINE} bytes`, keys);
    for (const rows of batches(name, block.subarray(0, cut), delimiter, keys)) {
      keys += rows.length;
      yield rows;
    }
  }
  if (delimiter === undefined) tail = withoutMark(tail);
  for (const rows of batches(name, tail, delimiter ?? LF, keys)) {
    keys += rows.length;
    yield rows;
  }
  if (keys === 0) {
    throw new RekbackError('file-empty', `'${name}' has no keys`, {
      suggestions: ['write one key per line'],
    });
  }
}

const withoutMark = (block: Buffer<ArrayBuffer>): Buffer<ArrayBuffer> =>
  block.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)
    ? block.subarray(BYTE_ORDER_MARK.length)
    : block;

function* batches(name: string, block: Buffer, delimiter: number, before: number): Generator<Row[]> {
  let rows: Row[] = [];
  for (let at = 0; at < block.length; ) {
    const found = block.indexOf(delimiter, at);
    const next = found < 0 ? block.length : found;
    const end = delimiter === LF && next > at && block[next - 1] === CR ? next - 1 : next;
    if (end > at) {
      const line = block.subarray(at, end);
      if (delimiter === LF && line.includes(NUL)) throw invalid(name, 'has a NUL', before + rows.length);
      rows.push(keyRow(line));
    }
    at = next + 1;
    if (rows.length === ROW_BATCH) {
      before += rows.length;
      yield rows;
      rows = [];
    }
  }
  if (rows.length > 0) yield rows;
}

/** A row that is nothing but a key. */
export function keyRow(key: Buffer): Row {
  return isUtf8(key)
    ? { key: key.toString() }
    : { key: key.toString(), skip: 'name-not-utf8' satisfies SkipReason };
}

function invalid(name: string, why: string, keysBefore: number): RekbackError {
  return new RekbackError('row-invalid', `key ${keysBefore + 1} of '${name}' ${why}`, {
    suggestions: ['write one key per line, or end every key with a NUL'],
  });
}
