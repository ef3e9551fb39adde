import type { RowSink } from './chunks.ts';

/**
 * Keeps N rows at random, every set of N as likely as any other (reservoir sampling, Vitter's algorithm R), in memory:
 * about 200 bytes a row.
 */
export class Sampler implements RowSink {
  /** One by one: every row has its own chance. */
  readonly room = 1;
  readonly #size: number;
  readonly #random: () => number;
  readonly #kept: { ordinal: number; line: string }[] = [];
  #seen = 0;

  constructor(size: number, random: () => number) {
    this.#size = size;
    this.#random = random;
  }

  add(bytes: Buffer, start: number, end: number): undefined {
    const ordinal = this.#seen++;
    const place = ordinal < this.#size ? ordinal : Math.floor(this.#random() * this.#seen);
    // A copy: the block that the line is part of would stay in memory with it.
    if (place < this.#size) this.#kept[place] = { ordinal, line: bytes.toString('latin1', start, end) };
  }

  /** Hands the kept rows on, in the order they came. */
  async drainTo(sink: RowSink): Promise<void> {
    this.#kept.sort((a, b) => a.ordinal - b.ordinal);
    for (const { line } of this.#kept) {
      const bytes = Buffer.from(line, 'latin1');
      await sink.add(bytes, 0, bytes.length, 1);
    }
  }
}
