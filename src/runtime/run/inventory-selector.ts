import type { SkipReason } from '../contract.ts';
import { RekbackError } from '../errors.ts';
import type { Columns } from '../rows/columns.ts';
import { isDecodableKey, keyStartsWith } from '../rows/key.ts';
import type { RowLexer } from '../rows/lexer.ts';
import { rowOf } from '../rows/values.ts';
import { isCurrentVersion, wrongBucket } from '../rows/versions.ts';
import { extensionReason, isArchived, isCustomerEncrypted, knownExtensions, skipReason } from './select.ts';

/** Which images a run is about. */
export interface Selection {
  /** Extensions that the labeler reads: lower case, with the dot. */
  formats: ReadonlySet<string>;
  /** Only keys that begin with this. */
  prefix?: string;
}

/** `outside`: no part of this run, and not counted in it. */
export type Verdict = 'eligible' | 'outside' | SkipReason;

const DOT = 0x2e;
const SLASH = 0x2f;
const PERCENT = 0x25;
const PERCENTS = 0x25252525;
const ONES = 0x01010101;
const HIGH_BITS = 0x80808080;

/**
 * Judges rows by their bytes, as `skipReason` judges decoded ones: decoding them takes ten times as long. What is rare
 * (a doubled quote, an escaped or long extension) goes the slow way.
 */
export function inventorySelector(
  columns: Columns,
  bucket: string,
  { formats, prefix = '' }: Selection,
): (bytes: Buffer, view: DataView, lexer: RowLexer, place: { where(): string }) => Verdict {
  const prefixBytes = Buffer.from(prefix);
  const extensions = packedExtensions(formats);
  const { bucket: bucketAt, key: keyAt, storageClass, accessTier, encryption } = columns;
  const hasVersions = columns.isLatest >= 0 || columns.isDeleteMarker >= 0;

  const slowly = (bytes: Buffer, lexer: RowLexer): Verdict => {
    const row = rowOf(bytes, lexer, columns);
    return row.key.startsWith(prefix) ? (skipReason(row, formats) ?? 'eligible') : 'outside';
  };

  return (bytes, view, lexer, place) => {
    const { starts, ends } = lexer;
    if (!lexer.expected) {
      const found = lexer.text(bytes, bucketAt);
      if (found !== bucket) throw wrongBucket(place.where(), found, bucket);
    }
    if (hasVersions) {
      const text = (column: number) => lexer.text(bytes, column);
      if (!isCurrentVersion(text(columns.isLatest), text(columns.isDeleteMarker), place.where()))
        return 'outside';
    }
    if (lexer.doubled) return slowly(bytes, lexer);
    const start = starts[keyAt] ?? 0;
    const end = ends[keyAt] ?? 0;
    if (start === end) {
      throw new RekbackError('row-invalid', `${place.where()} has no key`, {
        suggestions: ['copy or download the inventory again'],
      });
    }
    if (prefixBytes.length > 0 && !keyStartsWith(bytes, start, end, prefixBytes)) return 'outside';
    if (!isPlain(view, start, end) && !isDecodableKey(bytes, start, end)) return 'name-not-utf8';
    const extension = packedExtension(bytes, start, end);
    if (extension === UNPACKABLE) return slowly(bytes, lexer);
    const byExtension = extensions.get(extension);
    if (byExtension !== 'eligible') return byExtension ?? 'not-an-image';
    // The names of classes and tiers differ in length from those that would be skipped, but for a few.
    if (storageClass >= 0 || accessTier >= 0) {
      const tiered = length(lexer, accessTier) > 0;
      const archivable = length(lexer, storageClass) === 7 || length(lexer, storageClass) === 12;
      if (
        (tiered || archivable) &&
        isArchived(lexer.text(bytes, storageClass), lexer.text(bytes, accessTier))
      ) {
        return 'archived';
      }
    }
    if (length(lexer, encryption) === 5 && isCustomerEncrypted(lexer.text(bytes, encryption))) return 'sse-c';
    return 'eligible';
  };
}

const length = (lexer: RowLexer, column: number): number =>
  column < 0 ? 0 : (lexer.ends[column] ?? 0) - (lexer.starts[column] ?? 0);

/** Whether a key has neither escapes nor bytes beyond ASCII, read four bytes at a time. */
function isPlain(view: DataView, start: number, end: number): boolean {
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const word = view.getInt32(at, true);
    const other = word ^ PERCENTS;
    if (((((other - ONES) & ~other) | word) & HIGH_BITS) !== 0) return false;
  }
  for (; at < end; at++) {
    const byte = view.getUint8(at);
    if (byte === PERCENT || byte >= 0x80) return false;
  }
  return true;
}

/** No known extension, or none at all. */
const NONE = 0;
const UNPACKABLE = -1;
/** An extension of this many bytes fits into 31 bits, at 7 bits each. */
const PACKED_BYTES = 4;

/** The extension of a key as one number, in lower case. `UNPACKABLE`: it is escaped, or longer than it can be packed. */
function packedExtension(bytes: Buffer, start: number, end: number): number {
  let packed = 0;
  for (let at = end - 1, place = 0; at >= start; at--, place++) {
    const byte = bytes[at] ?? 0;
    if (byte === DOT) return packed;
    if (byte === SLASH) return NONE;
    if (byte === PERCENT || byte >= 0x80 || place === PACKED_BYTES) return UNPACKABLE;
    packed |= (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte) << (7 * place);
  }
  return NONE;
}

/** The verdict on each known extension, by its packed form; those too long to be packed are judged slowly. */
function packedExtensions(formats: ReadonlySet<string>): Map<number, Verdict> {
  const verdicts = new Map<number, Verdict>();
  for (const extension of knownExtensions(formats)) {
    const bytes = Buffer.from(extension);
    const packed = packedExtension(bytes, 0, bytes.length);
    if (packed > NONE) verdicts.set(packed, extensionReason(extension, formats) ?? 'eligible');
  }
  return verdicts;
}
