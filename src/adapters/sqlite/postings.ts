/**
 * Some rows of a segment, each with a value: confidence + 1, which leaves 0 for "not there". Sparse lists name the
 * rows' offsets within the segment; dense ones have a value per row, filled up with zeros to whole words.
 */
export type Postings = SparsePostings | DensePostings;
export interface SparsePostings {
  offsets: Uint16Array;
  values: Uint8Array;
}
export interface DensePostings {
  offsets?: never;
  values: Uint8Array;
}

const SPARSE = 0;
const DENSE = 1;

/** The widest segment: offsets are 16 bits. */
export const MAX_SPAN = 65_536;

/** Bytes of a dense list: a multiple of 4, so that four rows can be worked on at once. */
export function denseBytes(span: number): number {
  return (span + 3) & ~3;
}

/**
 * Stored is a sparse list as its offsets (ascending), its values, and a 0; a dense one, where that is shorter, as its values and
 * a 1. The tag comes last so that the rest is aligned.
 */
export function decodePostings(blob: Uint8Array<ArrayBuffer>): Postings {
  const { buffer } = blob;
  const size = buffer.byteLength - 1;
  if (blob[size] === DENSE) return { values: new Uint8Array(buffer, 0, size) };
  const count = size / 3;
  return { offsets: new Uint16Array(buffer, 0, count), values: new Uint8Array(buffer, count * 2, count) };
}

/** Collects one label's rows in ascending order; `shift` of a row is its offset in the segment that is being made. */
export class PostingsBuilder {
  #offsets = new Uint16Array(8);
  #values = new Uint8Array(8);
  #count = 0;

  add(offset: number, value: number): void {
    if (this.#count === this.#offsets.length) this.#grow(this.#count * 2);
    this.#offsets[this.#count] = offset;
    this.#values[this.#count++] = value;
  }

  /** Adds a whole list, moved by `shift`, without the rows that are not live any more. */
  addAll(postings: Postings, shift: number, live: Uint8Array | undefined): void {
    const { offsets, values } = postings;
    this.#grow(this.#count + values.length);
    for (let i = 0; i < values.length; i++) {
      const offset = offsets ? (offsets[i] as number) : i;
      const value = values[i] as number;
      if (value === 0 || (live && !isLive(live, offset))) continue;
      this.#offsets[this.#count] = offset + shift;
      this.#values[this.#count++] = value;
    }
  }

  get empty(): boolean {
    return this.#count === 0;
  }

  encode(span: number): Uint8Array {
    const count = this.#count;
    const bytes = denseBytes(span);
    if (bytes < count * 3) {
      const dense = new Uint8Array(bytes + 1);
      for (let i = 0; i < count; i++) dense[this.#offsets[i] as number] = this.#values[i] as number;
      dense[bytes] = DENSE;
      return dense;
    }
    const sparse = new Uint8Array(count * 3 + 1);
    new Uint16Array(sparse.buffer, 0, count).set(this.#offsets.subarray(0, count));
    sparse.set(this.#values.subarray(0, count), count * 2);
    sparse[count * 3] = SPARSE;
    return sparse;
  }

  #grow(size: number): void {
    if (size <= this.#offsets.length) return;
    const offsets = new Uint16Array(size);
    offsets.set(this.#offsets);
    const values = new Uint8Array(size);
    values.set(this.#values);
    this.#offsets = offsets;
    this.#values = values;
  }
}

/** A bitmap of `span` rows, all live; the bits past the last row are clear. */
export function allLive(span: number): Uint8Array {
  const live = new Uint8Array(Math.ceil(span / 8)).fill(0xff);
  if (span % 8 !== 0) live[live.length - 1] = (1 << (span % 8)) - 1;
  return live;
}

export function isLive(live: Uint8Array, offset: number): boolean {
  return ((live[offset >> 3] as number) & (1 << (offset & 7))) !== 0;
}

export function setLive(live: Uint8Array, offset: number, value: boolean): void {
  const bit = 1 << (offset & 7);
  const byte = live[offset >> 3] as number;
  live[offset >> 3] = value ? byte | bit : byte & ~bit;
}
