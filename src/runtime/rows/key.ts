import { isUtf8 } from 'node:buffer';

const PERCENT = 0x25;
const PLUS = 0x2b;
const SPACE = 0x20;

/** Unescaped bytes of the key at hand. S3 keys have at most 1,024 bytes, 3,072 when every one is escaped. */
let scratch = Buffer.allocUnsafe(4096);

/** The value of a hexadecimal digit, −1 for any other byte. */
function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** Unescapes into the scratch; the number of bytes, or −1 where a `%` is not followed by two digits. */
function unescapeBytes(bytes: Buffer, start: number, end: number): number {
  if (end - start > scratch.length) scratch = Buffer.allocUnsafe(2 * (end - start));
  let length = 0;
  for (let at = start; at < end; at++) {
    let byte = bytes[at] ?? 0;
    if (byte === PERCENT) {
      const high = at + 2 < end ? hexDigit(bytes[at + 1]) : -1;
      const low = at + 2 < end ? hexDigit(bytes[at + 2]) : -1;
      if (high < 0 || low < 0) return -1;
      byte = high * 16 + low;
      at += 2;
    } else if (byte === PLUS) {
      byte = SPACE;
    }
    scratch[length++] = byte;
  }
  return length;
}

/**
 * The key that `bytes[start, end)` spells in the form encoding of inventories and event notifications (`+` is a space,
 * `%XX` a byte of its UTF-8), decoded exactly once. `undefined` where the escapes are broken or the bytes no UTF-8.
 */
export function decodeKey(bytes: Buffer, start: number, end: number): string | undefined {
  const length = unescapeBytes(bytes, start, end);
  if (length < 0) return undefined;
  return isUtf8(scratch.subarray(0, length)) ? scratch.toString('utf8', 0, length) : undefined;
}

/** Whether `decodeKey` would return a key, without making it. */
export function isDecodableKey(bytes: Buffer, start: number, end: number): boolean {
  const length = unescapeBytes(bytes, start, end);
  return length >= 0 && isUtf8(scratch.subarray(0, length));
}

/** Whether the key that `bytes[start, end)` spells begins with these UTF-8 bytes. */
export function keyStartsWith(bytes: Buffer, start: number, end: number, prefix: Buffer): boolean {
  let at = start;
  for (const wanted of prefix) {
    if (at >= end) return false;
    let byte = bytes[at] ?? 0;
    if (byte === PERCENT) {
      byte = hexDigit(bytes[at + 1]) * 16 + hexDigit(bytes[at + 2]);
      at += 2;
    } else if (byte === PLUS) {
      byte = SPACE;
    }
    if (byte !== wanted) return false;
    at++;
  }
  return at <= end;
}

/**
 * A key in the encoding that `decodeKey` reads; `/` stays as it is. `undefined` for a string that is not well-formed
 * UTF-16, which no key of S3 or of a file system with UTF-8 names can be.
 */
export function encodeKey(key: string): string | undefined {
  if (/^[\w./-]*$/.test(key)) return key;
  try {
    return encodeURIComponent(key).replaceAll('%2F', '/').replaceAll('%20', '+');
  } catch {
    return undefined;
  }
}
