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
    this.#lexer = new RowLexer(columns.count);
    this.#select = inventorySelector(columns, bucket, selection);
    this.#target = target;
  }

  async take(piece: Buffer): Promise<void> {
    await this.#scan(this.#tail.length === 0 ? piece : Buffer.concat([this.#tail, piece]), false);
    if (this.#tail.length > LONGEST_ROW) throw this.#invalid('does not end');
  }

  async end(): Promise<void> {
    if (this.#tail.length > 0) await this.#scan(this.#tail, true);
  }

  async #scan(block: Buffer, last: boolean): Promise<void> {
    const { sink, tally } = this.#target;
    const lexer = this.#lexer;
    const view = viewOf(block);
    const before = this.#rows;
    let at = 0;
    let runStart = 0;
    let runRows = 0;
    let room = sink.room;
    while (at < block.length) {
      const next = lexer.row(block, view, at, last);
      if (next === INCOMPLETE) break;
      if (next === MALFORMED) throw this.#invalid('is not valid CSV');
      if (lexer.count !== this.#columns.count) {
        if (lexer.count === 0) break;
        throw this.#invalid(`has ${lexer.count} columns, and its manifest names ${this.#columns.count}`);
      }
      this.#rows++;
      const verdict = this.#select(block, view, lexer, () => this.#where());
      if (verdict === 'eligible') {
        if (runRows++ === 0) runStart = at;
        if (runRows === room) {
          await sink.add(wholeLines(block.subarray(runStart, next)), runRows);
          runRows = 0;
          room = sink.room;
        }
      } else {
        if (runRows > 0) await sink.add(block.subarray(runStart, at), runRows);
        if (runRows > 0) room = sink.room;
        runRows = 0;
        if (verdict !== 'outside') tally.add(verdict, () => rowOf(block, lexer, this.#columns).key);
      }
      at = next;
    }
    if (runRows > 0) await sink.add(wholeLines(block.subarray(runStart, at)), runRows);
    this.#tail = last ? block.subarray(block.length) : block.subarray(at);
    this.#target.onRows(this.#rows - before);
  }

  #where(): string {
    return `row ${this.#rows} of '${this.#name}'`;
  }

  #invalid(why: string): RekbackError {
    return new RekbackError('row-invalid', `row ${this.#rows + 1} of '${this.#name}' ${why}`, {
      suggestions: ['copy or download the inventory again'],
    });
  }
}

const NEWLINE = Buffer.from('\n');

/** The last row of a file may have no line end. */
const wholeLines = (lines: Buffer): Buffer =>
  lines.at(-1) === NEWLINE[0] ? lines : Buffer.concat([lines, NEWLINE]);
