import { CHUNK_ROWS, type SkipReason } from '../contract.ts';
import { CHUNK_COLUMNS, encodeRow } from '../rows/chunk.ts';
import type { ImageRows, RowSource } from '../rows/source.ts';
import { ChunkWriter } from './chunks.ts';
import type { Selection } from './inventory-selector.ts';
import type { PlannedRows } from './ledger.ts';
import { Sampler } from './sample.ts';
import { type ScanTarget, scanInventory } from './scan.ts';
import { skipReason } from './select.ts';
import { SkipTally } from './tally.ts';

/** What planning found. `total` = Σ rows of chunks + Σ skipped. */
export interface Plan extends PlannedRows {
  /** Stored bytes of all chunks. */
  bytes: number;
  /** The first `SKIPPED_KEYS_KEPT` skipped keys. */
  skippedKeys: readonly { key: string; reason: SkipReason }[];
}

export interface PlanOptions extends Selection {
  rows: RowSource;
  /** N eligible images at random are the whole run then: nothing else is counted, as skipped neither. */
  sample?: number;
  chunkRows?: number;
  /** For stores that are paid or reached by the byte. */
  compress: boolean;
  /** Stores a chunk; several at once, in any order. Must not keep `body`: its memory is used again afterwards. */
  put(chunk: number, body: Buffer): Promise<void>;
  /** Told now and then how many rows have been read. */
  onRows?(rows: number): void;
  signal: AbortSignal;
  /** For samples; in [0, 1). */
  random?: () => number;
}

/** Keys of a hand-made list that are remembered to find repeated ones: some 150 MB. Repeats after that are not found. */
export const REMEMBERED_KEYS = 1_000_000;

/**
 * Reads the rows of a run, sets aside what can't or needn't be labelled, and stores the rest in chunks. Memory does not
 * grow with the number of rows, but for a sample and for `REMEMBERED_KEYS`.
 *
 * Throws what the source throws (a `RekbackError` that names the file), what `put` throws, and the signal's reason;
 * chunks may have been stored by then, and no plan is returned.
 */
export async function planRun(options: PlanOptions): Promise<Plan> {
  const { rows, sample, chunkRows = CHUNK_ROWS, compress, put, onRows, signal, random } = options;
  const columns = rows.kind === 'csv' ? rows.columns : CHUNK_COLUMNS;
  const writer = new ChunkWriter({ columns, chunkRows, compress, put });
  const sampler = sample === undefined ? undefined : new Sampler(sample, random ?? Math.random);
  const tally = new SkipTally();
  let read = 0;
  const target: ScanTarget = {
    sink: sampler ?? writer,
    tally,
    onRows(more) {
      read += more;
      onRows?.(read);
    },
    signal,
  };
  try {
    if (rows.kind === 'csv') await scanInventory(rows, options, target);
    else await readImages(rows, options, target);
    await sampler?.drainTo(writer);
    const chunks = await writer.finish();
    const planned = chunks.rows.reduce((sum, count) => sum + count, 0);
    const skipped = sampler === undefined ? tally : new SkipTally();
    return {
      total: planned + skipped.total,
      chunks: chunks.rows,
      bytes: chunks.bytes,
      skipped: skipped.counts,
      skippedKeys: skipped.keys,
    };
  } finally {
    await writer.settle();
  }
}

async function readImages(rows: ImageRows, selection: Selection, target: ScanTarget): Promise<void> {
  const { formats, prefix = '' } = selection;
  const { sink, tally, onRows, signal } = target;
  const seen = rows.mayRepeat ? new Set<string>() : undefined;
  for await (const batch of rows.read(signal)) {
    signal.throwIfAborted();
    let lines = '';
    let count = 0;
    const flush = async () => {
      const bytes = Buffer.from(lines);
      await sink.add(bytes, 0, bytes.length, count);
      lines = '';
      count = 0;
    };
    for (const row of batch) {
      if (!row.key.startsWith(prefix)) continue;
      const line = encodeRow(row);
      const reason = seen?.has(row.key)
        ? 'duplicate'
        : (skipReason(row, formats) ?? (line === undefined ? 'name-not-utf8' : undefined));
      if (seen !== undefined && seen.size < REMEMBERED_KEYS) seen.add(row.key);
      if (reason !== undefined) {
        tally.count(reason);
        tally.keep(reason, row.key);
        continue;
      }
      lines += line;
      if (++count === sink.room) await flush();
    }
    if (count > 0) await flush();
    onRows(batch.length);
  }
}
