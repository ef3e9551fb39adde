import { RekbackError } from '../errors.ts';
import { type Columns, columnsOf } from '../rows/columns.ts';
import { INCOMPLETE, MALFORMED, RowLexer, viewOf } from '../rows/lexer.ts';
import type { InventoryRows } from '../rows/source.ts';
import { rowOf } from '../rows/values.ts';
import type { RowSink } from './chunks.ts';
import { inventorySelector, type Selection } from './inventory-selector.ts';
import type { SkipTally } from './tally.ts';

/** Longer than any row of an inventory by far; a file with a quote too few would otherwise end up in memory whole. */
const LONGEST_ROW = 1 << 20;

/** Bytes; longer than most rows. */
const SEAM = 1 << 10;

/** What a scan reports to. */
export interface ScanTarget {
  sink: RowSink;
  tally: SkipTally;
  onRows(rows: number): void;
  signal: AbortSignal;
}

/**
 * Goes through the bytes of an inventory and hands on the lines of the rows that are to be labelled, neighbours in one
 * piece and as they are. Throws a `RekbackError` that names the file: `row-invalid`, `wrong-bucket`.
 */
export async function scanInventory(
  rows: InventoryRows,
  selection: Selection,
  target: ScanTarget,
): Promise<void> {
  const columns = columnsOf(rows.columns, 'the inventory', ['bucket', 'key']);
  for (const file of rows.files) {
    const scan = new FileScan(file.name, columns, rows.bucket, selection, target);
    for await (const piece of file.read()) {
      target.signal.throwIfAborted();
      await scan.take(piece);
    }
    await scan.end();
  }
}

class FileScan {
  #at = 0;
  readonly #name: string;
  readonly #columns: Columns;
  readonly #lexer: RowLexer;
  readonly #select: ReturnType<typeof inventorySelector>;
  readonly #target: ScanTarget;
  #rows = 0;
  /** The beginning of a row whose end is in the next piece. */
  #tail: Buffer = Buffer.alloc(0);

  constructor(name: string, columns: Columns, bucket: string, selection: Selection, target: ScanTarget) {
    this.#name = name;
    this.#columns = columns;
    // S3 writes the bucket first, the same in every row.
    const start = columns.bucket === 0 ? `"${bucket}",` : undefined;
    this.#lexer = new RowLexer(columns.count, start);
    this.#select = inventorySelector(columns, bucket, selection);
    this.#target = target;
  }

  async take(piece: Buffer): Promise<void> {
    const before = this.#tail.length;
    if (before === 0) {
      await this.#scan(piece, false);
    } else {
      // Only the rows at the seam are copied together, not the whole piece.
      await this.#scan(Buffer.concat([this.#tail, piece.subarray(0, SEAM)]), false);
      const rest =
        this.#at >= before
          ? piece.subarray(this.#at - before)
          : Buffer.concat([this.#tail, piece.subarray(SEAM)]);
      await this.#scan(rest, false);
    }
    if (this.#tail.length > LONGEST_ROW) throw this.#invalid('does not end');
  }

  async end(): Promise<void> {
    if (this.#tail.length > 0) await this.#scan(this.#tail, true);
  }

  async #scan(block: Buffer, last: boolean): Promise<void> {
    const view = viewOf(block);
    const before = this.#rows;
    this.#at = 0;
    for (let full = this.#scanRows(block, view, last); full !== undefined; ) {
      await full;
      full = this.#scanRows(block, view, last);
    }
    // Copied: the block's memory is used again for the next one.
    this.#tail = last ? Buffer.alloc(0) : Buffer.from(block.subarray(this.#at));
    this.#target.onRows(this.#rows - before);
  }

  /** Goes on until the block is done, or the sink asks to wait; not asynchronous itself, which would halve its speed. */
  #scanRows(block: Buffer, view: DataView, last: boolean): Promise<void> | undefined {
    const { sink, tally } = this.#target;
    const lexer = this.#lexer;
    const select = this.#select;
    const columns = this.#columns.count;
    const end = block.length;
    let at = this.#at;
    let rows = this.#rows;
    let runStart = at;
    let runRows = 0;
    let room = sink.room;
    let full: Promise<void> | undefined;
    while (at < end && full === undefined) {
      const next = lexer.row(block, view, at, last);
      if (next === INCOMPLETE) break;
      if (lexer.count !== columns || next === MALFORMED) {
        if (lexer.count === 0 && next !== MALFORMED) break;
        throw this.#invalid(
          next === MALFORMED
            ? 'is not valid CSV'
            : `has ${lexer.count} columns, and its manifest names ${columns}`,
        );
      }
      this.#rows = ++rows;
      const verdict = select(block, view, lexer, this);
      if (verdict === 'eligible') {
        if (++runRows === room) {
          full = sink.add(block, runStart, next, runRows);
          runStart = next;
          runRows = 0;
          room = sink.room;
        }
      } else {
        if (runRows > 0) full = sink.add(block, runStart, at, runRows);
        if (runRows > 0) room = sink.room;
        runStart = next;
        runRows = 0;
        if (verdict !== 'outside') {
          tally.count(verdict);
          if (tally.keepsKeys) tally.keep(verdict, rowOf(block, lexer, this.#columns).key);
        }
      }
      at = next;
    }
    if (runRows > 0) full = sink.add(block, runStart, at, runRows);
    this.#at = at;
    return full;
  }

  /** The row at hand, for messages. */
  where(): string {
    return `row ${this.#rows} of '${this.#name}'`;
  }

  #invalid(why: string): RekbackError {
    return new RekbackError('row-invalid', `row ${this.#rows + 1} of '${this.#name}' ${why}`, {
      suggestions: ['copy or download the inventory again'],
    });
  }
}
