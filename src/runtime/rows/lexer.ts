/** The block ends before the row does: read on, and begin again at the row's start. */
export const INCOMPLETE = -1;
/** No row can be read here: a quote where none may be, or text after a closing quote. */
export const MALFORMED = -2;

const QUOTE = 0x22;
const COMMA = 0x2c;
const LF = 0x0a;
const CR = 0x0d;

const QUOTES = 0x22222222;
const ONES = 0x01010101;
const HIGH_BITS = 0x80808080;

/**
 * Finds the fields of CSV rows (RFC 4180, lines ended by LF or CRLF, empty lines passed over) in bytes, without making
 * strings: `starts[c]` and `ends[c]` are the offsets of field c of the last row read, quotes excluded.
 *
 * It reads four bytes at a time to find a closing quote, which takes half the time of a loop over bytes: 2M rows of an
 * inventory in 0.2 s, against 0.45 s that zlib needs to unpack them.
 */
export class RowLexer {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Fields of the last row; only the first `columns` have offsets. 0 when only empty lines were left. */
  count = 0;
  /** Whether a field of the last row holds doubled quotes, so that its bytes are not yet its value. */
  doubled = false;

  /** Whether the last row began with the text that was expected; then field 0 has no offsets of its own. */
  expected = false;
  readonly #start: Buffer;
  readonly #startView: DataView;

  /** `start`: what rows are expected to begin with, a quoted field and its comma, so that they need not be searched. */
  constructor(columns: number, start = '') {
    this.#start = Buffer.from(start);
    this.#startView = viewOf(this.#start);
    this.starts = new Int32Array(columns);
    this.ends = new Int32Array(columns);
  }

  /**
   * Reads the row that starts at `at` and returns the offset after its line end, or `INCOMPLETE` or `MALFORMED`.
   * `view` shows the same memory as `bytes`. `last`: nothing follows these bytes, so that the row may end with them.
   */
  row(bytes: Buffer, view: DataView, at: number, last: boolean): number {
    const { starts, ends } = this;
    const end = bytes.length;
    const lastWord = end - 4;
    let i = at;
    let column = 0;
    this.doubled = false;
    this.count = 0;
    while (bytes[i] === LF || (bytes[i] === CR && bytes[i + 1] === LF)) i++;
    if (i >= end) return last ? end : INCOMPLETE;
    this.expected = this.#isExpected(bytes, view, i);
    if (this.expected) {
      i += this.#start.length;
      column = 1;
    }
    for (;;) {
      if (i < end && bytes[i] === QUOTE) {
        starts[column] = ++i;
        for (;;) {
          while (i <= lastWord) {
            // A byte of `word` is zero where the text has a quote; the first such byte is the lowest marked one.
            const word = view.getInt32(i, true) ^ QUOTES;
            const marks = (word - ONES) & ~word & HIGH_BITS;
            if (marks !== 0) {
              i += (31 - Math.clz32(marks & -marks)) >> 3;
              break;
            }
            i += 4;
          }
          while (i < end && bytes[i] !== QUOTE) i++;
          if (i >= end) return last ? MALFORMED : INCOMPLETE;
          if (bytes[i + 1] !== QUOTE) break;
          this.doubled = true;
          i += 2;
        }
        ends[column] = i++;
        if (i >= end && !last) return INCOMPLETE;
      } else {
        starts[column] = i;
        for (; i < end && bytes[i] !== COMMA && bytes[i] !== LF; i++) {
          if (bytes[i] === QUOTE) return MALFORMED;
        }
        if (i >= end && !last) return INCOMPLETE;
        if (i < end && bytes[i] === LF && bytes[i - 1] === CR && i > (starts[column] ?? i)) i--;
        ends[column] = i;
      }
      column++;
      if (bytes[i] === COMMA) {
        i++;
        continue;
      }
      this.count = column;
      if (i >= end) return end;
      if (bytes[i] === LF) return i + 1;
      if (bytes[i] !== CR) return MALFORMED;
      if (i + 1 >= end) return last ? MALFORMED : INCOMPLETE;
      return bytes[i + 1] === LF ? i + 2 : MALFORMED;
    }
  }

  #isExpected(bytes: Buffer, view: DataView, at: number): boolean {
    const start = this.#start;
    const startView = this.#startView;
    const length = start.length;
    if (length === 0 || at + length > bytes.length) return false;
    let index = 0;
    for (; index + 4 <= length; index += 4) {
      if (view.getInt32(at + index, true) !== startView.getInt32(index, true)) return false;
    }
    for (; index < length; index++) if (bytes[at + index] !== start[index]) return false;
    return true;
  }

  /** The value of a field of the last row, or '' for a column that the file does not have. */
  text(bytes: Buffer, column: number): string {
    if (column < 0) return '';
    const text = bytes.toString('utf8', this.starts[column], this.ends[column]);
    return this.doubled ? text.replaceAll('""', '"') : text;
  }
}

/** A view of the same memory, for reading words. */
export const viewOf = (bytes: Buffer): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
