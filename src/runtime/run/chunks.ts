import { encodeChunk } from '../rows/chunk.ts';

/** Takes encoded rows of a run, in order. */
export interface RowSink {
  /** How many rows the next `add` may bring at most; at least 1. */
  readonly room: number;
  /** Whole lines, kept until the returned promise (if any) is settled and beyond: the bytes must not change. */
  add(lines: Buffer, rows: number): Promise<void> | undefined;
}

/** Chunks being compressed or stored at once. Bounds memory to some ten chunks; one alone would leave cores idle. */
const IN_FLIGHT = 6;

/** Cuts rows into chunks and stores them while more are read. */
export class ChunkWriter implements RowSink {
  readonly #options: ChunkOptions;
  readonly #pending = new Set<Promise<void>>();
  readonly #rows: number[] = [];
  #bytes = 0;
  #failure: { error: unknown } | undefined;
  #parts: Buffer[] = [];
  #inChunk = 0;

  constructor(options: ChunkOptions) {
    this.#options = options;
  }

  get room(): number {
    return this.#options.chunkRows - this.#inChunk;
  }

  add(lines: Buffer, rows: number): Promise<void> | undefined {
    this.#parts.push(lines);
    this.#inChunk += rows;
    return this.room === 0 ? this.#close() : undefined;
  }

  /** Stores what is left; the chunks, once all are stored. */
  async finish(): Promise<{ rows: number[]; bytes: number }> {
    if (this.#inChunk > 0) await this.#close();
    await this.settle();
    if (this.#failure !== undefined) throw this.#failure.error;
    return { rows: this.#rows, bytes: this.#bytes };
  }

  /** Waits for what is under way, whatever becomes of it. */
  async settle(): Promise<void> {
    await Promise.all(this.#pending);
  }

  async #close(): Promise<void> {
    const { columns, compress, put } = this.#options;
    const parts = this.#parts;
    const rows = this.#inChunk;
    const chunk = this.#rows.length;
    this.#rows.push(rows);
    this.#parts = [];
    this.#inChunk = 0;
    const storing = (async () => {
      try {
        const body = await encodeChunk(parts, { columns, rows, compress });
        this.#bytes += body.length;
        await put(chunk, body);
      } catch (error) {
        this.#failure ??= { error };
      }
    })();
    this.#pending.add(storing);
    void storing.then(() => this.#pending.delete(storing));
    if (this.#pending.size >= IN_FLIGHT) await Promise.race(this.#pending);
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

export interface ChunkOptions {
  columns: readonly string[];
  chunkRows: number;
  compress: boolean;
  put(chunk: number, body: Buffer): Promise<void>;
}
