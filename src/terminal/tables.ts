import { eastAsianWidth } from 'get-east-asian-width';
import { palette } from './colours.ts';
import { sanitise } from './sanitise.ts';

export interface Column<Row> {
  header: string;
  /** Foreign text may be given as it is. */
  cell: (row: Row) => string;
  align?: 'left' | 'right';
  /** Colours a cell, after it was cut and padded. */
  style?: (text: string, row: Row) => string;
}

export interface TableOptions {
  /** Columns of the terminal; `undefined` where there is none. */
  width?: number | undefined;
}

const GAP = '  ';
/** A column isn't cut below this, even where the table then does not fit. */
const NARROWEST = 6;

/**
 * Rows under a header, every line ending with a line break. The table is fitted to the terminal by cutting the widest
 * column in the middle. Without a terminal: no header, whole cells, one tab between them, for `cut` and `awk`.
 */
export function renderTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  options: TableOptions = { width: process.stdout.isTTY ? process.stdout.columns : undefined },
): string {
  const cells = rows.map((row) => columns.map((column) => sanitise(column.cell(row))));
  if (options.width === undefined) return cells.map((line) => `${line.join('\t')}\n`).join('');
  if (rows.length === 0) return '';

  const widths = columns.map((column, index) =>
    Math.max(displayWidth(column.header), ...cells.map((line) => displayWidth(line[index] ?? ''))),
  );
  narrow(widths, options.width - GAP.length * (columns.length - 1));

  const { bold } = palette(process.stdout);
  const line = (texts: readonly string[], style: (text: string, column: Column<Row>) => string) =>
    columns
      .map((column, index) => {
        const width = widths[index] ?? 0;
        const text = cutMiddle(texts[index] ?? '', width);
        const padding = ' '.repeat(Math.max(0, width - displayWidth(text)));
        if (column.align === 'right') return padding + style(text, column);
        return style(text, column) + (index === columns.length - 1 ? '' : padding);
      })
      .join(GAP);
  return [
    line(
      columns.map((column) => column.header),
      bold,
    ),
    ...rows.map((row, index) =>
      line(cells[index] ?? [], (text, column) => column.style?.(text, row) ?? text),
    ),
  ]
    .map((text) => `${text.trimEnd()}\n`)
    .join('');
}

/** Narrows the widest columns, evenly, until they fit. */
function narrow(widths: number[], room: number): void {
  for (let excess = widths.reduce((sum, width) => sum + width, 0) - room; excess > 0; excess--) {
    const widest = Math.max(...widths);
    if (widest <= NARROWEST) return;
    widths[widths.lastIndexOf(widest)] = widest - 1;
  }
}

const segmenter = new Intl.Segmenter();
const ASCII = /^[\x20-\x7e]*$/;
const NO_WIDTH = /^[\p{M}\p{Cf}]+$/u;
const EMOJI = /\p{Emoji_Presentation}|\ufe0f/u;

/** Columns that a terminal gives a sanitised text. */
export function displayWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  return Array.from(segmenter.segment(text), ({ segment }) => graphemeWidth(segment)).reduce(
    (a, b) => a + b,
    0,
  );
}

function graphemeWidth(grapheme: string): number {
  if (NO_WIDTH.test(grapheme)) return 0;
  if (EMOJI.test(grapheme)) return 2;
  return eastAsianWidth(grapheme.codePointAt(0) ?? 0);
}

/** Cuts out of the middle, so that the beginning of a path and its file name both stay. */
export function cutMiddle(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  const graphemes = Array.from(segmenter.segment(text), ({ segment }) => segment);
  const head = take(graphemes, Math.ceil((width - 1) / 2));
  const tail = take(graphemes.reverse(), width - 1 - displayWidth(head.join(''))).reverse();
  return `${head.join('')}…${tail.join('')}`;
}

function take(graphemes: readonly string[], width: number): string[] {
  const taken: string[] = [];
  let left = width;
  for (const grapheme of graphemes) {
    left -= graphemeWidth(grapheme);
    if (left < 0) break;
    taken.push(grapheme);
  }
  return taken;
}
