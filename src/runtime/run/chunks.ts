import { ChunkBuilder } from '../rows/chunk.ts';

/** Takes encoded rows of a run, in order. */
export interface RowSink {
  /** How many rows the next `add` may bring at most; at least 1. */
  readonly room: number;
  /** Copies the lines in `bytes[start, end)`. Nothing may be added before the returned promise, if any, is settled. */
  add(bytes: Buffer, start: number, end: number, rows: number): Promise<void> | undefined;
}

/** Chunks being compressed or stored at once. Bounds memory to some ten chunks; one alone would leave cores idle. */
const IN_FLIGHT = 6;

/** Cuts rows into chunks and stores them while more are read. */
export class ChunkWriter implements RowSink {
  readonly #options: ChunkOptions;
  readonly #pending = new Set<Promise<void>>();
  readonly #rows: number[] = [];
  /** Chunks that are stored, for their memory. */
  readonly #stored: ChunkBuilder[] = [];
  #bytes = 0;
  #failure: { error: unknown } | undefined;
  #chunk: ChunkBuilder;

  constructor(options: ChunkOptions) {
    this.#options = options;
    this.#chunk = new ChunkBuilder(options.columns);
  }

  get room(): number {
    return this.#options.chunkRows - this.#chunk.rows;
  }

  add(bytes: Buffer, start: number, end: number, rows: number): Promise<void> | undefined {
    this.#chunk.add(bytes, start, end, rows);
    return this.room === 0 ? this.#close() : undefined;
  }

  /** Stores what is left; the chunks, once all are stored. */
  async finish(): Promise<{ rows: number[]; bytes: number }> {
    if (this.#chunk.rows > 0) await this.#close();
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
    const closed = this.#chunk;
    const number = this.#rows.length;
    this.#rows.push(closed.rows);
    this.#chunk = new ChunkBuilder(columns, this.#stored.pop()?.memory);
    const storing = (async () => {
      try {
        const body = await closed.build(compress);
        this.#bytes += body.length;
        await put(number, body);
        this.#stored.push(closed);
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
  /** Must not keep `body`: its memory is used again afterwards. */
  put(chunk: number, body: Buffer): Promise<void>;
}
